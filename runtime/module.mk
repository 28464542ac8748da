noinst_LIBRARIES += libruntime.a
libruntime_a_SOURCES = runtime/spec.h runtime/spec.c runtime/env.h runtime/action.h runtime/launch.h \
	runtime/launch.c runtime/options.h runtime/options.c \
	runtime/account.h runtime/account.c runtime/config.h runtime/config.c runtime/policy.h runtime/policy.c

# launch: the eight steps
libruntime_a_SOURCES += \
	runtime/bind.h runtime/bind.c runtime/binfmt.h runtime/binfmt.c runtime/devices.h runtime/devices.c \
	runtime/engine.h runtime/engine.c runtime/kernel.h runtime/kernel.c \
	runtime/grow.h runtime/grow.c runtime/host.h runtime/host.c \
	runtime/identity.h runtime/identity.c runtime/init.h runtime/init.c \
	runtime/join.h runtime/join.c runtime/peer.h runtime/peer.c runtime/mount.h runtime/mount.c \
	runtime/namespace.h runtime/namespace.c runtime/path.h runtime/path.c runtime/perform.h runtime/perform.c \
	runtime/placement.h runtime/placement.c \
	runtime/plan.h runtime/plan_parts.h runtime/plan.c runtime/plan_steps.c runtime/plan_wishes.c \
	runtime/plan_print.c runtime/rootfs.h runtime/rootfs.c \
	runtime/session.h runtime/session.c runtime/store.h runtime/store.c runtime/unpack.h runtime/unpack.c \
	runtime/warm.h runtime/warm.c

if HAVE_CMOCKA
launch_tests = tests/unit/account tests/unit/bind tests/unit/identity tests/unit/plan
check_PROGRAMS += $(launch_tests)
TESTS += $(launch_tests)
launch_ldadd = libruntime.a libsif.a libsquashsuper.a libsource.a $(unit_ldadd)
tests_unit_account_SOURCES = tests/unit/account.c
tests_unit_account_CFLAGS = $(unit_cflags)
tests_unit_account_LDADD = $(launch_ldadd)
tests_unit_bind_SOURCES = tests/unit/bind.c
tests_unit_bind_CFLAGS = $(unit_cflags)
tests_unit_bind_LDADD = $(launch_ldadd)
tests_unit_identity_SOURCES = tests/unit/identity.c
tests_unit_identity_CFLAGS = $(unit_cflags)
tests_unit_identity_LDADD = $(launch_ldadd)
tests_unit_plan_SOURCES = tests/unit/plan.c
tests_unit_plan_CFLAGS = $(unit_cflags)
tests_unit_plan_LDADD = $(launch_ldadd)
endif

# env: the environment, the evaluator of image scripts, what is executed
libruntime_a_SOURCES += \
	runtime/env.c runtime/env_filter.c runtime/env_file.c \
	runtime/script.h runtime/script_ast.h runtime/script_vars.c runtime/script_arena.c \
	runtime/script_parser.h runtime/script_parse.c runtime/script_word.c \
	runtime/script_expand.c runtime/script_test.c runtime/script_eval.c \
	runtime/action.c runtime/action_parts.h runtime/action_image.c runtime/action_target.c \
	runtime/action_env.c runtime/action_sh.c runtime/action_libs.c runtime/oci_env.c

dist_man_MANS += docs/man/sif-environment.7

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/env
TESTS += tests/unit/env
tests_unit_env_SOURCES = tests/unit/env.c
tests_unit_env_CFLAGS = $(unit_cflags)
tests_unit_env_LDADD = libruntime.a $(unit_ldadd)

check_PROGRAMS += tests/unit/script
TESTS += tests/unit/script
tests_unit_script_SOURCES = tests/unit/script.c
tests_unit_script_CFLAGS = $(unit_cflags)
tests_unit_script_LDADD = $(launch_ldadd)

check_PROGRAMS += tests/unit/action
TESTS += tests/unit/action
tests_unit_action_SOURCES = tests/unit/action.c
tests_unit_action_CFLAGS = $(unit_cflags)
tests_unit_action_LDADD = $(launch_ldadd)
endif

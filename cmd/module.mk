# libcmd: what every program's main needs. Libraries above come before those
# below; libcmd's table of run options is in libruntime.
noinst_LIBRARIES += libcmd.a
libcmd_a_SOURCES = cmd/command.h cmd/config.h cmd/names.h cmd/names.c cmd/out.h cmd/out.c cmd/program.h cmd/program.c \
	cmd/complete.c cmd/config.c cmd/run.c cmd/table.c

bin_PROGRAMS += sif
sif_SOURCES = cmd/main.c cmd/complete_run.c cmd/config_import.c cmd/config_import.h cmd/config_run.c cmd/optimize_run.c cmd/run_run.c

# sif-fuse: the image server. Linked statically where that works: finding five
# libraries costs a third of its start.
if HELPERS
helper_PROGRAMS += sif-fuse
sif_fuse_SOURCES = cmd/sif_fuse.c
sif_fuse_LDFLAGS = $(AM_LDFLAGS) $(STATIC_LDFLAGS)
sif_fuse_LDADD = libserve.a libruntime.a $(SQUASH_LIBADD)
endif

# sif object
libcmd_a_SOURCES += cmd/lines.h cmd/lines.c cmd/object.c cmd/object.h cmd/words.h cmd/words.c
sif_SOURCES += cmd/object_read.c cmd/object_change.c cmd/object_text.c cmd/object_json.c
dist_man_MANS += docs/man/sif-object.1

# sif build, in sif-pack
libcmd_a_SOURCES += cmd/build.h cmd/build.c
if HELPERS
helper_PROGRAMS += sif-pack
sif_pack_SOURCES = cmd/sif_pack.c cmd/build_run.c cmd/repack_run.c cmd/unfinished.h cmd/unfinished.c
sif_pack_LDADD = libcmd.a libruntime.a $(PACK_LIBADD)
endif
dist_man_MANS += docs/man/sif-build.1

# sif optimize: the run in sif, the writing in sif-pack
libcmd_a_SOURCES += cmd/optimize.h cmd/optimize.c
dist_man_MANS += docs/man/sif-optimize.1

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/options tests/unit/config
TESTS += tests/unit/options tests/unit/config
tests_unit_options_SOURCES = tests/unit/options.c
tests_unit_options_CFLAGS = $(unit_cflags)
tests_unit_options_LDADD = libruntime.a libsif.a libsquashsuper.a libsource.a $(unit_ldadd)
tests_unit_config_SOURCES = tests/unit/config.c
tests_unit_config_CFLAGS = $(unit_cflags)
tests_unit_config_LDADD = libruntime.a libsif.a libsquashsuper.a libsource.a $(unit_ldadd)
endif

dist_man_MANS += docs/man/sif.1 docs/man/sif-run.1 docs/man/sif-exec.1 docs/man/sif-shell.1 docs/man/sif-test.1 \
	docs/man/sif-config.1 docs/man/sif.conf.5

# Printed by the program itself, so not where it cannot run.
if !CROSS_COMPILING
completiondir = $(datadir)/bash-completion/completions
nodist_completion_DATA = cmd/completion/sif
CLEANFILES += cmd/completion/sif
cmd/completion/sif: sif$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) cmd/completion && ./sif$(EXEEXT) completion bash >$@.tmp && mv $@.tmp $@
endif

# Apptainer's package owns this name, too: installed when asked for only.
if RUN_SINGULARITY
install-exec-hook:
	cd '$(DESTDIR)$(bindir)' && ln -sf sif run-singularity
uninstall-hook:
	rm -f '$(DESTDIR)$(bindir)/run-singularity'
endif

cli_checks = tests/check/help.sh tests/check/man.sh tests/check/completion.sh tests/check/headers.sh \
	tests/check/links.sh tests/check/hygiene.sh tests/check/codemap.sh
EXTRA_DIST += $(cli_checks)
TESTS += $(cli_checks)

# sif inspect
libcmd_a_SOURCES += cmd/inspect.c cmd/inspect.h
dist_man_MANS += docs/man/sif-inspect.1 docs/man/sif-run-help.1
inspect_sources = cmd/inspect_run.c cmd/inspect_image.h cmd/inspect_image.c cmd/inspect_meta.h cmd/inspect_meta.c \
	cmd/inspect_overview.h cmd/inspect_overview.c

# sif-read: looks into images without a mount
libcmd_a_SOURCES += cmd/cat.c cmd/cp.c cmd/cp.h cmd/du.c cmd/du.h cmd/ls.c cmd/ls.h cmd/unpack.c cmd/unpack.h
if HELPERS
helper_PROGRAMS += sif-read
sif_read_SOURCES = cmd/sif_read.c cmd/root.h cmd/root.c cmd/ls_run.c cmd/cat_run.c cmd/cp_run.c cmd/du_run.c \
	cmd/unpack_run.c $(inspect_sources)
sif_read_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
sif_read_LDADD = libcmd.a libruntime.a libsif.a $(SQUASH_LIBADD) $(JANSSON_LIBS)
endif
dist_man_MANS += docs/man/sif-ls.1 docs/man/sif-cat.1 docs/man/sif-cp.1 docs/man/sif-du.1

# sif-sign: signatures, keys, hash trees
libcmd_a_SOURCES += cmd/verity.h cmd/verity.c cmd/sign.h cmd/sign.c cmd/key.c
if HELPERS
helper_PROGRAMS += sif-sign
sif_sign_SOURCES = cmd/sif_sign.c cmd/verity_run.c cmd/sign_run.c cmd/sign_key.h cmd/sign_key.c cmd/verify_run.c \
	cmd/verify_report.h cmd/verify_report.c cmd/progress.h cmd/progress.c cmd/key_run.c cmd/key_list.c cmd/key_store.h cmd/key_store.c cmd/passphrase.h cmd/passphrase.c
sif_sign_CPPFLAGS = $(AM_CPPFLAGS) $(NETTLE_CFLAGS)
sif_sign_LDADD = libcmd.a libruntime.a libtrust.a $(SIGNKEYS_LIBADD)
endif
dist_man_MANS += docs/man/sif-verity.1 docs/man/sif-sign.1 docs/man/sif-verify.1 docs/man/sif-key.1

# sif mounts
libcmd_a_SOURCES += cmd/mounts.c cmd/mounts.h
sif_SOURCES += cmd/mounts_run.c
dist_man_MANS += docs/man/sif-mounts.1

# sif-account: the name service, whatever sif itself is linked with
helper_PROGRAMS += sif-account
sif_account_SOURCES = cmd/sif_account.c
sif_account_LDADD = libruntime.a libbase.a

# sif, without the start-up of a large C library (docs/decisions/507): all that it
# links, once more, by another compiler.
if MUSL
noinst_LIBRARIES += liblaunch.a
liblaunch_a_SOURCES = $(libcmd_a_SOURCES) $(libruntime_a_SOURCES) $(libsif_a_SOURCES) $(libsquashsuper_a_SOURCES) \
	$(libsource_a_SOURCES) $(libbase_a_SOURCES)
liblaunch_a_CFLAGS = $(AM_CFLAGS) $(MUSL_CFLAGS)
sif_CFLAGS = $(AM_CFLAGS) $(MUSL_CFLAGS)
sif_LDADD = liblaunch.a
sif_LINK = $(MUSL_CC) $(sif_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(MUSL_LDFLAGS) -o $@
$(liblaunch_a_OBJECTS) $(sif_OBJECTS): CC = $(MUSL_CC)
else
sif_LDADD = libcmd.a libruntime.a libsif.a libsquashsuper.a libsource.a libbase.a
sif_LINK = $(LINK)
endif

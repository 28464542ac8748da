noinst_LIBRARIES += libruntime.a
libruntime_a_SOURCES = runtime/spec.h runtime/spec.c runtime/env.h runtime/action.h runtime/launch.h \
	runtime/launch.c runtime/options.h runtime/options.c \
	runtime/config.h runtime/config.c runtime/policy.h runtime/policy.c

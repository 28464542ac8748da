noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	base/banned.h base/cgroup.c base/cgroup.h base/cpus.c base/cpus.h base/own.h base/le.h base/sys.h \
	base/err.c base/err.h base/fd.c base/fd.h base/log.c base/log.h \
	base/mem.c base/mem.h base/near.c base/near.h base/num.c base/num.h base/opt.c base/opt.h base/opt_help.c \
	base/pass.c base/pass.h base/replace.c base/replace.h base/spawn.c base/spawn.h base/str.c base/str.h

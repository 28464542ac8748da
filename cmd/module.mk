# libcmd: what every program's main needs. Libraries above come before those below.
noinst_LIBRARIES += libcmd.a
libcmd_a_SOURCES = cmd/command.h cmd/out.h cmd/out.c cmd/program.h cmd/program.c \
	cmd/table.c

bin_PROGRAMS += sif
sif_SOURCES = cmd/main.c
sif_LDADD = libcmd.a libruntime.a libsource.a libbase.a

# the launch's side of the image server
libruntime_a_SOURCES += runtime/server/start.h

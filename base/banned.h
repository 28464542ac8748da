/* Functions that this project regrets, made into compile errors
 * (-include'd after config.h). What to use instead stands beside each. */
#ifndef SIF_BASE_BANNED_H
#define SIF_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With clang, glibc's fortified headers define these two as macros. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok strncpy strncat gets
#pragma GCC poison atoi atol atoll atof     /* base/num.h */
#pragma GCC poison mktemp tmpnam tempnam    /* base/replace.h */
#pragma GCC poison localtime asctime        /* gmtime_r: output never depends on TZ */
/* The same, calls only: kernel headers have members of this name. */
#define ctime(t) use_gmtime_r_instead_of_ctime

#endif

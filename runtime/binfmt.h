/* Programs of other architectures. */
#ifndef SIF_RUNTIME_BINFMT_H
#define SIF_RUNTIME_BINFMT_H

#include <stdbool.h>
#include <stddef.h>

/* Can programs of this architecture (Go's name) run on a host of that one: by
 * the processor, or by an interpreter registered with binfmt_misc whose F flag
 * keeps it open, so that it is found from inside an image? */
bool binfmt_runs(const char *arch, const char *host);

/* Does the text of one file of /proc/sys/fs/binfmt_misc say so? */
bool binfmt_entry_runs(const char *text, const char *arch);

/* Architecture of an ELF program by its first 20 bytes; NULL = no ELF or not
 * known. */
const char *elf_arch(const void *head, size_t len);

#endif

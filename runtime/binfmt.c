#include "runtime/binfmt.h"

#include "base/fd.h"
#include "base/le.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#define BINFMT_DIR "/proc/sys/fs/binfmt_misc"
#define ELF_HEAD 20 /* up to the end of e_machine */

static const struct {
	const char *arch;
	uint16_t machine;
	uint8_t class, data; /* EI_CLASS, EI_DATA; 0 = either */
} elves[] = {
	{ "386", 3, 1, 1 },	 { "amd64", 62, 2, 1 },	  { "arm", 40, 1, 1 },	    { "arm64", 183, 2, 1 },
	{ "ppc64", 21, 2, 2 },	 { "ppc64le", 21, 2, 1 }, { "s390x", 22, 2, 2 },    { "mips", 8, 1, 2 },
	{ "mipsle", 8, 1, 1 },	 { "mips64", 8, 2, 2 },	  { "mips64le", 8, 2, 1 },  { "riscv64", 243, 2, 1 },
};

const char *elf_arch(const void *head, size_t len)
{
	const uint8_t *p = head;
	uint16_t machine;

	if (len < ELF_HEAD || memcmp(p, "\177ELF", 4))
		return NULL;
	machine = p[5] == 2 ? (uint16_t)(p[18] << 8 | p[19]) : le16(p + 18);
	for (size_t i = 0; i < ARRAY_SIZE(elves); i++)
		if (elves[i].machine == machine && elves[i].class == p[4] && elves[i].data == p[5])
			return elves[i].arch;
	return NULL;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of a line "KEY VALUE"; "" when there is none. */
static const char *value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, n) && line[n] == ' ')
			return line + n + 1;
	return "";
}

bool binfmt_entry_runs(const char *text, const char *arch)
{
	const char *flags = value_of(text, "flags:"), *magic = value_of(text, "magic");
	const char *offset = value_of(text, "offset"), *found;
	uint8_t head[ELF_HEAD] = { 0 };

	if (!str_starts(text, "enabled\n") || offset[0] != '0' || !memchr(flags, 'F', strcspn(flags, "\n")))
		return false;
	for (size_t i = 0; i < sizeof(head); i++) {
		int high = nibble(magic[2 * i]), low = high < 0 ? -1 : nibble(magic[2 * i + 1]);

		if (low < 0)
			return false;
		head[i] = (uint8_t)(high << 4 | low);
	}
	found = elf_arch(head, sizeof(head));
	return found && !strcmp(found, arch);
}

bool binfmt_runs(const char *arch, const char *host)
{
	OWN_DIR DIR *dir = NULL;
	const struct dirent *d;

	if ((!strcmp(arch, "386") && !strcmp(host, "amd64")) || (!strcmp(arch, "arm") && !strcmp(host, "arm64")))
		return true;
	dir = opendir(BINFMT_DIR);
	while (dir && (d = readdir(dir))) {
		OWN_FD int fd = openat(dirfd(dir), d->d_name, O_RDONLY | O_CLOEXEC);
		OWN_FREE char *text = NULL;
		struct err ignored;

		/* "register" is write-only, "status" has no magic */
		if (fd >= 0 && fd_read_all(fd, 65536, d->d_name, &text, NULL, &ignored) == 0 &&
		    binfmt_entry_runs(text, arch))
			return true;
	}
	return false;
}

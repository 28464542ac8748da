/* fs_read seq FILE | fs_read random COUNT FILE: the readers of fs.py. Reads in
 * order in 128 KiB pieces, or COUNT times 4 KiB at random places (the same ones
 * in every run), and prints a sum so that nothing is left out. */
#include "base/err.h"
#include "base/fd.h"
#include "base/num.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t sum;

static int take(int fd, uint8_t *buf, size_t len, uint64_t off, struct err *e)
{
	if (fd_pread_full(fd, buf, len, off, "the file", e))
		return -1;
	for (size_t i = 0; i < len; i += 512)
		sum += buf[i];
	return 0;
}

static int read_random(int fd, uint64_t size, uint32_t count, struct err *e)
{
	uint64_t state = 88172645463325252ull;
	uint8_t buf[4096];

	while (count--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		if (take(fd, buf, sizeof(buf), state % (size / sizeof(buf)) * sizeof(buf), e))
			return -1;
	}
	return 0;
}

static int read_in_order(int fd, uint64_t size, struct err *e)
{
	static uint8_t buf[128 * 1024];

	for (uint64_t off = 0; off < size; off += sizeof(buf))
		if (take(fd, buf, size - off < sizeof(buf) ? (size_t)(size - off) : sizeof(buf), off, e))
			return -1;
	return 0;
}

static int run(int argc, char **argv, struct err *e)
{
	bool random = argc == 4 && strcmp(argv[1], "random") == 0;
	uint32_t count = 0;
	struct stat st;
	int fd;

	if (!random && (argc != 3 || strcmp(argv[1], "seq") != 0))
		return err_set(e, ERR_USAGE, "fs_read seq FILE | fs_read random COUNT FILE");
	if (random && num_u32(argv[2], &count, e))
		return -1;
	fd = fd_open(argv[argc - 1], O_RDONLY, e);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || st.st_size < 4096)
		return err_set(e, ERR_USAGE, "'%s' is too short", argv[argc - 1]);
	return random ? read_random(fd, (uint64_t)st.st_size, count, e) : read_in_order(fd, (uint64_t)st.st_size, e);
}

int main(int argc, char **argv)
{
	struct err e = {};

	if (run(argc, argv, &e)) {
		dprintf(STDERR_FILENO, "fs_read: %s\n", e.msg);
		return 1;
	}
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}

/* The program `sif`, also called as apptainer, singularity, run-singularity. */
#include "cmd/program.h"

#include <stddef.h>
#include <stdlib.h>

#ifndef __GLIBC__
/* musl gives a page back to the kernel when the last of its slots is freed, and a
 * launch allocates and frees small pieces all the time: 30 pages mapped, touched
 * and unmapped again. One slot of each size, never freed, keeps them. */
static void keep_small_pages(void)
{
	static void *volatile kept;

	for (size_t size = 8; size <= 512; size += size < 128 ? 16 : size / 4)
		kept = malloc(size);
	(void)kept;
}
#else
static void keep_small_pages(void)
{
}
#endif

int main(int argc, char **argv)
{
	keep_small_pages();
	return program_main("sif", argc, argv);
}

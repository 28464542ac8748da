/* The helper program sif-pack: what needs libarchive and libsquashfs. */
#include "cmd/program.h"

int main(int argc, char **argv)
{
	return program_main("sif-pack", argc, argv);
}

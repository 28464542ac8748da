/* sif-read: the commands that look into an image and need decoders for it. */
#include "cmd/program.h"

int main(int argc, char **argv)
{
	return program_main("sif-read", argc, argv);
}

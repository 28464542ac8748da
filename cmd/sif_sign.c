/* The helper program sif-sign: signatures, keys and hash trees. */
#include "cmd/program.h"

int main(int argc, char **argv)
{
	return program_main("sif-sign", argc, argv);
}

/* The program `sif`, also called as apptainer, singularity, run-singularity. */
#include "cmd/program.h"

int main(int argc, char **argv)
{
	return program_main("sif", argc, argv);
}

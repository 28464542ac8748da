/* The program `sif`: finds the command, parses its options, prints the one
 * error there may be. Helper programs share this file's shape (helper.c). */
#include "base/log.h"
#include "base/spawn.h"
#include "cmd/command.h"
#include "cmd/out.h"
#include "cmd/program.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	return program_main("sif", argc, argv);
}

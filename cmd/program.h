/* What all our programs do in main(): the same table, the same messages. */
#ifndef SIF_CMD_PROGRAM_H
#define SIF_CMD_PROGRAM_H

/* self: this program's name; commands with another .helper are exec'ed. */
int program_main(const char *self, int argc, char **argv);

#endif

/* sif completion bash: a script made of the tables, so that it knows every
 * command and option that the program knows, and no other. */
#include "cmd/names.h"

#include <stdio.h>
#include <string.h>

COMMAND_RUN(completion_main);

/* The script's fixed part. __sif_options has one case per command: the words
 * of its options, '=' behind those that take a value. */
static const char script_tail[] =
	"_sif()\n"
	"{\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]}\n"
	"	local i word cmd='' takes=''\n"
	"\n"
	"	COMPREPLY=()\n"
	"	for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"		word=${COMP_WORDS[i]}\n"
	"		case $word in\n"
	"		-*)	takes=; [[ \" $(__sif_values \"$cmd\") \" == *\" $word \"* ]] && takes=y ;;\n"
	"		*)	if [[ $takes ]]; then\n"
	"				takes=\n"
	"			elif [[ ! $cmd || \" $(__sif_subcommands \"$cmd\") \" == *\" $word \"* ]]; then\n"
	"				cmd=${cmd:+$cmd }$word\n"
	"			else\n"
	"				# behind the image: the program's words\n"
	"				compopt -o default\n"
	"				return\n"
	"			fi ;;\n"
	"		esac\n"
	"	done\n"
	"	if [[ $takes || $cur != -* ]]; then\n"
	"		if [[ ! $takes && $(__sif_subcommands \"$cmd\") ]]; then\n"
	"			mapfile -t COMPREPLY < <(compgen -W \"$(__sif_subcommands \"$cmd\")\" -- \"$cur\")\n"
	"		else\n"
	"			compopt -o default\n"
	"		fi\n"
	"		return\n"
	"	fi\n"
	"	mapfile -t COMPREPLY < <(compgen -W \"$(__sif_options \"$cmd\")\" -- \"$cur\")\n"
	"}\n"
	"complete -F _sif sif apptainer singularity\n";

/* Words of a table: all options, or (values) those that take a value, there
 * with their letters. */
static void add_options(const struct opt *table, bool values, struct str *out)
{
	for (const struct opt *o = table; o && o->name; o++) {
		if ((o->flags & OPT_HIDDEN) || (values && !opt_takes_value(o)))
			continue;
		str_addf(out, " --%s", o->name);
		if (values && o->letter)
			str_addf(out, " -%c", o->letter);
	}
}

static void add_option_cases(const char *function, bool values, struct str *out)
{
	str_addf(out, "%s()\n{\n	case $1 in\n", function);
	for (const struct command *const *c = command_table; *c; c++) {
		str_addf(out, "	'%s')	echo \"--help", (*c)->name);
		add_options((*c)->options, values, out);
		str_add(out, "\" ;;\n");
	}
	str_add(out, "	'')	echo \"--help --version");
	add_options(global_options, values, out);
	str_add(out, "\" ;;\n	esac\n}\n\n");
}

/* First words, each once: commands of two words stand together in the table. */
static void add_first_words(struct str *out)
{
	OWN_STRV struct strv seen = {};

	for (const struct command *const *c = command_table; *c; c++) {
		OWN_STRV struct strv words = {};

		strv_split(&words, (*c)->name, " ");
		if (((*c)->flags & COMMAND_HIDDEN) || strv_has(&seen, words.v[0]))
			continue;
		strv_add(&seen, words.v[0]);
		str_addf(out, "%s%s", seen.n > 1 ? " " : "", words.v[0]);
	}
	str_add(out, " help version");
}

static void add_second_words(struct str *out)
{
	OWN_STRV struct strv seen = {};

	for (const struct command *const *c = command_table; *c; c++) {
		OWN_STRV struct strv words = {};
		bool first = true;

		strv_split(&words, (*c)->name, " ");
		if (words.n < 2 || strv_has(&seen, words.v[0]))
			continue;
		strv_add(&seen, words.v[0]);
		str_addf(out, "	%s)	echo \"", words.v[0]);
		for (const struct command *const *d = c; *d; d++) {
			if (!str_starts((*d)->name, words.v[0]) || (*d)->name[strlen(words.v[0])] != ' ')
				continue;
			str_addf(out, "%s%s", first ? "" : " ", (*d)->name + strlen(words.v[0]) + 1);
			first = false;
		}
		str_add(out, "\" ;;\n");
	}
}

int completion_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_STR struct str out = {};

	(void)inv;
	if (argc == 2 && str_starts(argv[1], "-") && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return -1; /* e is empty: help */
	if (argc != 2 || strcmp(argv[1], "bash") != 0) {
		err_set(e, ERR_USAGE, "completion is there for 'bash'");
		return err_hint(e, "sif completion bash");
	}
	str_add(&out, "# bash completion of sif, printed by 'sif completion bash'\n");
	str_add(&out, "__sif_subcommands()\n{\n	case $1 in\n	'')	echo \"");
	add_first_words(&out);
	str_add(&out, "\" ;;\n");
	add_second_words(&out);
	str_add(&out, "	esac\n}\n\n");
	add_option_cases("__sif_options", false, &out);
	add_option_cases("__sif_values", true, &out);
	str_add(&out, script_tail);
	fputs(str_text(&out), stdout);
	return 0;
}

/* Fuzz target: any bytes as an image's environment script, as its
 * 10-docker2singularity.sh, and as an injected value. What is evaluated keeps
 * the promises of runtime/script.h; evaluating twice gives the same. */
#include "runtime/action_parts.h"
#include "tests/fuzz/fuzz.h"

#include "base/mem.h"

#include <string.h>

static char *const start_env[] = { "PATH=/usr/bin:/bin", "HOME=/home/u", "HOSTED=from host", "EMPTY=", "STAR=*",
				   NULL };

static enum script_end evaluate(struct script *s, const char *text, size_t size)
{
	s->root_fd = -1;
	script_vars_import(&s->vars, start_env);
	strv_add(&s->args, "one");
	strv_add(&s->args, "two words");
	return script_eval(s, text, size);
}

static void check_script(const struct script *s, enum script_end end)
{
	promise(s->depth == 0 || end == SCRIPT_DECLINED || end == SCRIPT_EXIT || end == SCRIPT_EXEC);
	promise(end != SCRIPT_DECLINED || s->why);
	promise(end != SCRIPT_EXEC || s->exec.n);
	promise(s->status >= -1 && s->status <= 255);
	promise(s->out.len < (64 << 10) + (128 << 10));
	for (size_t i = 0; i < s->vars.n; i++) {
		const struct script_var *v = &s->vars.v[i];

		promise(script_is_name(v->name, strlen(v->name)));
		promise(!v->value || strlen(v->value) <= (96 << 10));
		for (size_t j = 0; j < i && i < 64; j++)
			promise(strcmp(s->vars.v[j].name, v->name) != 0);
	}
}

static char *environment(const struct script *s)
{
	OWN_STRV struct strv envp = {};
	struct str all = {};

	script_vars_environ(&s->vars, &envp);
	for (size_t i = 0; i < envp.n; i++) {
		promise(strchr(envp.v[i], '='));
		str_addf(&all, "%s\n", envp.v[i]);
	}
	return str_take(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_SCRIPT struct script a = SCRIPT_INIT, b = SCRIPT_INIT, c = SCRIPT_INIT;
	OWN_FREE char *text = xmalloc(size + 1), *first = NULL, *second = NULL, *repaired = NULL, *value = NULL;
	enum script_end end;

	memcpy(text, data, size);
	text[size] = '\0';
	end = evaluate(&a, text, size);
	check_script(&a, end);
	promise(evaluate(&b, text, size) == end);
	if (end != SCRIPT_DECLINED) {
		first = environment(&a);
		second = environment(&b);
		promise(strcmp(first, second) == 0);
	}
	repaired = oci_env_repair(text, size);
	if (repaired) { /* a right text is left alone; a repaired one is right */
		OWN_FREE char *again = oci_env_repair(repaired, strlen(repaired));

		promise(!again);
	}
	script_vars_import(&c.vars, start_env);
	value = script_expand_quoted(&c, text);
	promise(value || c.why);
	return 0;
}

#include "runtime/engine.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	bool record, linger, hot;
	const char *no_cpus; /* why it cannot be kept to some CPUs; NULL = it can */
} engines[] = {
	[ENGINE_SIF] = { "sif", true, true, true, NULL },
	[ENGINE_SQUASHFUSE] = { "squashfuse", false, true, false, NULL },
	[ENGINE_KERNEL] = { "kernel", false, false, false, "the kernel unpacks where the reader runs" },
};

const char *engine_name(enum engine engine)
{
	return engines[engine].name;
}

int engine_parse(const char *word, enum engine *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
		if (strcmp(word, engines[i].name) == 0) {
			*ret = (enum engine)i;
			return 0;
		}
	err_set(e, ERR_USAGE, "'%s' is no engine", word);
	return err_hint(e, "there are sif, squashfuse and, for root, kernel");
}

enum engine engine_of(const char *word)
{
	enum engine engine = ENGINE_SIF;
	struct err ignored;

	return word && engine_parse(word, &engine, &ignored) == 0 ? engine : ENGINE_SIF;
}

/* Not by PATH, which is the user's, as the module of the day has it. */
const char *engine_squashfuse(void)
{
	static const char *const paths[] = { "/usr/bin/squashfuse_ll", "/usr/local/bin/squashfuse_ll" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

int engine_check(enum engine engine, const struct engine_wishes *wishes, struct err *e)
{
	const char *name = engine_name(engine);

	if (wishes->record && !engines[engine].record) {
		err_set(e, ERR_USAGE, "the engine '%s' cannot write down what is read first", name);
		return err_hint(e, "optimize an image with the engine sif; it serves every engine then");
	}
	if (wishes->cpus && strcmp(wishes->cpus, "auto") != 0 && engines[engine].no_cpus) {
		err_set(e, ERR_USAGE, "the engine '%s' cannot be kept to the CPUs '%s' (mount cpus): %s", name,
			wishes->cpus, engines[engine].no_cpus);
		return err_hint(e, "take another engine, or set 'mount cpus = auto' in sif.conf");
	}
	if (wishes->linger && !engines[engine].linger) {
		err_set(e, ERR_USAGE, "the engine '%s' cannot linger: the image goes with its last user", name);
		return err_hint(e, "leave --linger away, or take another engine");
	}
	if (wishes->hot && !engines[engine].hot)
		log_info("the engine '%s' does not read ahead what the image's hot list names", name);
	return 0;
}

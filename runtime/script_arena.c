/* Memory of a script's tree: handed out in order, given back all at once, with
 * a bound on the whole. */
#include "runtime/script_ast.h"

#include <string.h>

enum { ARENA_MAX = 8 << 20, BLOCK = 16 << 10 };

struct arena_block {
	struct arena_block *prev;
	size_t used;
	_Alignas(max_align_t) char mem[BLOCK];
};

void arena_free(struct arena *a)
{
	while (a->last) {
		struct arena_block *b = a->last;

		a->last = b->prev;
		free(b);
	}
	a->used = 0;
}

void *arena_new(struct arena *a, size_t size)
{
	struct arena_block *b = a->last;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (size > BLOCK || a->used + size > ARENA_MAX)
		return NULL;
	if (!b || b->used + size > BLOCK) {
		b = malloc(sizeof(*b));
		if (!b)
			return NULL;
		b->prev = a->last;
		b->used = 0;
		a->last = b;
	}
	p = b->mem + b->used;
	b->used += size;
	a->used += size;
	return memset(p, 0, size);
}

#include "image/source/source.h"

int source_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	uint64_t end;

	if (__builtin_add_overflow(off, (uint64_t)len, &end) || end > s->size)
		return err_set(e, ERR_FORMAT, "the image refers to bytes %llu+%zu beyond its end (%llu)",
			       (unsigned long long)off, len, (unsigned long long)s->size);
	return len ? s->ops->read(s, buf, len, off, e) : 0;
}

void source_advise(struct source *s, uint64_t off, uint64_t len)
{
	if (s->ops->advise && off < s->size)
		s->ops->advise(s, off, len < s->size - off ? len : s->size - off);
}

void source_free(struct source *s)
{
	if (s)
		s->ops->free(s);
}

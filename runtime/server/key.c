#include "runtime/server/key.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a. Not against forgers: everyone who can make a socket here is the same
 * user, and the server compares the whole key. */
static uint64_t hash(const char *text, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325u ^ seed;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h ^ h >> 29;
}

int key_make(const struct key_facts *f, struct key *ret, struct err *e)
{
	const struct stat *st = f->image;
	int n = snprintf(ret->text, sizeof(ret->text),
			 "version %d\nids %u:%u\nnamespaces %llx:%llu %llx:%llu\nscope %s\naccess %s\n"
			 "image %llx:%llu:%llu:%lld.%09ld\nsquashfs %llu+%llu\n",
			 WIRE_VERSION, f->uid, f->gid, (unsigned long long)f->user_ns->st_dev,
			 (unsigned long long)f->user_ns->st_ino, (unsigned long long)f->pid_ns->st_dev,
			 (unsigned long long)f->pid_ns->st_ino, f->scope, f->access,
			 (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
			 (unsigned long long)st->st_size, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			 (unsigned long long)f->offset, (unsigned long long)f->size);

	if (n >= (int)sizeof(ret->text))
		return err_set(e, ERR_SYSTEM, "the key of the image server has %d bytes", n);
	snprintf(ret->name, sizeof(ret->name), "%016llx%016llx", (unsigned long long)hash(ret->text, 0),
		 (unsigned long long)hash(ret->text, 0x5bd1e995));
	return 0;
}

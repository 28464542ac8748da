/* Unit tests of reading ahead: never on a single CPU, and fetching ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/serve/ahead.h"
#include "runtime/serve/fetch.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

static void one_cpu_belongs_to_the_program(void **state)
{
	(void)state;
	assert_int_equal(ahead_threads(0), 0);
	assert_int_equal(ahead_threads(1), 0);
	assert_int_equal(ahead_threads(2), 1);
	assert_true(ahead_threads(1000) > 1);
	assert_true(ahead_threads(1000) <= 8);
}

/* A file that ends before the list says so, and one that is there at once. */
static void fetching_ends(void **state)
{
	struct squash_hot_block blocks[64];
	const struct squash_hot hot = { .size = 64u << FETCH_LOG, .n = 64, .blocks = blocks };
	static struct fetch cut, fast;
	int fd = memfd_create("image", MFD_CLOEXEC);

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		blocks[i] = (struct squash_hot_block){ .pos = (uint64_t)i << FETCH_LOG, .word = 100 };
	cut.fd = fast.fd = fd;
	cut.hot = fast.hot = &hot;
	fetch_run(&cut);
	assert_int_equal(atomic_load(&cut.next), 1);
	assert_int_equal(ftruncate(fd, 64 << FETCH_LOG), 0);
	fetch_run(&fast);
	assert_in_range(atomic_load(&fast.next), 4, 65);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cpu_belongs_to_the_program),
		cmocka_unit_test(fetching_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

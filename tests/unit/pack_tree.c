/* Unit tests of image/pack/tree: placing, replacing, linking, numbering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "image/pack/tree.h"

#include <string.h>
#include <sys/stat.h>

static struct tree_inode *put(struct tree *t, const char *path, mode_t mode)
{
	struct tree_name *n;
	struct tree_inode *i;
	struct err e;

	assert_int_equal(tree_place(t, path, &n, &e), 0);
	assert_int_equal(tree_set(t, n, mode, &i, &e), 0);
	return i;
}

static void link_to(struct tree *t, const char *path, const char *target)
{
	put(t, path, S_IFLNK | 0777)->target = xstrdup(target);
}

static struct tree_name *get(struct tree *t, const char *path)
{
	struct tree_name *n;
	struct err e;

	return tree_find(t, path, &n, &e) > 0 ? n : NULL;
}

static struct tree_inode *at(struct tree *t, const char *path)
{
	struct tree_name *n = get(t, path);

	assert_non_null(n);
	return n ? n->inode : t->root->inode;
}

/* Names of a directory, as tree_finish left them. */
static void listing(const struct tree_name *dir, struct str *out)
{
	str_clear(out);
	assert_non_null(dir);
	for (const struct tree_name *c = dir ? dir->children : NULL; c; c = c->sibling)
		str_addf(out, "%s%s", out->len ? " " : "", c->name);
}

static void names_find_their_place(void **state)
{
	static const char *const same[] = { "a/b", "/a/b", "./a/b", "a//b/", "a/./b", "/./a/b/." };
	OWN_TREE struct tree t;
	struct tree_inode *b;

	(void)state;
	tree_init(&t);
	b = put(&t, "a/b", S_IFREG | 0644);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_ptr_equal(at(&t, same[i]), b);
	assert_ptr_equal(get(&t, "."), t.root);
	assert_ptr_equal(get(&t, ""), t.root);
	assert_null(get(&t, "a/c"));
	assert_null(get(&t, "c/a"));
	assert_true(at(&t, "a")->implied);
}

static void hostile_paths_are_refused(void **state)
{
	OWN_TREE struct tree t;
	char name[300] = "", path[6000] = "";
	struct tree_name *n;
	struct err e;

	(void)state;
	tree_init(&t);
	put(&t, "file", S_IFREG | 0644);
	memset(name, 'n', 256);
	memset(path, 'p', 5000);
	for (size_t i = 0; i < 5000; i += 100)
		path[i] = '/';
	assert_int_equal(tree_place(&t, "..", &n, &e), -1);
	assert_int_equal(e.kind, ERR_FORMAT);
	assert_int_equal(tree_place(&t, "a/../b", &n, &e), -1);
	assert_int_equal(tree_place(&t, "file/x", &n, &e), -1);
	assert_string_equal(e.msg, "'file/x' is not possible: 'file' is not a directory");
	assert_int_equal(tree_place(&t, name, &n, &e), -1);
	assert_int_equal(tree_place(&t, path, &n, &e), -1);
	name[255] = '\0';
	assert_int_equal(tree_place(&t, name, &n, &e), 0);
}

static void links_stay_beneath_the_root(void **state)
{
	OWN_TREE struct tree t;
	struct tree_inode *i;
	struct tree_name *n;
	struct err e;

	(void)state;
	tree_init(&t);
	link_to(&t, "abs", "/etc");
	link_to(&t, "up", "../../../etc");
	link_to(&t, "d/rel", "../etc/./sub");
	link_to(&t, "chain", "abs/sub");
	i = put(&t, "abs/x", S_IFREG | 0644);
	assert_ptr_equal(at(&t, "etc/x"), i);
	assert_ptr_equal(at(&t, "up/x"), i);
	i = put(&t, "d/rel/y", S_IFREG | 0644);
	assert_ptr_equal(at(&t, "etc/sub/y"), i);
	assert_ptr_equal(at(&t, "chain/y"), i);
	assert_true(S_ISLNK(at(&t, "abs")->mode)); /* the last one is not followed */
	link_to(&t, "one", "two");
	link_to(&t, "two", "one");
	assert_int_equal(tree_place(&t, "one/x", &n, &e), -1);
	assert_non_null(strstr(e.msg, "too many symbolic links"));
}

static void later_entries_replace(void **state)
{
	OWN_TREE struct tree t;
	OWN_STR struct str names = {};
	struct tree_inode *i, *old;
	struct err e;

	(void)state;
	tree_init(&t);
	old = put(&t, "a", S_IFREG | 0644);
	assert_int_equal(tree_place(&t, "b", &(struct tree_name *){ NULL }, &e), 0);
	put(&t, "d/x/y", S_IFREG | 0644);
	i = put(&t, "d", S_IFDIR | 0700); /* a directory on one keeps its children */
	assert_non_null(get(&t, "d/x/y"));
	assert_false(i->implied);
	put(&t, "d", S_IFREG | 0600);
	assert_null(get(&t, "d/x"));
	put(&t, "d", S_IFDIR | 0711);
	assert_null(get(&t, "d/x"));	/* what was removed does not come back */
	assert_null(get(&t, "d/x/y"));
	put(&t, "d/x/z", S_IFREG | 0600);
	assert_null(get(&t, "d/x/y"));
	assert_ptr_not_equal(put(&t, "a", S_IFREG | 0640), old);
	assert_int_equal(tree_set(&t, t.root, S_IFLNK | 0777, &i, &e), -1);
	tree_finish(&t, 77);
	listing(t.root, &names);
	assert_string_equal(str_text(&names), "a d");
	listing(get(&t, "d"), &names);
	assert_string_equal(str_text(&names), "x");
}

static void hard_links_share_an_inode(void **state)
{
	OWN_TREE struct tree t;
	struct tree_inode *first, *second;
	struct tree_name *n;
	struct err e;

	(void)state;
	tree_init(&t);
	first = put(&t, "a", S_IFREG | 0644);
	assert_int_equal(tree_place(&t, "z/b", &n, &e), 0);
	assert_int_equal(tree_link(&t, n, get(&t, "a"), &e), 0);
	assert_int_equal(tree_link(&t, n, get(&t, "a"), &e), 0); /* again: nothing changes */
	second = put(&t, "a", S_IFREG | 0600);
	assert_ptr_equal(at(&t, "z/b"), first);
	assert_int_equal(tree_place(&t, "c", &n, &e), 0);
	assert_int_equal(tree_link(&t, n, get(&t, "a"), &e), 0);
	assert_int_equal(tree_link(&t, n, get(&t, "z"), &e), -1);
	tree_finish(&t, 77);
	assert_int_equal(first->nlink, 1);
	assert_int_equal(second->nlink, 2);
}

static void finish_orders_and_numbers(void **state)
{
	static const char *const paths[] = { "b", "a.b", "a/2", "a/10", "a/1", "\xff", "Z" };
	OWN_TREE struct tree t;
	OWN_STR struct str names = {};

	(void)state;
	tree_init(&t);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		put(&t, paths[i], S_IFREG | 0644);
	put(&t, "b", S_IFDIR | 0755)->mtime = 5;
	tree_finish(&t, 77);
	listing(t.root, &names);
	assert_string_equal(str_text(&names), "Z a a.b b \xff");
	listing(get(&t, "a"), &names);
	assert_string_equal(str_text(&names), "1 10 2");
	assert_int_equal(t.count, 9);
	assert_int_equal(t.root->inode->number, 9); /* the root is last */
	assert_true(at(&t, "a/1")->number < at(&t, "a")->number);
	assert_int_equal(t.root->inode->nlink, 4);
	assert_int_equal(at(&t, "a")->mtime, 77);
	assert_int_equal(at(&t, "b")->mtime, 5);
}

static void many_names(void **state)
{
	OWN_TREE struct tree t;

	(void)state;
	tree_init(&t);
	for (int i = 0; i < 20000; i++) {
		OWN_FREE char *path = xasprintf("d%d/e%d/f%d", i % 7, i % 101, i);

		put(&t, path, S_IFREG | 0644);
	}
	for (int i = 0; i < 20000; i++) {
		OWN_FREE char *path = xasprintf("d%d/e%d/f%d", i % 7, i % 101, i);

		assert_non_null(get(&t, path));
	}
	tree_finish(&t, 0);
	assert_int_equal(t.count, 20000 + 7 * 101 + 7 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_find_their_place),      cmocka_unit_test(hostile_paths_are_refused),
		cmocka_unit_test(links_stay_beneath_the_root), cmocka_unit_test(later_entries_replace),
		cmocka_unit_test(hard_links_share_an_inode),   cmocka_unit_test(finish_orders_and_numbers),
		cmocka_unit_test(many_names),
	};

	return cmocka_run_group_tests_name("pack_tree", tests, NULL, NULL);
}

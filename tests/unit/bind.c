/* Unit tests of runtime/bind: the grammar of --bind, --mount and "bind path". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/bind.h"

#include <string.h>

/* "SOURCE>DEST[ ro][ image-src][ #id][ nonested][ optional]|..." */
static char *shown(const struct bind_list *l)
{
	struct str out = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		const struct bind_spec *b = &l->v[i];

		str_addf(&out, "%s%s>%s%s", i ? "|" : "", b->source, b->dest, b->readonly ? " ro" : "");
		if (b->image_src)
			str_addf(&out, " %s", b->image_src);
		if (b->image_id)
			str_addf(&out, " #%u", b->image_id);
		str_addf(&out, "%s%s", b->nonested ? " nonested" : "", b->optional ? " optional" : "");
	}
	return str_take(&out);
}

struct row {
	const char *in, *want; /* want NULL: refused */
};

static void check_rows(int (*parse)(const char *, const char *, struct bind_list *, struct err *),
		       const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		OWN_BIND_LIST struct bind_list l = { 0 };
		OWN_FREE char *got = NULL;
		struct err e = { 0 };
		int bad = parse(rows[i].in, "--bind", &l, &e);

		if (!rows[i].want) {
			if (!bad)
				fail_msg("'%s' was accepted", rows[i].in);
			assert_int_equal(e.kind, ERR_USAGE);
			continue;
		}
		if (bad)
			fail_msg("'%s' was refused: %s", rows[i].in, e.msg);
		got = shown(&l);
		assert_string_equal(got, rows[i].want);
	}
}

static void words_of_bind(void **state)
{
	static const struct row rows[] = {
		{ "/opt", "/opt>/opt" },
		{ "/opt:/other:ro", "/opt>/other ro" },
		{ "/opt:/other:rw", "/opt>/other" },
		{ "/opt:/other:ro,rw", NULL }, /* which of the two? */
		{ "/a,/b:/c", "/a>/a|/b>/c" },
		{ "/a:/x:ro,/b:/y:rw", "/a>/x ro|/b>/y" },
		{ "img.sif:/d:image-src=/opt", "img.sif>/d /opt" },
		{ "img.sif:/d:id=3", "img.sif>/d #3" },
		{ "img.sif:/d:image-src=/o,id=2,ro,/x", "img.sif>/d ro /o #2|/x>/x" },
		{ "img.sif:/d:image-src=", NULL },
		{ "img.sif:/d:id=0", NULL },
		{ "img.sif:/d:id=x", NULL },
		{ "/opt:/other:invalid", NULL },
		{ ":/x", NULL },
		{ "/a:", NULL },
		{ "/a::ro", NULL },
		{ "/a:/b:", NULL },
		{ "/a:/", NULL },
		{ "/a://", NULL },
		{ "/a\\:b", "/a:b>/a:b" },
		{ "/a\\:b:/c\\:d:ro", "/a:b>/c:d ro" },
		{ "/a\\,b,/c", "/a,b>/a,b|/c>/c" },
		{ "/a\\b", "/a\\b>/a\\b" },
		{ "", "" },
		{ " /a : /b ", "/a>/b" },
		{ "/a, /b", "/a>/a|/b>/b" },
		{ "/a b:/c d", "/a b>/c d" },
		{ "/a:/b:ro,ro2", "/a>/b ro|ro2>ro2" },
		{ "/a:/b:/c", NULL },
		{ "/a:/b:ro:x", NULL },
		{ "/a:relative", NULL },
		{ "relative", "relative>relative" },
		{ "rel:/abs", "rel>/abs" },
		{ "/a,,/b", NULL },
	};

	(void)state;
	check_rows(bind_parse, rows, ARRAY_SIZE(rows));
}

static void words_of_mount(void **state)
{
	static const struct row rows[] = {
		{ "source=/opt,destination=/other", "/opt>/other" },
		{ "type=bind,src=/opt,target=/other,readonly", "/opt>/other ro" },
		{ "type=volume,src=/a,dst=/b", NULL },
		{ "type=tmpfs,dst=/b", NULL },
		{ "src=/a,dst=", NULL },
		{ "dst=/b", NULL },
		{ "src=/b", NULL },
		{ "src=/a,dst=b", NULL },
		{ "src=i.sif,dst=/b,image-src=/o,id=2", "i.sif>/b /o #2" },
		{ "src=i.sif,dst=/b,id=", NULL },
		{ "\"src=/comma,dir\",dst=/b", "/comma,dir>/b" },
		{ "\"src=/qu\"\"ote\",dst=/b", "/qu\"ote>/b" },
		{ "src=/a,dst=/b,ro=1", "/a>/b ro" },
		{ "src=/a,dst=/b,ro=false", "/a>/b" }, /* the reference mounts this one read-only */
		{ "src=/a,dst=/b,ro=maybe", NULL },
		{ "src=/a,dst=/b,nonested", "/a>/b nonested" },
		{ "src=/a,dst=/b,rw", NULL },
		{ "src=/a,src=/c,dst=/b", NULL },
		{ "type=bind, src=/a,dst=/b", NULL },
		{ "src=\"/q\",dst=/b", NULL },
		{ "\"src=/q,dst=/b", NULL },
		{ "", "" },
		{ "src=/a,dst=/b\nsrc=/c,dst=/d,ro\n", "/a>/b|/c>/d ro" },
	};

	(void)state;
	check_rows(bind_parse_mount, rows, ARRAY_SIZE(rows));
}

static void configured_paths(void **state)
{
	static const struct row rows[] = {
		{ "-/scratch", "/scratch>/scratch optional" },
		{ "/a:/b:ro", "/a>/b ro" },
		{ "-/a,/b", "/a>/a optional|/b>/b optional" },
	};

	(void)state;
	check_rows(bind_parse_path, rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_bind),
		cmocka_unit_test(words_of_mount),
		cmocka_unit_test(configured_paths),
	};

	return cmocka_run_group_tests_name("bind", tests, NULL, NULL);
}

/*
 * conf: where the text is too long, too deep, or too much, there is an answer
 * all the same, and soon.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "complaints.h"
#include "router/conf.h"

#define FILE_MAX (1024 * 1024) /* bytes that are read */

static void
bad(const char *text, const char *expected)
{
	struct complaints c = { 0 };
	struct error err = { 0 };

	assert_null(conf_parse(text, "x", complaints_collect, &c, &err));
	assert_string_equal(c.text, expected);
	assert_int_equal(err.code, EINVAL);
}

static char *
repeat(const char *text, size_t n, const char *before, const char *after)
{
	size_t len = strlen(text);
	char *out = malloc(strlen(before) + n * len + strlen(after) + 1);
	char *end;

	assert_non_null(out);
	end = stpcpy(out, before);
	while (n-- > 0)
		end = stpcpy(end, text);
	strcpy(end, after);
	return out;
}

static void
bad_repeated(const char *text, size_t n, const char *before, const char *after,
    const char *expected)
{
	char *whole = repeat(text, n, before, after);

	bad(whole, expected);
	free(whole);
}

static void
survives_what_is_too_much(void **state)
{
	(void)state;
	bad_repeated("(", 5000, "links = ", "",
	    "x:1: more than 32 groups and lists within each other\n");
	bad_repeated("{a=", 5000, "links=", "",
	    "x:1: more than 32 groups and lists within each other\n");
	bad_repeated("a:1 ", 100000, "", "",
	    "x:1: more than 256 settings in one group\n");
	bad_repeated("1,", 100000, "links = (", "1);",
	    "x:1: more than 8192 values in one list\n");
	bad_repeated("{},", 1024, "links = (", "{});",
	    "x:1: links: expected at most 1024 elements, got 1025\n");
	bad_repeated("\"10.0.0.0/8\",", 4096,
	    "links = ({ name = \"a\"; port = { device = \"/d\"; baud = 50; };"
	    "interface = { routes = (",
	    "\"10.0.0.0/8\"); }; });",
	    "x:1: links[0].interface.routes: expected at most 4096 elements, "
	    "got 4097\n");
	bad_repeated("9", 100000, "links = ", ";",
	    "x:1: 999999999999999999999999999999999999999"
	    "9...: the number is too large\n");
}

static void
takes_1024_links(void **state)
{
	char *text = malloc(200000);
	size_t len = sprintf(text, "links = (");
	struct complaints c = { 0 };
	struct conf *conf;

	(void)state;
	for (int i = 0; i < 1024; i++)
		len += sprintf(text + len,
		    "%s{ name = \"l%d\"; port = { device = \"/dev/ttyS%d\"; "
		    "baud = 115200; }; }",
		    i ? "," : "", i, i);
	strcpy(text + len, ");");
	conf = conf_parse(text, "x", complaints_collect, &c, NULL);
	assert_string_equal(c.text, "");
	assert_non_null(conf);
	assert_int_equal(conf->n_links, 1024);
	assert_string_equal(conf->links[1023].interface, "l1023");
	conf_free(conf);
	free(text);
}

/* Processor time of this process and its children so far. */
static int64_t
used_ms(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return (self.ru_utime.tv_sec + self.ru_stime.tv_sec +
		   children.ru_utime.tv_sec + children.ru_stime.tv_sec) *
	    1000 +
	    (self.ru_utime.tv_usec + self.ru_stime.tv_usec +
		children.ru_utime.tv_usec + children.ru_stime.tv_usec) /
	    1000;
}

/* Whatever the answer is, there is one soon. */
static void
answers_soon(const char *text)
{
#ifdef SANITIZER
	const int64_t limit_ms = 5000;
#else
	const int64_t limit_ms = 1000;
#endif
	struct complaints c = { 0 };
	struct error err = { 0 };
	int64_t begin_ms = used_ms();
	struct conf *conf = conf_parse(text, "x", complaints_collect, &c, &err);

	assert_true(used_ms() - begin_ms < limit_ms);
	if (conf)
		assert_int_equal(c.n, c.warnings);
	else
		assert_true(c.n > 0);
	conf_free(conf);
}

static void
answers_soon_to_what_fills_the_size(void **state)
{
	static const struct {
		const char *before, *text, *after;
	} cases[] = {
		{ "links = ( ", "{}, ", "{} );" },
		{ "links = ( ", "1,", "1 );" },
		{ "links = ( { name = ", "\"a\" ", "; } );" },
		{ "links = ( ); ", "/**/", "" },
		{ "", "\n", "links = ( );" },
		{ "", "\"", "" },
		{ "", "a", " = 1;" },
		{ "", "(", "" },
		{ "", "\xff\xfe", "" },
		{ "# \x80\xff\n links = ( ); /* ", "\xc3(\xa0\xa1", " */" },
		{ "", "@include \"x\"\n", "" },
		{ "", "@include \"\"\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t each = strlen(cases[i].text);
		char *text = repeat(cases[i].text, (FILE_MAX - 64) / each,
		    cases[i].before, cases[i].after);

		answers_soon(text);
		free(text);
	}
}

/* 1024 links, each with this many routes (text). */
static char *
many_routes(unsigned n, const char *route)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	fprintf(f, "links = (");
	for (unsigned i = 0; i < 1024; i++) {
		fprintf(f,
		    "%s{name=\"l%u\";port={device=\"/d%u\";baud=50;};"
		    "interface={routes=(",
		    i ? "," : "", i, i);
		for (unsigned j = 0; j < n; j++)
			fprintf(f, "%s%s", j ? "," : "", route);
		fprintf(f, ");};}");
	}
	fprintf(f, ");");
	fclose(f);
	return text;
}

static void
answers_soon_to_20000_settings_and_mistakes(void **state)
{
	struct complaints c = { 0 };
	struct error err = { 0 };
	char *text;

	(void)state;
	text = many_routes(20, "\"10.0.0.0/8\"");
	answers_soon(text);
	free(text);
	text = many_routes(8, "{to=\"default\";via=\"10.0.0.1\";metric=1;}");
	answers_soon(text);
	free(text);
	text = many_routes(20, "{x=1;}");
	answers_soon(text);
	assert_null(conf_parse(text, "x", complaints_collect, &c, &err));
	assert_string_equal(err.text, "x: 40960 mistakes");
	assert_int_equal(c.n, 1001);
	free(text);
}

static void
says_how_many_mistakes_are_not_told(void **state)
{
	struct complaints *c = calloc(1, sizeof(*c));
	char *text = repeat("1,", 1023, "links = (", "1);");

	(void)state;
	assert_null(conf_parse(text, "x", complaints_collect, c, NULL));
	assert_int_equal(c->n, 1001);
	free(text);
	free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_what_is_too_much),
		cmocka_unit_test(takes_1024_links),
		cmocka_unit_test(answers_soon_to_what_fills_the_size),
		cmocka_unit_test(answers_soon_to_20000_settings_and_mistakes),
		cmocka_unit_test(says_how_many_mistakes_are_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * conf: each file of tests/conf/good is taken, with the warnings that its
 * first lines name ("# warn: ..."), and printed so that it means the same;
 * each of tests/conf/bad is refused with exactly what its first lines name
 * ("# expect: LINE: TEXT", or "# expect in FILE: LINE: TEXT").
 */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "complaints.h"
#include "router/conf.h"

#define GOOD_MIN 25
#define BAD_MIN 100
#define KEYS_MAX 200

/* What is not about one key: each rule is named by at least one bad file. */
static const char *const rules[] = {
	/* across keys and links */
	"\" is already the name of links[",
	"\" is already the interface.name of links[",
	"\" is already the port.device of links[",
	"expected either device or usb, got both",
	"expected at least one of vendor, product, serial, path",
	"the same adapter is what links[",
	"expected \"keep\" with flow",
	" with the same prefix is already links[",
	" with the same peer is already links[",
	"expected 1280 to 9000 with IPv6 addresses or routes",
	"expected at most max_ms",
	"expected at least first_ms",
	"local and peer are not of the same family",
	"local and peer are the same address",
	"to and via are not of the same family",
	"expected a prefix, got an address in it",
	/* of each kind of value */
	": missing, expected ",
	"unknown key, did you mean \"",
	"unknown key, did you mean links[].",
	"unknown key, known here: ",
	"\", did you mean \"",
	"expected a group { ... }",
	"there is no user \"",
	"there is no group \"",
	"the unspecified address",
	"a loopback address",
	"a multicast address",
	"the broadcast address",
	/* of the text */
	"the string that begins here has no end",
	"the comment that begins here has no end",
	"\" that begins here has no end",
	"there is no \"(\" to this \")\"",
	"cannot close the",
	"a word needs double quotes",
	"expected a value, did you mean true",
	"expected a value before",
	"expected a value after",
	"expected a name before",
	"expected a name without quotes and \"=\" before",
	"expected \"=\" and a value after it",
	"expected a comma before",
	"expected a comma between the values of a list",
	"expected no comma before",
	"expected no \"{\" between",
	"outside of strings and comments only ASCII is understood",
	"means nothing here",
	"the number is too large",
	"\\x00 cannot be part of a string",
	"a NUL byte: this is no text file",
	"a carriage return without a line feed",
	"duplicate setting name",
	"mismatched element type in array",
	/* of files */
	"No such file or directory",
	"is a directory",
	"not a regular file",
	"this file includes itself",
	"more than 10 levels of included files",
	"expected @include \"PATH\" on a line of its own",
	"@include: expected a path in double quotes",
};

static int start; /* the directory where the program began */

/* Goes to a directory of the source tree, so that what is told there does not
 * depend on where that is. */
static void
enter(const char *directory)
{
	const char *srcdir = getenv("srcdir");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", srcdir ? srcdir : ".", directory);
	assert_int_equal(fchdir(start), 0);
	assert_int_equal(chdir(path), 0);
}

static void
find_files(const char *directory, glob_t *files)
{
	enter(directory);
	assert_int_equal(glob("*.conf", 0, NULL, files), 0);
}

/* "PATH:LINE: TEXT" of "LINE: TEXT", "PATH: TEXT" of "TEXT". */
static size_t
expect(char *out, size_t size, const char *path, const char *text)
{
	bool has_line = text[strspn(text, "0123456789")] == ':';

	return snprintf(out, size, "%s:%s%s", path, has_line ? "" : " ", text);
}

/* What the first lines of a file, those with this mark, say that is told. */
static void
read_expectations(const char *path, const char *mark, char *out, size_t size)
{
	char line[1024], other[PATH_MAX];
	size_t len = 0;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) &&
	    strncmp(line, mark, strlen(mark)) == 0) {
		char *text = line + strlen(mark);

		snprintf(other, sizeof(other), "%s", path);
		if (strncmp(text, " in ", 4) == 0) {
			char *end = strstr(text, ": ");

			assert_non_null(end);
			snprintf(other, sizeof(other), "%.*s",
			    (int)(end - text - 4), text + 4);
			text = end;
		}
		assert_true(strncmp(text, ": ", 2) == 0);
		len += expect(out + len, size - len, other, text + 2);
		assert_true(len < size);
	}
	fclose(f);
}

/* Where run-time files are is the build's affair. */
static void
name_directories(char *text)
{
	char *at = strstr(text, ": " RUNSTATEDIR "/serial-router/");
	const char *end = at ? at + 2 + strlen(RUNSTATEDIR) : NULL;

	assert_true(strlen(RUNSTATEDIR) >= strlen("/run"));
	if (!at)
		return;
	memcpy(at + 2, "/run", 4);
	memmove(at + 6, end, strlen(end) + 1);
}

static char *
printed(const struct conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	conf_print(conf, f);
	assert_int_equal(fclose(f), 0);
	name_directories(text);
	return text;
}

/* What there is next to a good file, or NULL. */
static char *
expected_print(const char *path)
{
	char name[PATH_MAX];
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(name, sizeof(name), "%.*s.print",
	    (int)(strlen(path) - strlen(".conf")), path);
	f = fopen(name, "r");
	if (!f)
		return NULL;
	assert_true(getdelim(&text, &size, '\0', f) > 0);
	fclose(f);
	return text;
}

static void
prints_the_same_again(const struct conf *conf, const char *path)
{
	char *first = printed(conf);
	char *want = expected_print(path);
	struct complaints c = { 0 };
	struct conf *again = conf_parse(
	    first, "printed", complaints_collect, &c, NULL);
	char *second;

	if (want)
		assert_string_equal(first, want);
	if (!again)
		fail_msg("%s, printed: %s", path, c.text);
	second = printed(again);
	assert_string_equal(first, second);
	assert_int_equal(conf->n_links, again->n_links);
	conf_free(again);
	free(first);
	free(second);
	free(want);
}

static void
accepts_and_prints_each_good_file(void **state)
{
	glob_t files;
	size_t with_print = 0;

	(void)state;
	find_files("tests/conf/good", &files);
	assert_true(files.gl_pathc >= GOOD_MIN);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i];
		struct complaints c = { 0 };
		char expected[sizeof(c.text)];
		char *print = expected_print(path);
		struct conf *conf = conf_read(
		    path, complaints_collect, &c, NULL);

		with_print += print != NULL;
		free(print);
		read_expectations(path, "# warn", expected, sizeof(expected));
		assert_string_equal(c.text, expected);
		assert_int_equal(c.n, c.warnings);
		if (!conf)
			fail_msg("%s: refused", path);
		prints_the_same_again(conf, path);
		conf_free(conf);
	}
	assert_true(with_print >= 2);
	globfree(&files);
}

static void
prints_the_installed_file(void **state)
{
	struct conf *conf;

	(void)state;
	enter("etc");
	conf = conf_read("serial-router.conf", complaints_print, NULL, NULL);
	assert_non_null(conf);
	prints_the_same_again(conf, "serial-router.conf");
	conf_free(conf);
}

static void
says_of_each_bad_file_what_is_wrong(void **state)
{
	glob_t files;

	(void)state;
	find_files("tests/conf/bad", &files);
	assert_true(files.gl_pathc >= BAD_MIN);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i];
		struct complaints c = { 0 };
		char expected[sizeof(c.text)];

		read_expectations(path, "# expect", expected, sizeof(expected));
		assert_null(conf_read(path, complaints_collect, &c, NULL));
		assert_string_not_equal(expected, "");
		assert_string_equal(c.text, expected);
	}
	globfree(&files);
}

/* All that the bad files expect, with every index taken out: "links[]". */
static char *
all_expectations(void)
{
	char one[16384];
	char *all = NULL;
	size_t len;
	FILE *out = open_memstream(&all, &len);
	glob_t files;

	assert_non_null(out);
	find_files("tests/conf/bad", &files);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		read_expectations(
		    files.gl_pathv[i], "# expect", one, sizeof(one));
		fputs(one, out);
	}
	globfree(&files);
	fclose(out);
	return all;
}

static void
drop_indices(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		*to++ = *from;
		if (*from++ == '[')
			from += strspn(from, "0123456789");
	}
	*to = '\0';
}

static size_t
list_keys(char *keys[], char **table)
{
	size_t len, n = 0;
	FILE *f = open_memstream(table, &len);

	assert_non_null(f);
	conf_print_keys(f);
	fclose(f);
	for (char *line = strtok(*table, "\n"); line;
	     line = strtok(NULL, "\n")) {
		line[strcspn(line, "\t")] = '\0';
		assert_true(n < KEYS_MAX);
		keys[n++] = line;
	}
	return n;
}

static void
has_a_bad_file_for_each_key(void **state)
{
	char *keys[KEYS_MAX];
	char *table;
	char *all = all_expectations();
	size_t n = list_keys(keys, &table);

	(void)state;
	drop_indices(all);
	assert_true(n >= 30);
	for (size_t i = 0; i < n; i++) {
		char mark[200];

		snprintf(mark, sizeof(mark), ": %s: ", keys[i]);
		if (!strstr(all, mark))
			fail_msg("%s: no bad file is about it", keys[i]);
	}
	free(all);
	free(table);
}

static void
has_a_bad_file_for_each_rule(void **state)
{
	char *all = all_expectations();

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!strstr(all, rules[i]))
			fail_msg("no bad file is told: %s", rules[i]);
	}
	free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_and_prints_each_good_file),
		cmocka_unit_test(prints_the_installed_file),
		cmocka_unit_test(says_of_each_bad_file_what_is_wrong),
		cmocka_unit_test(has_a_bad_file_for_each_key),
		cmocka_unit_test(has_a_bad_file_for_each_rule),
	};

	start = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

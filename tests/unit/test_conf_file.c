/*
 * conf: what is read at all, and what is told where the text is too long, too
 * deep, or not a text.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "router/conf.h"

#define FILE_MAX (1024 * 1024) /* bytes that are read */

#define LINK_BEGIN \
	"links = ( { name = \"a\";" \
	"port = { device = \"/dev/ttyS0\"; baud = 9600; };"

/* libconfig 1.5 itself leaks the token it was reading when it meets an error
 * of syntax. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\n";
}

struct complaints {
	char text[8192]; /* one a line */
	size_t n;
};

static void
collect(const char *line, bool warning, void *arg)
{
	struct complaints *c = arg;
	size_t len = strlen(c->text);

	assert_false(warning);
	c->n++;
	snprintf(c->text + len, sizeof(c->text) - len, "%s\n", line);
}

static void
bad(const char *text, const char *expected)
{
	struct complaints c = { 0 };
	struct error err = { 0 };

	assert_null(conf_parse(text, "x", collect, &c, &err));
	assert_string_equal(c.text, expected);
	assert_int_equal(err.code, EINVAL);
}

static void
tells_the_line_of_a_string_at_the_end_of_a_list(void **state)
{
	(void)state;
	bad(LINK_BEGIN
	    "interface = { addresses = (\n"
	    "\"10.0.0.1/24\",\n\"x\"\n# comment\n\n \"y\" /* \n */ ,\n"
	    "\"z\"\n); }; } );",
	    "x:3: links[0].interface.addresses[1]: expected "
	    "\"ADDRESS/LENGTH\" or { local; peer; }, got \"xy\"\n"
	    "x:8: links[0].interface.addresses[2]: expected "
	    "\"ADDRESS/LENGTH\" or { local; peer; }, got \"z\"\n");
}

static void
cuts_long_complaints_and_shows_no_control_characters(void **state)
{
	struct complaints c = { 0 };
	char name[400];

	(void)state;
	memset(name, '\n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(conf_parse("", name, collect, &c, NULL));
	assert_int_equal(strlen(c.text), 300 + 1);
	assert_memory_equal(c.text, "\\x0a\\x0a", 8);
	assert_string_equal(c.text + 297, "...\n");
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
	conf = conf_parse(text, "x", collect, &c, NULL);
	assert_string_equal(c.text, "");
	assert_non_null(conf);
	assert_int_equal(conf->n_links, 1024);
	assert_string_equal(conf->links[1023].interface, "l1023");
	conf_free(conf);
	free(text);
}

static void
survives_a_file_that_ends_anywhere(void **state)
{
	char text[] = LINK_BEGIN
	    "# comment\n // comment\n /* comment */ enabled: false\n"
	    "interface: { addresses: [ \"fe80::1\" \"/64\" ]\n"
	    "routes = ( \"10.0.0.0/8\", { to = \"default\"; "
	    "metric = 0xffffffff; table = 4294967295; } );\n"
	    "owner: 0L }, retry: { first_ms = 10; max_ms = 1.5e3; } } )\n";
	size_t len = strlen(text);

	(void)state;
	while (len-- > 0) {
		text[len] = '\0';
		assert_null(conf_parse(text, "x", NULL, NULL, NULL));
	}
}

static void
cannot_read(const char *path, int code, const char *what)
{
	struct error err = { 0 };
	struct complaints c = { 0 };
	char expected[ERROR_TEXT_SIZE];

	snprintf(expected, sizeof(expected), what, path);
	assert_null(conf_read(path, collect, &c, &err));
	assert_string_equal(err.text, expected);
	assert_int_equal(err.code, code);
	assert_int_equal(c.n, 0);
}

static void
write_file(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void
reads_regular_files_of_text_only(void **state)
{
	char dir[] = "/tmp/test_conf.XXXXXX";
	char path[64];
	char *large = calloc(1, FILE_MAX + 1);
	struct complaints c = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.conf", dir);
	cannot_read(path, ENOENT, "open %s: No such file or directory");
	cannot_read(dir, EISDIR, "%s: is a directory");
	cannot_read("/dev/null", EINVAL, "%s: not a regular file");
	assert_int_equal(mkfifo(path, 0600), 0);
	cannot_read(path, EINVAL, "%s: not a regular file");
	unlink(path);

	memset(large, '\n', FILE_MAX + 1);
	write_file(path, large, FILE_MAX + 1);
	cannot_read(path, EFBIG, "%s: larger than 1048576 bytes");
	large[FILE_MAX - 1] = '\0';
	write_file(path, large, FILE_MAX);
	assert_null(conf_read(path, collect, &c, NULL));
	assert_non_null(strstr(
	    c.text, "x.conf:1048576: a NUL byte: this is no text file\n"));
	if (geteuid() != 0) {
		chmod(path, 0);
		cannot_read(path, EACCES, "open %s: Permission denied");
	}
	unlink(path);
	rmdir(dir);
	free(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    tells_the_line_of_a_string_at_the_end_of_a_list),
		cmocka_unit_test(
		    cuts_long_complaints_and_shows_no_control_characters),
		cmocka_unit_test(survives_what_is_too_much),
		cmocka_unit_test(takes_1024_links),
		cmocka_unit_test(survives_a_file_that_ends_anywhere),
		cmocka_unit_test(reads_regular_files_of_text_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

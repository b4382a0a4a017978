/*
 * conf: which files are read at all, and where in them a mistake is.
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

#include "complaints.h"
#include "router/conf.h"

#define FILE_MAX (1024 * 1024) /* bytes that are read */

#define LINK_BEGIN \
	"links = ( { name = \"a\";" \
	"port = { device = \"/dev/ttyS0\"; baud = 9600; };"

static void
bad(const char *text, const char *expected)
{
	struct complaints c = { 0 };
	struct error err = { 0 };

	assert_null(conf_parse(text, "x", complaints_collect, &c, &err));
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
	assert_null(conf_parse("", name, complaints_collect, &c, NULL));
	assert_int_equal(strlen(c.text), 300 + 1);
	assert_memory_equal(c.text, "\\x0a\\x0a", 8);
	assert_string_equal(c.text + 297, "...\n");
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
	assert_null(conf_read(path, complaints_collect, &c, &err));
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

static char dir[] = "/tmp/test_conf.XXXXXX";

static const char *
in_dir(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
reads_regular_files_of_text_only(void **state)
{
	const char *path = in_dir("x.conf");
	char *large = calloc(1, FILE_MAX + 1);
	struct complaints c = { 0 };

	(void)state;
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
	assert_null(conf_read(path, complaints_collect, &c, NULL));
	assert_non_null(strstr(
	    c.text, "x.conf:1048576: a NUL byte: this is no text file\n"));
	if (geteuid() != 0) {
		chmod(path, 0);
		cannot_read(path, EACCES, "open %s: Permission denied");
	}
	unlink(path);
	free(large);
}

static void
refuses_a_file_that_everybody_may_write_to(void **state)
{
	const char *path = in_dir("x.conf");
	struct conf *conf;

	(void)state;
	write_file(path, "links = ( );\n", 13);
	chmod(path, 0666);
	cannot_read(path, EINVAL,
	    "%s: everybody may write to it, which chmod o-w ends");
	chmod(path, 0664);
	conf = conf_read(path, NULL, NULL, NULL);
	assert_non_null(conf);
	conf_free(conf);
	unlink(path);
}

/* The only complaint of a file that includes others, without its directory. */
static void
assert_told(const char *name, const char *expected)
{
	struct complaints c = { 0 };
	char want[512];
	const char *to = expected;
	size_t len = 0;

	/* "~" is the directory. */
	for (; *to; to++)
		len += snprintf(want + len, sizeof(want) - len, "%.*s",
		    *to == '~' ? (int)strlen(dir) : 1, *to == '~' ? dir : to);
	assert_null(conf_read(in_dir(name), complaints_collect, &c, NULL));
	assert_string_equal(c.text, want);
}

static void
includes_regular_files_only(void **state)
{
	static const char text[] = "links = ( );\n@include \"b.conf\"\n";
	char *large = malloc(FILE_MAX);

	(void)state;
	write_file(in_dir("a.conf"), text, strlen(text));

	assert_int_equal(mkfifo(in_dir("b.conf"), 0600), 0);
	assert_told(
	    "a.conf", "~/a.conf:2: @include: ~/b.conf: not a regular file\n");
	unlink(in_dir("b.conf"));
	write_file(in_dir("b.conf"), "\n", 1);
	chmod(in_dir("b.conf"), 0602);
	assert_null(conf_read(in_dir("a.conf"), NULL, NULL, NULL));
	unlink(in_dir("b.conf"));

	/* Together they are one byte too large, and then not. */
	memset(large, '\n', FILE_MAX);
	write_file(in_dir("b.conf"), large, FILE_MAX - strlen(text) + 1);
	assert_null(conf_read(in_dir("a.conf"), NULL, NULL, NULL));
	write_file(in_dir("b.conf"), large, FILE_MAX - strlen(text));
	struct conf *conf = conf_read(in_dir("a.conf"), NULL, NULL, NULL);
	assert_non_null(conf);
	conf_free(conf);
	unlink(in_dir("a.conf"));
	unlink(in_dir("b.conf"));
	free(large);
}

static void
includes_at_most_1024_files(void **state)
{
	struct conf *conf;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	for (unsigned i = 0; i < 1025; i++)
		fprintf(f, "@include \"b.conf\"\n");
	fprintf(f, "links = ( );\n");
	fclose(f);
	write_file(in_dir("b.conf"), "", 0);
	write_file(in_dir("a.conf"), text, len);
	assert_null(conf_read(in_dir("a.conf"), NULL, NULL, NULL));
	text[0] = '#';
	write_file(in_dir("a.conf"), text, len);
	conf = conf_read(in_dir("a.conf"), NULL, NULL, NULL);
	assert_non_null(conf);
	conf_free(conf);
	unlink(in_dir("a.conf"));
	unlink(in_dir("b.conf"));
	free(text);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    tells_the_line_of_a_string_at_the_end_of_a_list),
		cmocka_unit_test(
		    cuts_long_complaints_and_shows_no_control_characters),
		cmocka_unit_test(survives_a_file_that_ends_anywhere),
		cmocka_unit_test(reads_regular_files_of_text_only),
		cmocka_unit_test(refuses_a_file_that_everybody_may_write_to),
		cmocka_unit_test(includes_regular_files_only),
		cmocka_unit_test(includes_at_most_1024_files),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

/* forward: a configuration, and settings of a kernel made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "router/forward.h"
#include "router/leftover.h"

static char top[] = "/tmp/test_forward-XXXXXX";
static char said[256];

/* A link of the text: ports and names differ by n. */
#define LINK(n, more) \
	"{ name = \"sl" n "\"; port = { device = \"/dev/tty" n "\"; " \
	"baud = 9600; }; interface = { " more " }; }"

static void
set(const char *family, const char *interface, int value)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command),
	    "mkdir -p %s/%s/conf/%s && echo %d >%s/%s/conf/%s/forwarding", top,
	    family, interface, value, top, family, interface);
	assert_int_equal(system(command), 0);
}

static bool
hindered(const char *links)
{
	char text[2048];
	struct conf *conf;
	struct error err;
	bool result;

	snprintf(text, sizeof(text), "links = ( %s );\n", links);
	conf = conf_parse(text, "x", NULL, NULL, &err);
	assert_non_null(conf);
	result = forward_hindrance(conf, top, said, sizeof(said));
	assert_int_equal(result, *said != '\0');
	conf_free(conf);
	return result;
}

static int
setup(void **state)
{
	(void)state;
	strcpy(top + strlen(top) - 6, "XXXXXX");
	if (!mkdtemp(top))
		return -1;
	set("ipv4", "default", 0);
	set("ipv6", "all", 0);
	return 0;
}

static int
teardown(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void
leaves_hosts_alone(void **state)
{
	(void)state;
	assert_false(hindered(""));
	assert_false(hindered(LINK("0",
	    "addresses = ( \"10.0.0.1/24\" ); "
	    "routes = ( \"default\" );")));
	assert_false(hindered(LINK("0",
	    "addresses = ( \"fd00::1/64\" ); "
	    "routes = ( \"fd01::/64\" );")));
	assert_false(hindered(LINK("0",
	    "forwarding = false; "
	    "routes = ( \"10.1.0.0/16\" );") "," LINK("1",
	    "forwarding = false; routes = ( \"10.2.0.0/16\" );")));
}

static void
tells_of_ipv6(void **state)
{
	const char *one = LINK("0",
	    "forwarding = true; "
	    "addresses = ( \"fd00::1/64\" );");
	const char *two = LINK("0", "routes = ( \"fd01::/64\" );") "," LINK(
	    "1", "routes = ( \"fd02::/64\" );");

	(void)state;
	assert_true(hindered(one));
	assert_string_equal(said, "net.ipv6.conf.all.forwarding is 0");
	assert_true(hindered(two));
	assert_string_equal(said, "net.ipv6.conf.all.forwarding is 0");
	set("ipv6", "all", 1);
	assert_false(hindered(one));
	assert_false(hindered(two));
}

static void
tells_of_two_links_with_routes(void **state)
{
	const char *two = LINK("0",
	    "forwarding = true; "
	    "routes = ( \"10.1.0.0/16\" );") "," LINK("1",
	    "routes = ( \"10.2.0.0/16\" );");

	(void)state;
	assert_true(hindered(two));
	assert_string_equal(said, "sl1 has routes and no `forwarding = true'");
	set("ipv4", "sl1", 1);
	assert_false(hindered(two));
	set("ipv4", "sl1", 0);
	set("ipv4", "default", 1);
	assert_true(hindered(two));
}

static void
knows_nothing_where_it_can_read_nothing(void **state)
{
	(void)state;
	assert_int_equal(teardown(state), 0);
	assert_false(
	    hindered(LINK("0", "routes = ( \"10.1.0.0/16\" );") "," LINK("1",
		"routes = ( \"10.2.0.0/16\", \"fd00::/64\" ); "
		"forwarding = true;")));
}

static void
says_no_more_than_fits(void **state)
{
	const char *two = LINK("0",
	    "routes = ( \"10.1.0.0/16\", "
	    "\"fd01::/64\" );") "," LINK("1",
	    "routes = ( \"10.2.0.0/16\", \"fd02::/64\" );");
	struct conf *conf;
	struct error err;
	char text[1024];

	(void)state;
	assert_true(hindered(two));
	assert_string_equal(said,
	    "net.ipv6.conf.all.forwarding is 0; "
	    "sl0 has routes and no `forwarding = true'");
	snprintf(text, sizeof(text), "links = ( %s );\n", two);
	conf = conf_parse(text, "x", NULL, NULL, &err);
	assert_non_null(conf);
	for (size_t size = 1; size < sizeof(said); size++) {
		memset(said, 'x', sizeof(said));
		assert_true(forward_hindrance(conf, top, said, size));
		assert_true(strlen(said) < size);
	}
	conf_free(conf);
}

static void
owner_is_the_files_path_unless_it_is_the_default(void **state)
{
	char buf[PATH_MAX + NAME_MAX], expected[PATH_MAX + NAME_MAX];

	(void)state;
	assert_null(
	    leftover_owner(SYSCONFDIR "/serial-router.conf", buf, sizeof(buf)));
	assert_string_equal(
	    leftover_owner("/a/./b.conf", buf, sizeof(buf)), "/a/./b.conf");
	assert_non_null(getcwd(expected, PATH_MAX));
	strcat(expected, "/b.conf");
	assert_string_equal(
	    leftover_owner("b.conf", buf, sizeof(buf)), expected);
	assert_string_equal(
	    leftover_owner("././b.conf", buf, sizeof(buf)), expected);
	assert_int_equal(chdir("/"), 0);
	assert_string_equal(
	    leftover_owner("etc/b.conf", buf, sizeof(buf)), "/etc/b.conf");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(leaves_hosts_alone),
		TEST(tells_of_ipv6),
		TEST(tells_of_two_links_with_routes),
		TEST(knows_nothing_where_it_can_read_nothing),
		TEST(says_no_more_than_fits),
		cmocka_unit_test(
		    owner_is_the_files_path_unless_it_is_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

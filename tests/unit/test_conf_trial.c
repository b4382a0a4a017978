/*
 * conf_trial: a parser that leaks, hangs, exits or dies does it alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "complaints.h"
#include "router/conf_trial.h"

#define LIMIT_MS 300

static int
try(const char *input, conf_trial_parse *parse, struct complaints *c,
    struct error *err)
{
	struct conf_faults faults;
	int result;

	conf_faults_init(&faults, "x");
	result = conf_trial(input, parse, LIMIT_MS, &faults, err);
	conf_faults_tell(&faults, complaints_collect, c);
	conf_faults_clear(&faults);
	/* No child is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return result;
}

static void
accepts_what_libconfig_takes(void **state)
{
	struct complaints c = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(
	    try("links = ( );\n", conf_trial_libconfig, &c, &err), 0);
	assert_string_equal(c.text, "");
}

static void
tells_where_libconfig_finds_a_mistake(void **state)
{
	struct complaints c = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(
	    try("a = 1;\nb \"x\"\n", conf_trial_libconfig, &c, &err), 1);
	assert_string_equal(c.text, "x:2: syntax error\n");
}

static void
never_lets_libconfig_include(void **state)
{
	struct complaints c = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(
	    try("@include \"/etc/hosts\"\n", conf_trial_libconfig, &c, &err),
	    1);
	assert_string_equal(c.text, "x:1: cannot open include file\n");
}

static bool
hang(const char *input, unsigned *line, char *text, size_t size)
{
	(void)input;
	(void)line;
	(void)text;
	(void)size;
	while (pause() < 0)
		;
	return true;
}

static void
ends_a_parser_that_hangs(void **state)
{
	struct complaints c = { 0 };
	struct error err;
	int64_t begin_ms = clock_ms();

	(void)state;
	assert_int_equal(try("", hang, &c, &err), -1);
	assert_true(clock_ms() - begin_ms >= LIMIT_MS);
	assert_int_equal(err.code, ETIME);
	assert_string_equal(
	    err.text, "libconfig did not come to an end with it in 300 ms");
	assert_int_equal(c.n, 0);
}

static bool
leave(const char *input, unsigned *line, char *text, size_t size)
{
	(void)input;
	(void)line;
	(void)text;
	(void)size;
	/* libconfig's own exit(3) would check for leaks, too. */
	_exit(2);
}

static bool
die(const char *input, unsigned *line, char *text, size_t size)
{
	(void)input;
	(void)line;
	(void)text;
	(void)size;
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
	return true;
}

static void
outlives_a_parser_that_exits_or_dies(void **state)
{
	struct complaints c = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(try("", leave, &c, &err), -1);
	assert_string_equal(err.text, "libconfig died of it");
	assert_int_equal(try("", die, &c, &err), -1);
	assert_string_equal(err.text, "libconfig died of it");
	assert_int_equal(c.n, 0);
}

static void
does_without_sigchld(void **state)
{
	struct complaints c = { 0 };
	struct error err;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(try("a = 1;", conf_trial_libconfig, &c, &err), 0);
	signal(SIGCHLD, SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_libconfig_takes),
		cmocka_unit_test(tells_where_libconfig_finds_a_mistake),
		cmocka_unit_test(never_lets_libconfig_include),
		cmocka_unit_test(ends_a_parser_that_hangs),
		cmocka_unit_test(outlives_a_parser_that_exits_or_dies),
		cmocka_unit_test(does_without_sigchld),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

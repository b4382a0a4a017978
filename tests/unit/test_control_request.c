/* control_request: lines of words taken apart, and nothing else taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/control_request.h"

static struct control_request r;
static enum control_code code;
static struct error err;

static int
parse_bytes(const char *line, size_t len)
{
	return control_request_parse(line, len, &r, &code, &err);
}

static int
parse(const char *line)
{
	return parse_bytes(line, strlen(line));
}

static void
takes_each_request(void **state)
{
	(void)state;
	assert_int_equal(parse("show"), 0);
	assert_int_equal(r.verb, CONTROL_SHOW);
	assert_string_equal(r.link, "");
	assert_int_equal(parse("show uno0"), 0);
	assert_string_equal(r.link, "uno0");
	assert_int_equal(parse("watch"), 0);
	assert_int_equal(r.verb, CONTROL_WATCH);
	assert_int_equal(r.seconds, 0);
	assert_int_equal(parse("watch 3600"), 0);
	assert_int_equal(r.seconds, 3600);
	assert_int_equal(parse("start a.b_c-9"), 0);
	assert_int_equal(r.verb, CONTROL_START);
	assert_string_equal(r.link, "a.b_c-9");
	assert_int_equal(parse("stop 123456789012345"), 0);
	assert_int_equal(r.verb, CONTROL_STOP);
	assert_string_equal(r.link, "123456789012345");
	assert_int_equal(parse("restart uno0"), 0);
	assert_int_equal(r.verb, CONTROL_RESTART);
	assert_int_equal(parse("config"), 0);
	assert_int_equal(r.verb, CONTROL_CONFIG);
	assert_int_equal(parse("reload"), 0);
	assert_int_equal(r.verb, CONTROL_RELOAD);
	assert_int_equal(r.seconds, 0);
	assert_int_equal(parse("reload confirm 86400"), 0);
	assert_int_equal(r.seconds, 86400);
	assert_int_equal(parse("confirm"), 0);
	assert_int_equal(r.verb, CONTROL_CONFIRM);
	assert_int_equal(parse("undo"), 0);
	assert_int_equal(r.verb, CONTROL_UNDO);
	assert_int_equal(parse("log warn"), 0);
	assert_int_equal(r.verb, CONTROL_LOG);
	assert_int_equal(r.level, LOG_LEVEL_WARN);
	assert_int_equal(parse("version"), 0);
	assert_int_equal(r.verb, CONTROL_VERSION);
}

static void
does_not_mind_blanks_and_a_carriage_return(void **state)
{
	(void)state;
	assert_int_equal(parse(" \t show \t uno0  "), 0);
	assert_string_equal(r.link, "uno0");
	assert_int_equal(parse("show uno0\r"), 0);
	assert_string_equal(r.link, "uno0");
	assert_int_equal(parse("version \r"), 0);
}

static void
assert_refused(const char *line, enum control_code expected, const char *text)
{
	assert_int_equal(parse(line), -1);
	assert_int_equal(code, expected);
	assert_string_equal(err.text, text);
}

static void
says_what_it_expected(void **state)
{
	(void)state;
	assert_refused("", CONTROL_SYNTAX, "the line is empty");
	assert_refused(" \t \r", CONTROL_SYNTAX, "the line is empty");
	assert_refused(
	    "Show", CONTROL_UNKNOWN_VERB, "there is no request \"Show\"");
	assert_refused(
	    "showx", CONTROL_UNKNOWN_VERB, "there is no request \"showx\"");
	assert_refused("show a b", CONTROL_SYNTAX, "expected: show [LINK]");
	assert_refused("show a b c d", CONTROL_SYNTAX, "expected: show [LINK]");
	assert_refused(
	    "show 1234567890123456", CONTROL_SYNTAX, "expected: show [LINK]");
	assert_refused("start", CONTROL_SYNTAX, "expected: start LINK");
	assert_refused("version 1", CONTROL_SYNTAX, "expected: version");
	assert_refused("reload now", CONTROL_SYNTAX,
	    "expected: reload [confirm SECONDS], 1 to 86400");
	assert_refused("reload confirm", CONTROL_SYNTAX,
	    "expected: reload [confirm SECONDS], 1 to 86400");
	assert_refused("reload confirm 86401", CONTROL_SYNTAX,
	    "expected: reload [confirm SECONDS], 1 to 86400");
	assert_refused("reload /etc/passwd", CONTROL_SYNTAX,
	    "expected: reload [confirm SECONDS], 1 to 86400");
	assert_refused(
	    "log all", CONTROL_SYNTAX, "expected: log err|warn|info|debug");
	assert_refused(
	    "log", CONTROL_SYNTAX, "expected: log err|warn|info|debug");
}

static void
takes_seconds_within_bounds(void **state)
{
	static const char *const bad[] = { "0", "3601", "-1", "+1", "1.5", "1s",
		"0x10", "18446744073709551617", "99999999999999999999999999",
		"\"1\"" };
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "watch %s", bad[i]);
		assert_refused(line, CONTROL_SYNTAX,
		    "expected: watch [SECONDS], 1 to 3600");
	}
	assert_int_equal(parse("watch 1"), 0);
	assert_int_equal(r.seconds, 1);
	assert_int_equal(parse("watch 0010"), 0);
	assert_int_equal(r.seconds, 10);
}

static void
takes_printable_ascii_alone(void **state)
{
	const char *text = "a request is words in printable ASCII";

	(void)state;
	assert_refused("show \x01", CONTROL_SYNTAX, text);
	assert_refused("show \x7f", CONTROL_SYNTAX, text);
	assert_refused("show \xc3\xa9", CONTROL_SYNTAX, text);
	assert_refused("show\runo0", CONTROL_SYNTAX, text);
	assert_refused("\x1b[2J", CONTROL_SYNTAX, text);
	assert_int_equal(parse_bytes("show\0a", 6), -1);
	assert_string_equal(err.text, text);
}

static void
does_not_read_beyond_the_line(void **state)
{
	(void)state;
	assert_int_equal(parse_bytes("show uno0", 4), 0);
	assert_string_equal(r.link, "");
	assert_int_equal(parse_bytes("show uno0", 7), 0);
	assert_string_equal(r.link, "un");
}

static void
cuts_long_words_in_what_it_says(void **state)
{
	char line[CONTROL_REQUEST_MAX];

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(parse_bytes(line, sizeof(line)), -1);
	assert_int_equal(code, CONTROL_UNKNOWN_VERB);
	assert_true(strlen(err.text) < 80);
}

static void
knows_who_may_what(void **state)
{
	(void)state;
	assert_int_equal(control_verb_right(CONTROL_SHOW), CONTROL_READ);
	assert_int_equal(control_verb_right(CONTROL_WATCH), CONTROL_READ);
	assert_int_equal(control_verb_right(CONTROL_CONFIG), CONTROL_READ);
	assert_int_equal(control_verb_right(CONTROL_START), CONTROL_CHANGE);
	assert_int_equal(control_verb_right(CONTROL_STOP), CONTROL_CHANGE);
	assert_int_equal(control_verb_right(CONTROL_RESTART), CONTROL_CHANGE);
	assert_int_equal(control_verb_right(CONTROL_RELOAD), CONTROL_CHANGE);
	assert_int_equal(control_verb_right(CONTROL_CONFIRM), CONTROL_CHANGE);
	assert_int_equal(control_verb_right(CONTROL_UNDO), CONTROL_CHANGE);
	assert_int_equal(control_verb_right(CONTROL_LOG), CONTROL_CHANGE);
	assert_int_equal(control_verb_right(CONTROL_VERSION), CONTROL_ANYBODY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_request),
		cmocka_unit_test(does_not_mind_blanks_and_a_carriage_return),
		cmocka_unit_test(says_what_it_expected),
		cmocka_unit_test(takes_seconds_within_bounds),
		cmocka_unit_test(takes_printable_ascii_alone),
		cmocka_unit_test(does_not_read_beyond_the_line),
		cmocka_unit_test(cuts_long_words_in_what_it_says),
		cmocka_unit_test(knows_who_may_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

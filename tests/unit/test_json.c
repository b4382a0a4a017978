/* json: what is written is JSON, whatever the texts are. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#define MOST 65536

static void
assert_text(const struct json *j, const char *expected)
{
	assert_false(j->failed);
	assert_int_equal(j->len, strlen(expected));
	assert_memory_equal(j->text, expected, j->len);
}

static void
writes_members_and_elements(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, MOST);
	json_open_object(&j, NULL);
	json_string(&j, "a", "b");
	json_open_array(&j, "list");
	json_int(&j, NULL, -1);
	json_uint(&j, NULL, UINT64_MAX);
	json_open_object(&j, NULL);
	json_close_object(&j);
	json_open_array(&j, NULL);
	json_close_array(&j);
	json_close_array(&j);
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_null(&j, "none");
	json_string(&j, "nothing", NULL);
	json_close_object(&j);
	assert_true(json_end(&j));
	assert_text(&j,
	    "{\"a\":\"b\",\"list\":[-1,18446744073709551615,{},[]],"
	    "\"yes\":true,\"no\":false,\"none\":null,\"nothing\":null}\n");
	json_clear(&j);
}

static void
writes_one_document_a_line(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, MOST);
	json_int(&j, NULL, 1);
	assert_true(json_end(&j));
	json_int(&j, NULL, INT64_MIN);
	assert_true(json_end(&j));
	assert_text(&j, "1\n-9223372036854775808\n");
	json_clear(&j);
}

static void
assert_string(const char *bytes, size_t len, const char *expected)
{
	struct json j;

	json_init(&j, MOST);
	json_bytes(&j, NULL, bytes, len);
	assert_text(&j, expected);
	json_clear(&j);
}

#define CASE(bytes, expected) \
	assert_string(bytes, sizeof(bytes) - 1, "\"" expected "\"")

static void
escapes_what_json_and_terminals_must_not_see(void **state)
{
	(void)state;
	CASE("", "");
	CASE("plain", "plain");
	CASE("\"\\/", "\\\"\\\\/");
	CASE("\b\f\n\r\t", "\\b\\f\\n\\r\\t");
	CASE("a\0b", "a\\u0000b");
	CASE("\x01\x1b[2J\x1f", "\\u0001\\u001b[2J\\u001f");
	CASE("\x7f", "\\u007f");
	CASE("\xc2\x9b"
	     "31m",
	    "\\u009b31m");
	CASE("\"", "\\\"");
}

static void
keeps_utf8(void **state)
{
	(void)state;
	CASE("\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9");
	CASE("\xc2\xa0", "\xc2\xa0");
	CASE("\xe2\x82\xac", "\xe2\x82\xac");
	CASE("\xf0\x9f\x90\x9f", "\xf0\x9f\x90\x9f");
	CASE("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
	CASE("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

#define R "\xef\xbf\xbd"

static void
replaces_what_is_no_utf8(void **state)
{
	(void)state;
	CASE("\xff", R);
	CASE("a\x80z", "a" R "z");
	CASE("\xc3", R);
	CASE("\xc3(", R "(");
	CASE("\xc0\xaf", R R);             /* overlong "/" */
	CASE("\xe0\x80\xaf", R R R);       /* the same */
	CASE("\xed\xa0\x80", R R R);       /* half a surrogate */
	CASE("\xf4\x90\x80\x80", R R R R); /* beyond U+10FFFF */
	CASE("\xf8\x88\x80\x80\x80", R R R R R);
	CASE("\xe2\x82", R R); /* cut off */
	CASE("\xe2\x82\"", R R "\\\"");
}

static void
assert_number(double value, const char *expected)
{
	struct json j;

	json_init(&j, MOST);
	json_number(&j, NULL, value);
	assert_text(&j, expected);
	json_clear(&j);
}

static void
writes_numbers_that_json_has(void **state)
{
	(void)state;
	assert_number(0, "0");
	assert_number(12.3, "12.3");
	assert_number(-0.001, "-0.001");
	assert_number(1234567.891, "1234567.891");
	assert_number(1e300, "1e+300");
	assert_number(DBL_MAX, "1.79769313486232e+308");
	assert_number(NAN, "null");
	assert_number(INFINITY, "null");
	assert_number(-INFINITY, "null");
}

static void
escapes_names(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, MOST);
	json_open_object(&j, NULL);
	json_int(&j, "a\"\n", 1);
	json_close_object(&j);
	assert_text(&j, "{\"a\\\"\\n\":1}");
	json_clear(&j);
}

static void
fails_beyond_its_bound_and_stays_failed(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, 10);
	json_string(&j, NULL, "12345678");
	assert_false(j.failed);
	assert_int_equal(j.len, 10);
	assert_false(json_end(&j));
	json_int(&j, NULL, 1);
	assert_true(j.failed);
	assert_int_equal(j.len, 10);
	json_clear(&j);
	json_int(&j, NULL, 1);
	assert_true(json_end(&j));
	json_clear(&j);
}

static void
grows_to_what_is_needed(void **state)
{
	char text[20000];
	struct json j;

	(void)state;
	memset(text, 'x', sizeof(text));
	json_init(&j, MOST);
	json_bytes(&j, NULL, text, sizeof(text));
	assert_int_equal(j.len, sizeof(text) + 2);
	assert_true(j.size <= 4 * sizeof(text));
	json_clear(&j);
}

static void
nests_to_its_depth(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, MOST);
	for (int i = 0; i < JSON_DEPTH_MAX / 2; i++) {
		json_open_object(&j, NULL);
		json_open_array(&j, "a");
	}
	for (int i = 0; i < JSON_DEPTH_MAX / 2; i++) {
		json_close_array(&j);
		json_close_object(&j);
	}
	assert_true(json_end(&j));
	json_clear(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_members_and_elements),
		cmocka_unit_test(writes_one_document_a_line),
		cmocka_unit_test(escapes_what_json_and_terminals_must_not_see),
		cmocka_unit_test(keeps_utf8),
		cmocka_unit_test(replaces_what_is_no_utf8),
		cmocka_unit_test(writes_numbers_that_json_has),
		cmocka_unit_test(escapes_names),
		cmocka_unit_test(fails_beyond_its_bound_and_stays_failed),
		cmocka_unit_test(grows_to_what_is_needed),
		cmocka_unit_test(nests_to_its_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

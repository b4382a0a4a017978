#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void
a_failure_is_minus_one_with_code_and_text(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, EINVAL, "%s: too long", "tun0"), -1);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.text, "tun0: too long");
}

static void
errno_gives_its_code_and_its_text(void **state)
{
	struct error err;

	(void)state;
	errno = ENOENT;
	assert_int_equal(error_errno(&err, "open %s", "/dev/ttyUSB0"), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(
	    err.text, "open /dev/ttyUSB0: No such file or directory");
}

static void
a_prefix_goes_before_the_text_and_keeps_the_code(void **state)
{
	struct error err;

	(void)state;
	error_set(&err, EBUSY, "in use");
	assert_int_equal(error_prefix(&err, "port %d", 7), -1);
	assert_int_equal(err.code, EBUSY);
	assert_string_equal(err.text, "port 7: in use");
}

static void
nobody_has_to_ask_for_the_error(void **state)
{
	(void)state;
	errno = EIO;
	assert_int_equal(error_set(NULL, EIO, "x"), -1);
	assert_int_equal(error_errno(NULL, "x"), -1);
	assert_int_equal(error_prefix(NULL, "x"), -1);
}

static void
a_text_that_is_too_long_is_cut(void **state)
{
	char longer[2 * ERROR_TEXT_SIZE];
	struct error err;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';

	error_set(&err, EIO, "%s", longer);
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	errno = EPERM;
	error_errno(&err, "%s", longer);
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	assert_int_equal(err.code, EPERM);
	error_prefix(&err, "here");
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	assert_memory_equal(err.text, "here: xxx", 9);
	error_prefix(&err, "%s", longer);
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_minus_one_with_code_and_text),
		cmocka_unit_test(errno_gives_its_code_and_its_text),
		cmocka_unit_test(
		    a_prefix_goes_before_the_text_and_keeps_the_code),
		cmocka_unit_test(nobody_has_to_ask_for_the_error),
		cmocka_unit_test(a_text_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

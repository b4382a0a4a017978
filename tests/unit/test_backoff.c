#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/backoff.h"

#define FIRST_MS 100
#define MAX_MS 30000
/* The largest that a configuration can ask for. */
#define LARGEST_MS 600000

static unsigned
next(struct backoff *b, uint32_t jitter)
{
	return backoff_next(b, FIRST_MS, MAX_MS, jitter);
}

static void
the_delay_doubles_up_to_the_largest(void **state)
{
	static const unsigned delays[] = { 100, 200, 400, 800, 1600, 3200, 6400,
		12800, 25600, 30000, 30000 };
	struct backoff b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++)
		assert_int_equal(next(&b, 0), delays[i]);
}

static void
it_stays_the_largest_for_ever(void **state)
{
	struct backoff b = { .failures = UINT_MAX - 2 };

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(next(&b, 0), MAX_MS);
}

static void
a_reset_begins_anew(void **state)
{
	struct backoff b = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		next(&b, 0);
	backoff_reset(&b);
	assert_int_equal(next(&b, 0), FIRST_MS);
	assert_int_equal(next(&b, 0), 2 * FIRST_MS);
}

static void
jitter_takes_off_up_to_a_quarter(void **state)
{
	static const struct {
		uint32_t jitter;
		unsigned least_ms, most_ms;
	} cases[] = {
		{ 0, MAX_MS, MAX_MS },
		{ 1, MAX_MS - 1, MAX_MS },
		{ UINT32_MAX / 2, MAX_MS * 7 / 8, MAX_MS * 7 / 8 + 1 },
		{ UINT32_MAX, MAX_MS * 3 / 4, MAX_MS * 3 / 4 + 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct backoff b = { .failures = 100 };

		assert_in_range(next(&b, cases[i].jitter), cases[i].least_ms,
		    cases[i].most_ms);
	}
}

static void
every_delay_lies_between_three_quarters_and_all(void **state)
{
	static const uint32_t bits[] = { 0, 1, 0x12345678, 0x80000000,
		0xdeadbeef, UINT32_MAX };
	static const unsigned firsts_ms[] = { 10, 11, 13, 999, LARGEST_MS };

	(void)state;
	for (size_t f = 0; f < sizeof(firsts_ms) / sizeof(firsts_ms[0]); f++) {
		struct backoff whole = { 0 };

		for (unsigned n = 0; n < 40; n++) {
			unsigned all_ms = backoff_next(
			    &whole, firsts_ms[f], LARGEST_MS, 0);

			for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]);
			     i++) {
				struct backoff b = { .failures = n };

				assert_in_range(backoff_next(&b, firsts_ms[f],
						    LARGEST_MS, bits[i]),
				    all_ms - all_ms / 4, all_ms);
			}
		}
	}
}

static void
the_largest_bounds_the_first_too(void **state)
{
	struct backoff b = { 0 };

	(void)state;
	assert_int_equal(backoff_next(&b, 5000, 1000, 0), 1000);
	assert_int_equal(backoff_next(&b, 5000, 1000, 0), 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_delay_doubles_up_to_the_largest),
		cmocka_unit_test(it_stays_the_largest_for_ever),
		cmocka_unit_test(a_reset_begins_anew),
		cmocka_unit_test(jitter_takes_off_up_to_a_quarter),
		cmocka_unit_test(
		    every_delay_lies_between_three_quarters_and_all),
		cmocka_unit_test(the_largest_bounds_the_first_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/damage.h"

#define START_MS 1000000

static char text[300];

/* So many frames more, of which bad are damaged in this way. */
static void
arrive(struct stats *s, uint64_t frames, uint64_t bad, enum stats_rx_drop how)
{
	s->rx_frames += frames;
	s->rx_dropped[how] += bad;
}

static enum damage_news
look(struct damage *d, const struct stats *s, int64_t after_s)
{
	text[0] = '\0';
	return damage_look(d, s, START_MS + after_s * 1000, text, sizeof(text));
}

static void
one_per_cent_is_nothing_to_tell(void **state)
{
	struct stats s = { .rx_frames = 5, .rx_dropped = { 5 } };
	struct damage d = { 0 };

	(void)state;
	damage_begin(&d, &s, START_MS);
	arrive(&s, 1000, 10, STATS_RX_ESCAPE);
	assert_int_equal(look(&d, &s, 10), DAMAGE_NONE);
	assert_false(d.noisy);
	arrive(&s, 1000, 11, STATS_RX_ESCAPE);
	assert_int_equal(look(&d, &s, 20), DAMAGE_NOISY);
	assert_true(d.noisy);
	assert_non_null(strstr(text, d.check));
	assert_non_null(strstr(text, "1.1 % of frames"));
	assert_non_null(strstr(text, "(11 of 1000 in 10 s)"));
}

static void
few_frames_prove_nothing(void **state)
{
	struct stats s = { 0 };
	struct damage d = { 0 };

	(void)state;
	damage_begin(&d, &s, START_MS);
	arrive(
	    &s, DAMAGE_FRAMES_MIN - 1, DAMAGE_FRAMES_MIN - 1, STATS_RX_NOISE);
	assert_int_equal(look(&d, &s, 3600), DAMAGE_NONE);
	arrive(&s, 1, 1, STATS_RX_NOISE);
	assert_int_equal(look(&d, &s, 3601), DAMAGE_NOISY);
	assert_non_null(strstr(text, "same baud"));
}

static void
it_is_told_once_a_minute_and_taken_back_once(void **state)
{
	struct stats s = { 0 };
	struct damage d = { 0 };
	int told = 0;

	(void)state;
	damage_begin(&d, &s, START_MS);
	for (int i = 1; i <= 3600; i++) {
		arrive(&s, 100, 50, STATS_RX_VERSION);
		told += look(&d, &s, i) == DAMAGE_NOISY;
	}
	assert_in_range(told, 50, 61);
	arrive(&s, 1000, 0, STATS_RX_VERSION);
	assert_int_equal(look(&d, &s, 3700), DAMAGE_SOUND);
	arrive(&s, 1000, 0, STATS_RX_VERSION);
	assert_int_equal(look(&d, &s, 3710), DAMAGE_NONE);
}

/* Now good, now bad, it is no more than a line of each a minute. */
static void
a_line_that_flaps_is_not_told_more_often(void **state)
{
	struct stats s = { 0 };
	struct damage d = { 0 };
	int told = 0;

	(void)state;
	damage_begin(&d, &s, START_MS);
	for (int i = 1; i <= 600; i++) {
		arrive(&s, 1000, i / 10 % 2 ? 100 : 0, STATS_RX_VERSION);
		told += look(&d, &s, i) != DAMAGE_NONE;
	}
	assert_in_range(told, 10, 22);
}

static void
what_the_kernel_refuses_is_no_damage(void **state)
{
	struct stats s = { 0 };
	struct damage d = { 0 };

	(void)state;
	damage_begin(&d, &s, START_MS);
	arrive(&s, 1000, 900, STATS_RX_REFUSED);
	assert_int_equal(look(&d, &s, 20), DAMAGE_NONE);
	assert_false(d.noisy);
}

static void
it_says_what_to_check(void **state)
{
	static const struct {
		enum stats_rx_drop how;
		int uart; /* enum stats_uart, -1: none */
		const char *hint;
	} cases[] = {
		{ STATS_RX_TOTAL_LENGTH, STATS_UART_OVERRUN, "overran" },
		{ STATS_RX_VERSION, STATS_UART_FRAMING, "parity and stop" },
		{ STATS_RX_VERSION, STATS_UART_PARITY, "parity and stop" },
		{ STATS_RX_NOISE, -1, "speak SLIP" },
		{ STATS_RX_TOTAL_LENGTH, -1, "missing" },
		{ STATS_RX_HEADER_CHECKSUM, -1, "interference" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stats s = { 0 };
		struct damage d = { 0 };

		damage_begin(&d, &s, START_MS);
		arrive(&s, 200, 100, cases[i].how);
		if (cases[i].uart >= 0)
			s.rx_uart[cases[i].uart] = 80;
		assert_int_equal(look(&d, &s, 20), DAMAGE_NOISY);
		assert_non_null(strstr(text, cases[i].hint));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_per_cent_is_nothing_to_tell),
		cmocka_unit_test(few_frames_prove_nothing),
		cmocka_unit_test(it_is_told_once_a_minute_and_taken_back_once),
		cmocka_unit_test(a_line_that_flaps_is_not_told_more_often),
		cmocka_unit_test(what_the_kernel_refuses_is_no_damage),
		cmocka_unit_test(it_says_what_to_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

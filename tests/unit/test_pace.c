/* The pace in virtual time, against ttys that tell what drivers tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake/tty.h"

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

#define EACH(i, array) \
	for (size_t i = 0; i < sizeof(array) / sizeof((array)[0]); i++)

/* From slow to fast, and how far the real rate may be off, in per mille. */
static const unsigned bauds[] = { 9600, 57600, 115200, 500000, 921600,
	3000000 };
static const int offs[] = { -30, 0, 80 };

static void
set_up(struct fake_source *s, struct fake_tty *tty, unsigned baud, int off)
{
	struct pace_line line = { .baud = baud, .bits = 10 };

	if (tty->tells == FAKE_TTY_WRITES)
		line.tells = PACE_TELLS_WRITES;
	fake_tty_init(tty, s, &line, off);
	/* With the usual MTUs. */
	s->packet = baud == 9600 ? 298 : 1502;
	s->late_ns = 300000;
}

/* The line's time for so many bytes. */
static int64_t
time_ns(const struct fake_tty *tty, double bytes)
{
	return bytes * SECOND / tty->rate;
}

static int64_t
ahead_ns(const struct fake_tty *tty)
{
	int64_t two_ns = time_ns(tty, 2);

	/* By the name of a line that is slower, and a byte that is being sent
	 * is a whole one. */
	return (two_ns > PACE_AHEAD_NS ? two_ns : PACE_AHEAD_NS) * 103 / 100 +
	    two_ns;
}

/* Goodput of 1; the margin is two or three moments at the start. */
static void
assert_busy(double goodput)
{
	assert_true(goodput > 0.999);
}

static void
keeps_a_tty_that_tells_its_bytes_busy_and_short(void **state)
{
	(void)state;
	EACH(b, bauds) EACH(o, offs)
	{
		struct fake_tty tty = { .tells = FAKE_TTY_BYTES };
		struct fake_source s;

		set_up(&s, &tty, bauds[b], offs[o]);
		assert_busy(fake_source_run(&s, &tty, 20 * SECOND));
		assert_true(
		    s.held_ns <= time_ns(&tty, s.packet) + ahead_ns(&tty));
		/* One look more on a line whose packets take long. */
		assert_true(s.looks <= 5 * s.packets);
	}
}

static void
keeps_a_tty_that_tells_its_writes_busy_and_short(void **state)
{
	(void)state;
	EACH(b, bauds) EACH(o, offs)
	{
		struct fake_tty tty = { .tells = FAKE_TTY_WRITES,
			.buffer = 20480 };
		struct fake_source s;

		set_up(&s, &tty, bauds[b], offs[o]);
		/* The rate is learned with the first 64 KiB. */
		fake_source_run(&s, &tty, time_ns(&tty, 65536));
		assert_busy(0.006 + fake_source_run(&s, &tty, 60 * SECOND));
		assert_true(s.held_ns <=
		    time_ns(&tty, s.packet) * 104 / 100 + ahead_ns(&tty));
		assert_true(s.looks <= 25 * s.packets);
	}
}

static void
keeps_a_tty_that_tells_nothing_busy_and_short_by_the_clock(void **state)
{
	(void)state;
	EACH(b, bauds)
	{
		struct fake_tty tty = { .tells = FAKE_TTY_NOTHING };
		struct fake_source s;

		set_up(&s, &tty, bauds[b], 0);
		assert_busy(fake_source_run(&s, &tty, 20 * SECOND));
		assert_true(
		    s.held_ns <= time_ns(&tty, s.packet) + ahead_ns(&tty));
	}
}

static void
keeps_a_slow_line_that_tells_nothing_bounded(void **state)
{
	(void)state;
	EACH(b, bauds)
	{
		struct fake_tty tty = { .tells = FAKE_TTY_NOTHING };
		struct fake_source s;
		double rate;

		set_up(&s, &tty, bauds[b], -30);
		/* Until it was full for the first time. */
		assert_busy(
		    fake_source_run(&s, &tty, time_ns(&tty, 4096 * 34)));
		assert_true(s.held_ns <= time_ns(&tty, 4096 + s.packet));
		rate = s.pace.rate / 1000.0;
		assert_true(rate > tty.rate && rate < tty.rate * 1.01);
		/* And from then on it is not, for long. */
		assert_busy(fake_source_run(&s, &tty, time_ns(&tty, 131072)));
		assert_true(s.held_ns < time_ns(&tty, 4096) / 2 +
			time_ns(&tty, s.packet) + ahead_ns(&tty));
	}
}

static void
does_not_hurry_a_fast_line_that_tells_nothing(void **state)
{
	struct fake_tty tty = { .tells = FAKE_TTY_NOTHING };
	struct fake_source s;

	(void)state;
	set_up(&s, &tty, 115200, 80);
	/* What its name says, and no more is known. */
	assert_true(fake_source_run(&s, &tty, 20 * SECOND) > 0.92);
	assert_true(s.held_ns <= time_ns(&tty, s.packet) + ahead_ns(&tty));
}

static void
forgets_a_rate_that_no_longer_holds(void **state)
{
	struct fake_tty tty = { .tells = FAKE_TTY_NOTHING };
	struct fake_source s;

	(void)state;
	set_up(&s, &tty, 115200, -50);
	fake_source_run(&s, &tty, 60 * SECOND);
	assert_true(s.pace.rate < s.pace.nominal * 96 / 100);
	tty.rate = 11520;
	/* Idle now and then, as lines are. */
	for (int i = 0; i < 400; i++) {
		fake_tty_advance(&tty, SECOND);
		fake_source_turn(&s, &tty);
	}
	assert_true(s.pace.rate > s.pace.nominal * 995 / 1000);
}

static void
lets_small_packets_fill_what_may_be_held(void **state)
{
	(void)state;
	EACH(b, bauds) EACH(o, offs)
	{
		struct fake_tty tty = { .tells = FAKE_TTY_BYTES };
		struct fake_source s;

		set_up(&s, &tty, bauds[b], offs[o]);
		s.packet = 42;
		assert_busy(fake_source_run(&s, &tty, 5 * SECOND));
		assert_true(
		    s.held_ns <= time_ns(&tty, s.packet) + ahead_ns(&tty));
	}
}

static void
feeds_the_slowest_line_in_time(void **state)
{
	struct fake_tty tty = { .tells = FAKE_TTY_BYTES };
	struct fake_source s;

	(void)state;
	set_up(&s, &tty, 50, 0);
	s.packet = 42;
	assert_busy(fake_source_run(&s, &tty, 200 * SECOND));
}

static void
waits_for_a_line_that_is_held_up_without_hurry(void **state)
{
	(void)state;
	for (int tells = FAKE_TTY_BYTES; tells <= FAKE_TTY_NOTHING; tells++) {
		struct fake_tty tty = { .tells = tells };
		struct pace_line line = { .baud = 115200, .bits = 10 };
		struct fake_source s;

		line.tells = tells == FAKE_TTY_WRITES ? PACE_TELLS_WRITES
						      : PACE_TELLS_BYTES;
		line.flow_control = true;
		fake_tty_init(&tty, &s, &line, 0);
		s.packet = 1502;
		fake_source_run(&s, &tty, 5 * SECOND);
		tty.stalled = true;
		fake_source_run(&s, &tty, 3 * SECOND);
		assert_true(s.looks <= 3 * 150);
		tty.stalled = false;
		assert_busy(0.002 + fake_source_run(&s, &tty, 5 * SECOND));
		assert_int_equal(s.pace.rate, s.pace.nominal);
	}
}

static void
finds_out_what_a_fast_bus_takes_with_one_write(void **state)
{
	static const unsigned chunks[] = { 160, 640, 10240 };

	(void)state;
	EACH(c, chunks)
	{
		struct fake_tty tty = { .tells = FAKE_TTY_WRITES,
			.buffer = 16 * chunks[c],
			.chunk = chunks[c] };
		struct fake_source s;

		set_up(&s, &tty, 500000, 0);
		fake_source_run(&s, &tty, 5 * SECOND);
		assert_int_equal(s.pace.granule, chunks[c]);
		assert_busy(0.003 + fake_source_run(&s, &tty, 20 * SECOND));
		/* All that is known of one write is that it is not out. */
		assert_true(
		    s.held_ns <= 2 * time_ns(&tty, s.packet) + ahead_ns(&tty));
	}
}

static void
takes_nothing_where_the_tty_took_less_than_a_packet(void **state)
{
	struct fake_tty tty = { .tells = FAKE_TTY_BYTES, .buffer = 1024 };
	struct fake_source s;

	(void)state;
	set_up(&s, &tty, 115200, 0);
	fake_source_turn(&s, &tty);
	assert_int_equal(s.left, 1502 - 1024);
	assert_false(pace_open(&s.pace, tty.now_ns));
	assert_busy(fake_source_run(&s, &tty, 20 * SECOND));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    keeps_a_tty_that_tells_its_bytes_busy_and_short),
		cmocka_unit_test(
		    keeps_a_tty_that_tells_its_writes_busy_and_short),
		cmocka_unit_test(
		    keeps_a_tty_that_tells_nothing_busy_and_short_by_the_clock),
		cmocka_unit_test(keeps_a_slow_line_that_tells_nothing_bounded),
		cmocka_unit_test(does_not_hurry_a_fast_line_that_tells_nothing),
		cmocka_unit_test(forgets_a_rate_that_no_longer_holds),
		cmocka_unit_test(lets_small_packets_fill_what_may_be_held),
		cmocka_unit_test(feeds_the_slowest_line_in_time),
		cmocka_unit_test(
		    waits_for_a_line_that_is_held_up_without_hurry),
		cmocka_unit_test(
		    finds_out_what_a_fast_bus_takes_with_one_write),
		cmocka_unit_test(
		    takes_nothing_where_the_tty_took_less_than_a_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

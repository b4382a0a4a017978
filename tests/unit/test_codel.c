#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "line/codel.h"

#define MS 1000000ll

/* The defaults of RFC 8289 section 4. */
static const struct codel_settings rfc = {
	.target_ns = 5 * MS,
	.interval_ns = 100 * MS,
	.mtu = 1500,
};

enum { LONG = 20, SHORT = 4, PLENTY = 15000 };

static bool
ask(struct codel *c, int wait_ms, size_t behind, int64_t now_ns)
{
	return codel_drops(c, &rfc, wait_ms * MS, behind, now_ns);
}

/* Asks every 10 us, and notes when packets were dropped; never sends the one
 * after a drop without asking. */
static size_t
collect(
    struct codel *c, int64_t from_ns, int64_t to_ns, int64_t *drops, size_t n)
{
	size_t got = 0;

	for (int64_t t = from_ns; t < to_ns && got < n; t += MS / 100) {
		while (got < n && ask(c, LONG, PLENTY, t))
			drops[got++] = t;
	}
	return got;
}

static void
assert_near(int64_t value, int64_t expected, int64_t tolerance)
{
	assert_in_range(value, expected - tolerance, expected + tolerance);
}

/* interval / sqrt(count), by another hand: 100 ms over the roots of 1, 2, 3,
 * 4, 10, 100, 10000. */
static void
the_control_law_divides_by_the_root_of_the_count(void **state)
{
	static const struct {
		uint32_t count;
		int64_t ns;
	} law[] = { { 1, 100000000 }, { 2, 70710678 }, { 3, 57735027 },
		{ 4, 50000000 }, { 10, 31622777 }, { 100, 10000000 },
		{ 10000, 1000000 } };

	(void)state;
	for (size_t i = 0; i < sizeof(law) / sizeof(law[0]); i++)
		assert_near(codel_control_law(7 * MS, &rfc, law[i].count),
		    7 * MS + law[i].ns, law[i].ns / 10000);
}

static void
the_control_law_holds_for_slow_lines_and_any_count(void **state)
{
	/* MTU 9000 at 50 baud: half an hour a packet. */
	struct codel_settings slow = { .interval_ns = 86400000 * MS };

	(void)state;
	assert_int_equal(codel_control_law(1, &slow, 1), 1 + slow.interval_ns);
	assert_near(codel_control_law(0, &slow, 4), slow.interval_ns / 2, 1);
	assert_near(codel_control_law(0, &slow, UINT32_MAX),
	    slow.interval_ns / 65536, slow.interval_ns / 65536 / 1000);
}

static void
nothing_is_dropped_within_the_first_interval(void **state)
{
	struct codel c = { 0 };

	(void)state;
	for (int64_t t = 1; t < 100 * MS; t += MS)
		assert_false(ask(&c, LONG, PLENTY, t));
	assert_false(ask(&c, LONG, PLENTY, 100 * MS));
	assert_true(ask(&c, LONG, PLENTY, 100 * MS + 1));
}

/* First at the end of an interval above target, then 100 / sqrt(n) ms after
 * the drop before: 100, 70.71, 57.74, 50, 44.72, 40.82, 37.80, 35.36. */
static void
drops_come_by_the_control_law(void **state)
{
	static const int64_t due_us[] = { 100000, 200000, 270711, 328446,
		378446, 423167, 463992, 501788, 537144 };
	struct codel c = { 0 };
	int64_t drops[9];

	(void)state;
	assert_int_equal(collect(&c, 1, 1000 * MS, drops, 9), 9);
	for (size_t i = 0; i < 9; i++)
		assert_near(drops[i], due_us[i] * 1000, MS / 10);
}

static void
one_short_wait_ends_it(void **state)
{
	struct codel c = { 0 };
	int64_t drops[3];

	(void)state;
	assert_int_equal(collect(&c, 1, 250 * MS, drops, 3), 2);
	assert_false(ask(&c, SHORT, PLENTY, 251 * MS));
	/* Then a whole interval has to go by again. */
	for (int64_t t = 252 * MS; t < 352 * MS; t += MS)
		assert_false(ask(&c, LONG, PLENTY, t));
	assert_true(ask(&c, LONG, PLENTY, 352 * MS));
}

static void
a_wait_of_just_the_target_is_too_long(void **state)
{
	struct codel c = { 0 };

	(void)state;
	assert_false(codel_drops(&c, &rfc, 5 * MS, PLENTY, 1));
	assert_true(codel_drops(&c, &rfc, 5 * MS, PLENTY, 1 + 100 * MS));
	c = (struct codel){ 0 };
	assert_false(codel_drops(&c, &rfc, 5 * MS - 1, PLENTY, 1));
	assert_false(codel_drops(&c, &rfc, 5 * MS - 1, PLENTY, 1 + 100 * MS));
}

static void
with_one_mtu_behind_it_no_wait_is_too_long(void **state)
{
	struct codel c = { 0 };

	(void)state;
	for (int64_t t = 1; t < 1000 * MS; t += MS)
		assert_false(ask(&c, 10 * LONG, 1500, t));
	assert_false(ask(&c, LONG, 1501, 1000 * MS));
	assert_true(ask(&c, LONG, 1501, 1100 * MS));
	assert_false(ask(&c, LONG, 1500, 1100 * MS));
}

/* RFC 8289 section 4.2: several drops that are due are made at once. */
static void
what_is_due_is_dropped_in_one_go(void **state)
{
	struct codel c = { 0 };
	int drops = 0;

	(void)state;
	assert_false(ask(&c, LONG, PLENTY, 1));
	assert_true(ask(&c, LONG, PLENTY, 1 + 100 * MS));
	assert_false(ask(&c, LONG, PLENTY, 1 + 100 * MS));
	/* Due since: 200, 270.7, 328.4, 378.4 ms. */
	while (ask(&c, LONG, PLENTY, 380 * MS))
		drops++;
	assert_int_equal(drops, 4);
	assert_near(c.drop_next_ns, 423167000, MS / 10);
}

/* Soon after, the count goes on from what was enough: the drops since the
 * state was entered before. */
static void
a_return_within_16_intervals_remembers_the_rate(void **state)
{
	struct codel c = { 0 };
	int64_t drops[6];

	(void)state;
	assert_int_equal(collect(&c, 1, 400 * MS, drops, 6), 5);
	assert_int_equal(c.count, 5);
	assert_false(ask(&c, SHORT, PLENTY, 401 * MS));
	assert_false(ask(&c, LONG, PLENTY, 402 * MS));
	assert_true(ask(&c, LONG, PLENTY, 502 * MS));
	/* 5 - 1 = 4: the next one is 100 / sqrt(4) ms later. */
	assert_int_equal(c.count, 4);
	assert_near(c.drop_next_ns, 552 * MS, MS / 100);
}

static void
a_return_after_16_intervals_begins_anew(void **state)
{
	struct codel c = { 0 };
	int64_t drops[6];
	int64_t later;

	(void)state;
	assert_int_equal(collect(&c, 1, 400 * MS, drops, 6), 5);
	later = c.drop_next_ns + 15 * 100 * MS;
	assert_false(ask(&c, SHORT, PLENTY, later - 1));
	assert_false(ask(&c, LONG, PLENTY, later));
	assert_true(ask(&c, LONG, PLENTY, later + 100 * MS));
	assert_int_equal(c.count, 1);
	assert_int_equal(c.drop_next_ns, later + 200 * MS);
}

/* A mark takes the place of a drop, and the law goes on; but a marked packet
 * is sent, so that there is one at most for each that leaves. */
static void
marks_come_by_the_same_law(void **state)
{
	static const int64_t due_us[] = { 100000, 200000, 270711, 328446,
		378446, 423167 };
	struct codel c = { 0 };
	size_t n = 0;

	(void)state;
	for (int64_t t = 1; n < 6; t += MS / 100) {
		if (!ask(&c, LONG, PLENTY, t))
			continue;
		codel_marked(&c, &rfc);
		assert_near(t, due_us[n++] * 1000, MS / 10);
	}
}

static void
an_empty_queue_forgets_the_wait_but_not_the_rate(void **state)
{
	struct codel c = { 0 };
	int64_t drops[6];

	(void)state;
	assert_int_equal(collect(&c, 1, 400 * MS, drops, 6), 5);
	codel_empty(&c);
	assert_int_equal(c.count, 5);
	assert_false(ask(&c, LONG, PLENTY, 402 * MS));
	assert_false(ask(&c, LONG, PLENTY, 501 * MS));
	assert_true(ask(&c, LONG, PLENTY, 502 * MS));
	assert_int_equal(c.count, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_control_law_divides_by_the_root_of_the_count),
		cmocka_unit_test(
		    the_control_law_holds_for_slow_lines_and_any_count),
		cmocka_unit_test(nothing_is_dropped_within_the_first_interval),
		cmocka_unit_test(drops_come_by_the_control_law),
		cmocka_unit_test(one_short_wait_ends_it),
		cmocka_unit_test(a_wait_of_just_the_target_is_too_long),
		cmocka_unit_test(with_one_mtu_behind_it_no_wait_is_too_long),
		cmocka_unit_test(what_is_due_is_dropped_in_one_go),
		cmocka_unit_test(
		    a_return_within_16_intervals_remembers_the_rate),
		cmocka_unit_test(a_return_after_16_intervals_begins_anew),
		cmocka_unit_test(marks_come_by_the_same_law),
		cmocka_unit_test(
		    an_empty_queue_forgets_the_wait_but_not_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

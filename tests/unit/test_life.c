#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pump/life.h"

#define S CLOCK_NS_PER_S
#define START (1000 * S)

static struct life
begin(unsigned interval_s, unsigned timeout_s, bool probe)
{
	struct life_settings settings = { interval_s, timeout_s, probe };
	struct life l;

	life_init(&l, &settings, START);
	return l;
}

static void
nothing_is_due_where_all_is_off(void **state)
{
	struct life l = begin(0, 0, false);

	(void)state;
	assert_int_equal(life_next_ns(&l), INT64_MAX);
	assert_int_equal(life_due(&l, START + 100000 * S), 0);
	assert_false(l.silent);
}

static void
silence_of_ours_is_filled(void **state)
{
	struct life l = begin(3, 0, false);

	(void)state;
	assert_int_equal(life_next_ns(&l), START + 3 * S);
	assert_int_equal(life_due(&l, START + 3 * S - 1), 0);
	assert_int_equal(life_due(&l, START + 3 * S), LIFE_FILL);
	assert_int_equal(life_due(&l, START + 3 * S), 0);
	assert_int_equal(life_next_ns(&l), START + 6 * S);
	life_wrote(&l, START + 5 * S);
	assert_int_equal(life_due(&l, START + 7 * S), 0);
	assert_int_equal(life_next_ns(&l), START + 8 * S);
}

static void
a_peer_that_is_not_heard_is_silent_until_it_is(void **state)
{
	struct life l = begin(0, 5, false);

	(void)state;
	assert_false(life_heard(&l, START + 2 * S));
	assert_int_equal(life_due(&l, START + 6 * S), 0);
	assert_int_equal(life_next_ns(&l), START + 7 * S);
	assert_int_equal(life_due(&l, START + 7 * S), LIFE_SILENT);
	assert_true(l.silent);
	assert_int_equal(life_due(&l, START + 70 * S), 0);
	assert_int_equal(life_next_ns(&l), INT64_MAX);
	assert_true(life_heard(&l, START + 71 * S));
	assert_false(life_heard(&l, START + 72 * S));
	assert_int_equal(life_due(&l, START + 77 * S), LIFE_SILENT);
}

static void
a_probe_goes_out_soon_and_then_at_the_interval(void **state)
{
	struct life l = begin(0, 0, true);

	(void)state;
	assert_int_equal(life_next_ns(&l), START + S);
	assert_int_equal(life_due(&l, START + S), LIFE_PROBE);
	assert_int_equal(life_next_ns(&l), START + (1 + LIFE_PROBE_S) * S);
	l = begin(2, 0, true);
	assert_int_equal(life_due(&l, START + S), LIFE_PROBE);
	assert_int_equal(life_due(&l, START + 2 * S), LIFE_FILL);
	assert_int_equal(life_due(&l, START + 3 * S), LIFE_PROBE);
}

static void
settings_change_while_it_runs(void **state)
{
	struct life l = begin(0, 5, false);
	struct life_settings off = { 0, 0, false }, on = { 1, 60, true };

	(void)state;
	assert_int_equal(life_due(&l, START + 9 * S), LIFE_SILENT);
	life_set(&l, &off, START + 10 * S);
	assert_false(l.silent);
	assert_int_equal(life_next_ns(&l), INT64_MAX);
	life_set(&l, &on, START + 20 * S);
	assert_int_equal(life_due(&l, START + 20 * S), LIFE_FILL | LIFE_PROBE);
	assert_int_equal(
	    life_due(&l, START + 60 * S) & LIFE_SILENT, LIFE_SILENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_due_where_all_is_off),
		cmocka_unit_test(silence_of_ours_is_filled),
		cmocka_unit_test(
		    a_peer_that_is_not_heard_is_silent_until_it_is),
		cmocka_unit_test(
		    a_probe_goes_out_soon_and_then_at_the_interval),
		cmocka_unit_test(settings_change_while_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/link_fsm.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	DOWN = LINK_DOWN,
	OPEN = LINK_OPENING,
	UP = LINK_UP,
	CLOS = LINK_CLOSING,
	ABSE = LINK_ABSENT,
	BACK = LINK_BACKOFF,
	/* Wherever the link was going. */
	GOAL = LINK_STATES,
};

static const enum link_event events[] = {
	LINK_EV_NONE,
	LINK_EV_START,
	LINK_EV_STOP,
	LINK_EV_OPENED,
	LINK_EV_ABSENT,
	LINK_EV_FAILED,
	LINK_EV_REAPED,
	LINK_EV_RETRY,
};

/* clang-format off */
static const struct {
	int from;
	int to[COUNT(events)];
} table[] = {
	/*        none  start stop  opend absnt faild reapd retry */
	{ DOWN, { DOWN, OPEN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN } },
	{ OPEN, { OPEN, OPEN, CLOS, UP,   CLOS, CLOS, OPEN, OPEN } },
	{ UP,   { UP,   UP,   CLOS, UP,   CLOS, CLOS, UP,   UP   } },
	{ CLOS, { CLOS, CLOS, CLOS, CLOS, CLOS, CLOS, GOAL, CLOS } },
	{ ABSE, { ABSE, ABSE, DOWN, ABSE, ABSE, BACK, ABSE, OPEN } },
	{ BACK, { BACK, BACK, DOWN, BACK, ABSE, BACK, BACK, OPEN } },
};
/* clang-format on */

/* Where CLOSING can be going. */
static const enum link_state goals[] = { LINK_DOWN, LINK_OPENING, LINK_ABSENT,
	LINK_BACKOFF };

/* A link that nothing is known of but its state and its goal. */
struct walker {
	enum link_state state, after;
};

static void
step(struct walker *w, enum link_event ev)
{
	enum link_state to = link_fsm_next(w->state, w->after, ev);

	w->after = link_fsm_after(w->state, w->after, ev);
	w->state = to;
}

static enum link_state
state_after(enum link_state from, const enum link_event *list, size_t n)
{
	struct walker w = { from, LINK_DOWN };

	for (size_t i = 0; i < n; i++)
		step(&w, list[i]);
	return w.state;
}

#define STATE_AFTER(from, ...) \
	state_after(from, (const enum link_event[]){ __VA_ARGS__ }, \
	    COUNT(((const enum link_event[]){ __VA_ARGS__ })))

static void
every_state_answers_every_event_as_the_table_says(void **state)
{
	(void)state;
	assert_int_equal(COUNT(table), LINK_STATES);
	assert_int_equal(COUNT(events), LINK_EVENTS);
	for (size_t s = 0; s < COUNT(table); s++) {
		for (size_t e = 0; e < COUNT(events); e++) {
			for (size_t g = 0; g < COUNT(goals); g++) {
				int want = table[s].to[e];

				if (want == GOAL)
					want = goals[g];
				assert_int_equal(link_fsm_next(table[s].from,
						     goals[g], events[e]),
				    want);
			}
		}
	}
}

static void
what_ends_a_pump_decides_where_its_link_goes(void **state)
{
	static const enum link_state running[] = { LINK_OPENING, LINK_UP };

	(void)state;
	for (size_t i = 0; i < COUNT(running); i++) {
		for (size_t g = 0; g < COUNT(goals); g++) {
			assert_int_equal(
			    link_fsm_after(running[i], goals[g], LINK_EV_STOP),
			    LINK_DOWN);
			assert_int_equal(link_fsm_after(running[i], goals[g],
					     LINK_EV_ABSENT),
			    LINK_ABSENT);
			assert_int_equal(link_fsm_after(running[i], goals[g],
					     LINK_EV_FAILED),
			    LINK_BACKOFF);
		}
	}
}

static void
while_closing_only_an_operator_changes_the_goal(void **state)
{
	(void)state;
	for (size_t g = 0; g < COUNT(goals); g++) {
		enum link_state goal = goals[g];

		for (size_t e = 0; e < COUNT(events); e++) {
			enum link_state want = goal;

			if (events[e] == LINK_EV_STOP)
				want = LINK_DOWN;
			if (events[e] == LINK_EV_START && goal == LINK_DOWN)
				want = LINK_OPENING;
			assert_int_equal(
			    link_fsm_after(LINK_CLOSING, goal, events[e]),
			    want);
		}
	}
}

static void
a_pump_that_ends_is_reaped_before_the_next_one(void **state)
{
	(void)state;
	assert_int_equal(
	    STATE_AFTER(LINK_UP, LINK_EV_FAILED, LINK_EV_RETRY), LINK_CLOSING);
	assert_int_equal(
	    STATE_AFTER(LINK_UP, LINK_EV_FAILED, LINK_EV_REAPED), LINK_BACKOFF);
	assert_int_equal(
	    STATE_AFTER(LINK_UP, LINK_EV_FAILED, LINK_EV_REAPED, LINK_EV_RETRY),
	    LINK_OPENING);
	assert_int_equal(
	    STATE_AFTER(LINK_OPENING, LINK_EV_ABSENT, LINK_EV_REAPED),
	    LINK_ABSENT);
}

static void
a_failure_does_not_bring_a_stopped_link_back(void **state)
{
	static const enum link_event late[] = { LINK_EV_FAILED, LINK_EV_ABSENT,
		LINK_EV_OPENED, LINK_EV_RETRY };

	(void)state;
	for (size_t i = 0; i < COUNT(late); i++) {
		assert_int_equal(
		    STATE_AFTER(LINK_UP, LINK_EV_STOP, late[i], LINK_EV_REAPED),
		    LINK_DOWN);
		assert_int_equal(STATE_AFTER(LINK_DOWN, late[i]), LINK_DOWN);
	}
}

static void
stop_and_start_while_closing_opens_the_port_anew(void **state)
{
	(void)state;
	assert_int_equal(
	    STATE_AFTER(LINK_UP, LINK_EV_STOP, LINK_EV_START, LINK_EV_REAPED),
	    LINK_OPENING);
	assert_int_equal(STATE_AFTER(LINK_UP, LINK_EV_FAILED, LINK_EV_STOP,
			     LINK_EV_START, LINK_EV_REAPED),
	    LINK_OPENING);
	assert_int_equal(STATE_AFTER(LINK_UP, LINK_EV_STOP, LINK_EV_START,
			     LINK_EV_STOP, LINK_EV_REAPED),
	    LINK_DOWN);
}

static void
every_state_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < LINK_STATES; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(
			    link_state_name(i), link_state_name(j));
		}
	}
	assert_string_equal(link_state_name(LINK_UP), "UP");
	assert_string_equal(link_state_name(LINK_BACKOFF), "BACKOFF");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_state_answers_every_event_as_the_table_says),
		cmocka_unit_test(what_ends_a_pump_decides_where_its_link_goes),
		cmocka_unit_test(
		    while_closing_only_an_operator_changes_the_goal),
		cmocka_unit_test(
		    a_pump_that_ends_is_reaped_before_the_next_one),
		cmocka_unit_test(a_failure_does_not_bring_a_stopped_link_back),
		cmocka_unit_test(
		    stop_and_start_while_closing_opens_the_port_anew),
		cmocka_unit_test(every_state_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

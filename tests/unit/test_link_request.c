/* link: what an operator asks of it, and why it is as it is. */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/fake.h"
#include "router/link.h"

struct fixture {
	struct event_base *base;
	struct link_env env;
	struct conf_link conf;
	struct link *link;
	int changes;
};

static void
on_changed(struct link *l, void *arg)
{
	struct fixture *f = arg;

	assert_ptr_equal(l, f->link);
	f->changes++;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	memset(&fake_interface, 0, sizeof(fake_interface));
	memset(&fake_pump, 0, sizeof(fake_pump));
	f->base = event_base_new();
	f->env = (struct link_env){
		.base = f->base, .changed = on_changed, .arg = f
	};
	f->conf = (struct conf_link){ .name = "uno0",
		.enabled = true,
		.interface = "uno0",
		.retry_first_ms = 600000,
		.retry_max_ms = 600000 };
	f->conf.port.baud = 115200;
	f->conf.port.device = strdup("/dev/null");
	f->link = link_new(&f->conf, NULL, &f->env);
	*state = f;
	return f->link && f->conf.port.device ? 0 : -1;
}

static void
die(struct fixture *f)
{
	fake_pump.dead = true;
	link_reap(f->link);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	link_stop(f->link);
	if (f->link->state == LINK_CLOSING)
		die(f);
	link_free(f->link);
	event_base_free(f->base);
	free(f->conf.port.device);
	free(f);
	return 0;
}

/* The pump's report is taken at once. */
static void
pump_says(struct fixture *f, enum pump_report_type type, enum pump_end end,
    const char *text)
{
	fake_pump_says(type, end, text);
	event_base_loop(f->base, EVLOOP_ONCE);
}

static void
bring_up(struct fixture *f)
{
	link_start(f->link);
	pump_says(f, PUMP_OPENED, 0, "");
	assert_int_equal(f->link->state, LINK_UP);
}

static void
assert_reason(const struct fixture *f, const char *expected)
{
	char text[LINK_REASON_SIZE];
	const char *reason = link_reason(f->link, text, sizeof(text));

	if (expected)
		assert_string_equal(reason, expected);
	else
		assert_null(reason);
}

static void
is_down_until_it_is_started(void **state)
{
	struct fixture *f = *state;

	assert_reason(f, "not started");
	bring_up(f);
	assert_reason(f, NULL);
	link_pause(f->link);
	assert_reason(f, "the pump is ending");
	die(f);
	assert_int_equal(f->link->state, LINK_DOWN);
	assert_true(f->link->stopped);
	assert_reason(f, "stopped by request: serial-routerctl start uno0");
	link_start(f->link);
	assert_false(f->link->stopped);
	assert_int_equal(f->link->state, LINK_OPENING);
	assert_reason(f, "port /dev/null is being opened");
}

static void
gets_a_new_pump_and_keeps_its_interface(void **state)
{
	struct fixture *f = *state;
	int started;

	bring_up(f);
	started = fake_pump.started;
	link_restart(f->link);
	assert_int_equal(f->link->state, LINK_CLOSING);
	assert_int_equal(fake_pump.stopped, 1);
	die(f);
	assert_int_equal(f->link->state, LINK_OPENING);
	assert_int_equal(fake_pump.started, started + 1);
	assert_int_equal(f->link->restarts, 1);
	assert_int_equal(fake_interface.released, 0);
}

static void
tries_at_once_where_it_would_wait(void **state)
{
	struct fixture *f = *state;
	int started;

	link_start(f->link);
	pump_says(f, PUMP_ENDED, PUMP_END_FAILED, "it is broken");
	die(f);
	assert_int_equal(f->link->state, LINK_BACKOFF);
	assert_reason(f, "it is broken");
	started = fake_pump.started;
	link_restart(f->link);
	assert_int_equal(f->link->state, LINK_OPENING);
	assert_int_equal(fake_pump.started, started + 1);
}

static void
starts_by_a_restart(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	link_pause(f->link);
	die(f);
	link_restart(f->link);
	assert_false(f->link->stopped);
	assert_int_equal(f->link->state, LINK_OPENING);
}

static void
says_that_its_interface_is_set_down(void **state)
{
	struct fixture *f = *state;

	fake_interface.held_down = true;
	link_start(f->link);
	assert_int_equal(f->link->state, LINK_DOWN);
	assert_reason(f, "interface uno0 is set down: ip link set uno0 up");
}

static void
says_that_it_is_not_enabled(void **state)
{
	struct fixture *f = *state;

	f->conf.enabled = false;
	assert_reason(f, "not enabled in the configuration");
}

static void
flags_output_that_stands_still(void **state)
{
	struct fixture *f = *state;
	struct link_flag flags[LINK_FLAGS_MAX];
	int changes;

	bring_up(f);
	assert_int_equal(link_flags(f->link, flags), 0);
	changes = f->changes;
	pump_says(f, PUMP_STUCK, 0, "");
	assert_int_equal(f->changes, changes + 1);
	assert_int_equal(link_flags(f->link, flags), 1);
	assert_string_equal(flags[0].name, "stuck");
	assert_string_equal(
	    flags[0].reason, "takes no output: adapter? cable? power?");
	pump_says(f, PUMP_FLOWS, 0, "");
	assert_int_equal(f->changes, changes + 2);
	assert_int_equal(link_flags(f->link, flags), 0);
}

static void
flags_what_is_not_as_asked(void **state)
{
	struct fixture *f = *state;
	struct link_flag flags[LINK_FLAGS_MAX];

	bring_up(f);
	strcpy(f->link->mismatch, "/dev/ttyS0 has no parity");
	f->link->interface.degraded = true;
	error_set(&f->link->interface.reason, EINVAL, "route: no gateway");
	assert_int_equal(link_flags(f->link, flags), 2);
	assert_string_equal(flags[0].name, "degraded");
	assert_string_equal(flags[0].reason, "route: no gateway");
	assert_string_equal(flags[1].name, "mismatch");
	assert_string_equal(flags[1].reason, "/dev/ttyS0 has no parity");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_down_until_it_is_started),
		TEST(gets_a_new_pump_and_keeps_its_interface),
		TEST(tries_at_once_where_it_would_wait),
		TEST(starts_by_a_restart),
		TEST(says_that_its_interface_is_set_down),
		TEST(says_that_it_is_not_enabled),
		TEST(flags_output_that_stands_still),
		TEST(flags_what_is_not_as_asked),
	};

	log_open(false, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

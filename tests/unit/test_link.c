/* A link on an interface and a pump that do as they are told. */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "fake/fake.h"
#include "router/link.h"

#define DEADLINE_MS 10000

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
	memset(&fake_netif, 0, sizeof(fake_netif));
	f->base = event_base_new();
	f->env = (struct link_env){
		.base = f->base, .changed = on_changed, .arg = f
	};
	f->conf = (struct conf_link){ .name = "uno0",
		.interface = "uno0",
		.retry_first_ms = 10,
		.retry_max_ms = 50 };
	f->conf.port.baud = 115200;
	/* A path that is there, so that a hang-up is no absence. */
	f->conf.port.device = strdup("/dev/null");
	f->link = link_new(&f->conf, NULL, &f->env);
	*state = f;
	return f->link && f->conf.port.device ? 0 : -1;
}

/* Serves events until the link is in that state. */
static void
run_until(struct fixture *f, enum link_state want)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;
	struct timeval step = { .tv_usec = 1000 };

	while (f->link->state != want && clock_ms() < deadline_ms) {
		event_base_loopexit(f->base, &step);
		event_base_dispatch(f->base);
	}
	assert_string_equal(
	    link_state_name(f->link->state), link_state_name(want));
}

static void
die(struct fixture *f, const char *how)
{
	fake_pump.dead = true;
	fake_pump.death = how;
	link_reap(f->link);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	link_stop(f->link);
	if (f->link->state == LINK_CLOSING)
		die(f, NULL);
	assert_int_equal(f->link->state, LINK_DOWN);
	link_free(f->link);
	event_base_free(f->base);
	free(f->conf.port.device);
	free(f);
	return 0;
}

static void
bring_up(struct fixture *f)
{
	link_start(f->link);
	assert_int_equal(f->link->state, LINK_OPENING);
	fake_pump_says(PUMP_OPENED, 0, "");
	run_until(f, LINK_UP);
}

static void
turns_the_carrier_on_only_when_the_port_is_open(void **state)
{
	struct fixture *f = *state;

	link_start(f->link);
	assert_int_equal(f->link->state, LINK_OPENING);
	assert_int_equal(fake_pump.started, 1);
	assert_false(fake_interface.carrier);
	fake_pump_says(PUMP_OPENED, 0, "");
	run_until(f, LINK_UP);
	assert_true(fake_interface.carrier);
	assert_true(f->changes > 0);
}

static void
takes_the_carrier_off_before_the_pump_is_reaped(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	fake_pump_says(PUMP_ENDED, PUMP_END_HANGUP, "hung up");
	run_until(f, LINK_CLOSING);
	assert_false(fake_interface.carrier);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_BACKOFF);
	assert_string_equal(f->link->last_error.text, "hung up");
	run_until(f, LINK_OPENING);
}

static void
waits_for_a_port_that_vanished_without_a_back_off(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	strcpy(f->conf.port.device, "/nope");
	fake_pump_says(PUMP_ENDED, PUMP_END_HANGUP, "hung up");
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_ABSENT);
	assert_int_equal(f->link->backoff.failures, 0);
	link_look(f->link);
	assert_int_equal(f->link->state, LINK_ABSENT);
	strcpy(f->conf.port.device, "/dev");
	link_look(f->link);
	run_until(f, LINK_OPENING);
}

/* A node with nothing behind it is not tried whenever its directory changes. */
static void
tries_what_has_nothing_behind_it_in_its_own_time(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	fake_pump_says(PUMP_ENDED, PUMP_END_ABSENT, "no such device");
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_ABSENT);
	link_look(f->link);
	assert_int_equal(f->link->state, LINK_ABSENT);
	run_until(f, LINK_OPENING);
}

static void
says_which_port_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct port_settings *port = &f->conf.port;
	char *device = port->device;
	char text[LINK_REASON_SIZE];

	bring_up(f);
	strcpy(device, "/nope");
	fake_pump_says(PUMP_ENDED, PUMP_END_HANGUP, "hung up");
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_ABSENT);
	assert_string_equal(link_reason(f->link, text, sizeof(text)),
	    "port /nope is not there; waiting for it");
	port->device = NULL;
	port->usb = (struct usb_match){ .vendor = USB_ANY,
		.product = USB_ANY,
		.function = USB_ANY,
		.serial = "7533" };
	assert_string_equal(link_reason(f->link, text, sizeof(text)),
	    "USB adapter with serial 7533 is not there; waiting for it");
	port->device = device;
}

/* The same name, another node. */
static void
tries_at_once_what_came_back_while_the_pump_ended(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	strcpy(f->conf.port.device, "/dev");
	fake_pump_says(PUMP_ENDED, PUMP_END_HANGUP, "hung up");
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_OPENING);
	assert_int_equal(f->link->backoff.failures, 0);
}

/* A port that failed, and is pulled, or given to us. */
static void
leaves_a_back_off_when_the_port_changes(void **state)
{
	struct fixture *f = *state;

	f->conf.retry_first_ms = f->conf.retry_max_ms = 60000;
	link_start(f->link);
	fake_pump_says(PUMP_ENDED, PUMP_END_FAILED, "permission denied");
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_BACKOFF);
	assert_true(link_waits(f->link));
	link_look(f->link);
	assert_int_equal(f->link->state, LINK_BACKOFF);
	strcpy(f->conf.port.device, "/tmp");
	link_look(f->link);
	assert_int_equal(f->link->state, LINK_OPENING);
	fake_pump_says(PUMP_ENDED, PUMP_END_FAILED, "permission denied");
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	strcpy(f->conf.port.device, "/nope");
	link_look(f->link);
	assert_int_equal(f->link->state, LINK_ABSENT);
}

/* What udev does to a node takes some milliseconds. */
static void
tries_what_has_just_appeared_in_short_order(void **state)
{
	struct fixture *f = *state;

	f->conf.retry_first_ms = f->conf.retry_max_ms = 60000;
	strcpy(f->conf.port.device, "/nope");
	link_start(f->link);
	fake_pump_says(PUMP_ENDED, PUMP_END_ABSENT, "no such port");
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_ABSENT);
	strcpy(f->conf.port.device, "/dev");
	link_look(f->link);
	for (int i = 0; i < 8; i++) {
		run_until(f, LINK_OPENING);
		/* It may have to wait for its turn. */
		while (fake_pump.started < 2 + i)
			event_base_loop(f->base, EVLOOP_ONCE);
		fake_pump_says_code(
		    PUMP_ENDED, PUMP_END_FAILED, "not yet", EACCES);
		run_until(f, LINK_CLOSING);
		die(f, NULL);
		assert_int_equal(f->link->state, LINK_BACKOFF);
		assert_int_equal(f->link->failures, 0);
	}
	run_until(f, LINK_OPENING);
	while (fake_pump.started < 10)
		event_base_loop(f->base, EVLOOP_ONCE);
	fake_pump_says_code(PUMP_ENDED, PUMP_END_FAILED, "never", EACCES);
	run_until(f, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->failures, 1);
	assert_true(f->link->soon == 0);
}

static void
tries_again_after_an_interface_that_could_not_be_made(void **state)
{
	struct fixture *f = *state;

	fake_interface.refusal = "interface uno0 is in use by cat (pid 3)";
	link_start(f->link);
	assert_int_equal(f->link->state, LINK_BACKOFF);
	assert_int_equal(fake_pump.started, 0);
	assert_string_equal(f->link->last_error.text, fake_interface.refusal);
	fake_interface.refusal = NULL;
	run_until(f, LINK_OPENING);
	assert_int_equal(fake_pump.started, 1);
}

static void
tries_again_after_a_pump_that_could_not_be_forked(void **state)
{
	struct fixture *f = *state;

	fake_pump.refusal = "no memory";
	link_start(f->link);
	assert_int_equal(f->link->state, LINK_BACKOFF);
	fake_pump.refusal = NULL;
	run_until(f, LINK_OPENING);
}

static void
says_how_a_pump_died_that_could_not_say_it_itself(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	die(f, "the pump was killed by signal 9 (Killed)");
	assert_int_equal(f->link->state, LINK_BACKOFF);
	assert_non_null(strstr(f->link->last_error.text, "signal 9"));
	assert_false(fake_interface.carrier);
}

static void
takes_the_last_report_of_a_pump_that_is_dead_already(void **state)
{
	struct fixture *f = *state;

	link_start(f->link);
	fake_pump_says(PUMP_ENDED, PUMP_END_ABSENT, "no such port");
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_ABSENT);
	assert_string_equal(f->link->last_error.text, "no such port");
}

static void
opens_at_most_five_times_a_second(void **state)
{
	struct fixture *f = *state;
	int64_t start_ms = clock_ms();

	for (int i = 0; i < 6; i++) {
		if (i == 0)
			link_start(f->link);
		while (fake_pump.started == i)
			event_base_loop(f->base, EVLOOP_ONCE);
		fake_pump_says(PUMP_ENDED, PUMP_END_FAILED, "in use");
		run_until(f, LINK_CLOSING);
		die(f, NULL);
	}
	assert_true(clock_ms() - start_ms >= 1000);
	assert_int_equal(f->link->restarts, 5);
}

static void
stays_down_while_somebody_holds_the_interface_down(void **state)
{
	struct fixture *f = *state;
	struct netwatch_event ev = { .kind = NETWATCH_CHANGED, .index = 7 };

	bring_up(f);
	link_interface_event(f->link, &ev);
	assert_int_equal(f->link->state, LINK_CLOSING);
	assert_int_equal(fake_pump.stopped, 1);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_DOWN);
	assert_int_equal(fake_interface.released, 0);

	ev.up = true;
	link_interface_event(f->link, &ev);
	assert_int_equal(f->link->state, LINK_OPENING);
	while (fake_pump.started == 1)
		event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(fake_interface.made, 2);
}

static void
starts_again_where_the_interface_is_up_before_the_pump_is_gone(void **state)
{
	struct fixture *f = *state;
	struct netwatch_event ev = { .kind = NETWATCH_CHANGED, .index = 7 };

	bring_up(f);
	link_interface_event(f->link, &ev);
	ev.up = true;
	link_interface_event(f->link, &ev);
	assert_int_equal(f->link->state, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_OPENING);
}

static void
waits_where_the_interface_is_found_down(void **state)
{
	struct fixture *f = *state;

	fake_interface.held_down = true;
	link_start(f->link);
	assert_int_equal(f->link->state, LINK_DOWN);
	assert_int_equal(fake_pump.started, 0);
	assert_true(f->link->wanted);
}

static void
makes_a_deleted_interface_again(void **state)
{
	struct fixture *f = *state;
	struct netwatch_event ev = { .kind = NETWATCH_DELETED, .index = 7 };

	bring_up(f);
	link_interface_event(f->link, &ev);
	assert_int_equal(fake_interface.lost, 1);
	die(f, NULL);
	run_until(f, LINK_OPENING);
	while (fake_pump.started == 1)
		event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(fake_interface.made, 2);
}

static void
takes_the_down_of_a_deleted_interface_as_its_deletion(void **state)
{
	struct fixture *f = *state;
	struct netwatch_event ev = { .kind = NETWATCH_CHANGED, .index = 7 };

	bring_up(f);
	fake_netif.deleted = true;
	link_interface_event(f->link, &ev);
	assert_int_equal(fake_interface.lost, 1);
	assert_non_null(strstr(f->link->last_error.text, "was deleted"));
	ev.kind = NETWATCH_DELETED;
	link_interface_event(f->link, &ev);
	assert_int_equal(fake_interface.lost, 1);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_BACKOFF);
}

static void
puts_settings_back_when_notifications_were_lost(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	fake_netif.up = true;
	link_interface_resync(f->link);
	assert_int_equal(f->link->state, LINK_UP);
	assert_int_equal(fake_interface.made, 2);
}

static void
finds_out_what_it_was_not_told(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	link_interface_resync(f->link);
	assert_int_equal(f->link->state, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_DOWN);
	fake_netif.up = true;
	link_interface_resync(f->link);
	assert_int_equal(f->link->state, LINK_OPENING);
	fake_netif.deleted = true;
	link_interface_resync(f->link);
	assert_int_equal(fake_interface.lost, 1);
}

static void
leaves_events_of_other_interfaces_alone(void **state)
{
	struct fixture *f = *state;
	struct netwatch_event ev = { .kind = NETWATCH_DELETED, .index = 8 };

	bring_up(f);
	link_interface_event(f->link, &ev);
	assert_int_equal(f->link->state, LINK_UP);
}

static void
does_not_start_what_was_stopped(void **state)
{
	struct fixture *f = *state;
	struct netwatch_event ev = {
		.kind = NETWATCH_CHANGED, .index = 7, .up = true
	};

	bring_up(f);
	link_stop(f->link);
	link_interface_event(f->link, &ev);
	assert_int_equal(f->link->state, LINK_CLOSING);
	die(f, NULL);
	assert_int_equal(f->link->state, LINK_DOWN);
	assert_int_equal(fake_interface.released, 1);
}

static void
kills_a_pump_that_does_not_end(void **state)
{
	struct fixture *f = *state;
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	bring_up(f);
	link_stop(f->link);
	assert_int_equal(fake_pump.killed, 0);
	while (fake_pump.killed == 0 && clock_ms() < deadline_ms)
		event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(fake_pump.killed, 1);
	assert_int_equal(f->link->state, LINK_CLOSING);
}

static void
forgets_round_trips_to_another_peer(void **state)
{
	struct fixture *f = *state;
	struct conf_link to = f->conf;
	struct stats stats;

	f->link->ended.round_trip.last_ns = 5;
	link_change(f->link, &to, NULL);
	link_stats(f->link, &stats);
	assert_int_equal(stats.round_trip.last_ns, 5);
	to.live.liveness_probe = (struct ip){ .family = AF_INET };
	link_change(f->link, &f->conf, NULL);
	link_stats(f->link, &stats);
	assert_int_equal(stats.round_trip.last_ns, 0);
}

static void
kills_a_pump_that_does_not_answer(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	fake_pump.mute = true;
	run_until(f, LINK_CLOSING);
	assert_int_equal(fake_pump.killed, 1);
	assert_non_null(strstr(f->link->last_error.text, "does not answer"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(turns_the_carrier_on_only_when_the_port_is_open),
		TEST(takes_the_carrier_off_before_the_pump_is_reaped),
		TEST(waits_for_a_port_that_vanished_without_a_back_off),
		TEST(tries_what_has_nothing_behind_it_in_its_own_time),
		TEST(says_which_port_is_not_there),
		TEST(tries_at_once_what_came_back_while_the_pump_ended),
		TEST(leaves_a_back_off_when_the_port_changes),
		TEST(tries_what_has_just_appeared_in_short_order),
		TEST(tries_again_after_an_interface_that_could_not_be_made),
		TEST(tries_again_after_a_pump_that_could_not_be_forked),
		TEST(says_how_a_pump_died_that_could_not_say_it_itself),
		TEST(takes_the_last_report_of_a_pump_that_is_dead_already),
		TEST(opens_at_most_five_times_a_second),
		TEST(stays_down_while_somebody_holds_the_interface_down),
		TEST(
		    starts_again_where_the_interface_is_up_before_the_pump_is_gone),
		TEST(waits_where_the_interface_is_found_down),
		TEST(makes_a_deleted_interface_again),
		TEST(takes_the_down_of_a_deleted_interface_as_its_deletion),
		TEST(puts_settings_back_when_notifications_were_lost),
		TEST(finds_out_what_it_was_not_told),
		TEST(leaves_events_of_other_interfaces_alone),
		TEST(does_not_start_what_was_stopped),
		TEST(kills_a_pump_that_does_not_end),
		TEST(kills_a_pump_that_does_not_answer),
		TEST(forgets_round_trips_to_another_peer),
	};

	log_open(false, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

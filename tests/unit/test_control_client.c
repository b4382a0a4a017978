/* control_client: how long a client may take, and how much may wait for it. */
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "router/control_priv.h"

struct fixture {
	struct control control;
	struct control_client *client;
	int peer;
};

static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* A client that has been greeted, and its other end. */
static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct control *c = &f->control;
	int pair[2];

	signal(SIGPIPE, SIG_IGN);
	LIST_INIT(&c->clients);
	LIST_INIT(&c->gone);
	c->env.base = event_base_new();
	c->reap = evtimer_new(c->env.base, on_reap, NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	f->client = control_client_new(c, pair[0]);
	f->peer = pair[1];
	*state = f;
	return f->client ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	struct control *c = &f->control;

	control_client_cut(f->client, NULL);
	while (!LIST_EMPTY(&c->gone))
		control_client_free(LIST_FIRST(&c->gone));
	event_free(c->reap);
	event_base_free(c->env.base);
	close(f->peer);
	free(f);
	return 0;
}

static void
turn(struct fixture *f)
{
	event_base_loop(f->control.env.base, EVLOOP_NONBLOCK);
}

static bool
is_cut(const struct fixture *f)
{
	return f->client->fd < 0;
}

static void
tick_after(struct fixture *f, int64_t ms)
{
	control_client_tick(f->client, clock_ms() + ms);
}

/* Of the timer, each second. */
static void
ticks(struct fixture *f, int n)
{
	while (n-- > 0)
		tick_after(f, 0);
}

static void
send_bytes(struct fixture *f, size_t len, bool event)
{
	struct json j;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	json_init(&j, CONTROL_DOCUMENT_MAX);
	json_bytes(&j, NULL, text, len);
	assert_true(json_end(&j));
	if (event) {
		control_client_send_event(f->client, &j);
		json_clear(&j);
	} else {
		control_client_send(f->client, &j);
	}
	free(text);
}

static void
greets_at_once(void **state)
{
	struct fixture *f = *state;
	char text[200];
	ssize_t len = read(f->peer, text, sizeof(text));

	assert_true(len > 0);
	assert_true(strncmp(text, "{\"serial-router\":\"", 18) == 0);
	assert_int_equal(text[len - 1], '\n');
}

static void
lets_an_idle_client_stay_for_a_minute(void **state)
{
	struct fixture *f = *state;

	tick_after(f, 59000);
	assert_false(is_cut(f));
	tick_after(f, 61000);
	assert_true(is_cut(f));
}

static void
lets_a_watcher_stay(void **state)
{
	struct fixture *f = *state;

	f->client->watches = true;
	tick_after(f, 10 * 86400 * INT64_C(1000));
	assert_false(is_cut(f));
}

static void
lets_who_waits_for_a_reload_stay(void **state)
{
	struct fixture *f = *state;

	f->client->pending = true;
	tick_after(f, 61000);
	assert_false(is_cut(f));
	f->client->pending = false;
}

static void
gives_five_seconds_for_the_rest_of_a_request(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write(f->peer, "sho", 3), 3);
	turn(f);
	assert_int_equal(f->client->in_len, 3);
	tick_after(f, 4500);
	assert_false(is_cut(f));
	/* More of it does not buy time. */
	assert_int_equal(write(f->peer, "w", 1), 1);
	turn(f);
	tick_after(f, 5500);
	assert_true(is_cut(f));
}

static void
makes_room_when_idle_or_half_way_for_a_second(void **state)
{
	struct fixture *f = *state;

	assert_false(control_client_is_idle(f->client, clock_ms()));
	assert_true(control_client_is_idle(f->client, clock_ms() + 1000));
	f->client->watches = true;
	assert_false(control_client_is_idle(f->client, clock_ms() + 1000));
	f->client->watches = false;
	f->client->asked_ms -= 2000;
	assert_int_equal(write(f->peer, "sho", 3), 3);
	turn(f);
	assert_false(control_client_is_idle(f->client, clock_ms()));
	assert_true(control_client_is_idle(f->client, clock_ms() + 1000));
}

static void
cuts_off_who_takes_nothing(void **state)
{
	struct fixture *f = *state;

	/* So much that the socket does not hold it. */
	send_bytes(f, 4 * CONTROL_WAITING_MAX, false);
	turn(f);
	assert_true(control_client_waiting(f->client) > CONTROL_WAITING_MAX);
	ticks(f, 5);
	assert_false(is_cut(f));
	ticks(f, 1);
	assert_true(is_cut(f));
}

static void
gives_a_minute_where_little_waits(void **state)
{
	struct fixture *f = *state;
	char byte;

	while (control_client_waiting(f->client) == 0) {
		send_bytes(f, 50000, false);
		turn(f);
	}
	assert_true(control_client_waiting(f->client) < CONTROL_WAITING_MAX);
	ticks(f, 60);
	assert_false(is_cut(f));
	assert_int_equal(read(f->peer, &byte, 1), 1);
	ticks(f, 1);
	assert_true(is_cut(f));
}

static void
cuts_off_a_watcher_that_is_too_far_behind(void **state)
{
	struct fixture *f = *state;

	f->client->watches = true;
	while (
	    control_client_waiting(f->client) <= CONTROL_WAITING_MAX + 50003) {
		assert_false(is_cut(f));
		send_bytes(f, 50000, true);
		turn(f);
	}
	assert_false(is_cut(f));
	send_bytes(f, 1, true);
	assert_true(is_cut(f));
	/* What was said to it afterwards does no harm. */
	send_bytes(f, 1, true);
}

static void
gives_a_watcher_time_for_what_is_large(void **state)
{
	struct fixture *f = *state;

	f->client->watches = true;
	send_bytes(f, 4 * CONTROL_WAITING_MAX, false);
	turn(f);
	send_bytes(f, 4 * CONTROL_WAITING_MAX, true);
	send_bytes(f, 100, true);
	assert_false(is_cut(f));
	send_bytes(f, CONTROL_WAITING_MAX, true);
	send_bytes(f, CONTROL_WAITING_MAX, true);
	send_bytes(f, 100, true);
	assert_true(is_cut(f));
}

static void
reads_no_more_than_a_request_while_much_waits(void **state)
{
	struct fixture *f = *state;
	char text[3 * CONTROL_REQUEST_MAX];
	ssize_t sent;

	send_bytes(f, 4 * CONTROL_WAITING_MAX, false);
	turn(f);
	memset(text, '\n', sizeof(text));
	sent = write(f->peer, text, sizeof(text));
	assert_int_equal(sent, sizeof(text));
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(f->client->in_len, 0);
	assert_false(is_cut(f));
}

static void
notices_that_the_other_end_is_gone(void **state)
{
	struct fixture *f = *state;

	f->client->watches = true;
	assert_int_equal(shutdown(f->peer, SHUT_WR), 0);
	turn(f);
	tick_after(f, 0);
	assert_false(is_cut(f));
	close(f->peer);
	f->peer = open("/dev/null", O_RDONLY);
	tick_after(f, 0);
	assert_true(is_cut(f));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(greets_at_once),
		TEST(lets_an_idle_client_stay_for_a_minute),
		TEST(lets_a_watcher_stay),
		TEST(lets_who_waits_for_a_reload_stay),
		TEST(gives_five_seconds_for_the_rest_of_a_request),
		TEST(makes_room_when_idle_or_half_way_for_a_second),
		TEST(cuts_off_who_takes_nothing),
		TEST(gives_a_minute_where_little_waits),
		TEST(cuts_off_a_watcher_that_is_too_far_behind),
		TEST(gives_a_watcher_time_for_what_is_large),
		TEST(reads_no_more_than_a_request_while_much_waits),
		TEST(notices_that_the_other_end_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

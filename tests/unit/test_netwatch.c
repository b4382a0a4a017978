#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "netns.h"
#include "os/netwatch.h"

#define EVENTS_MAX 8192

struct log {
	struct netwatch_event events[EVENTS_MAX];
	size_t n;
};

static struct log seen;

static void
note(const struct netwatch_event *ev, void *arg)
{
	struct log *log = arg;

	assert_true(log->n < EVENTS_MAX);
	log->events[log->n++] = *ev;
}

static struct netwatch *
watch(void)
{
	struct error err;
	struct netwatch *w = netwatch_new(&err);

	if (!w)
		fail_msg("%s", err.text);
	seen.n = 0;
	return w;
}

static void
read_events(struct netwatch *w)
{
	struct error err;

	if (netwatch_read(w, note, &seen, &err) < 0)
		fail_msg("%s", err.text);
}

static bool
is_readable(const struct netwatch *w)
{
	struct pollfd p = { .fd = netwatch_fd(w), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static const struct netwatch_event *
find(enum netwatch_kind kind, const char *name, bool up)
{
	for (size_t i = seen.n; i > 0; i--) {
		const struct netwatch_event *ev = &seen.events[i - 1];

		if (ev->kind == kind && strcmp(ev->name, name) == 0 &&
		    ev->up == up)
			return ev;
	}
	return NULL;
}

/* Reads until there was such an event. */
static const struct netwatch_event *
wait_for(struct netwatch *w, enum netwatch_kind kind, const char *name, bool up)
{
	const struct netwatch_event *ev;
	int64_t begin = clock_ms();

	for (;;) {
		if (is_readable(w))
			read_events(w);
		ev = find(kind, name, up);
		if (ev)
			return ev;
		if (!wait_turn(begin, NETNS_DEADLINE_MS))
			fail_msg("no such event of \"%s\"", name);
	}
}

static void
tells_of_made_up_down_deleted(void **state)
{
	struct netwatch *w = watch();
	int tun = make_tun("uno0", IFF_TUN);
	int index = if_nametoindex("uno0");

	(void)state;
	assert_int_equal(
	    wait_for(w, NETWATCH_CHANGED, "uno0", false)->index, index);
	assert_int_equal(seen.events[0].kind, NETWATCH_CHANGED);
	run("ip link set uno0 up");
	assert_int_equal(
	    wait_for(w, NETWATCH_CHANGED, "uno0", true)->index, index);
	seen.n = 0;
	run("ip link set uno0 down");
	wait_for(w, NETWATCH_CHANGED, "uno0", false);
	close(tun);
	assert_int_equal(
	    wait_for(w, NETWATCH_DELETED, "uno0", false)->index, index);
	netwatch_free(w);
}

static void
tells_the_new_name(void **state)
{
	struct netwatch *w = watch();
	int tun = make_tun("uno0", IFF_TUN);

	(void)state;
	run("ip link set uno0 name uno1");
	assert_int_equal(wait_for(w, NETWATCH_CHANGED, "uno1", false)->index,
	    wait_for(w, NETWATCH_CHANGED, "uno0", false)->index);
	close(tun);
	wait_for(w, NETWATCH_DELETED, "uno1", false);
	netwatch_free(w);
}

static void
never_waits(void **state)
{
	struct netwatch *w = watch();

	(void)state;
	assert_false(is_readable(w));
	read_events(w);
	assert_int_equal(seen.n, 0);
	assert_true(fcntl(netwatch_fd(w), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(netwatch_fd(w), F_GETFL) & O_NONBLOCK);
	netwatch_free(w);
	netwatch_free(NULL);
}

/* A bridge announces that a port left it as a deleted link. */
static void
a_port_that_leaves_its_bridge_is_not_deleted(void **state)
{
	struct netwatch *w;
	int tap = make_tun("tap0", IFF_TAP);

	(void)state;
	/* Not every kernel has bridges. */
	if (strstr(
		run("ip link add br0 type bridge 2>&1 || echo none"), "none")) {
		close(tap);
		skip();
	}
	run("ip link set tap0 master br0");
	w = watch();
	run("ip link set tap0 nomaster; ip link set br0 up");
	wait_for(w, NETWATCH_CHANGED, "br0", true);
	assert_null(find(NETWATCH_DELETED, "tap0", false));
	run("ip link del br0");
	close(tap);
	netwatch_free(w);
}

static void
change_links(int times)
{
	run("for i in $(seq 1 %d); do echo link set lo mtu $((1500 + i %% 2));"
	    "done | ip -batch -",
	    times);
}

static void
one_call_reads_a_bounded_amount(void **state)
{
	struct netwatch *w = watch();

	(void)state;
	change_links(150);
	read_events(w);
	assert_true(seen.n > 0);
	assert_true(seen.n < 150);
	assert_true(is_readable(w));
	while (is_readable(w))
		read_events(w);
	assert_true(seen.n >= 150);
	assert_null(find(NETWATCH_RESYNC, "", false));
	netwatch_free(w);
}

static void
its_buffer_holds_hundreds_of_changes(void **state)
{
	struct netwatch *w = watch();
	int size = 0;
	socklen_t len = sizeof(size);

	(void)state;
	/* Whatever the limit of the system is. */
	getsockopt(netwatch_fd(w), SOL_SOCKET, SO_RCVBUF, &size, &len);
	assert_true(size >= 1024 * 1024);
	change_links(400);
	while (is_readable(w))
		read_events(w);
	assert_true(seen.n >= 400);
	assert_null(find(NETWATCH_RESYNC, "", false));
	netwatch_free(w);
}

/* What the kernel throws away after the first loss it does not tell again:
 * all that happens from the resync on must be told. */
static void
overflow(int buffer_bytes, int changes)
{
	struct netwatch *w = watch();
	const struct netwatch_event *ev;

	assert_int_equal(setsockopt(netwatch_fd(w), SOL_SOCKET, SO_RCVBUF,
			     &buffer_bytes, sizeof(buffer_bytes)),
	    0);
	for (int i = 0; i < 3; i++) {
		seen.n = 0;
		change_links(changes);
		assert_true(is_readable(w));
		while (!find(NETWATCH_RESYNC, "", false)) {
			assert_true(is_readable(w));
			read_events(w);
		}
		ev = find(NETWATCH_RESYNC, "", false);
		assert_int_equal(ev->index, 0);
		assert_ptr_equal(ev, &seen.events[seen.n - 1]);
		run("ip link set lo up");
		wait_for(w, NETWATCH_CHANGED, "lo", true);
		run("ip link set lo down");
		wait_for(w, NETWATCH_CHANGED, "lo", false);
	}
	netwatch_free(w);
}

static void
asks_for_a_resync_when_messages_were_lost(void **state)
{
	(void)state;
	overflow(1, 50);      /* room for next to nothing */
	overflow(65536, 500); /* about the amount that one call reads */
	overflow(200000, 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_of_made_up_down_deleted),
		cmocka_unit_test(tells_the_new_name),
		cmocka_unit_test(never_waits),
		cmocka_unit_test(a_port_that_leaves_its_bridge_is_not_deleted),
		cmocka_unit_test(one_call_reads_a_bounded_amount),
		cmocka_unit_test(its_buffer_holds_hundreds_of_changes),
		cmocka_unit_test(asks_for_a_resync_when_messages_were_lost),
	};

	netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The pump as a real process: forked, on a pty, with a socket for a TUN. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pump/pump.h"

#define DEADLINE_MS 10000

/* The smallest honest packet: a header alone, with its checksum. */
static const uint8_t packet[20] = { 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0x66,
	0xad, 10, 0, 0, 1, 10, 0, 0, 2 };

struct fixture {
	struct pump_options options;
	struct stats_page *page;
	char device[64];
	int master;    /* the other end of the line */
	int interface; /* the other end of the TUN */
	int sock;
	pid_t pid;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (f->master < 0 || grantpt(f->master) < 0 ||
	    unlockpt(f->master) < 0 ||
	    ptsname_r(f->master, f->device, sizeof(f->device)) != 0)
		return -1;
	f->page = stats_page_new();
	f->options = (struct pump_options){
		.link = "test",
		.port = { .device = f->device, .baud = 115200, .stop_bits = 1 },
		.live.leading_end = TX_LEADING_END_NEVER,
		.uid = 65534,
		.gid = 65534,
	};
	f->pid = -1;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	if (f->master >= 0)
		close(f->master);
	close(f->sock);
	close(f->interface);
	stats_page_free(f->page);
	free(f);
	return 0;
}

static void
start(struct fixture *f)
{
	int sock[2], tun[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, sock),
	    0);
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, tun),
	    0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0)
		pump_run(&f->options, tun[1], sock[1], f->page);
	close(sock[1]);
	close(tun[1]);
	f->sock = sock[0];
	f->interface = tun[0];
}

static void
wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
}

static struct pump_report
next_report(struct fixture *f)
{
	struct pump_report r;

	wait_readable(f->sock);
	assert_int_equal(read(f->sock, &r, sizeof(r)), sizeof(r));
	return r;
}

static void
assert_ended(struct fixture *f, enum pump_end why)
{
	struct pump_report r = next_report(f);
	int status;

	assert_int_equal(r.type, PUMP_ENDED);
	assert_int_equal(r.end, why);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	f->pid = -1;
	assert_int_equal(status, 0);
	assert_int_equal(f->page->trapped, -1);
}

static void
order(struct fixture *f, enum pump_order_type type, uint32_t question)
{
	struct pump_order o = { .type = type, .question = question };

	assert_int_equal(write(f->sock, &o, sizeof(o)), sizeof(o));
}

static struct stats
snapshot(struct fixture *f)
{
	struct stats stats;

	assert_true(stats_snapshot(f->page, &stats));
	assert_int_equal(stats_tx_imbalance(&stats), 0);
	assert_int_equal(stats_rx_imbalance(&stats), 0);
	return stats;
}

static void
moves_packets_both_ways_after_it_said_that_the_port_is_open(void **state)
{
	struct fixture *f = *state;
	struct pump_report r;
	uint8_t buf[64];

	start(f);
	r = next_report(f);
	assert_int_equal(r.type, PUMP_OPENED);
	assert_string_equal(r.port.node, f->device);
	assert_int_equal(r.port.baud, 115200);

	assert_int_equal(write(f->interface, packet, 20), 20);
	wait_readable(f->master);
	assert_int_equal(read(f->master, buf, sizeof(buf)), 21);
	assert_memory_equal(buf, packet, 20);

	assert_int_equal(write(f->master, packet, 20), 20);
	assert_int_equal(write(f->master, "\xc0", 1), 1);
	wait_readable(f->interface);
	assert_int_equal(read(f->interface, buf, sizeof(buf)), 20);
	assert_memory_equal(buf, packet, 20);

	order(f, PUMP_STOP, 0);
	assert_ended(f, PUMP_END_STOPPED);
	assert_int_equal(snapshot(f).tx_packets, 1);
	assert_int_equal(snapshot(f).rx_packets, 1);
}

static void
wait_answered(struct fixture *f, uint32_t question)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	while (f->page->answered != question && clock_ms() < deadline_ms)
		poll(NULL, 0, 1);
	assert_int_equal(f->page->answered, question);
}

static void
answers_the_supervisors_question(void **state)
{
	struct fixture *f = *state;

	start(f);
	next_report(f);
	order(f, PUMP_ASK, 7);
	wait_answered(f, 7);
}

static void
set(struct fixture *f, const struct pump_live *live)
{
	struct pump_order o = { .type = PUMP_SET, .live = *live };
	uint32_t question = f->page->answered + 1;

	assert_int_equal(write(f->sock, &o, sizeof(o)), sizeof(o));
	/* Orders are obeyed one after the other. */
	order(f, PUMP_ASK, question);
	wait_answered(f, question);
}

static void
takes_on_what_changes_while_it_runs(void **state)
{
	struct fixture *f = *state;
	struct pump_live live = f->options.live;
	uint8_t buf[64];

	start(f);
	next_report(f);
	live.leading_end = TX_LEADING_END_ALWAYS;
	set(f, &live);
	assert_int_equal(write(f->interface, packet, 20), 20);
	wait_readable(f->master);
	assert_int_equal(read(f->master, buf, sizeof(buf)), 22);
	assert_int_equal(buf[0], 0xc0);
	live.leading_end = TX_LEADING_END_NEVER;
	set(f, &live);
	assert_int_equal(write(f->interface, packet, 20), 20);
	wait_readable(f->master);
	assert_int_equal(read(f->master, buf, sizeof(buf)), 21);
}

/* UDP with a checksum that is none, and then a packet that is good. */
static void
checks_the_payload_from_when_it_is_told_to(void **state)
{
	static const uint8_t bad[] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0x66,
		0xcf, 10, 0, 0, 1, 10, 0, 0, 2, 0, 9, 0, 9, 0, 8, 0x12, 0x34,
		0xc0 };
	struct fixture *f = *state;
	struct pump_live live = f->options.live;
	uint8_t buf[64];

	start(f);
	next_report(f);
	for (int round = 0; round < 2; round++) {
		live.check = RX_CHECK_HEADER;
		set(f, &live);
		assert_int_equal(write(f->master, bad, 29), 29);
		wait_readable(f->interface);
		assert_int_equal(read(f->interface, buf, sizeof(buf)), 28);
		live.check = RX_CHECK_FULL;
		set(f, &live);
		assert_int_equal(write(f->master, bad, 29), 29);
		assert_int_equal(write(f->master, packet, 20), 20);
		assert_int_equal(write(f->master, "\xc0", 1), 1);
		wait_readable(f->interface);
		assert_int_equal(read(f->interface, buf, sizeof(buf)), 20);
	}
	order(f, PUMP_STOP, 0);
	assert_ended(f, PUMP_END_STOPPED);
	assert_int_equal(snapshot(f).rx_dropped[STATS_RX_PAYLOAD_CHECKSUM], 2);
}

static void
ends_when_the_supervisor_is_gone(void **state)
{
	struct fixture *f = *state;
	int status;

	start(f);
	next_report(f);
	close(f->sock);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	f->pid = -1;
	assert_int_equal(status, 0);
}

static void
ends_on_a_message_that_is_no_order(void **state)
{
	struct fixture *f = *state;

	start(f);
	next_report(f);
	assert_int_equal(write(f->sock, "?", 1), 1);
	assert_ended(f, PUMP_END_STOPPED);
}

static void
reports_a_hang_up(void **state)
{
	struct fixture *f = *state;

	start(f);
	next_report(f);
	close(f->master);
	f->master = -1;
	assert_ended(f, PUMP_END_HANGUP);
}

static void
reports_a_port_that_is_not_there(void **state)
{
	struct fixture *f = *state;

	f->options.port.device = strdup("/dev/there-is-no-such-port");
	start(f);
	assert_ended(f, PUMP_END_ABSENT);
	free(f->options.port.device);
}

static void
reports_a_port_that_is_none(void **state)
{
	struct fixture *f = *state;

	f->options.port.device = strdup("/dev/null");
	start(f);
	assert_ended(f, PUMP_END_FAILED);
	free(f->options.port.device);
}

static void
leaves_alone_what_a_terminal_sends_to_the_group(void **state)
{
	struct fixture *f = *state;

	start(f);
	next_report(f);
	assert_int_equal(kill(f->pid, SIGINT), 0);
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	order(f, PUMP_STOP, 0);
	assert_ended(f, PUMP_END_STOPPED);
}

static void
discards_what_arrives_while_the_line_settles(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[64];

	f->options.port.settle_ms = 1000;
	start(f);
	/* Early bytes fall to the flush at open, later ones to settling. */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(write(f->master, packet, 20), 20);
		assert_int_equal(write(f->master, "\xc0", 1), 1);
		poll(NULL, 0, 5);
	}
	assert_int_equal(next_report(f).type, PUMP_OPENED);
	assert_int_equal(read(f->interface, buf, sizeof(buf)), -1);
	assert_int_equal(snapshot(f).rx_frames, 0);
}

static void
counts_what_waited_in_the_interface_as_stale(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[64];

	f->options.port.settle_ms = 100;
	start(f);
	assert_int_equal(write(f->interface, packet, 20), 20);
	next_report(f);
	assert_int_equal(snapshot(f).tx_dropped[STATS_TX_STALE], 1);
	assert_int_equal(read(f->master, buf, sizeof(buf)), -1);
}

static void
accounts_for_what_was_queued_when_it_ended(void **state)
{
	struct fixture *f = *state;
	uint8_t big[1500] = { 0 };
	struct stats stats;
	int written = 0;

	start(f);
	next_report(f);
	assert_int_equal(tcflow(f->master, TCIOFF), 0);
	for (int i = 0; i < 40; i++) {
		struct pollfd p = { .fd = f->interface, .events = POLLOUT };

		if (poll(&p, 1, 1000) == 1 &&
		    write(f->interface, big, sizeof(big)) > 0)
			written++;
	}
	order(f, PUMP_STOP, 0);
	assert_ended(f, PUMP_END_STOPPED);
	stats = snapshot(f);
	assert_int_equal(stats.tx_queued, 0);
	assert_true(stats.tx_in_packets <= (uint64_t)written);
	assert_true(stats.tx_dropped[STATS_TX_CLOSED] +
		stats.tx_dropped[STATS_TX_FULL] >
	    0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    moves_packets_both_ways_after_it_said_that_the_port_is_open),
		TEST(answers_the_supervisors_question),
		TEST(takes_on_what_changes_while_it_runs),
		TEST(checks_the_payload_from_when_it_is_told_to),
		TEST(ends_when_the_supervisor_is_gone),
		TEST(ends_on_a_message_that_is_no_order),
		TEST(reports_a_hang_up),
		TEST(reports_a_port_that_is_not_there),
		TEST(reports_a_port_that_is_none),
		TEST(leaves_alone_what_a_terminal_sends_to_the_group),
		TEST(discards_what_arrives_while_the_line_settles),
		TEST(counts_what_waited_in_the_interface_as_stale),
		TEST(accounts_for_what_was_queued_when_it_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pump/tx.h"

#define START_NS (100 * CLOCK_NS_PER_S)
#define MS CLOCK_NS_PER_MS

/* The interface is a socket that keeps packets apart, the line a pipe. */
struct fixture {
	struct tx tx;
	struct stats stats;
	struct port_settings port;
	struct port_info info;
	struct tx_settings settings;
	void *pool;
	int interface[2]; /* tx reads 0, the test writes 1 */
	int line[2];      /* the test reads 0, tx writes 1 */
	struct error err;
};

static void
init(struct fixture *f, enum tx_leading_end leading_end)
{
	static const uint8_t key[FLOW_KEY_BYTES] = "a key";

	free(f->pool);
	f->pool = calloc(1, tx_pool_size());
	assert_non_null(f->pool);
	f->settings.leading_end = leading_end;
	f->settings.limit_ms = 2000;
	memset(&f->stats, 0, sizeof(f->stats));
	tx_init(&f->tx, &f->port, &f->info, &f->settings, f->pool, key,
	    &f->stats, START_NS);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f ||
	    socketpair(
		AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, f->interface) < 0 ||
	    pipe2(f->line, O_NONBLOCK) < 0)
		return -1;
	f->port.baud = 115200;
	f->port.stop_bits = 1;
	init(f, TX_LEADING_END_NEVER);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		close(f->interface[i]);
		close(f->line[i]);
	}
	free(f->pool);
	free(f);
	return 0;
}

static void
put(struct fixture *f, const void *packet, size_t len)
{
	assert_int_equal(write(f->interface[1], packet, len), len);
}

/* What the line got since the last call. */
static size_t
line_bytes(struct fixture *f, uint8_t *buf, size_t size)
{
	ssize_t len = read(f->line[0], buf, size);

	return len < 0 ? 0 : len;
}

static void
pump_at(struct fixture *f, int64_t now_ns)
{
	assert_int_equal(
	    tx_read_interface(&f->tx, f->interface[0], now_ns, &f->err), 0);
	if (tx_blocked(&f->tx))
		tx_writable(&f->tx, now_ns);
	assert_int_equal(tx_write_line(&f->tx, f->line[1], now_ns, &f->err), 0);
	assert_int_equal(stats_tx_imbalance(&f->stats), 0);
}

static void
assert_line(struct fixture *f, const char *bytes, size_t len)
{
	uint8_t buf[256];

	assert_int_equal(line_bytes(f, buf, sizeof(buf)), len);
	assert_memory_equal(buf, bytes, len);
}

static void
sends_packets_in_their_order(void **state)
{
	struct fixture *f = *state;

	put(f, "one", 3);
	put(f, "two\xc0", 4);
	pump_at(f, START_NS);
	assert_line(f, "one\xc0two\xdb\xdc\xc0", 10);
	assert_int_equal(f->stats.tx_packets, 2);
	assert_int_equal(f->stats.tx_bytes, 7);
	assert_int_equal(f->stats.tx_line_bytes, 10);
	assert_false(tx_pending(&f->tx));
}

static void
puts_an_end_first_only_after_a_silence(void **state)
{
	struct fixture *f = *state;

	init(f, TX_LEADING_END_IDLE);
	put(f, "a", 1);
	pump_at(f, START_NS);
	assert_line(f,
	    "\xc0"
	    "a\xc0",
	    3);
	put(f, "b", 1);
	pump_at(f, START_NS + 19 * MS);
	assert_line(f, "b\xc0", 2);
	put(f, "c", 1);
	pump_at(f, START_NS + 39 * MS);
	assert_line(f,
	    "\xc0"
	    "c\xc0",
	    3);
}

static void
takes_two_characters_as_the_silence_of_a_slow_line(void **state)
{
	struct fixture *f = *state;

	f->port.baud = 50;
	init(f, TX_LEADING_END_IDLE);
	put(f, "a", 1);
	pump_at(f, START_NS);
	put(f, "b", 1);
	pump_at(f, START_NS + 399 * MS);
	assert_line(f,
	    "\xc0"
	    "a\xc0"
	    "b\xc0",
	    5);
	put(f, "c", 1);
	pump_at(f, START_NS + 799 * MS);
	assert_line(f,
	    "\xc0"
	    "c\xc0",
	    3);
}

static void
puts_an_end_first_always_where_asked_to(void **state)
{
	struct fixture *f = *state;

	init(f, TX_LEADING_END_ALWAYS);
	put(f, "a", 1);
	put(f, "b", 1);
	pump_at(f, START_NS);
	assert_line(f,
	    "\xc0"
	    "a\xc0\xc0"
	    "b\xc0",
	    6);
}

static void
escapes_xon_and_xoff_with_software_flow_control(void **state)
{
	struct fixture *f = *state;

	f->port.flow = PORT_FLOW_XONXOFF;
	init(f, TX_LEADING_END_NEVER);
	put(f, "\x11\x13", 2);
	pump_at(f, START_NS);
	assert_line(f, "\xdb\xde\xdb\xdf\xc0", 5);
}

static void
fill_line(struct fixture *f)
{
	uint8_t junk[4096] = { 0 };

	while (write(f->line[1], junk, sizeof(junk)) > 0)
		;
	while (write(f->line[1], junk, 1) > 0)
		;
}

static void
keeps_the_rest_of_a_frame_that_went_out_in_part(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[9000], line[3 * 65536];
	size_t len = 0, junk;

	memset(packet, 'x', sizeof(packet));
	/* Room for one page: less than the frame. */
	fill_line(f);
	junk = line_bytes(f, line, 4096);
	assert_int_equal(junk, 4096);
	put(f, packet, sizeof(packet));
	pump_at(f, START_NS);
	assert_true(tx_pending(&f->tx));
	assert_int_equal(f->stats.tx_packets, 0);
	assert_int_equal(f->stats.tx_queued, 1);
	for (size_t n; (n = line_bytes(f, line, sizeof(line))) > 0;)
		len = n;
	pump_at(f, START_NS);
	assert_int_equal(f->stats.tx_packets, 1);
	assert_int_equal(f->stats.tx_line_bytes, sizeof(packet) + 1);
	len = line_bytes(f, line, sizeof(line));
	assert_int_equal(line[len - 1], 0xc0);
}

static void
counts_what_the_queue_has_no_room_for(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[1500] = { 0 };
	int sent = 0;

	fill_line(f);
	while (f->stats.tx_dropped[STATS_TX_FULL] == 0 && sent++ < 1000) {
		put(f, packet, sizeof(packet));
		pump_at(f, START_NS);
	}
	assert_true(f->stats.tx_dropped[STATS_TX_FULL] >= 1);
	assert_true(f->stats.tx_queued >= FQ_LIMIT_PACKETS);
	assert_true(f->stats.queue_bytes <= f->stats.queue_limit_bytes);
	assert_int_equal(f->stats.queue_flows, 1);
	tx_close(&f->tx);
	assert_int_equal(f->stats.tx_queued, 0);
	assert_int_equal(stats_tx_imbalance(&f->stats), 0);
	assert_false(tx_pending(&f->tx));
}

static void
drops_a_packet_above_every_mtu_of_ours(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[9001] = { 0 };

	put(f, packet, sizeof(packet));
	pump_at(f, START_NS);
	assert_int_equal(f->stats.tx_dropped[STATS_TX_OVERSIZED], 1);
	put(f, packet, sizeof(packet) - 1);
	pump_at(f, START_NS);
	assert_int_equal(f->stats.tx_packets, 1);
}

static void
reads_out_and_counts_what_is_stale(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[16];

	put(f, "old", 3);
	put(f, "older", 5);
	assert_int_equal(tx_drain_stale(&f->tx, f->interface[0], &f->err), 0);
	pump_at(f, START_NS);
	assert_int_equal(line_bytes(f, buf, sizeof(buf)), 0);
	assert_int_equal(f->stats.tx_dropped[STATS_TX_STALE], 2);
	assert_int_equal(f->stats.tx_in_bytes, 8);
}

static void
says_that_the_line_hung_up(void **state)
{
	struct fixture *f = *state;

	put(f, "x", 1);
	assert_int_equal(
	    tx_read_interface(&f->tx, f->interface[0], START_NS, &f->err), 0);
	assert_int_equal(tx_write_line(&f->tx, -1, START_NS, &f->err), -1);
	assert_int_equal(f->err.code, EBADF);
	tx_close(&f->tx);
	assert_int_equal(f->stats.tx_dropped[STATS_TX_CLOSED], 1);
	assert_int_equal(stats_tx_imbalance(&f->stats), 0);
}

static int64_t
line_ns(int64_t bytes)
{
	return bytes * 10 * CLOCK_NS_PER_S / 115200;
}

/* The line is a pipe, which tells nothing of itself: by the clock alone. */
static void
gives_a_paced_line_the_next_packet_when_the_last_is_almost_out(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[1500] = { 0 }, line[4096];
	int64_t now_ns = START_NS;

	f->settings.pace = true;
	init(f, TX_LEADING_END_NEVER);
	for (int i = 0; i < 4; i++)
		put(f, packet, sizeof(packet));
	pump_at(f, now_ns);
	for (int i = 1; i < 4; i++) {
		int64_t done_ns = START_NS + i * line_ns(1501);

		assert_int_equal(line_bytes(f, line, sizeof(line)), 1501);
		assert_false(tx_blocked(&f->tx));
		assert_int_equal(f->stats.tx_queued, 4 - i);
		while (f->stats.tx_queued == 4u - i) {
			assert_true(tx_next_ns(&f->tx) > now_ns);
			now_ns = tx_next_ns(&f->tx);
			pump_at(f, now_ns - 1);
			assert_int_equal(f->stats.tx_queued, 4 - i);
			pump_at(f, now_ns);
		}
		assert_true(now_ns >= done_ns - PACE_AHEAD_NS);
		assert_true(now_ns < done_ns);
	}
	assert_int_equal(tx_next_ns(&f->tx), INT64_MAX);
	assert_true((int64_t)f->stats.tx_tty_wait_max_ns <=
	    line_ns(1501) + PACE_AHEAD_NS);
	/* The clock's rounding aside. */
	assert_true((int64_t)f->stats.tx_busy_ns > line_ns(4 * 1501) - MS);
	assert_true((int64_t)f->stats.tx_busy_ns <= line_ns(4 * 1501));
}

static void
gives_a_paced_line_small_packets_together(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[9] = { 0 }, line[256];

	f->settings.pace = true;
	init(f, TX_LEADING_END_IDLE);
	for (int i = 0; i < 6; i++)
		put(f, packet, sizeof(packet));
	pump_at(f, START_NS);
	/* 2 ms are 23 bytes; the first frame has a leading END. */
	assert_int_equal(line_bytes(f, line, sizeof(line)), 31);
	assert_int_equal(f->stats.tx_packets, 3);
}

/* Else whatever comes at once after a silence was before the next ping. */
static void
gives_a_line_that_was_idle_one_packet_at_a_time(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[1500] = { 0 }, line[8192];

	f->settings.pace = true;
	init(f, TX_LEADING_END_NEVER);
	for (int i = 0; i < 4; i++)
		put(f, packet, sizeof(packet));
	pump_at(f, START_NS + CLOCK_NS_PER_S);
	assert_int_equal(line_bytes(f, line, sizeof(line)), 1501);
	assert_int_equal(f->stats.tx_queued, 3);
}

static void
changes_its_settings_at_once(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[1500] = { 0 }, line[8192];

	f->settings.pace = true;
	init(f, TX_LEADING_END_NEVER);
	for (int i = 0; i < 4; i++)
		put(f, packet, sizeof(packet));
	pump_at(f, START_NS);
	assert_int_equal(line_bytes(f, line, sizeof(line)), 1501);
	f->settings.pace = false;
	f->settings.leading_end = TX_LEADING_END_ALWAYS;
	f->settings.limit_ms = 60000;
	tx_set(&f->tx, &f->settings, START_NS + MS);
	assert_int_equal(tx_next_ns(&f->tx), START_NS + MS);
	pump_at(f, START_NS + MS);
	assert_int_equal(line_bytes(f, line, sizeof(line)), 3 * 1502);
	assert_true(f->stats.queue_limit_bytes > 60 * 11000);
	/* What it wrote unpaced says nothing of what the tty holds. */
	f->settings.pace = true;
	tx_set(&f->tx, &f->settings, START_NS + 2 * MS);
	put(f, packet, sizeof(packet));
	pump_at(f, START_NS + 2 * MS);
	assert_int_equal(line_bytes(f, line, sizeof(line)), 1502);
}

static void
counts_how_long_packets_wait_in_the_queue(void **state)
{
	struct fixture *f = *state;

	fill_line(f);
	put(f, "x", 1);
	pump_at(f, START_NS);
	put(f, "y", 1);
	pump_at(f, START_NS + MS);
	assert_int_equal(f->stats.tx_delays[0], 1);
	while (line_bytes(f, (uint8_t[4096]){ 0 }, 4096) > 0)
		;
	/* y waited from 1 to 43 ms. */
	pump_at(f, START_NS + 43 * MS);
	assert_int_equal(f->stats.tx_delays[5], 1);
	assert_int_equal(f->stats.tx_packets, 2);
}

/* Looks whenever tx asks for it; when output was found to be stuck, or -1 by
 * until_ns. */
static int64_t
look_until_stuck(struct fixture *f, int64_t until_ns)
{
	int64_t now_ns;

	while ((now_ns = tx_next_ns(&f->tx)) <= until_ns) {
		assert_false(tx_look(&f->tx, f->line[1], now_ns - 1));
		if (tx_look(&f->tx, f->line[1], now_ns))
			return now_ns;
	}
	return -1;
}

static void
finds_output_stuck_after_five_seconds(void **state)
{
	struct fixture *f = *state;
	int64_t now_ns = START_NS + 5 * CLOCK_NS_PER_S;
	uint8_t line[65536];

	fill_line(f);
	assert_int_equal(tx_next_ns(&f->tx), INT64_MAX);
	put(f, "x", 1);
	pump_at(f, START_NS);
	assert_int_equal(look_until_stuck(f, INT64_MAX), now_ns);
	assert_true(f->tx.stuck);
	assert_int_equal(f->stats.tx_stuck, 1);

	while (line_bytes(f, line, sizeof(line)) > 0)
		;
	pump_at(f, now_ns + MS);
	assert_false(f->tx.stuck);
	assert_int_equal(f->stats.tx_packets, 1);
}

static void
says_again_that_output_is_stuck_but_counts_it_once(void **state)
{
	struct fixture *f = *state;
	int64_t now_ns;

	fill_line(f);
	put(f, "x", 1);
	pump_at(f, START_NS);
	now_ns = look_until_stuck(f, INT64_MAX);
	/* So that an XOFF that comes again can be undone again. */
	assert_int_equal(
	    look_until_stuck(f, INT64_MAX), now_ns + 5 * CLOCK_NS_PER_S);
	assert_int_equal(f->stats.tx_stuck, 1);
}

static void
gives_a_slow_line_the_time_of_a_tty_buffer(void **state)
{
	struct fixture *f = *state;

	f->port.baud = 1200;
	init(f, TX_LEADING_END_NEVER);
	fill_line(f);
	put(f, "x", 1);
	pump_at(f, START_NS);
	/* 4096 bytes of 10 bits, and a quarter more. */
	assert_int_equal(
	    look_until_stuck(f, START_NS + 42 * CLOCK_NS_PER_S), -1);
	assert_true(look_until_stuck(f, START_NS + 43 * CLOCK_NS_PER_S) > 0);
}

static void
takes_a_tty_that_drains_as_progress(void **state)
{
	struct fixture *f = *state;
	int64_t now_ns = START_NS;
	int unsent;

	/* A pipe does not tell: the number seen last is set by hand. */
	fill_line(f);
	put(f, "x", 1);
	pump_at(f, now_ns);
	assert_int_equal(ioctl(f->line[1], TIOCOUTQ, &unsent), -1);
	for (int i = 0; i < 20; i++) {
		f->tx.unsent = 1;
		now_ns = tx_next_ns(&f->tx);
		assert_false(tx_look(&f->tx, f->line[1], now_ns));
	}
	assert_true(now_ns >= START_NS + 20 * CLOCK_NS_PER_S);
	assert_int_equal(
	    look_until_stuck(f, INT64_MAX), now_ns + 5 * CLOCK_NS_PER_S);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_packets_in_their_order),
		TEST(puts_an_end_first_only_after_a_silence),
		TEST(takes_two_characters_as_the_silence_of_a_slow_line),
		TEST(puts_an_end_first_always_where_asked_to),
		TEST(escapes_xon_and_xoff_with_software_flow_control),
		TEST(keeps_the_rest_of_a_frame_that_went_out_in_part),
		TEST(counts_what_the_queue_has_no_room_for),
		TEST(drops_a_packet_above_every_mtu_of_ours),
		TEST(reads_out_and_counts_what_is_stale),
		TEST(says_that_the_line_hung_up),
		TEST(
		    gives_a_paced_line_the_next_packet_when_the_last_is_almost_out),
		TEST(gives_a_paced_line_small_packets_together),
		TEST(gives_a_line_that_was_idle_one_packet_at_a_time),
		TEST(changes_its_settings_at_once),
		TEST(counts_how_long_packets_wait_in_the_queue),
		TEST(finds_output_stuck_after_five_seconds),
		TEST(says_again_that_output_is_stuck_but_counts_it_once),
		TEST(gives_a_slow_line_the_time_of_a_tty_buffer),
		TEST(takes_a_tty_that_drains_as_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

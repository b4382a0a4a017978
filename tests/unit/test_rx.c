#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/packet.h"
#include "pump/rx.h"

/* The interface's end: keeps the last packet, answers as told. */
struct interface {
	uint8_t packet[RX_PACKET_MAX];
	size_t len;
	unsigned writes;
	int answer;
};

struct fixture {
	struct rx rx;
	struct stats stats;
	struct interface interface;
};

static int
write_interface(void *arg, const uint8_t *packet, size_t len)
{
	struct interface *i = arg;

	assert_int_equal(packet_check(packet, len), PACKET_GOOD);
	memcpy(i->packet, packet, len);
	i->len = len;
	i->writes++;
	return i->answer;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	rx_init(&f->rx, false, &f->stats, write_interface, &f->interface);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

/* Makes a packet of 20 bytes and more for 4, of 40 and more for 6. */
static size_t
make_packet(uint8_t *p, unsigned version, size_t len)
{
	const uint8_t ipv4[20] = { 0x45, 0, 0, 0, 0xc0, 0xdb, 0x40, 0, 64, 17,
		0, 0, 10, 64, 0, 1, 10, 64, 0, 2 };
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		p[i] = i * 7;
	if (version == 6) {
		p[0] = 0x60;
		p[4] = (len - 40) >> 8;
		p[5] = (len - 40) & 0xff;
		return len;
	}
	memcpy(p, ipv4, sizeof(ipv4));
	p[2] = len >> 8;
	p[3] = len & 0xff;
	for (size_t i = 0; i < sizeof(ipv4); i += 2)
		sum += p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	p[10] = (uint8_t)(~sum >> 8);
	p[11] = (uint8_t)~sum;
	return len;
}

static void
assert_balanced(const struct fixture *f)
{
	assert_int_equal(stats_rx_imbalance(&f->stats), 0);
}

/* Sends one packet as a frame; returns what rx_input said. */
static int
send_packet(struct fixture *f, const uint8_t *packet, size_t len)
{
	static uint8_t line[SLIP_ENCODED_MAX(RX_PACKET_MAX + 1000)];
	size_t n = slip_encode(line, packet, len, true, f->rx.slip.escape_xon);
	int result = rx_input(&f->rx, line, n);

	assert_balanced(f);
	return result;
}

static void
send_good(struct fixture *f)
{
	uint8_t packet[60];

	make_packet(packet, 4, sizeof(packet));
	assert_int_equal(send_packet(f, packet, sizeof(packet)), 0);
}

static void
delivers_good_packets_and_counts_them(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[100];

	make_packet(packet, 4, 84);
	assert_int_equal(send_packet(f, packet, 84), 0);
	assert_int_equal(f->interface.len, 84);
	assert_memory_equal(f->interface.packet, packet, 84);
	make_packet(packet, 6, 100);
	assert_int_equal(send_packet(f, packet, 100), 0);
	assert_int_equal(f->interface.len, 100);
	assert_memory_equal(f->interface.packet, packet, 100);
	assert_int_equal(f->interface.writes, 2);
	assert_int_equal(f->stats.rx_frames, 2);
	assert_int_equal(f->stats.rx_packets, 2);
	assert_int_equal(f->stats.rx_bytes, 184);
}

static void
counts_every_byte_of_the_line(void **state)
{
	const uint8_t line[] = { 0xc0, 'x', 0xc0, 0xc0, 'y' };
	struct fixture *f = *state;

	assert_int_equal(rx_input(&f->rx, line, sizeof(line)), 0);
	assert_int_equal(rx_input(&f->rx, line, 0), 0);
	assert_int_equal(f->stats.rx_line_bytes, sizeof(line));
	assert_int_equal(f->stats.rx_frames, 1);
}

static void
line_fill_of_ends_is_no_frame(void **state)
{
	struct fixture *f = *state;
	uint8_t fill[300];

	memset(fill, SLIP_END, sizeof(fill));
	assert_int_equal(rx_input(&f->rx, fill, sizeof(fill)), 0);
	assert_int_equal(f->stats.rx_frames, 0);
	assert_int_equal(f->stats.rx_line_bytes, sizeof(fill));
}

static void
the_largest_packet_is_delivered_a_larger_one_is_not(void **state)
{
	static uint8_t packet[RX_PACKET_MAX + 1];
	struct fixture *f = *state;

	make_packet(packet, 4, RX_PACKET_MAX);
	assert_int_equal(send_packet(f, packet, RX_PACKET_MAX), 0);
	assert_int_equal(f->stats.rx_packets, 1);
	make_packet(packet, 4, RX_PACKET_MAX + 1);
	assert_int_equal(send_packet(f, packet, RX_PACKET_MAX + 1), 0);
	assert_int_equal(f->stats.rx_packets, 1);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_OVERSIZED], 1);
	send_good(f);
	assert_int_equal(f->stats.rx_packets, 2);
}

static void
what_fails_before_the_first_good_frame_is_noise(void **state)
{
	static const uint8_t noise[] = "\xc5ttyUSB0 login: \xc0"
				       "Booting\xc0\xdb\xc0\xdb.\xc0"
				       "E\xc0`\xc0";
	static uint8_t large[RX_PACKET_MAX + 1];
	struct fixture *f = *state;

	assert_int_equal(rx_input(&f->rx, noise, sizeof(noise) - 1), 0);
	assert_balanced(f);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_NOISE], 6);
	send_packet(f, large, sizeof(large));
	assert_int_equal(f->stats.rx_dropped[STATS_RX_NOISE], 7);
	send_good(f);
	assert_int_equal(f->stats.rx_packets, 1);
	assert_int_equal(rx_input(&f->rx, noise, sizeof(noise) - 1), 0);
	assert_balanced(f);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_NOISE], 7);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_ESCAPE], 2);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_VERSION], 1);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_HEADER_LENGTH], 1);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_TRUNCATED], 2);
}

static void
a_new_start_is_in_the_noise_again(void **state)
{
	struct fixture *f = *state;

	send_good(f);
	rx_init(&f->rx, false, &f->stats, write_interface, &f->interface);
	assert_int_equal(send_packet(f, (const uint8_t *)"??", 2), 0);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_NOISE], 1);
	assert_int_equal(f->stats.rx_packets, 1);
}

static void
damage_is_counted_by_its_cause(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[80];

	send_good(f);
	make_packet(packet, 4, 60);
	packet[0] = 0x55;
	send_packet(f, packet, 60);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_VERSION], 1);
	make_packet(packet, 4, 60);
	send_packet(f, packet, 19);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_TRUNCATED], 1);
	packet[0] = 0x44;
	send_packet(f, packet, 60);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_HEADER_LENGTH], 1);
	make_packet(packet, 4, 60);
	send_packet(f, packet, 59);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_TOTAL_LENGTH], 1);
	packet[8]--;
	send_packet(f, packet, 60);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_HEADER_CHECKSUM], 1);
	make_packet(packet, 6, 60);
	send_packet(f, packet, 61);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_TOTAL_LENGTH], 2);
	assert_int_equal(f->stats.rx_packets, 1);
	assert_int_equal(f->interface.writes, 1);
}

/* Bytes that no checksum holds for, as UDP: from one packet to the next. */
static void
the_payload_is_checked_where_that_is_asked_for(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[60];

	send_good(f);
	make_packet(packet, 4, 60);
	f->rx.check = RX_CHECK_FULL;
	send_packet(f, packet, 60);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_PAYLOAD_CHECKSUM], 1);
	assert_int_equal(f->interface.writes, 1);
	f->rx.check = RX_CHECK_HEADER;
	send_packet(f, packet, 60);
	assert_int_equal(f->interface.writes, 2);
	f->rx.check = RX_CHECK_FULL;
	packet[26] = packet[27] = 0; /* UDP without a checksum */
	send_packet(f, packet, 60);
	assert_int_equal(f->interface.writes, 3);
	packet[8]--;
	send_packet(f, packet, 60);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_HEADER_CHECKSUM], 1);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_PAYLOAD_CHECKSUM], 1);
	assert_int_equal(stats_rx_imbalance(&f->stats), 0);
}

static void
a_refused_packet_is_counted_and_life_goes_on(void **state)
{
	static const int answers[] = { EIO, EINVAL, ENOBUFS, ENOMEM, EAGAIN };
	struct fixture *f = *state;

	for (unsigned i = 0; i < 5; i++) {
		f->interface.answer = answers[i];
		send_good(f);
		assert_int_equal(f->stats.rx_dropped[STATS_RX_REFUSED], i + 1);
	}
	f->interface.answer = 0;
	send_good(f);
	assert_int_equal(f->stats.rx_packets, 1);
	assert_int_equal(f->stats.rx_bytes, 60);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_NOISE], 0);
}

static void
a_refused_packet_ends_the_noise_too(void **state)
{
	struct fixture *f = *state;

	f->interface.answer = EIO;
	send_good(f);
	assert_int_equal(send_packet(f, (const uint8_t *)"?", 1), 0);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_VERSION], 1);
}

static void
says_so_when_the_interface_is_gone(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[20], line[2 * SLIP_ENCODED_MAX(sizeof(packet))];
	size_t len;

	make_packet(packet, 4, sizeof(packet));
	len = slip_encode(line, packet, sizeof(packet), false, false);
	len += slip_encode(line + len, packet, sizeof(packet), false, false);
	f->interface.answer = EBADFD;
	assert_int_equal(rx_input(&f->rx, line, len), EBADFD);
	assert_int_equal(f->interface.writes, 1);
	assert_int_equal(f->stats.rx_frames, 1);
	assert_int_equal(f->stats.rx_dropped[STATS_RX_REFUSED], 1);
	assert_balanced(f);
}

static void
escaped_xon_and_xoff_come_through(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[48];

	rx_init(&f->rx, true, &f->stats, write_interface, &f->interface);
	make_packet(packet, 6, sizeof(packet));
	memset(packet + 40, SLIP_XON, 4);
	memset(packet + 44, SLIP_XOFF, 4);
	assert_int_equal(send_packet(f, packet, sizeof(packet)), 0);
	assert_int_equal(f->interface.len, sizeof(packet));
	assert_memory_equal(f->interface.packet, packet, sizeof(packet));
}

static void
a_lost_byte_is_never_delivered(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[64], line[SLIP_ENCODED_MAX(sizeof(packet))];
	uint8_t damaged[sizeof(line)];
	size_t len;

	for (unsigned version = 4; version <= 6; version += 2) {
		make_packet(packet, version, sizeof(packet));
		len = slip_encode(line, packet, sizeof(packet), false, false);
		for (size_t at = 0; at + 1 < len; at++) {
			memcpy(damaged, line, at);
			memcpy(damaged + at, line + at + 1, len - at - 1);
			assert_int_equal(rx_input(&f->rx, damaged, len - 1), 0);
			assert_balanced(f);
			assert_int_equal(f->interface.writes, 0);
		}
	}
}

static void
no_flipped_bit_of_an_ipv4_header_is_delivered(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[64], line[SLIP_ENCODED_MAX(sizeof(packet))];
	size_t len, header_len;

	make_packet(packet, 4, sizeof(packet));
	header_len = slip_encode(line, packet, 20, false, false) - 1;
	len = slip_encode(line, packet, sizeof(packet), false, false);
	for (size_t bit = 0; bit < 8 * header_len; bit++) {
		line[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(rx_input(&f->rx, line, len), 0);
		assert_balanced(f);
		assert_int_equal(f->interface.writes, 0);
		line[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(rx_input(&f->rx, line, len), 0);
	assert_int_equal(f->interface.writes, 1);
}

static void
the_counters_do_not_depend_on_how_input_is_split(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[64], line[1024];
	struct stats whole;
	size_t len = 0;

	memcpy(line, "noise\xc0", 6);
	len += 6;
	make_packet(packet, 4, sizeof(packet));
	len += slip_encode(line + len, packet, 64, true, false);
	len += slip_encode(line + len, packet, 63, false, false);
	memcpy(line + len, "E\xdb\xdb.\xc0\xdb\xc0", 7);
	len += 7;
	make_packet(packet, 6, sizeof(packet));
	len += slip_encode(line + len, packet, 64, true, false);
	assert_int_equal(rx_input(&f->rx, line, len), 0);
	whole = f->stats;
	for (size_t step = 1; step < len; step++) {
		memset(&f->stats, 0, sizeof(f->stats));
		rx_init(
		    &f->rx, false, &f->stats, write_interface, &f->interface);
		for (size_t at = 0; at < len; at += step) {
			size_t n = len - at < step ? len - at : step;

			assert_int_equal(rx_input(&f->rx, line + at, n), 0);
			assert_balanced(f);
		}
		assert_memory_equal(&f->stats, &whole, sizeof(whole));
	}
}

/* How much is missing of a frame of which so many bytes are here. */
static size_t
missing(struct fixture *f, const uint8_t *line, size_t len)
{
	rx_init(&f->rx, false, &f->stats, write_interface, &f->interface);
	assert_int_equal(rx_input(&f->rx, line, len), 0);
	return rx_missing(&f->rx);
}

static void
tells_how_much_a_frame_must_still_bring(void **state)
{
	struct fixture *f = *state;
	uint8_t packet[200], line[SLIP_ENCODED_MAX(sizeof(packet))];

	for (unsigned version = 4; version <= 6; version += 2) {
		size_t len = make_packet(packet, version, sizeof(packet));
		size_t n = slip_encode(line, packet, len, false, false);

		for (size_t i = 0; i < 6; i++)
			assert_int_equal(missing(f, line, i), 0);
		/* Escapes make it more, never less. */
		for (size_t i = 8; i < n; i++) {
			assert_true(missing(f, line, i) > 0);
			assert_true(missing(f, line, i) <= n - i);
		}
		assert_int_equal(missing(f, line, n - 1), 1);
		assert_int_equal(missing(f, line, n), 0);
	}
}

static void
tells_nothing_of_what_is_no_packet(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(missing(f, (const uint8_t *)"Welcome to x", 12), 0);
	/* Longer than it says. */
	assert_int_equal(missing(f, (const uint8_t *)"E\0\0\5abcdefg", 11), 0);
	/* Damaged. */
	assert_int_equal(
	    missing(f, (const uint8_t *)"E\0\1\0ab\xdb?fg", 10), 0);
}

#define RX_TEST(claim) cmocka_unit_test_setup_teardown(claim, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RX_TEST(delivers_good_packets_and_counts_them),
		RX_TEST(counts_every_byte_of_the_line),
		RX_TEST(line_fill_of_ends_is_no_frame),
		RX_TEST(the_largest_packet_is_delivered_a_larger_one_is_not),
		RX_TEST(what_fails_before_the_first_good_frame_is_noise),
		RX_TEST(a_new_start_is_in_the_noise_again),
		RX_TEST(damage_is_counted_by_its_cause),
		RX_TEST(the_payload_is_checked_where_that_is_asked_for),
		RX_TEST(a_refused_packet_is_counted_and_life_goes_on),
		RX_TEST(a_refused_packet_ends_the_noise_too),
		RX_TEST(says_so_when_the_interface_is_gone),
		RX_TEST(escaped_xon_and_xoff_come_through),
		RX_TEST(a_lost_byte_is_never_delivered),
		RX_TEST(no_flipped_bit_of_an_ipv4_header_is_delivered),
		RX_TEST(tells_how_much_a_frame_must_still_bring),
		RX_TEST(tells_nothing_of_what_is_no_packet),
		RX_TEST(the_counters_do_not_depend_on_how_input_is_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

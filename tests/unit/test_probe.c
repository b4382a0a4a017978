#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line/packet.h"
#include "line/probe.h"

#define SENT_NS 1000
#define HEARD_NS 4500

static const uint8_t cookie[PROBE_COOKIE_BYTES] = "0123456789abcdef";

static void
setup(struct probe *p, const char *from, const char *to)
{
	struct ip a = { 0 }, b = { 0 };

	assert_true(ip_parse(from, &a));
	assert_true(ip_parse(to, &b));
	probe_init(p, &a, &b, cookie);
}

static void
sum(uint8_t *at, const uint8_t *p, size_t len, unsigned seed)
{
	uint32_t total = seed;

	at[0] = at[1] = 0;
	for (size_t i = 0; i < len; i++)
		total += i % 2 ? p[i] : p[i] << 8;
	while (total > 0xffff)
		total = total % 0x10000 + total / 0x10000;
	at[0] = (uint8_t)(~total >> 8);
	at[1] = (uint8_t)~total;
}

/* What an honest peer makes of a request. */
static void
turn_around(uint8_t *p, size_t len)
{
	bool v4 = p[0] >> 4 == 4;
	size_t n = v4 ? 4 : 16, from = v4 ? 12 : 8, header = v4 ? 20 : 40;
	uint8_t address[16];

	memcpy(address, p + from, n);
	memcpy(p + from, p + from + n, n);
	memcpy(p + from + n, address, n);
	p[header] = v4 ? 0 : 129;
	if (v4)
		sum(p + header + 2, p + header, len - header, 0);
	else
		sum(p + header + 2, p + 8, len - 8, len - header + 58);
}

static void
a_request_is_an_honest_packet(void **state)
{
	static const char *const ends[][2] = { { "10.64.0.1", "10.64.0.2" },
		{ "fd00:64::1", "fd00:64::2" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t packet[PROBE_PACKET_MAX];
		struct probe p;
		size_t len;

		setup(&p, ends[i][0], ends[i][1]);
		assert_true(probe_is_on(&p));
		for (int n = 0; n < 3; n++) {
			len = probe_request(&p, packet, SENT_NS);
			assert_in_range(len, 40, sizeof(packet));
			assert_int_equal(
			    packet_check(packet, len), PACKET_GOOD);
		}
	}
}

/* But for the checksums, which others prove. */
static void
a_request_is_laid_out_as_the_rfc_says(void **state)
{
	const uint8_t want[] = { 0x45, 0, 0, 44, 0, 1, 0, 0, 64, 1, 0, 0,
		10, 64, 0, 1, 10, 64, 0, 2, 8, 0, 0, 0, '0', '1', 0, 1 };
	uint8_t packet[PROBE_PACKET_MAX];
	uint8_t ours[2];
	struct probe p;

	(void)state;
	setup(&p, "10.64.0.1", "10.64.0.2");
	assert_int_equal(probe_request(&p, packet, SENT_NS), 44);
	memcpy(ours, packet + 22, 2);
	sum(packet + 22, packet + 20, 24, 0);
	assert_memory_equal(ours, packet + 22, 2);
	packet[22] = packet[23] = 0;
	assert_memory_equal(packet, want, 10);
	assert_memory_equal(packet + 12, want + 12, sizeof(want) - 12);
	assert_memory_equal(packet + 28, cookie, sizeof(cookie));
}

static void
the_answer_is_taken_once(void **state)
{
	static const char *const ends[][2] = { { "10.64.0.1", "10.64.0.2" },
		{ "fe80::1", "fe80::2" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t packet[PROBE_PACKET_MAX];
		int64_t round_trip_ns = -1;
		struct probe p;
		size_t len;

		setup(&p, ends[i][0], ends[i][1]);
		len = probe_request(&p, packet, SENT_NS);
		turn_around(packet, len);
		assert_int_equal(packet_check(packet, len), PACKET_GOOD);
		assert_int_equal(
		    probe_take(&p, packet, len, HEARD_NS, &round_trip_ns),
		    PROBE_ANSWER);
		assert_int_equal(round_trip_ns, HEARD_NS - SENT_NS);
		assert_int_equal(
		    probe_take(&p, packet, len, HEARD_NS, &round_trip_ns),
		    PROBE_LATE);
	}
}

static void
an_answer_to_an_earlier_request_measures_nothing(void **state)
{
	uint8_t first[PROBE_PACKET_MAX], second[PROBE_PACKET_MAX];
	int64_t round_trip_ns = -1;
	struct probe p;
	size_t len;

	(void)state;
	setup(&p, "10.64.0.1", "10.64.0.2");
	len = probe_request(&p, first, SENT_NS);
	assert_int_equal(probe_request(&p, second, SENT_NS + 1), len);
	turn_around(first, len);
	turn_around(second, len);
	assert_int_equal(
	    probe_take(&p, first, len, HEARD_NS, &round_trip_ns), PROBE_LATE);
	assert_int_equal(round_trip_ns, -1);
	assert_int_equal(probe_take(&p, second, len, HEARD_NS, &round_trip_ns),
	    PROBE_ANSWER);
}

/* Whoever has not seen the request changes at least one of these bytes; what
 * may differ are the fields that machines on the way, and the peer, choose. */
static void
what_looks_like_an_answer_is_for_the_kernel(void **state)
{
	static const char *const ends[][2] = { { "10.64.0.1", "10.64.0.2" },
		{ "fd00:64::1", "fd00:64::2" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t packet[PROBE_PACKET_MAX + 1] = { 0 };
		int64_t round_trip_ns;
		struct probe p;
		size_t len;
		size_t from = i == 0 ? 12 : 8;
		size_t icmp = i == 0 ? 20 : 40;

		setup(&p, ends[i][0], ends[i][1]);
		len = probe_request(&p, packet, SENT_NS);
		turn_around(packet, len);
		for (size_t at = from; at < len; at++) {
			if (at > icmp && at < icmp + 4)
				continue; /* code, checksum */
			if (at == icmp + 6 || at == icmp + 7)
				continue; /* the sequence number */
			packet[at] ^= 0x10;
			assert_int_equal(probe_take(&p, packet, len, HEARD_NS,
					     &round_trip_ns),
			    PROBE_FOREIGN);
			packet[at] ^= 0x10;
		}
		for (size_t n = 0; n <= len + 1; n++)
			assert_int_equal(
			    probe_take(&p, packet, n, HEARD_NS, &round_trip_ns),
			    n == len ? PROBE_ANSWER : PROBE_FOREIGN);
	}
}

static void
a_probe_that_is_off_does_nothing(void **state)
{
	uint8_t packet[PROBE_PACKET_MAX] = { 0x45 };
	struct ip none = { 0 }, v4 = { 0 };
	int64_t round_trip_ns;
	struct probe p;

	(void)state;
	assert_true(ip_parse("10.64.0.1", &v4));
	probe_init(&p, &none, &none, cookie);
	assert_false(probe_is_on(&p));
	assert_int_equal(probe_request(&p, packet, SENT_NS), 0);
	assert_int_equal(
	    probe_take(&p, packet, sizeof(packet), HEARD_NS, &round_trip_ns),
	    PROBE_FOREIGN);
	/* No address of our own to send from. */
	probe_init(&p, &none, &v4, cookie);
	assert_false(probe_is_on(&p));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_an_honest_packet),
		cmocka_unit_test(a_request_is_laid_out_as_the_rfc_says),
		cmocka_unit_test(the_answer_is_taken_once),
		cmocka_unit_test(
		    an_answer_to_an_earlier_request_measures_nothing),
		cmocka_unit_test(what_looks_like_an_answer_is_for_the_kernel),
		cmocka_unit_test(a_probe_that_is_off_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/packet.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58 };

/* Where the checksum is in a transport header. */
static size_t
field(unsigned protocol)
{
	switch (protocol) {
	case TCP:
		return 16;
	case UDP:
		return 6;
	default:
		return 2;
	}
}

/* Byte by byte, as nobody does who wants to be fast. */
static unsigned
add(unsigned sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return sum;
}

/* Writes the checksum of the transport header at `at`. */
static void
seal(uint8_t *p, size_t len, size_t at, unsigned protocol)
{
	uint8_t *sum_at = p + at + field(protocol);
	const uint8_t pseudo[4] = { 0, protocol, (len - at) >> 8,
		(len - at) & 0xff };
	unsigned sum = 0;

	sum_at[0] = sum_at[1] = 0;
	if (protocol != ICMP) {
		sum = add(sum, pseudo, 4);
		sum = p[0] >> 4 == 4 ? add(sum, p + 12, 8)
				     : add(sum, p + 8, 32);
	}
	sum = 0xffff - add(sum, p + at, len - at);
	if (sum == 0 && protocol == UDP)
		sum = 0xffff;
	sum_at[0] = sum >> 8;
	sum_at[1] = sum & 0xff;
}

static void
fill(uint8_t *p, size_t len, size_t at, unsigned protocol)
{
	for (size_t i = at; i < len; i++)
		p[i] = i * 13 + len;
	if (protocol == UDP) {
		p[at + 4] = (len - at) >> 8;
		p[at + 5] = (len - at) & 0xff;
	}
}

static void
seal_ipv4(uint8_t *p)
{
	unsigned sum;

	p[10] = p[11] = 0;
	sum = 0xffff - add(0, p, 4 * (p[0] & 15));
	p[10] = sum >> 8;
	p[11] = sum & 0xff;
}

/* Returns the offset of the transport header. */
static size_t
ipv4(uint8_t *p, size_t len, unsigned protocol, size_t options)
{
	size_t at = 20 + options;

	memset(p, 1, at); /* of the options: no operation */
	memcpy(p, "\x45\0\0\0\x12\x34\x40\0\x40\0\0\0\x0a\x40\0\1\x0a\x40\0\2",
	    20);
	p[0] += options / 4;
	p[2] = len >> 8;
	p[3] = len & 0xff;
	p[9] = protocol;
	fill(p, len, at, protocol);
	seal(p, len, at, protocol);
	seal_ipv4(p);
	return at;
}

static size_t
ipv6_behind(uint8_t *p, size_t len, unsigned first, const void *headers,
    size_t headers_len, unsigned protocol)
{
	size_t at = 40 + headers_len;

	memset(p, 0, 40);
	p[0] = 0x60;
	p[4] = (len - 40) >> 8;
	p[5] = (len - 40) & 0xff;
	p[6] = first;
	p[7] = 64;
	memcpy(p + 8, "\xfd\0\0\x64\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(p + 24, "\xfd\0\0\x64\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	if (headers_len)
		memcpy(p + 40, headers, headers_len);
	fill(p, len, at, protocol);
	seal(p, len, at, protocol);
	return at;
}

static size_t
ipv6(uint8_t *p, size_t len, unsigned protocol)
{
	return ipv6_behind(p, len, protocol, NULL, 0, protocol);
}

/* In memory of exactly that size, so that a sanitizer sees reads beyond. */
static enum packet_verdict
verdict(const uint8_t *packet, size_t len)
{
	uint8_t *copy = malloc(len);
	enum packet_verdict v;

	assert_non_null(copy);
	memcpy(copy, packet, len);
	assert_int_equal(packet_check(copy, len), PACKET_GOOD);
	v = packet_check_payload(copy, len);
	free(copy);
	return v;
}

#define assert_passes(p, len) assert_int_equal(verdict(p, len), PACKET_GOOD)
#define assert_fails(p, len) \
	assert_int_equal(verdict(p, len), PACKET_PAYLOAD_CHECKSUM)

/* No bit of these bytes may turn. */
static void
assert_holds_bits(uint8_t *p, size_t from, size_t to, size_t len)
{
	for (size_t bit = 8 * from; bit < 8 * to; bit++) {
		p[bit / 8] ^= 1 << bit % 8;
		assert_fails(p, len);
		p[bit / 8] ^= 1 << bit % 8;
	}
}

static void
assert_holds_every_bit(uint8_t *p, size_t from, size_t len)
{
	assert_holds_bits(p, from, len, len);
}

static size_t
from_hex(uint8_t *p, const char *hex)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		const char digits[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		p[i] = strtoul(digits, NULL, 16);
	}
	return len;
}

/* Not sealed by this file's hand: UDP, TCP and an echo request over IPv4, the
 * same over IPv6, a multicast listener report behind a hop by hop header. */
static void
passes_what_linux_sent(void **state)
{
	static const char *const packets[] = {
		"45000021541840004011d2310a4000010a4000028cba0009000d1abc"
		"68656c6c6f",
		"4500003cf4714000400631c80a4000010a4000028ac20009bf286b14"
		"00000000a002faf09cf40000020405b40402080ae01d066f00000000"
		"0103030a",
		"45000024b1b44000400174a20a4000010a4000020800990552e90001"
		"0001020304050607",
		"600fbd78000d1140fd000064000000000000000000000001fd000064"
		"000000000000000000000002a4440009000d1ce868656c6c6f",
		"6000799600280640fd000064000000000000000000000001fd000064"
		"000000000000000000000002eda40009dd5c023400000000a002fd20"
		"3abb0000020405a00402080a9a7badae000000000103030a",
		"6002262700103a40fd000064000000000000000000000001fd000064"
		"0000000000000000000000028000253d539a00010001020304050607",
		"600000000024000100000000000000000000000000000000ff020000"
		"0000000000000000000000163a000502000001008f00018500000001"
		"04000000ff0200000000000000000001ff2f6dd6",
	};
	uint8_t p[100];

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		size_t len = from_hex(p, packets[i]);

		assert_passes(p, len);
		assert_holds_every_bit(p, i < 3 ? 20 : 48, len);
	}
}

static void
passes_packets_of_any_length(void **state)
{
	uint8_t p[1500];

	(void)state;
	for (size_t len = 60; len <= sizeof(p); len++) {
		ipv4(p, len, TCP, 0);
		assert_passes(p, len);
		ipv4(p, len, UDP, 4 * (len % 8));
		assert_passes(p, len);
		ipv4(p, len, ICMP, 0);
		assert_passes(p, len);
		ipv6(p, len, TCP);
		assert_passes(p, len);
		ipv6(p, len, UDP);
		assert_passes(p, len);
		ipv6(p, len, ICMPV6);
		assert_passes(p, len);
	}
}

static void
no_flipped_bit_passes(void **state)
{
	uint8_t p[101];

	(void)state;
	assert_holds_every_bit(p, ipv4(p, 101, TCP, 0), 101);
	assert_holds_every_bit(p, ipv4(p, 100, UDP, 8), 100);
	assert_holds_every_bit(p, ipv4(p, 99, ICMP, 0), 99);
	assert_holds_every_bit(p, ipv6(p, 98, TCP), 98);
	assert_holds_every_bit(p, ipv6(p, 97, UDP), 97);
	assert_holds_every_bit(p, ipv6(p, 96, ICMPV6), 96);
}

/* The addresses of IPv6 have no other checksum. */
static void
no_flipped_bit_of_an_address_passes(void **state)
{
	uint8_t p[101];

	(void)state;
	ipv6(p, 101, TCP);
	assert_holds_bits(p, 8, 40, 101);
	ipv6(p, 101, UDP);
	assert_holds_bits(p, 8, 40, 101);
	ipv6(p, 101, ICMPV6);
	assert_holds_bits(p, 8, 40, 101);
}

static void
udp_without_a_checksum_passes(void **state)
{
	uint8_t p[60];
	size_t at = ipv4(p, sizeof(p), UDP, 0);

	(void)state;
	p[at + 6] = p[at + 7] = 0;
	for (int i = 0; i < 10; i++) {
		p[50 + i] ^= 0x55;
		assert_passes(p, sizeof(p));
	}
	at = ipv6(p, sizeof(p), UDP);
	p[at + 6] = p[at + 7] = 0;
	p[50] ^= 0x55;
	assert_passes(p, sizeof(p));
}

static void
a_udp_checksum_of_all_ones_is_one(void **state)
{
	uint8_t p[60];
	size_t at = ipv4(p, sizeof(p), UDP, 0);

	(void)state;
	/* With the checksum as data the sum is zero, sent as all ones. */
	p[at + 8] = p[at + 9] = 0;
	seal(p, sizeof(p), at, UDP);
	memcpy(p + at + 8, p + at + 6, 2);
	seal(p, sizeof(p), at, UDP);
	assert_memory_equal(p + at + 6, "\xff\xff", 2);
	assert_passes(p, sizeof(p));
	p[at + 8] ^= 1;
	assert_fails(p, sizeof(p));
}

static void
udp_may_be_shorter_than_its_packet_not_longer(void **state)
{
	uint8_t p[60];
	size_t at = ipv4(p, sizeof(p), UDP, 0);

	(void)state;
	p[at + 5] = 20;
	/* Sealed as a packet of that length, with bytes behind it. */
	seal(p, at + 20, at, UDP);
	assert_passes(p, sizeof(p));
	p[at + 20] ^= 1;
	assert_passes(p, sizeof(p));
	p[at + 19] ^= 1;
	assert_fails(p, sizeof(p));
	ipv4(p, sizeof(p), UDP, 0);
	for (unsigned len = 0; len < 8; len++) {
		p[at + 5] = len;
		assert_fails(p, sizeof(p));
	}
	p[at + 5] = 41;
	assert_fails(p, sizeof(p));
	p[at + 4] = 0xff;
	assert_fails(p, sizeof(p));
}

static void
fragments_pass(void **state)
{
	static const uint8_t flags[][2] = { { 0x20, 0 }, { 0x20, 9 }, { 0, 9 },
		{ 0x1f, 0xff } };
	uint8_t p[80];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t at = ipv4(p, sizeof(p), UDP, 0);

		memcpy(p + 6, flags[i], 2);
		p[at + 10] ^= 1;
		seal_ipv4(p);
		assert_passes(p, sizeof(p));
	}
	ipv6_behind(p, sizeof(p), 44, "\x11\0\0\1\0\0\0\x07", 8, UDP);
	p[60] ^= 1;
	assert_passes(p, sizeof(p));
	ipv6_behind(p, sizeof(p), 44, "\x11\0\0\x08\0\0\0\x07", 8, UDP);
	p[60] ^= 1;
	assert_passes(p, sizeof(p));
}

static void
headers_in_front_are_passed_over(void **state)
{
	/* Hop by hop; an atomic fragment; a route that is at its end;
	 * destination options. */
	static const uint8_t headers[] = { 44, 0, 1, 4, 0, 0, 0, 0, 43, 0, 0, 0,
		1, 2, 3, 4, 60, 0, 4, 0, 0, 0, 0, 0, TCP, 0, 1, 4, 0, 0, 0, 0 };
	uint8_t p[120];

	(void)state;
	assert_holds_every_bit(
	    p, ipv6_behind(p, 120, 0, headers, sizeof(headers), TCP), 120);
	assert_passes(p, 120);
	assert_holds_every_bit(p, ipv4(p, 120, TCP, 40), 120);
	assert_passes(p, 120);
}

/* The destination in the header is not the one of the checksum. */
static void
packets_on_a_source_route_pass(void **state)
{
	static const uint8_t route[] = { TCP, 0, 4, 1, 0, 0, 0, 0 };
	static const uint8_t home[] = { TCP, 2, 1, 2, 0, 0, 201, 16, 0xfd, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 };
	uint8_t p[100];
	size_t at;

	(void)state;
	ipv6_behind(p, sizeof(p), 43, route, sizeof(route), TCP);
	p[39] ^= 1;
	assert_passes(p, sizeof(p));
	ipv6_behind(p, sizeof(p), 60, home, sizeof(home), TCP);
	p[39] ^= 1;
	assert_passes(p, sizeof(p));
	for (unsigned option = 131; option <= 137; option += 6) {
		at = ipv4(p, sizeof(p), TCP, 8);
		p[21] = option;
		p[22] = 7;
		p[at + 30] ^= 1;
		seal_ipv4(p);
		assert_passes(p, sizeof(p));
	}
	/* ICMP covers no address. */
	at = ipv4(p, sizeof(p), ICMP, 8);
	p[21] = 131;
	p[22] = 7;
	seal_ipv4(p);
	assert_passes(p, sizeof(p));
	p[at + 30] ^= 1;
	assert_fails(p, sizeof(p));
}

static void
other_protocols_pass(void **state)
{
	static const uint8_t protocols[] = { 0, 2, 4, 41, 47, 50, 51, ICMPV6,
		89, 132, 136, 253 };
	uint8_t p[100];

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		ipv4(p, sizeof(p), protocols[i], 0);
		p[50] ^= 1;
		assert_passes(p, sizeof(p));
	}
	ipv6(p, sizeof(p), ICMP);
	p[50] ^= 1;
	assert_passes(p, sizeof(p));
	ipv6(p, sizeof(p), 59);
	p[50] ^= 1;
	assert_passes(p, sizeof(p));
}

static void
cut_off_transport_headers_pass(void **state)
{
	uint8_t p[60];

	(void)state;
	for (size_t len = 20; len < 40; len++) {
		memset(p, 0x33, sizeof(p));
		memcpy(p,
		    "\x45\0\0\0\x12\x34\x40\0\x40\6\0\0\x0a\x40\0\1\x0a\x40"
		    "\0\2",
		    20);
		p[3] = len;
		seal_ipv4(p);
		assert_passes(p, len);
		if (len < 28) {
			p[9] = UDP;
			seal_ipv4(p);
			assert_passes(p, len);
		}
		if (len < 24) {
			p[9] = ICMP;
			seal_ipv4(p);
			assert_passes(p, len);
		}
	}
}

static void
marking_keeps_all_checksums(void **state)
{
	uint8_t p[100];

	(void)state;
	for (unsigned tos = 0; tos < 256; tos++) {
		bool markable = tos & 3;

		ipv4(p, sizeof(p), TCP, 4 * (tos % 11));
		p[1] = tos;
		p[5] = tos * 3;
		seal_ipv4(p);
		assert_int_equal(packet_mark_ce(p, sizeof(p)), markable);
		assert_int_equal(p[1], markable ? tos | 3 : tos);
		assert_passes(p, sizeof(p));
		ipv6(p, sizeof(p), UDP);
		p[0] |= tos >> 4;
		p[1] |= (tos & 15) << 4 | 5;
		assert_int_equal(packet_mark_ce(p, sizeof(p)), markable);
		assert_int_equal(
		    (p[0] & 15) << 4 | p[1] >> 4, markable ? tos | 3 : tos);
		assert_int_equal(p[1] & 15, 5);
		assert_passes(p, sizeof(p));
	}
}

static void
what_is_no_ip_is_not_marked(void **state)
{
	uint8_t p[40];

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		memset(p, 0xff, sizeof(p));
		p[0] = first;
		if (first >> 4 != 4 && first >> 4 != 6)
			assert_false(packet_mark_ce(p, sizeof(p)));
		assert_false(packet_mark_ce(p, first >> 4 == 6 ? 39 : 19));
		assert_int_equal(p[1], 0xff);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_what_linux_sent),
		cmocka_unit_test(passes_packets_of_any_length),
		cmocka_unit_test(no_flipped_bit_passes),
		cmocka_unit_test(no_flipped_bit_of_an_address_passes),
		cmocka_unit_test(udp_without_a_checksum_passes),
		cmocka_unit_test(a_udp_checksum_of_all_ones_is_one),
		cmocka_unit_test(udp_may_be_shorter_than_its_packet_not_longer),
		cmocka_unit_test(fragments_pass),
		cmocka_unit_test(headers_in_front_are_passed_over),
		cmocka_unit_test(packets_on_a_source_route_pass),
		cmocka_unit_test(other_protocols_pass),
		cmocka_unit_test(cut_off_transport_headers_pass),
		cmocka_unit_test(marking_keeps_all_checksums),
		cmocka_unit_test(what_is_no_ip_is_not_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

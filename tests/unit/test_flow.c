#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/flow.h"
#include "line/transport.h"

/* Addresses 10.0.0.1 to 10.0.0.2 behind the given options; returns where the
 * transport header begins. */
static size_t
ipv4(uint8_t *p, size_t len, unsigned protocol, size_t options)
{
	memset(p, 0, len);
	p[0] = 0x45 + options / 4;
	p[2] = len >> 8;
	p[3] = len & 0xff;
	p[8] = 64;
	p[9] = protocol;
	memcpy(p + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
	return 20 + options;
}

/* fd00::1 to fd00::2. */
static size_t
ipv6(uint8_t *p, size_t len, unsigned protocol)
{
	memset(p, 0, len);
	p[0] = 0x60;
	p[4] = (len - 40) >> 8;
	p[5] = (len - 40) & 0xff;
	p[6] = protocol;
	p[7] = 64;
	p[8] = p[24] = 0xfd;
	p[23] = 1;
	p[39] = 2;
	return 40;
}

/* An extension header of n bytes at p, followed by another protocol. */
static size_t
extension(uint8_t *p, unsigned next, size_t n)
{
	memset(p, 0, n);
	p[0] = next;
	p[1] = n / 8 - 1;
	return n;
}

/* In memory of exactly that size, so that a sanitizer sees reads beyond. */
static struct flow
flow_exact(const uint8_t *packet, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct flow flow;

	assert_non_null(copy);
	memcpy(copy, packet, len);
	flow_of(&flow, copy + (len ? 0 : 1), len);
	free(copy);
	return flow;
}

static void
assert_kind(const uint8_t *packet, size_t len, enum flow_kind kind,
    unsigned protocol, const char *part)
{
	struct flow flow = flow_exact(packet, len);

	assert_int_equal(flow.kind, kind);
	assert_int_equal(flow.protocol, protocol);
	assert_memory_equal(flow.part, part, 4);
}

static void
assert_same(const uint8_t *a, const uint8_t *b, size_t len, bool same)
{
	struct flow x = flow_exact(a, len), y = flow_exact(b, len);

	assert_int_equal(memcmp(&x, &y, sizeof(x)) == 0, same);
}

static void
ports_part_flows_of_the_protocols_that_have_them(void **state)
{
	static const uint8_t protocols[] = { TRANSPORT_TCP, TRANSPORT_UDP,
		TRANSPORT_UDPLITE, TRANSPORT_DCCP, TRANSPORT_SCTP };
	uint8_t p[60];

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		size_t at = ipv4(p, sizeof(p), protocols[i], 0);

		memcpy(p + at, "\1\2\3\4", 4);
		assert_kind(p, sizeof(p), FLOW_PORTS, protocols[i], "\1\2\3\4");
		at = ipv6(p, sizeof(p), protocols[i]);
		memcpy(p + at, "\1\2\3\4", 4);
		assert_kind(p, sizeof(p), FLOW_PORTS, protocols[i], "\1\2\3\4");
	}
}

static void
both_addresses_in_their_order_and_the_version_count(void **state)
{
	uint8_t p[60], q[60];
	struct flow flow;

	(void)state;
	ipv4(p, sizeof(p), TRANSPORT_TCP, 0);
	for (int i = 12; i < 20; i++) {
		memcpy(q, p, sizeof(p));
		q[i] ^= 0x80;
		assert_same(p, q, sizeof(p), false);
	}
	memcpy(q, p, sizeof(p));
	memcpy(q + 12, p + 16, 4);
	memcpy(q + 16, p + 12, 4);
	assert_same(p, q, sizeof(p), false);
	ipv6(p, sizeof(p), TRANSPORT_TCP);
	for (int i = 8; i < 40; i++) {
		memcpy(q, p, sizeof(p));
		q[i] ^= 0x80;
		assert_same(p, q, sizeof(p), false);
	}
	flow = flow_exact(p, sizeof(p));
	assert_int_equal(flow.version, 6);
	assert_memory_equal(flow.src, p + 8, 16);
	assert_memory_equal(flow.dst, p + 24, 16);
}

static void
options_of_ipv4_are_passed_over(void **state)
{
	uint8_t p[100];

	(void)state;
	for (size_t options = 0; options <= 40; options += 4) {
		size_t at = ipv4(p, sizeof(p), TRANSPORT_UDP, options);

		memcpy(p + at, "\1\2\3\4", 4);
		memset(p + 20, 0xff, options);
		assert_kind(
		    p, sizeof(p), FLOW_PORTS, TRANSPORT_UDP, "\1\2\3\4");
	}
}

static void
extension_headers_of_ipv6_are_passed_over(void **state)
{
	uint8_t p[200];
	size_t at = ipv6(p, sizeof(p), 0);

	(void)state;
	at += extension(p + at, 60, 16); /* hop by hop */
	at += extension(p + at, 43, 8);  /* destination options */
	at += extension(p + at, 51, 24); /* routing */
	extension(p + at, 135, 24);      /* authentication: 4-byte units */
	p[at + 1] = 24 / 4 - 2;
	at += 24;
	at += extension(p + at, 139, 8); /* mobility */
	at += extension(p + at, 140, 8); /* HIP */
	at += extension(p + at, 6, 8);   /* Shim6 */
	memcpy(p + at, "\1\2\3\4", 4);
	assert_kind(p, sizeof(p), FLOW_PORTS, TRANSPORT_TCP, "\1\2\3\4");
}

static void
fragments_of_a_datagram_share_a_flow(void **state)
{
	uint8_t first[60], last[60];
	size_t at = ipv4(first, sizeof(first), TRANSPORT_UDP, 0);

	(void)state;
	memcpy(first + 4, "\xab\xcd", 2);
	memcpy(last, first, sizeof(first));
	first[6] = 0x20; /* more fragments */
	memcpy(first + at, "\1\2\3\4", 4);
	last[7] = 185;
	memcpy(last + at, "text", 4);
	assert_same(first, last, sizeof(first), true);
	assert_kind(
	    first, sizeof(first), FLOW_FRAGMENT, TRANSPORT_UDP, "\xab\xcd\0\0");
	last[5] ^= 1;
	assert_same(first, last, sizeof(first), false);
	last[5] ^= 1;
	last[9] = TRANSPORT_TCP;
	assert_same(first, last, sizeof(first), false);
}

/* RFC 8200 4.5: which protocol comes next may differ from fragment to
 * fragment. */
static void
fragments_of_ipv6_share_a_flow(void **state)
{
	uint8_t first[80], last[80];
	size_t at = ipv6(first, sizeof(first), 44);

	(void)state;
	memcpy(first + at, "\x11\0\0\1\1\2\3\4", 8);
	memcpy(last, first, sizeof(first));
	memcpy(first + at + 8, "\1\2\3\4", 4);
	memcpy(last + at, "\x3c\0\5\0", 4);
	assert_same(first, last, sizeof(first), true);
	assert_kind(first, sizeof(first), FLOW_FRAGMENT, 0, "\1\2\3\4");
	last[at + 7] ^= 1;
	assert_same(first, last, sizeof(first), false);
}

static void
an_atomic_fragment_is_a_whole_packet(void **state)
{
	uint8_t p[80];
	size_t at = ipv6(p, sizeof(p), 44);

	(void)state;
	memcpy(p + at, "\x06\0\0\0\1\2\3\4", 8);
	memcpy(p + at + 8, "\5\6\7\x08", 4);
	assert_kind(p, sizeof(p), FLOW_PORTS, TRANSPORT_TCP, "\5\6\7\x08");
}

static void
icmp_queries_go_by_identifier(void **state)
{
	static const uint8_t types[] = { 0, 8, 13, 14, 15, 16, 17, 18 };
	uint8_t p[60];

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		size_t at = ipv4(p, sizeof(p), TRANSPORT_ICMP, 0);

		p[at] = types[i];
		memcpy(p + at + 4, "\1\2\3\4", 4); /* identifier, sequence */
		assert_kind(p, sizeof(p), FLOW_QUERY, TRANSPORT_ICMP, "\1\2\0");
	}
	for (unsigned type = 128; type <= 129; type++) {
		size_t at = ipv6(p, sizeof(p), TRANSPORT_ICMPV6);

		p[at] = type;
		memcpy(p + at + 4, "\1\2\3\4", 4);
		assert_kind(
		    p, sizeof(p), FLOW_QUERY, TRANSPORT_ICMPV6, "\1\2\0");
	}
}

static void
other_icmp_is_one_flow(void **state)
{
	uint8_t p[60];
	size_t at = ipv4(p, sizeof(p), TRANSPORT_ICMP, 0);

	(void)state;
	memcpy(p + at, "\3\4\0\0\0\0\5\6", 8); /* fragmentation needed */
	assert_kind(p, sizeof(p), FLOW_PROTOCOL, TRANSPORT_ICMP, "\0\0\0");
	at = ipv6(p, sizeof(p), TRANSPORT_ICMPV6);
	memcpy(p + at, "\x87\0\0\0\1\2\3\4", 8); /* neighbour solicitation */
	assert_kind(p, sizeof(p), FLOW_PROTOCOL, TRANSPORT_ICMPV6, "\0\0\0");
}

static void
what_is_not_understood_is_one_flow_by_addresses(void **state)
{
	static const uint8_t protocols[] = { 0, 2, 4, 41, 47, 50, 58, 59, 89,
		103, 253, 255 };
	uint8_t p[60];

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		ipv4(p, sizeof(p), protocols[i], 0);
		memset(p + 20, 0x80 + i, 40);
		assert_kind(p, sizeof(p), FLOW_ADDRESSES, 0, "\0\0\0");
	}
	ipv6(p, sizeof(p), TRANSPORT_ICMP);
	assert_kind(p, sizeof(p), FLOW_ADDRESSES, 0, "\0\0\0");
	ipv6(p, sizeof(p), 59);
	assert_kind(p, sizeof(p), FLOW_ADDRESSES, 0, "\0\0\0");
}

static void
odd_headers_are_one_flow_by_addresses(void **state)
{
	uint8_t p[300];
	size_t at;

	(void)state;
	for (unsigned ihl = 0; ihl < 5; ihl++) {
		ipv4(p, 60, TRANSPORT_TCP, 0);
		p[0] = 0x40 | ihl;
		assert_kind(p, 60, FLOW_ADDRESSES, 0, "\0\0\0");
	}
	ipv4(p, 60, TRANSPORT_TCP, 40);
	assert_kind(p, 59, FLOW_ADDRESSES, 0, "\0\0\0");
	at = ipv6(p, 80, 0);
	extension(p + at, TRANSPORT_TCP, 8);
	p[at + 1] = 4; /* 40 bytes, all there are */
	assert_kind(p, 80, FLOW_ADDRESSES, 0, "\0\0\0");
	p[at + 1] = 5;
	assert_kind(p, 80, FLOW_ADDRESSES, 0, "\0\0\0");
	/* More extension headers than anybody sends. */
	at = ipv6(p, sizeof(p), 60);
	for (int i = 0; i < 30; i++)
		at += extension(p + at, i < 29 ? 60 : TRANSPORT_TCP, 8);
	assert_kind(p, sizeof(p), FLOW_ADDRESSES, 0, "\0\0\0");
}

/* Every packet of this file, cut off at every length. */
static void
cut_off_packets_are_one_flow_by_addresses(void **state)
{
	uint8_t p[80];
	size_t at;

	(void)state;
	ipv4(p, 60, TRANSPORT_TCP, 8);
	memset(p + 28, 0xee, 32);
	for (size_t len = 0; len < 20; len++)
		assert_kind(p, len, FLOW_NOT_IP, 0, "\0\0\0");
	for (size_t len = 20; len < 28 + 4; len++)
		assert_kind(p, len, FLOW_ADDRESSES, 0, "\0\0\0");
	at = ipv6(p, sizeof(p), 0);
	at += extension(p + at, 44, 16);
	memcpy(p + at, "\x11\0\0\1\1\2\3\4", 8);
	for (size_t len = 0; len < 40; len++)
		assert_kind(p, len, FLOW_NOT_IP, 0, "\0\0\0");
	for (size_t len = 40; len < at + 8; len++)
		assert_kind(p, len, FLOW_ADDRESSES, 0, "\0\0\0");
	at = ipv4(p, 60, TRANSPORT_ICMP, 0);
	p[at] = 8;
	for (size_t len = at; len < at + 8; len++)
		assert_kind(p, len, FLOW_ADDRESSES, 0, "\0\0\0");
}

static void
what_is_not_ip_is_one_flow(void **state)
{
	uint8_t p[60];

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		memset(p, first, sizeof(p));
		if (first >> 4 != 4 && first >> 4 != 6)
			assert_kind(p, sizeof(p), FLOW_NOT_IP, 0, "\0\0\0");
	}
}

/* Neither DSCP nor ECN, TTL, flow label, lengths, checksums or data. */
static void
nothing_else_counts(void **state)
{
	uint8_t p[60], q[60];

	(void)state;
	ipv4(p, sizeof(p), TRANSPORT_TCP, 0);
	memset(p + 24, 0x55, 36);
	for (size_t i = 1; i < sizeof(p); i++) {
		bool counts = i == 6 || i == 7 || i == 9 || (i >= 12 && i < 24);

		memcpy(q, p, sizeof(p));
		q[i] ^= i == 6 ? 0x1f : 0xff;
		assert_same(p, q, sizeof(p), !counts);
	}
	q[6] = 0x40; /* do not fragment */
	memcpy(q, p, sizeof(p));
	assert_same(p, q, sizeof(p), true);
	ipv6(p, sizeof(p), TRANSPORT_TCP);
	memcpy(q, p, sizeof(p));
	q[0] |= 0x0f;
	q[1] = q[2] = q[3] = q[7] = 0xff;
	memset(q + 44, 0xff, 16);
	assert_same(p, q, sizeof(p), true);
}

/* The key of the paper, 00 01 .. 0f, over 00 01 .. 27; the hash is what
 * `openssl mac ... SipHash` says. */
static void
the_hash_is_siphash_2_4(void **state)
{
	uint8_t key[FLOW_KEY_BYTES], bytes[sizeof(struct flow)];
	struct flow flow;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	memcpy(&flow, bytes, sizeof(flow));
	assert_true(flow_hash(&flow, key) == 0x0e3ea96b5304a7d0);
}

static void
the_hash_depends_on_every_bit_of_flow_and_key(void **state)
{
	uint8_t key[FLOW_KEY_BYTES] = { 1 }, bytes[sizeof(struct flow)] = { 2 };
	struct flow flow;
	uint64_t hash;

	(void)state;
	memcpy(&flow, bytes, sizeof(flow));
	hash = flow_hash(&flow, key);
	for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
		key[bit / 8] ^= 1 << bit % 8;
		assert_true(flow_hash(&flow, key) != hash);
		key[bit / 8] ^= 1 << bit % 8;
	}
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		memcpy(&flow, bytes, sizeof(flow));
		assert_true(flow_hash(&flow, key) != hash);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    ports_part_flows_of_the_protocols_that_have_them),
		cmocka_unit_test(
		    both_addresses_in_their_order_and_the_version_count),
		cmocka_unit_test(options_of_ipv4_are_passed_over),
		cmocka_unit_test(extension_headers_of_ipv6_are_passed_over),
		cmocka_unit_test(fragments_of_a_datagram_share_a_flow),
		cmocka_unit_test(fragments_of_ipv6_share_a_flow),
		cmocka_unit_test(an_atomic_fragment_is_a_whole_packet),
		cmocka_unit_test(icmp_queries_go_by_identifier),
		cmocka_unit_test(other_icmp_is_one_flow),
		cmocka_unit_test(
		    what_is_not_understood_is_one_flow_by_addresses),
		cmocka_unit_test(odd_headers_are_one_flow_by_addresses),
		cmocka_unit_test(cut_off_packets_are_one_flow_by_addresses),
		cmocka_unit_test(what_is_not_ip_is_one_flow),
		cmocka_unit_test(nothing_else_counts),
		cmocka_unit_test(the_hash_is_siphash_2_4),
		cmocka_unit_test(the_hash_depends_on_every_bit_of_flow_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/packet.h"

/* Writes the checksum of an IPv4 header. */
static void
seal(uint8_t *p)
{
	size_t header_len = 4 * (p[0] & 0x0f);
	uint32_t sum = 0;

	p[10] = p[11] = 0;
	for (size_t i = 0; i < header_len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	p[10] = (uint8_t)(~sum >> 8);
	p[11] = (uint8_t)~sum;
}

static void
fill_ipv4(uint8_t *p, size_t len, unsigned header_words)
{
	const uint8_t header[20] = { 0x40, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, 1,
		0, 0, 10, 64, 0, 1, 10, 64, 0, 2 };

	memset(p, 'p', len);
	memcpy(p, header, sizeof(header));
	p[0] = 0x40 | header_words;
	p[2] = len >> 8;
	p[3] = len & 0xff;
	seal(p);
}

static void
fill_ipv6(uint8_t *p, size_t len)
{
	memset(p, 'p', len);
	p[0] = 0x60;
	p[4] = (len - 40) >> 8;
	p[5] = (len - 40) & 0xff;
}

/* In memory of exactly that size, so that a sanitizer sees reads beyond. */
static enum packet_verdict
check_exact(const uint8_t *packet, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum packet_verdict verdict;

	assert_non_null(copy);
	memcpy(copy, packet, len);
	verdict = packet_check(copy + (len ? 0 : 1), len);
	free(copy);
	return verdict;
}

/* Sealed by another hand than this file's. */
static void
passes_a_header_checksum_computed_by_others(void **state)
{
	uint8_t packet[0x73] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00,
		0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8,
		0x00, 0xc7 };

	(void)state;
	assert_int_equal(check_exact(packet, sizeof(packet)), PACKET_GOOD);
	packet[11] ^= 1;
	assert_int_equal(
	    check_exact(packet, sizeof(packet)), PACKET_HEADER_CHECKSUM);
}

static void
passes_ipv4_with_any_length_of_options(void **state)
{
	uint8_t packet[100];

	(void)state;
	for (unsigned words = 5; words <= 15; words++) {
		fill_ipv4(packet, sizeof(packet), words);
		assert_int_equal(
		    check_exact(packet, sizeof(packet)), PACKET_GOOD);
		fill_ipv4(packet, 4 * words, words);
		assert_int_equal(check_exact(packet, 4 * words), PACKET_GOOD);
	}
}

static void
the_checksum_covers_the_options(void **state)
{
	uint8_t packet[80];

	(void)state;
	fill_ipv4(packet, sizeof(packet), 15);
	packet[59] ^= 0x80;
	assert_int_equal(
	    check_exact(packet, sizeof(packet)), PACKET_HEADER_CHECKSUM);
	packet[59] ^= 0x80;
	packet[60] ^= 0x80;
	assert_int_equal(check_exact(packet, sizeof(packet)), PACKET_GOOD);
}

static void
passes_a_checksum_field_of_zero_where_that_is_right(void **state)
{
	uint8_t packet[20];

	(void)state;
	fill_ipv4(packet, sizeof(packet), 5);
	/* With the checksum as identification its own field becomes 0. */
	packet[4] = packet[5] = 0;
	seal(packet);
	packet[4] = packet[10];
	packet[5] = packet[11];
	packet[10] = packet[11] = 0;
	assert_int_equal(check_exact(packet, sizeof(packet)), PACKET_GOOD);
}

static void
no_flipped_bit_in_an_ipv4_header_passes(void **state)
{
	uint8_t packet[64];

	(void)state;
	fill_ipv4(packet, sizeof(packet), 6);
	for (size_t bit = 0; bit < 8 * 24; bit++) {
		packet[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(
		    check_exact(packet, sizeof(packet)), PACKET_GOOD);
		packet[bit / 8] ^= 1 << bit % 8;
	}
}

static void
a_lost_or_added_byte_is_a_wrong_total_length(void **state)
{
	uint8_t packet[101];

	(void)state;
	fill_ipv4(packet, 100, 5);
	assert_int_equal(check_exact(packet, 99), PACKET_TOTAL_LENGTH);
	assert_int_equal(check_exact(packet, 101), PACKET_TOTAL_LENGTH);
	fill_ipv6(packet, 100);
	assert_int_equal(check_exact(packet, 99), PACKET_TOTAL_LENGTH);
	assert_int_equal(check_exact(packet, 101), PACKET_TOTAL_LENGTH);
}

static void
an_ipv4_header_of_less_than_20_bytes_is_none(void **state)
{
	uint8_t packet[60];

	(void)state;
	for (unsigned words = 0; words < 5; words++) {
		fill_ipv4(packet, sizeof(packet), words);
		assert_int_equal(
		    check_exact(packet, sizeof(packet)), PACKET_HEADER_LENGTH);
	}
}

static void
a_packet_shorter_than_its_header_is_truncated(void **state)
{
	uint8_t packet[60] = { 0 };

	(void)state;
	assert_int_equal(check_exact(packet, 0), PACKET_TRUNCATED);
	for (size_t len = 1; len < 60; len++) {
		fill_ipv4(packet, sizeof(packet), 15);
		packet[3] = len;
		assert_int_equal(check_exact(packet, len), PACKET_TRUNCATED);
	}
	for (size_t len = 1; len < 40; len++) {
		fill_ipv6(packet, 60);
		assert_int_equal(check_exact(packet, len), PACKET_TRUNCATED);
	}
}

static void
passes_ipv6_with_and_without_payload(void **state)
{
	static uint8_t packet[9000];

	(void)state;
	fill_ipv6(packet, 40);
	assert_int_equal(check_exact(packet, 40), PACKET_GOOD);
	fill_ipv6(packet, sizeof(packet));
	assert_int_equal(check_exact(packet, sizeof(packet)), PACKET_GOOD);
}

static void
an_ipv6_payload_length_of_zero_means_no_payload(void **state)
{
	uint8_t packet[60];

	(void)state;
	fill_ipv6(packet, sizeof(packet));
	packet[4] = packet[5] = 0;
	assert_int_equal(
	    check_exact(packet, sizeof(packet)), PACKET_TOTAL_LENGTH);
}

static void
no_other_version_is_ip(void **state)
{
	uint8_t packet[60];

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		if (version == 4 || version == 6)
			continue;
		fill_ipv4(packet, sizeof(packet), 5);
		packet[0] = version << 4 | 5;
		assert_int_equal(
		    check_exact(packet, sizeof(packet)), PACKET_VERSION);
		assert_int_equal(check_exact(packet, 1), PACKET_VERSION);
	}
}

static void
console_text_that_looks_like_ip_does_not_pass(void **state)
{
	static const char *const texts[] = { "Booting Linux on CPU 0x0",
		"BusyBox v1.35.0 (Debian 1:1.35.0-4+b3) built-in shell (ash)",
		"login: ", "hello world\r\n", "Euler's number", "E",
		"dmesg: read kernel buffer failed: Operation not permitted" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_not_equal(
		    check_exact((const uint8_t *)texts[i], strlen(texts[i])),
		    PACKET_GOOD);
	}
}

static void
reads_nothing_beyond_the_packet(void **state)
{
	uint8_t packet[64];

	(void)state;
	srandom(3);
	for (unsigned first = 0; first < 256; first++) {
		for (size_t len = 1; len <= sizeof(packet); len++) {
			for (size_t i = 0; i < len; i++)
				packet[i] = random();
			packet[0] = first;
			assert_in_range(check_exact(packet, len), PACKET_GOOD,
			    PACKET_VERDICTS - 1);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_a_header_checksum_computed_by_others),
		cmocka_unit_test(passes_ipv4_with_any_length_of_options),
		cmocka_unit_test(the_checksum_covers_the_options),
		cmocka_unit_test(
		    passes_a_checksum_field_of_zero_where_that_is_right),
		cmocka_unit_test(no_flipped_bit_in_an_ipv4_header_passes),
		cmocka_unit_test(a_lost_or_added_byte_is_a_wrong_total_length),
		cmocka_unit_test(an_ipv4_header_of_less_than_20_bytes_is_none),
		cmocka_unit_test(a_packet_shorter_than_its_header_is_truncated),
		cmocka_unit_test(passes_ipv6_with_and_without_payload),
		cmocka_unit_test(
		    an_ipv6_payload_length_of_zero_means_no_payload),
		cmocka_unit_test(no_other_version_is_ip),
		cmocka_unit_test(console_text_that_looks_like_ip_does_not_pass),
		cmocka_unit_test(reads_nothing_beyond_the_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

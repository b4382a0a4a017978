#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/slip.h"

#define PACKET_MAX 9000

/* What a decoder said, as one string of bytes, so that two runs compare. */
struct events {
	uint8_t bytes[8192];
	size_t len;
	unsigned packets, bad_escapes, oversized;
};

static void
note(struct events *ev, enum slip_result result, const uint8_t *packet,
    size_t len)
{
	ev->packets += result == SLIP_PACKET;
	ev->bad_escapes += result == SLIP_BAD_ESCAPE;
	ev->oversized += result == SLIP_OVERSIZED;
	assert_true(ev->len + len + 2 <= sizeof(ev->bytes));
	ev->bytes[ev->len++] = result;
	ev->bytes[ev->len++] = len;
	if (result != SLIP_PACKET)
		return;
	memcpy(ev->bytes + ev->len, packet, len);
	ev->len += len;
}

static void
feed(struct slip_decoder *d, struct events *ev, const uint8_t *in, size_t len)
{
	enum slip_result result;

	while ((result = slip_decode(d, &in, &len)) != SLIP_MORE) {
		note(ev, result, d->packet, result == SLIP_PACKET ? d->len : 0);
	}
	assert_int_equal(len, 0);
}

static void
assert_same(const struct events *a, const struct events *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->bytes, b->bytes, a->len);
}

/* What the decoder must do, said once more, byte by byte. */
static void
feed_bytewise(
    struct events *ev, const uint8_t *in, size_t len, size_t size, bool xon)
{
	enum slip_result damage = SLIP_MORE;
	bool escaped = false;
	uint8_t packet[PACKET_MAX];
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t b = in[i];

		if (b == SLIP_END) {
			if (escaped)
				damage = SLIP_BAD_ESCAPE;
			if (damage != SLIP_MORE)
				note(ev, damage, NULL, 0);
			else if (n > 0)
				note(ev, SLIP_PACKET, packet, n);
			damage = SLIP_MORE;
			escaped = false;
			n = 0;
			continue;
		}
		if (damage != SLIP_MORE)
			continue;
		if (!escaped && b == SLIP_ESC) {
			escaped = true;
			continue;
		}
		if (escaped) {
			escaped = false;
			if (b == SLIP_ESC_END)
				b = SLIP_END;
			else if (b == SLIP_ESC_ESC)
				b = SLIP_ESC;
			else if (xon && b == SLIP_ESC_XON)
				b = SLIP_XON;
			else if (xon && b == SLIP_ESC_XOFF)
				b = SLIP_XOFF;
			else {
				damage = SLIP_BAD_ESCAPE;
				continue;
			}
		}
		if (n == size)
			damage = SLIP_OVERSIZED;
		else
			packet[n++] = b;
	}
}

static void
assert_comes_back(const uint8_t *packet, size_t len, bool leading_end, bool xon)
{
	uint8_t *line = malloc(SLIP_ENCODED_MAX(len));
	uint8_t *buf = malloc(len);
	const uint8_t *in = line;
	struct slip_decoder d;
	size_t left;

	assert_non_null(line);
	assert_non_null(buf);
	left = slip_encode(line, packet, len, leading_end, xon);
	assert_true(left <= SLIP_ENCODED_MAX(len));
	slip_decoder_init(&d, buf, len, xon);
	assert_int_equal(slip_decode(&d, &in, &left), SLIP_PACKET);
	assert_int_equal(d.len, len);
	assert_memory_equal(d.packet, packet, len);
	assert_int_equal(left, 0);
	assert_int_equal(slip_decode(&d, &in, &left), SLIP_MORE);
	free(line);
	free(buf);
}

static void
encodes_end_and_esc_as_rfc_1055_says(void **state)
{
	const uint8_t packet[] = { 'a', 0xc0, 0xdb, 0x11, 'b', 0xdc };
	const uint8_t want[] = { 'a', 0xdb, 0xdc, 0xdb, 0xdd, 0x11, 'b', 0xdc,
		0xc0 };
	uint8_t out[SLIP_ENCODED_MAX(sizeof(packet))];

	(void)state;
	assert_int_equal(slip_encode(out, packet, sizeof(packet), false, false),
	    sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
}

static void
begins_with_end_only_when_asked(void **state)
{
	const uint8_t want[] = { 0xc0, 'x', 0xc0 };
	uint8_t out[SLIP_ENCODED_MAX(1)];

	(void)state;
	assert_int_equal(
	    slip_encode(out, (const uint8_t *)"x", 1, true, false), 3);
	assert_memory_equal(out, want, 3);
	assert_int_equal(
	    slip_encode(out, (const uint8_t *)"x", 1, false, false), 2);
	assert_memory_equal(out, want + 1, 2);
}

static void
escapes_xon_and_xoff_as_tunslip6_does(void **state)
{
	const uint8_t packet[] = { 0x11, 0x12, 0x13 };
	const uint8_t want[] = { 0xdb, 0xde, 0x12, 0xdb, 0xdf, 0xc0 };
	uint8_t out[SLIP_ENCODED_MAX(sizeof(packet))];

	(void)state;
	assert_int_equal(slip_encode(out, packet, sizeof(packet), false, true),
	    sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
}

static void
every_byte_value_comes_back(void **state)
{
	uint8_t all[256];

	(void)state;
	for (int i = 0; i < 256; i++) {
		all[i] = i;
		assert_comes_back(all + i, 1, false, false);
		assert_comes_back(all + i, 1, true, true);
	}
	assert_comes_back(all, sizeof(all), false, false);
	assert_comes_back(all, sizeof(all), true, true);
}

static void
a_special_byte_comes_back_from_any_place(void **state)
{
	const uint8_t special[] = { 0xc0, 0xdb, 0x11, 0x13 };
	uint8_t packet[40];

	(void)state;
	for (size_t len = 1; len <= sizeof(packet); len++) {
		for (size_t at = 0; at < len; at++) {
			memset(packet, 'x', sizeof(packet));
			packet[at] = special[(len + at) % 4];
			assert_comes_back(packet, len, false, false);
			assert_comes_back(packet, len, false, true);
		}
	}
}

static void
the_worst_packet_just_fits_the_room_promised(void **state)
{
	static uint8_t packet[PACKET_MAX];
	static uint8_t line[SLIP_ENCODED_MAX(PACKET_MAX)];

	(void)state;
	memset(packet, SLIP_END, sizeof(packet));
	assert_int_equal(slip_encode(line, packet, sizeof(packet), true, false),
	    SLIP_ENCODED_MAX(sizeof(packet)));
	assert_comes_back(packet, sizeof(packet), true, false);
	memset(packet, SLIP_ESC, sizeof(packet));
	assert_comes_back(packet, sizeof(packet), true, true);
	memset(packet, SLIP_XOFF, sizeof(packet));
	assert_comes_back(packet, sizeof(packet), true, true);
}

static void
with_escape_xon_no_xon_or_xoff_is_on_the_line(void **state)
{
	uint8_t packet[301];
	uint8_t line[SLIP_ENCODED_MAX(sizeof(packet))];
	size_t len;

	(void)state;
	srandom(1);
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < sizeof(packet); i++)
			packet[i] = round % 2 ? random() : 0x10 + random() % 4;
		len = slip_encode(line, packet, sizeof(packet), true, true);
		assert_null(memchr(line, SLIP_XON, len));
		assert_null(memchr(line, SLIP_XOFF, len));
		assert_comes_back(packet, sizeof(packet), true, true);
	}
}

static void
takes_no_byte_beyond_the_end_of_a_packet(void **state)
{
	const uint8_t line[] = { 'a', 'b', 0xc0, 'c', 0xc0 };
	const uint8_t *in = line;
	size_t len = sizeof(line);
	uint8_t buf[8];
	struct slip_decoder d;

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), false);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_PACKET);
	assert_int_equal(d.len, 2);
	assert_ptr_equal(in, line + 3);
	assert_int_equal(len, 2);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_PACKET);
	assert_int_equal(d.len, 1);
	assert_int_equal(buf[0], 'c');
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_MORE);
	assert_int_equal(d.len, 0);
}

static void
skips_empty_frames(void **state)
{
	const uint8_t line[] = { 0xc0, 0xc0, 0xc0, 'x', 0xc0, 0xc0, 0xc0 };
	struct events ev = { .len = 0 };
	struct slip_decoder d;
	uint8_t buf[2];

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), false);
	feed(&d, &ev, line, sizeof(line));
	assert_int_equal(ev.packets, 1);
	assert_int_equal(ev.bad_escapes + ev.oversized, 0);
}

static void
drops_a_frame_with_a_bad_escape_and_tells_it_once(void **state)
{
	const uint8_t line[] = { 'a', 0xdb, 'b', 'c', 0xdb, 'd', 0xdb, 0xdc,
		0xc0, 'e', 0xc0 };
	const uint8_t *in = line;
	size_t len = 8;
	uint8_t buf[8];
	struct slip_decoder d;

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), false);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_MORE);
	len = 3;
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_BAD_ESCAPE);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_PACKET);
	assert_int_equal(d.len, 1);
	assert_int_equal(buf[0], 'e');
}

static void
a_frame_that_ends_within_an_escape_is_damaged(void **state)
{
	const uint8_t line[] = { 'a', 0xdb, 0xc0, 0xdb, 0xc0, 0xdc, 0xc0 };
	const uint8_t *in = line;
	size_t len = sizeof(line);
	uint8_t buf[8];
	struct slip_decoder d;

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), false);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_BAD_ESCAPE);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_BAD_ESCAPE);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_PACKET);
	assert_int_equal(d.len, 1);
	assert_int_equal(buf[0], 0xdc);
}

static void
esc_esc_is_damage(void **state)
{
	const uint8_t line[] = { 0xdb, 0xdb, 0xdc, 0xc0 };
	struct events ev = { .len = 0 };
	struct slip_decoder d;
	uint8_t buf[8];

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), true);
	feed(&d, &ev, line, sizeof(line));
	assert_int_equal(ev.bad_escapes, 1);
	assert_int_equal(ev.packets, 0);
}

static void
plain_slip_knows_no_escaped_xon(void **state)
{
	const uint8_t line[] = { 0xdb, 0xde, 0xc0, 0xdb, 0xdf, 0xc0 };
	struct events plain = { .len = 0 }, xon = { .len = 0 };
	struct slip_decoder d;
	uint8_t buf[8];

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), false);
	feed(&d, &plain, line, sizeof(line));
	assert_int_equal(plain.bad_escapes, 2);
	slip_decoder_init(&d, buf, sizeof(buf), true);
	feed(&d, &xon, line, sizeof(line));
	assert_int_equal(xon.packets, 2);
}

static void
drops_an_oversized_packet_and_recovers(void **state)
{
	const uint8_t line[] = { 'a', 'b', 'c', 0xc0, 'd', 0xc0 };
	const uint8_t *in = line;
	size_t len = sizeof(line);
	uint8_t buf[2];
	struct slip_decoder d;

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), false);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_OVERSIZED);
	assert_ptr_equal(in, line + 4);
	assert_int_equal(slip_decode(&d, &in, &len), SLIP_PACKET);
	assert_int_equal(d.len, 1);
	assert_int_equal(buf[0], 'd');
}

static void
a_packet_as_large_as_the_buffer_fits(void **state)
{
	const uint8_t line[] = { 'a', 'b', 0xdb, 0xdc, 0xc0 };
	const uint8_t over[] = { 'a', 'b', 0xdb, 0xdc, 0xdb, 0xdd, 0xc0 };
	struct events ev = { .len = 0 };
	struct slip_decoder d;
	uint8_t buf[3];

	(void)state;
	slip_decoder_init(&d, buf, sizeof(buf), false);
	feed(&d, &ev, line, sizeof(line));
	assert_int_equal(ev.packets, 1);
	feed(&d, &ev, over, sizeof(over));
	assert_int_equal(ev.oversized, 1);
	feed(&d, &ev, line, sizeof(line));
	assert_int_equal(ev.packets, 2);
}

static void
a_megabyte_without_end_is_one_oversized_frame(void **state)
{
	uint8_t chunk[4096];
	struct events ev = { .len = 0 };
	struct slip_decoder d;
	uint8_t buf[64];

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	slip_decoder_init(&d, buf, sizeof(buf), false);
	for (int i = 0; i < 256; i++)
		feed(&d, &ev, chunk, sizeof(chunk));
	assert_int_equal(ev.oversized, 0);
	chunk[7] = SLIP_END;
	chunk[9] = SLIP_END;
	feed(&d, &ev, chunk, 10);
	assert_int_equal(ev.oversized, 1);
	assert_int_equal(ev.packets, 1);
}

static void
the_result_does_not_depend_on_how_input_is_split(void **state)
{
	const uint8_t line[] = { 'n', 'o', 0xdb, 'i', 's', 'e', 0xc0, 0xc0, 'a',
		'b', 0xdb, 0xdc, 'c', 0xc0, 0xdb, 0xdd, 0xc0, 0xdb, 0xc0, 'd',
		0xdb, 0xc0, 0xc0, '0', '1', '2', '3', '4', '5', '6', '7', '8',
		0xdb, 0xdc, 0xc0, '0', '1', '2', '3', '4', '5', '6', 0xdb, 0xdc,
		0xdb, 0xde, 0xc0, 0xdb, 0xdf, 'z', 0xc0, 'r' };
	struct slip_decoder d;
	struct events whole, parts;
	uint8_t buf[8];

	(void)state;
	whole.len = 0;
	slip_decoder_init(&d, buf, sizeof(buf), true);
	feed(&d, &whole, line, sizeof(line));
	for (size_t i = 0; i <= sizeof(line); i++) {
		for (size_t j = i; j <= sizeof(line); j++) {
			parts.len = 0;
			slip_decoder_init(&d, buf, sizeof(buf), true);
			feed(&d, &parts, line, i);
			feed(&d, &parts, line + i, j - i);
			feed(&d, &parts, line + j, sizeof(line) - j);
			assert_same(&whole, &parts);
		}
	}
}

static void
decodes_any_bytes_as_a_bytewise_decoder_does(void **state)
{
	const uint8_t often[] = { 0xc0, 0xdb, 0xdc, 0xdd, 0xde, 0x11, 0x13 };
	struct slip_decoder d;
	struct events got, want;
	uint8_t line[400], buf[40];

	(void)state;
	srandom(2);
	for (int round = 0; round < 3000; round++) {
		size_t at = 0, n;

		for (size_t i = 0; i < sizeof(line); i++) {
			line[i] = random() % (round % 30 + 2) == 0
			    ? often[random() % sizeof(often)]
			    : random();
		}
		memset(&got, 0, sizeof(got));
		memset(&want, 0, sizeof(want));
		slip_decoder_init(&d, buf, sizeof(buf), round % 2);
		for (; at < sizeof(line); at += n) {
			n = 1 + random() % (sizeof(line) - at);
			feed(&d, &got, line + at, n);
		}
		feed_bytewise(
		    &want, line, sizeof(line), sizeof(buf), round % 2);
		assert_same(&got, &want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_end_and_esc_as_rfc_1055_says),
		cmocka_unit_test(begins_with_end_only_when_asked),
		cmocka_unit_test(escapes_xon_and_xoff_as_tunslip6_does),
		cmocka_unit_test(every_byte_value_comes_back),
		cmocka_unit_test(a_special_byte_comes_back_from_any_place),
		cmocka_unit_test(the_worst_packet_just_fits_the_room_promised),
		cmocka_unit_test(with_escape_xon_no_xon_or_xoff_is_on_the_line),
		cmocka_unit_test(takes_no_byte_beyond_the_end_of_a_packet),
		cmocka_unit_test(skips_empty_frames),
		cmocka_unit_test(
		    drops_a_frame_with_a_bad_escape_and_tells_it_once),
		cmocka_unit_test(a_frame_that_ends_within_an_escape_is_damaged),
		cmocka_unit_test(esc_esc_is_damage),
		cmocka_unit_test(plain_slip_knows_no_escaped_xon),
		cmocka_unit_test(drops_an_oversized_packet_and_recovers),
		cmocka_unit_test(a_packet_as_large_as_the_buffer_fits),
		cmocka_unit_test(a_megabyte_without_end_is_one_oversized_frame),
		cmocka_unit_test(
		    the_result_does_not_depend_on_how_input_is_split),
		cmocka_unit_test(decodes_any_bytes_as_a_bytewise_decoder_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

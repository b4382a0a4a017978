#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/fifo.h"

static void
fill(uint8_t *packet, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		packet[i] = seed * 31 + i;
}

static void
assert_get(struct fifo *f, size_t len, unsigned seed)
{
	static uint8_t got[UINT16_MAX], want[UINT16_MAX];

	fill(want, len, seed);
	assert_int_equal(fifo_get(f, got), len);
	assert_memory_equal(got, want, len);
}

static void
assert_put(struct fifo *f, size_t len, unsigned seed, bool fits)
{
	static uint8_t packet[UINT16_MAX];

	fill(packet, len, seed);
	assert_int_equal(fifo_put(f, packet, len), fits);
}

static void
gives_packets_in_the_order_they_came(void **state)
{
	uint8_t pool[64];
	struct fifo f;

	(void)state;
	fifo_init(&f, pool, sizeof(pool));
	assert_put(&f, 5, 1, true);
	assert_put(&f, 1, 2, true);
	assert_put(&f, 9, 3, true);
	assert_int_equal(f.packets, 3);
	assert_int_equal(f.used, FIFO_COST(5) + FIFO_COST(1) + FIFO_COST(9));
	assert_get(&f, 5, 1);
	assert_get(&f, 1, 2);
	assert_get(&f, 9, 3);
	assert_int_equal(f.packets, 0);
	assert_int_equal(f.used, 0);
}

static void
an_empty_queue_gives_nothing(void **state)
{
	uint8_t pool[8], out[8];
	struct fifo f;

	(void)state;
	fifo_init(&f, pool, sizeof(pool));
	assert_int_equal(fifo_get(&f, out), 0);
	assert_put(&f, 3, 1, true);
	assert_get(&f, 3, 1);
	assert_int_equal(fifo_get(&f, out), 0);
}

static void
refuses_what_does_not_fit_and_changes_nothing(void **state)
{
	uint8_t pool[16];
	struct fifo f, before;

	(void)state;
	fifo_init(&f, pool, sizeof(pool));
	assert_put(&f, sizeof(pool) - 1, 1, false);
	assert_put(&f, 6, 2, true);
	before = f;
	assert_put(&f, 7, 3, false);
	assert_memory_equal(&f, &before, sizeof(f));
	assert_put(&f, 6, 4, true);
	assert_put(&f, 1, 5, false);
	assert_get(&f, 6, 2);
	assert_get(&f, 6, 4);
}

static void
wraps_in_any_place_and_wastes_no_byte(void **state)
{
	enum { SIZE = 23 };
	uint8_t *pool = malloc(SIZE);
	struct fifo f;

	(void)state;
	assert_non_null(pool);
	fifo_init(&f, pool, SIZE);
	for (unsigned round = 0; round < 10 * SIZE; round++) {
		/* Filled to the last byte; 3 + 20 moves on by 3 each time. */
		assert_put(&f, 1, round, true);
		assert_put(
		    &f, SIZE - FIFO_COST(1) - FIFO_COST(0), round + 1, true);
		assert_int_equal(f.used, SIZE);
		assert_put(&f, 1, 0, false);
		assert_get(&f, 1, round);
		assert_put(&f, 1, round + 2, true);
		assert_get(&f, SIZE - FIFO_COST(1) - FIFO_COST(0), round + 1);
		assert_get(&f, 1, round + 2);
	}
	assert_int_equal(f.used, 0);
	free(pool);
}

static void
takes_the_largest_packet(void **state)
{
	size_t size = 2 * FIFO_COST(UINT16_MAX);
	uint8_t *pool = malloc(size);
	struct fifo f;

	(void)state;
	assert_non_null(pool);
	fifo_init(&f, pool, size);
	for (unsigned round = 0; round < 3; round++) {
		assert_put(&f, 1000, 1, true);
		assert_put(&f, UINT16_MAX, 2, true);
		assert_put(&f, UINT16_MAX, 3, false);
		assert_get(&f, 1000, 1);
		assert_get(&f, UINT16_MAX, 2);
	}
	free(pool);
}

static void
a_queue_without_room_refuses_everything(void **state)
{
	uint8_t pool[2], out[1];
	struct fifo f;

	(void)state;
	fifo_init(&f, pool, sizeof(pool));
	assert_put(&f, 1, 1, false);
	assert_int_equal(fifo_get(&f, out), 0);
}

static void
keeps_every_packet_over_any_sequence(void **state)
{
	enum { SIZE = 301, KEPT = 128 };
	uint8_t *pool = malloc(SIZE);
	size_t lens[KEPT], used = 0;
	unsigned in = 0, out = 0;
	struct fifo f;

	(void)state;
	assert_non_null(pool);
	srandom(4);
	fifo_init(&f, pool, SIZE);
	for (int step = 0; step < 100000; step++) {
		if (random() % 2) {
			size_t len = 1 + random() % 90;
			bool fits = used + FIFO_COST(len) <= SIZE;

			assert_put(&f, len, in, fits);
			if (fits) {
				lens[in++ % KEPT] = len;
				used += FIFO_COST(len);
			}
		} else if (in != out) {
			assert_get(&f, lens[out % KEPT], out);
			used -= FIFO_COST(lens[out++ % KEPT]);
		}
		assert_int_equal(f.used, used);
		assert_int_equal(f.packets, in - out);
	}
	free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_packets_in_the_order_they_came),
		cmocka_unit_test(an_empty_queue_gives_nothing),
		cmocka_unit_test(refuses_what_does_not_fit_and_changes_nothing),
		cmocka_unit_test(wraps_in_any_place_and_wastes_no_byte),
		cmocka_unit_test(takes_the_largest_packet),
		cmocka_unit_test(a_queue_without_room_refuses_everything),
		cmocka_unit_test(keeps_every_packet_over_any_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

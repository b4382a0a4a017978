#include "damage.h"

#include <math.h>
#include <string.h>

#define NEVER (UINT64_C(1) << 62)

/* A counter in steps of the golden ratio, well stirred (splitmix). */
static uint64_t
random_bits(uint64_t *source)
{
	uint64_t x = *source += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Above 0, at most 1. */
static double
random_unit(uint64_t *source)
{
	return (double)((random_bits(source) >> 11) + 1) * 0x1p-53;
}

/* How many trials go well before one of probability p does not. */
static uint64_t
random_run(uint64_t *source, double p)
{
	double run;

	if (p <= 0)
		return NEVER;
	if (p >= 1)
		return 0;
	run = floor(log(random_unit(source)) / log1p(-p));
	return run < (double)NEVER ? (uint64_t)run : NEVER;
}

void
damage_init(struct damage *d, uint64_t seed)
{
	memset(d, 0, sizeof(*d));
	d->bit_source = random_bits(&seed);
	d->byte_source = random_bits(&seed);
	d->gap_source = random_bits(&seed);
	d->noise_source = random_bits(&seed);
	d->bits_left = NEVER;
	d->bytes_left = NEVER;
}

void
damage_set(struct damage *d, double ber, double drop)
{
	if (ber != d->ber) {
		d->ber = ber;
		d->bits_left = random_run(&d->bit_source, ber);
	}
	if (drop != d->drop) {
		d->drop = drop;
		d->bytes_left = random_run(&d->byte_source, drop);
	}
}

static size_t
drop_bytes(struct damage *d, uint8_t *bytes, size_t n)
{
	size_t kept = 0, i;

	for (i = 0; i < n; i++) {
		if (d->bytes_left == 0) {
			d->bytes_left = random_run(&d->byte_source, d->drop);
			d->dropped++;
			continue;
		}
		d->bytes_left--;
		bytes[kept++] = bytes[i];
	}
	return kept;
}

static void
flip_bits(struct damage *d, uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		while (d->bits_left < 8) {
			bytes[i] ^= 1U << d->bits_left;
			d->bits_left += 1 + random_run(&d->bit_source, d->ber);
			d->flipped++;
		}
		d->bits_left -= 8;
	}
}

size_t
damage_apply(struct damage *d, uint8_t *bytes, size_t n)
{
	if (d->drop > 0)
		n = drop_bytes(d, bytes, n);
	if (d->ber > 0)
		flip_bits(d, bytes, n);
	return n;
}

uint8_t
damage_noise(struct damage *d)
{
	return (uint8_t)(random_bits(&d->noise_source) >> 56);
}

double
damage_noise_gap_s(struct damage *d, double per_second)
{
	return -log(random_unit(&d->gap_source)) / per_second;
}

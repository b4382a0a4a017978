/*
 * What a bad line does to bytes, repeatably: the same seed does the same to
 * the same bytes, however they are cut into pieces.
 *
 * Pure: no I/O, no clock.
 */
#ifndef CABLE_DAMAGE_H
#define CABLE_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

struct damage {
	double ber;          /* probability of each bit to be turned */
	double drop;         /* probability of each byte to vanish */
	uint64_t bits_left;  /* good ones before the next turned one */
	uint64_t bytes_left; /* good ones before the next lost one */
	/* One source of randomness each, so that none disturbs another. */
	uint64_t bit_source, byte_source, gap_source, noise_source;
	uint64_t flipped; /* bits so far */
	uint64_t dropped; /* bytes so far */
};

void damage_init(struct damage *d, uint64_t seed);

/* Both rates are 0 to 1; one that stays the same goes on undisturbed. */
void damage_set(struct damage *d, double ber, double drop);

/* Damages n bytes where they are; returns how many are left.  A lost byte has
 * no bits that could turn. */
size_t damage_apply(struct damage *d, uint8_t *bytes, size_t n);

/* Noise: a random byte, and the seconds to the next where per_second come on
 * average, independent of each other. */
uint8_t damage_noise(struct damage *d);
double damage_noise_gap_s(struct damage *d, double per_second);

#endif

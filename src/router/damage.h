/*
 * How much of what arrives on a line is damaged, and what that hints at: a
 * verdict now and then from the counters of its pumps.
 *
 * Pure: time comes in as an argument.
 */
#ifndef SR_ROUTER_DAMAGE_H
#define SR_ROUTER_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pump/stats.h"

/* A verdict needs so many frames, and is given at most so often. */
#define DAMAGE_FRAMES_MIN 100
#define DAMAGE_EVERY_MS 10000
/* It is told at most so often. */
#define DAMAGE_TELL_MS 60000

struct damage {
	struct stats before; /* at the last verdict */
	int64_t looked_ms;
	int64_t told_ms;   /* 0: never */
	bool told;         /* and not taken back */
	bool noisy;        /* more than 1 % by the last verdict */
	unsigned permille; /* by the last verdict */
	const char *check; /* what to check; NULL unless noisy */
};

enum damage_news {
	DAMAGE_NONE,  /* nothing that is to be told now */
	DAMAGE_NOISY, /* more than 1 % of frames arrive damaged */
	DAMAGE_SOUND, /* no longer, after it was told */
};

/* The line was opened, again or for the first time (all zero): with these
 * counters.  What was told stays told. */
void damage_begin(struct damage *d, const struct stats *now, int64_t now_ms);

/* To be called now and then.  At DAMAGE_NOISY what to say is in text: how
 * many, and what to check. */
enum damage_news damage_look(struct damage *d, const struct stats *now,
    int64_t now_ms, char *text, size_t size);

#endif

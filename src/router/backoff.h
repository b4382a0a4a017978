/*
 * How long to wait before the next try: doubles, is capped, and is spread so
 * that many links do not try in step.
 *
 * Pure: randomness comes in as an argument.
 */
#ifndef SR_ROUTER_BACKOFF_H
#define SR_ROUTER_BACKOFF_H

#include <stdint.h>

struct backoff {
	unsigned failures; /* in a row */
};

void backoff_reset(struct backoff *b);

/*
 * The delay in milliseconds: first_ms doubled for each failure before this
 * one, at most max_ms, and of that three quarters to all, as jitter (any 32
 * bits) says.
 */
unsigned backoff_next(
    struct backoff *b, unsigned first_ms, unsigned max_ms, uint32_t jitter);

#endif

/* How long to wait before the next try. */
#include "router/backoff.h"

#include <limits.h>

void
backoff_reset(struct backoff *b)
{
	b->failures = 0;
}

unsigned
backoff_next(
    struct backoff *b, unsigned first_ms, unsigned max_ms, uint32_t jitter)
{
	uint64_t delay_ms = first_ms;

	for (unsigned i = 0; i < b->failures && delay_ms < max_ms; i++)
		delay_ms *= 2;
	if (delay_ms > max_ms)
		delay_ms = max_ms;
	if (b->failures < UINT_MAX)
		b->failures++;
	return delay_ms - (delay_ms / 4 * jitter >> 32);
}

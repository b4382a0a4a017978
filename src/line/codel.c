#include "line/codel.h"

/* After a time below target that was at most so many intervals long, the rate
 * of drops that was enough before is a good one to begin with. */
#define MEMORY_INTERVALS 16

/* The integer square root. */
static uint64_t
root(uint64_t n)
{
	uint64_t r = 0;

	for (uint64_t bit = 1ull << 62; bit; bit >>= 2) {
		bool fits = n >= r + bit;

		if (fits)
			n -= r + bit;
		r = (r >> 1) + (fits ? bit : 0);
	}
	return r;
}

int64_t
codel_control_law(int64_t t_ns, const struct codel_settings *s, uint32_t count)
{
	/* The root with 16 bits behind the point. */
	return t_ns +
	    (int64_t)(((uint64_t)s->interval_ns << 16) /
		root((uint64_t)count << 32));
}

/* Whether the wait has been too long for an interval. */
static bool
stands(struct codel *c, const struct codel_settings *s, int64_t wait_ns,
    size_t behind, int64_t now_ns)
{
	if (wait_ns < s->target_ns || behind <= s->mtu) {
		c->first_above_ns = 0;
		return false;
	}
	if (c->first_above_ns == 0) {
		c->first_above_ns = now_ns + s->interval_ns;
		return false;
	}
	return now_ns >= c->first_above_ns;
}

static void
enter_dropping(struct codel *c, const struct codel_settings *s, int64_t now_ns)
{
	uint32_t before = c->count - c->last_count;
	bool recent = now_ns - c->drop_next_ns <
	    MEMORY_INTERVALS * s->interval_ns;

	c->dropping = true;
	c->count = before > 1 && recent ? before : 1;
	c->last_count = c->count;
	c->drop_next_ns = codel_control_law(now_ns, s, c->count);
}

bool
codel_drops(struct codel *c, const struct codel_settings *s, int64_t wait_ns,
    size_t behind, int64_t now_ns)
{
	if (!stands(c, s, wait_ns, behind, now_ns)) {
		c->dropping = false;
		c->dropped = false;
		return false;
	}
	if (!c->dropping) {
		enter_dropping(c, s, now_ns);
		return true;
	}
	if (c->dropped)
		codel_marked(c, s);
	if (now_ns < c->drop_next_ns)
		return false;
	c->count++;
	c->dropped = true;
	return true;
}

void
codel_marked(struct codel *c, const struct codel_settings *s)
{
	if (!c->dropped)
		return;
	c->dropped = false;
	c->drop_next_ns = codel_control_law(c->drop_next_ns, s, c->count);
}

void
codel_empty(struct codel *c)
{
	c->first_above_ns = 0;
	c->dropping = false;
	c->dropped = false;
}

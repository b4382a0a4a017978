/*
 * CoDel, RFC 8289: when a packet that leaves a queue should be dropped (or
 * marked) instead, so that the queue keeps no standing wait.
 *
 * Pure: no I/O, no allocation, no log; time comes in.
 */
#ifndef SR_LINE_CODEL_H
#define SR_LINE_CODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codel_settings {
	int64_t target_ns;   /* the wait that may stand */
	int64_t interval_ns; /* for how long more than that is a burst */
	size_t mtu;          /* bytes: with no more behind it nothing is bad */
};

/* Of one queue; all zeros at its start, and kept while the queue is empty. */
struct codel {
	int64_t first_above_ns; /* the wait is too long from then on; 0: not */
	int64_t drop_next_ns;
	uint32_t count; /* drops since the dropping state was entered */
	uint32_t last_count;
	bool dropping;
	bool dropped; /* the packet before was: drop_next_ns is to be moved */
};

/*
 * Whether the packet at the head, about to leave, is to be dropped.  It waited
 * for wait_ns, and `behind` bytes wait behind it.  After a drop ask again for
 * the next head, at the same now_ns (more than 0, never going back).  Where a
 * packet is marked and goes on instead, call codel_marked() at once.
 */
bool codel_drops(struct codel *c, const struct codel_settings *s,
    int64_t wait_ns, size_t behind, int64_t now_ns);

/* The packet of the last codel_drops(), which was true, was sent marked. */
void codel_marked(struct codel *c, const struct codel_settings *s);

/* The queue has nothing (more) to send. */
void codel_empty(struct codel *c);

/* When the next drop is due after one at t_ns, the count-th in a row:
 * interval / sqrt(count) later.  count is 1 or more. */
int64_t codel_control_law(
    int64_t t_ns, const struct codel_settings *s, uint32_t count);

#endif

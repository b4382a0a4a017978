/*
 * Two configurations compared: what a reload has to do, link by link.  The
 * column "change" of the key table decides (conf_key.h).
 *
 * Pure: no I/O, no clock, no log; nothing is done here.
 */
#ifndef SR_ROUTER_PLAN_H
#define SR_ROUTER_PLAN_H

#include <stddef.h>

#include "base/error.h"
#include "router/conf.h"

enum plan_change {
	PLAN_UNCHANGED, /* not touched at all */
	PLAN_LIVE,      /* applied to the running link */
	PLAN_PUMP,      /* a new pump, the interface stays */
	PLAN_INTERFACE, /* a new interface, and so a new pump */
	PLAN_ADDED,
	PLAN_REMOVED,
};

/* Names of keys, "interface.mtu", in the order of the key table. */
struct plan_keys {
	const char **names; /* NULL where there are none */
	size_t n;
};

struct plan_link {
	enum plan_change change;
	const char *name;       /* in from or to */
	struct conf_link *from; /* NULL: it is added */
	struct conf_link *to;   /* NULL: it is removed */
	struct plan_keys keys;  /* that differ; none of those two */
	/* Another link gets its port or the name of its interface: it cannot
	 * be left as it was. */
	bool evicted;
	/* For who carries the plan out: why the kernel refused it, and the
	 * link was left as it was.  Code 0, which it is at first: it did not. */
	struct error refused;
};

struct plan {
	struct plan_link
	    *links; /* those of to in its order, then the removed */
	size_t n_links;
	/* Keys of the daemon itself that differ: in force at once
	 * ("control.group"), or at the next start ("user"). */
	struct plan_keys live, waiting;
};

/* from and to stay the caller's and outlive the plan.  Links are the same
 * where their names are.  NULL: no memory. */
struct plan *plan_new(struct conf *from, struct conf *to);
void plan_free(struct plan *plan); /* NULL is allowed */

size_t plan_count(const struct plan *plan, enum plan_change change);

/* "unchanged", "live", "pump", "interface", "added", "removed" */
const char *plan_change_name(enum plan_change change);

#endif

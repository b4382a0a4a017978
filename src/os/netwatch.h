/*
 * What happens to network interfaces: rtnetlink(7) notifications of links.
 */
#ifndef SR_OS_NETWATCH_H
#define SR_OS_NETWATCH_H

#include <net/if.h>
#include <stdbool.h>

#include "base/error.h"

enum netwatch_kind {
	NETWATCH_CHANGED, /* made, or some of it changed, perhaps nothing here */
	NETWATCH_DELETED,
	NETWATCH_RESYNC, /* messages were lost: look at everything again */
};

struct netwatch_event {
	enum netwatch_kind kind;
	int index; /* 0 with NETWATCH_RESYNC */
	char name[IFNAMSIZ];
	bool up; /* IFF_UP */
};

struct netwatch;

struct netwatch *netwatch_new(struct error *err); /* NULL: failed */
void netwatch_free(struct netwatch *w);           /* NULL is allowed */

/* Readable when there is something to read; owned by w. */
int netwatch_fd(const struct netwatch *w);

/*
 * Reads what waits, a bounded amount, and calls back for each event, which
 * must not free w; never waits.  NETWATCH_RESYNC comes last in a call, when
 * nothing can be lost unseen any more: what is looked up from then on is
 * good.  -1: the socket does not serve any more.
 */
int netwatch_read(struct netwatch *w,
    void (*event)(const struct netwatch_event *ev, void *arg), void *arg,
    struct error *err);

#endif

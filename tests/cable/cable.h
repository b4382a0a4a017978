/*
 * A null-modem cable: two ends, and a lane each way between them.  An end is a
 * pty, found under a name, or where the name is "@N" the descriptor N, which
 * this process was started with: a stream socket, as a virtual machine has
 * behind a UART.
 */
#ifndef CABLE_CABLE_H
#define CABLE_CABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lane.h"
#include "why.h"

#define CABLE_ENDS 2 /* a and b */

/* A symlink to a pty's slave while the cable is plugged; or a socket. */
struct cable_end {
	char *name;
	char pts[64];     /* where it points to */
	int master;       /* or the socket, duplicated; -1: the cable is cut */
	int slave;        /* kept open, so that the pty outlives its users; -1:
			     a socket */
	uint32_t watched; /* EPOLL* */
};

struct cable {
	struct cable_end end[CABLE_ENDS];
	struct lane lane[CABLE_ENDS]; /* lane[i] carries what end[i] sends */
	uint64_t first_id; /* of end[0] in epoll's data, then of end[1] */
	int epoll_fd;      /* the caller's */
	mode_t mode;       /* of the slaves */
};

/* A cut cable.  The names are copied. */
int cable_init(struct cable *c, const char *name_a, const char *name_b,
    const struct lane_settings *set, uint64_t seed, struct why *why);

/* Cuts it as well; an all-zero cable is allowed. */
void cable_clear(struct cable *c);

/* Makes new ptys under the names; a name appears whole or not at all, and in
 * the place of a symlink only.  Failed: the cable is cut. */
int cable_plug(struct cable *c, int64_t now_ns, struct why *why);

/* Takes the names away and hangs up on who has the ends open. */
void cable_cut(struct cable *c);

static inline bool
cable_plugged(const struct cable *c)
{
	return c->end[0].master >= 0;
}

/* Serves an end that epoll told of. */
void cable_event(
    struct cable *c, unsigned end, uint32_t events, int64_t now_ns);

/* Carries what is due. */
void cable_run(struct cable *c, int64_t now_ns);

/* When cable_run() has something to do, or LANE_NEVER. */
int64_t cable_next_ns(const struct cable *c);

/* Tells epoll what is waited for; to be called after the lanes moved. */
void cable_watch(struct cable *c);

#endif

/*
 * Snapshots of a daemon, one after the other, without waiting for it: asked for
 * in an interval, over a connection that is made again when it ends.
 */
#ifndef SR_CTL_SNAPSHOTS_H
#define SR_CTL_SNAPSHOTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ctl/client.h"
#include "ctl/options.h"

struct snapshots {
	const struct options *options;
	struct client client;
	enum {
		SNAPSHOTS_APART,    /* no connection */
		SNAPSHOTS_GREETING, /* connected, the greeting has not come */
		SNAPSHOTS_ASKED,    /* the answer has not come */
		SNAPSHOTS_RESTING,  /* until next_ms */
	} state;
	int64_t next_ms;      /* when to ask, or to try again */
	int64_t deadline_ms;  /* when what has not come is given up */
	json_t *before, *now; /* NULL: not there yet */
	unsigned n;           /* how many have come */
	struct error err;     /* why there is no answer; text "": there is */
};

void snapshots_init(struct snapshots *s, const struct options *o);
void snapshots_clear(struct snapshots *s);

/* What to wait for: the descriptor is readable (-1: nothing is to come), or that
 * time is over (milliseconds from now). */
int snapshots_fd(const struct snapshots *s);
int snapshots_wait_ms(const struct snapshots *s);

/* Does what there is to do; returns whether something has become different. */
bool snapshots_step(struct snapshots *s);

#endif

/*
 * What outlives the daemon while a configuration waits for its confirm: the
 * last confirmed one, and what was read of the one that waits.  One file for
 * each configuration file, in the state directory: $STATE_DIRECTORY, which
 * systemd sets (systemd.exec(5), StateDirectory=), or
 * LOCALSTATEDIR/lib/serial-router.
 */
#ifndef SR_ROUTER_STATE_H
#define SR_ROUTER_STATE_H

#include <limits.h>
#include <stddef.h>

#include "base/error.h"
#include "router/conf.h"

struct state {
	char file[PATH_MAX]; /* the configuration file, absolute */
	char path[PATH_MAX]; /* of the state */
};

/* file: as the daemon was told.  Two daemons with different files have
 * different states. */
void state_init(struct state *s, const char *file);

/*
 * Keeps both, as a whole or not at all: sources as conf_read_sources() gave
 * them.  Makes the directory where it is missing.  Waits for the disk.
 */
int state_keep(const struct state *s, const char *sources, size_t len,
    const struct conf *confirmed, struct error *err);

/* Nothing waits for a confirm any more.  That there was nothing is no error. */
int state_drop(const struct state *s, struct error *err);

/*
 * Where the file still is, byte for byte, the one that waits (sources): the
 * last confirmed configuration, with user, group and control.path of now, which
 * are not the state's to say: root may act on them, and the state is another's.
 * NULL otherwise, err->code 0 where all is in order.
 */
struct conf *state_recall(const struct state *s, const char *sources,
    size_t len, const struct conf *now, struct error *err);

#endif

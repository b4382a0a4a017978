/*
 * The supervisor: an array of links, brought to what the configuration says
 * and kept there.
 */
#ifndef SR_ROUTER_SUPERVISOR_H
#define SR_ROUTER_SUPERVISOR_H

#include "base/error.h"
#include "router/conf.h"

struct supervisor;

/* To be called once, before any descriptor of a link is opened. */
void supervisor_raise_limits(void);

/* conf stays the caller's and outlives the supervisor; owner is for the mark
 * of interfaces, see netif_set_owner().  NULL: failed. */
struct supervisor *supervisor_new(
    const struct conf *conf, const char *owner, struct error *err);
void supervisor_free(struct supervisor *s); /* NULL is allowed */

/* Starts the links and serves them until SIGTERM or SIGINT, and until they
 * are down after that.  0, or -1 where the event loop failed. */
int supervisor_run(struct supervisor *s, struct error *err);

#endif

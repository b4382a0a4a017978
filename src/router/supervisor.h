/*
 * The supervisor: the loop that serves the links, the signals and the service
 * manager.
 */
#ifndef SR_ROUTER_SUPERVISOR_H
#define SR_ROUTER_SUPERVISOR_H

#include "base/error.h"
#include "router/conf.h"

struct control;
struct supervisor;

/* To be called once, before any descriptor of a link is opened. */
void supervisor_raise_limits(void);

/* conf is held; owner, which outlives the supervisor, is for the mark of
 * interfaces, see netif_set_owner(); file is what a reload reads, NULL: there
 * is none.  NULL: failed. */
struct supervisor *supervisor_new(
    struct conf *conf, const char *owner, const char *file, struct error *err);
void supervisor_free(struct supervisor *s); /* NULL is allowed */

/* Lets clients of the control socket in while the supervisor runs; it stays
 * the caller's, and ends first. */
int supervisor_serve(
    struct supervisor *s, struct control *control, struct error *err);

/* Starts the links and serves them until SIGTERM or SIGINT, and until they
 * are down after that.  0, or -1 where the event loop failed. */
int supervisor_run(struct supervisor *s, struct error *err);

#endif

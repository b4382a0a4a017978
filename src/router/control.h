/*
 * The control socket: whoever may, asks the daemon and tells it things; see
 * serial-router-control(7).  JSON is written here, and never read.
 *
 * Nothing here waits for a client, and no path that a client names is opened.
 */
#ifndef SR_ROUTER_CONTROL_H
#define SR_ROUTER_CONTROL_H

#include <stdint.h>

#include "base/error.h"
#include "router/conf.h"

struct control;
struct event_base;
struct link;
struct links;
struct reload;
struct reload_answer;

/* What is asked about; all of it stays the caller's. */
struct control_env {
	struct event_base *base;
	struct links *links;
	struct reload *reload;
	const char *file; /* of the configuration; NULL: none */
};

/*
 * Takes the socket: makes the directory of the default path where that is
 * missing and can be made, locks, binds, listens.  To be called before the
 * daemon becomes another user, who then owns the socket.
 *
 * NULL: failed.  err->code is EADDRINUSE where another process has it, which
 * the text names.
 */
struct control *control_listen(const struct conf *conf, struct error *err);

/* Lets clients in from now on. */
int control_serve(
    struct control *c, const struct control_env *env, struct error *err);

/* The daemon ends: everybody is cut off, and nobody let in any more. */
void control_end(struct control *c);

/* The same, and removes the socket.  NULL is allowed. */
void control_free(struct control *c);

/* State, reason or flags of a link may have changed. */
void control_link_changed(struct control *c, struct link *l);

/* A reload came to an end, by whoever it was asked for. */
void control_reloaded(struct control *c, const struct reload_answer *answer);

#endif

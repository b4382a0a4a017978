/*
 * The configuration file read, checked and, for a confirm, kept, by a child
 * process; part of the room `reload`.
 */
#ifndef SR_ROUTER_RELOAD_READ_H
#define SR_ROUTER_RELOAD_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "router/conf.h"
#include "router/reload.h"
#include "router/state.h"

struct event_base;
struct reload_reader;

/* What came of it. */
struct reload_reading {
	struct conf *conf; /* the taker's; NULL: error says why */
	struct error error;
	bool invalid;                        /* there are mistakes */
	bool unkept;                         /* only the state failed */
	struct reload_complaint *complaints; /* the reader's */
	size_t n_complaints;
};

typedef void reload_read_done(struct reload_reading *reading, void *arg);

/*
 * confirmed: to be kept in the state together with what is read, NULL: not.
 * done is called once, and never before this returns.  NULL: failed, and *left
 * is as reload_reader_free() returns it.
 */
struct reload_reader *reload_read(struct event_base *base,
    const struct state *state, const struct conf *confirmed,
    reload_read_done *done, void *arg, pid_t *left, struct error *err);

/*
 * Ends it, wherever it is; done is not called any more.  Returns its process,
 * killed, which the caller is to reap when it ends: the kernel may hold it in a
 * file system.  0: there is none.  NULL is allowed.
 */
pid_t reload_reader_free(struct reload_reader *r);

#endif

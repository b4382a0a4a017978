/*
 * The configuration in force, and its change while links are up: the file is
 * read and checked by a child process, so that neither a slow disk nor the
 * look-up of a user holds up the supervisor; what it means is compared with
 * what is in force (plan.h), and the difference is applied (links.h).
 *
 * With a confirm asked for, the configuration before comes back by itself
 * unless reload_confirm() comes in time; see state.h for what a daemon finds
 * that was killed in between.
 */
#ifndef SR_ROUTER_RELOAD_H
#define SR_ROUTER_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "router/conf.h"
#include "router/plan.h"

struct event_base;
struct links;
struct reload;

#define RELOAD_CONFIRM_MAX_S 86400

enum reload_outcome {
	RELOAD_APPLIED, /* the plan says what; perhaps with refusals in it */
	RELOAD_INVALID, /* mistakes in the file: they are in complaints */
	RELOAD_BUSY,    /* another one is being read or waits for its confirm */
	RELOAD_REFUSED, /* it cannot be done here: no file, no state directory */
	RELOAD_FAILED,  /* it could not be read or checked */
};

enum reload_cause {
	RELOAD_ASKED,   /* reload_start() */
	RELOAD_UNDONE,  /* reload_undo() */
	RELOAD_TIMEOUT, /* the confirm did not come in time */
};

/* A mistake or a warning of the file, printable ASCII. */
struct reload_complaint {
	bool warning;
	const char *file; /* the file or an included one */
	unsigned line;    /* 0: none */
	const char *text; /* "links[0].port.baud: expected ..." */
};

/* All that was found is the reload's own and ends with the call. */
struct reload_answer {
	enum reload_outcome outcome;
	enum reload_cause cause;
	/* Unless APPLIED: one line, with the next step; code 0 otherwise. */
	struct error error;
	const char *file;
	const struct plan *plan; /* NULL unless APPLIED */
	const struct reload_complaint *complaints;
	size_t n_complaints;
	unsigned confirm_s; /* how long a confirm is waited for; 0: is not */
};

typedef void reload_answered(const struct reload_answer *answer, void *arg);

struct reload_env {
	struct event_base *base;
	struct links *links;
	const char *file; /* NULL: a command line; nothing can be read again */
	/* Told of everything that came to an end, whoever asked for it; may be
	 * NULL.  It comes before the asker is told. */
	reload_answered *told;
	void *arg;
};

/* env is copied, what it points to is not; conf, which is in force, is held.
 * NULL: failed. */
struct reload *reload_new(
    const struct reload_env *env, struct conf *conf, struct error *err);
void reload_free(struct reload *r); /* NULL is allowed */

/*
 * Reads the file again and applies it.  answered (may be NULL) is called once,
 * perhaps before this returns, at the latest after some seconds.  confirm_s 0:
 * without a confirm; at most RELOAD_CONFIRM_MAX_S.  Everything is logged here.
 */
void reload_start(
    struct reload *r, unsigned confirm_s, reload_answered *answered, void *arg);

/* Brings back what was in force before a reload that waits for its confirm;
 * answered is called before this returns. */
void reload_undo(struct reload *r, reload_answered *answered, void *arg);

/* What waits for its confirm is confirmed.  -1, with the reason and the next
 * step: nothing waits, or it could not be kept. */
int reload_confirm(struct reload *r, struct error *err);

/* Whoever asked with that arg is gone: nothing is told to him any more. */
void reload_forget(struct reload *r, const void *arg);

/* The daemon ends: nothing is read or applied any more. */
void reload_stop(struct reload *r);

/* A child of the supervisor ended: perhaps the reader. */
void reload_reap(struct reload *r);

/* What is in force; a link that was left as it was, is in it as it was. */
const struct conf *reload_conf(const struct reload *r);
/* Milliseconds until it comes to an undo by itself; -1: nothing waits. */
int64_t reload_confirm_left_ms(const struct reload *r);
/* What is in force is what was before a file that nobody confirmed, by an undo
 * or since the start; until the next reload. */
bool reload_undone(const struct reload *r);
/* When what is in force was loaded, by clock_ms(). */
int64_t reload_loaded_ms(const struct reload *r);

#endif

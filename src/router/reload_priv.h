/*
 * What the files of the room `reload` share: reload.c, reload_confirm.c,
 * reload_say.c.  Nobody else includes this.
 */
#ifndef SR_ROUTER_RELOAD_PRIV_H
#define SR_ROUTER_RELOAD_PRIV_H

#include <event2/util.h>
#include <sys/types.h>

#include "router/reload.h"
#include "router/state.h"

/* Readers that were killed and do not end. */
#define RELOAD_LEFT_MAX 8
struct reload_asker {
	reload_answered *answered; /* NULL: nobody */
	void *arg;
};

struct reload {
	struct reload_env env;
	struct state state;
	struct conf *conf;      /* in force */
	struct conf *confirmed; /* what an undo brings back; NULL: nothing */
	struct event *timer;    /* until that comes back by itself */
	struct event *ready;    /* to tell the service manager again */
	int64_t until_ms;       /* when timer is over */
	int64_t loaded_ms;
	bool
	    undone; /* in force is what was before one that was not confirmed */

	struct reload_reader *reader; /* NULL: nothing is being read */
	struct reload_asker asker;    /* of that */
	unsigned confirm_s;           /* of that */
	bool again;                   /* once more after that */
	pid_t left[RELOAD_LEFT_MAX];  /* to be reaped; 0: free */
	bool stopped;
};

/* Tells the log of an answer. */
void reload_say(const struct reload_answer *answer);

/* Tells an answer to all. */
void reload_answer_to(
    struct reload *r, struct reload_answer *a, struct reload_asker asker);
void reload_refuse(struct reload *r, enum reload_outcome outcome,
    enum reload_cause cause, struct reload_asker asker, const char *text);

/* Carries out the way from what is in force to to, which is the caller's, and
 * tells of it. */
int reload_carry_out(struct reload *r, struct conf *to, struct reload_answer *a,
    struct reload_asker asker);

/* Whatever came of it. */
void reload_end_reading(struct reload *r);

/* What is in force is to be confirmed within that time. */
void reload_await_confirm(struct reload *r, unsigned confirm_s);
void reload_end_confirm(struct reload *r);
void reload_on_timer(evutil_socket_t fd, short what, void *arg);

/* The next start takes the file. */
void reload_drop_state(struct reload *r);

#endif

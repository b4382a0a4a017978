/*
 * One link: its state, its one timer, its interface, its pump.
 */
#ifndef SR_ROUTER_LINK_H
#define SR_ROUTER_LINK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/log.h"
#include "os/netif.h"
#include "os/netwatch.h"
#include "os/usb.h"
#include "pump/stats.h"
#include "router/backoff.h"
#include "router/conf.h"
#include "router/damage.h"
#include "router/interface.h"
#include "router/link_fsm.h"
#include "router/pump_proc.h"

struct event;
struct event_base;
struct link;

/* What all links share; the supervisor's. */
struct link_env {
	struct event_base *base;
	struct netif *netif;
	uid_t pump_uid; /* whom pumps become where the daemon is root */
	gid_t pump_gid;
	struct usb_view *usb; /* as it was last looked at */
	/* Its state or its flags may have changed; NULL: those of any. */
	void (*changed)(struct link *l, void *arg);
	/* Which other link asks for a port, too; NULL: none.  A pump calls it
	 * in its own process. */
	const char *(*claimed)(
	    const void *arg, const char *link, const struct port_info *port);
	void *arg;
};

/* At most so many opens a second. */
#define LINK_OPENS 5

struct link {
	const struct conf_link *conf;
	struct conf *holder; /* what conf is in */
	const struct link_env *env;

	enum link_state state;
	enum link_state after; /* where CLOSING leads to */
	int64_t since_ms;      /* when the state was entered */
	bool wanted;
	bool stopped; /* by request, until it is started by one */
	struct event *timer; /* its meaning is the state's */

	struct interface interface;
	struct pump_proc pump;
	struct event *reports; /* the pump's socket; NULL: none */
	struct port_info port; /* as it was last opened */
	bool stuck;            /* output stands still */
	bool silent;           /* the peer is not heard: no carrier */
	struct damage damage;  /* of what arrives */
	int64_t opened_ms;     /* when a pump was last started; 0: never */
	int64_t opens_ms[LINK_OPENS]; /* when the last ones were, a ring */
	unsigned next_open;           /* the place of the next one in it */
	uint64_t tried; /* link_port_sign() when a pump was last started */
	unsigned soon;  /* it has just appeared: which try comes next; 0: not */
	bool port_failed;   /* BACKOFF: because of the port */
	char mismatch[320]; /* what the port cannot do as asked; "": nothing */

	struct backoff backoff;
	unsigned failures; /* in a row, for the log */
	bool named;        /* ABSENT: a name is there, whatever is behind it */
	bool absent_told;  /* that the port is not there, since it last was */
	unsigned restarts; /* pumps started after the first */
	struct error last_error;
	int64_t last_error_ms; /* 0: never */
	int64_t retry_ms;      /* BACKOFF: when the next try comes */
	uint64_t told;         /* router/control: what watchers know of it */
	struct log_bucket bucket;
	struct stats ended; /* of all pumps before this one */

	/* What it becomes when it is DOWN, by link_settle(). */
	struct {
		const struct conf_link *conf; /* NULL: it stays what it is */
		struct conf *holder;
		bool new_interface;
	} next;
	bool leaving; /* it is removed when it is DOWN */
	bool waiting; /* DOWN, and to be started when nobody is in its way */
	/* Why the last reload left it as it was; code 0: it did not. */
	struct error refused;
};

/* conf is in holder, which it holds (NULL: conf is the caller's, and outlives
 * the link); env stays the caller's.  NULL: no memory. */
struct link *link_new(const struct conf_link *conf, struct conf *holder,
    const struct link_env *env);
/* Only in DOWN.  NULL is allowed. */
void link_free(struct link *l);

void link_start(struct link *l);
void link_stop(struct link *l); /* asynchronous: until DOWN */
/* The same by request: it is remembered, until link_start(). */
void link_pause(struct link *l);
/* A new pump, at once; the interface stays.  One that is stopped is started. */
void link_restart(struct link *l);

/* A child of the supervisor ended: perhaps ours. */
void link_reap(struct link *l);

/* Whether it waits for something to change at its port. */
bool link_waits(const struct link *l);
/* Something may have changed there: looks now where it waits. */
void link_look(struct link *l);

/* Something happened to an interface: perhaps ours. */
void link_interface_event(struct link *l, const struct netwatch_event *ev);
/* Notifications were lost: looks for itself. */
void link_interface_resync(struct link *l);

/* Why it is not UP, into buf (LINK_REASON_SIZE); NULL: it is UP. */
#define LINK_REASON_SIZE (PATH_MAX + ERROR_TEXT_SIZE + 128)
const char *link_reason(const struct link *l, char *buf, size_t size);

/* What is wrong beside the state; returns how many of LINK_FLAGS_MAX. */
#define LINK_FLAGS_MAX 8
struct link_flag {
	const char *name; /* "stuck" */
	char reason[ERROR_TEXT_SIZE];
};
size_t link_flags(const struct link *l, struct link_flag *flags);

/* Why not all is as configured; NULL: it is. */
const struct error *link_degraded(const struct link *l);

/*
 * A reload, in these steps.  While a link is changing (link_is_changing()), it
 * stays what it was until it is DOWN.
 */

/* Routes that are not in to (NULL: all) go, so that others can have them. */
void link_yield(struct link *l, const struct conf_link *to);
/* Makes the interface what to says, where that goes without a new one; see
 * interface_change(). */
int link_try(struct link *l, const struct conf_link *to,
    struct interface_undo *undo, struct error *err);
void link_untry(struct link *l, const struct conf_link *to,
    const struct interface_undo *undo);

/* Nothing has changed: only that it is told by to, which is in holder. */
void link_keep(struct link *l, const struct conf_link *to, struct conf *holder);
/* Only that has changed which a link takes while it runs: the rest of what
 * link_try() has begun. */
void link_change(
    struct link *l, const struct conf_link *to, struct conf *holder);
/* A new pump, and perhaps a new interface: goes DOWN first. */
void link_replace(struct link *l, const struct conf_link *to,
    struct conf *holder, bool new_interface);
void link_remove(struct link *l); /* goes DOWN first */

bool link_is_changing(const struct link *l);
/*
 * Of one that is DOWN and changing, the interface goes where it is to be
 * another (about 20 ms), and it becomes what it is to be: waiting where it is
 * to run, or ready for link_free() where it is leaving.
 */
void link_settle(struct link *l);
/* Starts one that is waiting. */
void link_go(struct link *l);

/* The counters of all pumps so far and of this one now. */
void link_stats(const struct link *l, struct stats *stats);

#endif

/*
 * One link: its state, its one timer, its interface, its pump.
 */
#ifndef SR_ROUTER_LINK_H
#define SR_ROUTER_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/log.h"
#include "os/netif.h"
#include "os/netwatch.h"
#include "pump/stats.h"
#include "router/backoff.h"
#include "router/conf.h"
#include "router/damage.h"
#include "router/interface.h"
#include "router/link_fsm.h"
#include "router/pump_proc.h"

struct event;
struct event_base;

/* What all links share; the supervisor's. */
struct link_env {
	struct event_base *base;
	struct netif *netif;
	uid_t pump_uid; /* whom pumps become where the daemon is root */
	gid_t pump_gid;
	void (*changed)(void *arg); /* a link's state changed */
	void *arg;
};

struct link {
	const struct conf_link *conf;
	const struct link_env *env;

	enum link_state state;
	enum link_state after; /* where CLOSING leads to */
	int64_t since_ms;      /* when the state was entered */
	bool wanted;
	struct event *timer; /* its meaning is the state's */

	struct interface interface;
	struct pump_proc pump;
	struct event *reports; /* the pump's socket; NULL: none */
	struct port_info port; /* as it was last opened */
	bool stuck;            /* output stands still */
	bool silent;           /* the peer is not heard: no carrier */
	struct damage damage;  /* of what arrives */
	int64_t opened_ms;     /* when a pump was last started; 0: never */

	struct backoff backoff;
	unsigned failures; /* in a row, for the log */
	bool behind;       /* ABSENT: it has a name, with nothing behind it */
	bool absent_told;  /* that the port is not there, since it last was */
	unsigned restarts; /* pumps started after the first */
	struct error last_error;
	int64_t last_error_ms;
	struct log_bucket bucket;
	struct stats ended; /* of all pumps before this one */
};

/* conf and env stay the caller's and outlive the link.  NULL: no memory. */
struct link *link_new(const struct conf_link *conf, const struct link_env *env);
/* Only in DOWN.  NULL is allowed. */
void link_free(struct link *l);

void link_start(struct link *l);
void link_stop(struct link *l); /* asynchronous: until DOWN */

/* A child of the supervisor ended: perhaps ours. */
void link_reap(struct link *l);

/* Something may have appeared where its port would be: looks for it now where
 * it is ABSENT. */
void link_look(struct link *l);

/* Something happened to an interface: perhaps ours. */
void link_interface_event(struct link *l, const struct netwatch_event *ev);
/* Notifications were lost: looks for itself. */
void link_interface_resync(struct link *l);

/* The counters of all pumps so far and of this one now. */
void link_stats(const struct link *l, struct stats *stats);

#endif

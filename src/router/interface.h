/*
 * The interface of a link: made or attached to, configured, its carrier told.
 * It outlives port and pump.
 */
#ifndef SR_ROUTER_INTERFACE_H
#define SR_ROUTER_INTERFACE_H

#include <stdbool.h>

#include "base/error.h"
#include "os/netif.h"
#include "router/conf.h"

struct interface {
	/* Of the TUN; -1: none.  One whose interface was deleted is kept: it
	 * may be that no other can be had. */
	int fd;
	int index; /* 0: not attached */
	/* Whether it is up, as far as the notifications read so far say. */
	bool up;
	/* Somebody set it down: it is not ours to set it up again. */
	bool held_down;
	bool carrier;
	bool degraded; /* the kernel refused a setting: reason */
	struct error reason;
	/* Who has it, looked up when it was first found in use; code 0: not
	 * in use.  Looking costs a walk through all of /proc. */
	struct error busy;
	/* Taken as it is: without CAP_NET_ADMIN only the carrier is ours. */
	bool as_is;
};

void interface_init(struct interface *i);

/*
 * Makes the interface or attaches to it, where that is not done yet, and makes
 * its settings equal to the configuration's.  It is set up when it is first
 * attached to, unless it is one of ours that somebody set down.  Carrier is
 * off afterwards if it was not attached before.
 *
 * Without CAP_NET_ADMIN it has to exist and is taken as it is; one that is down
 * is held down.  What the configuration wants otherwise is told in the log; an
 * MTU of 0 wants nothing.  Errors then name the command that gives the right.
 */
int interface_make(struct interface *i, const struct conf_link *conf,
    struct netif *netif, struct error *err);

/* What undoes interface_change(). */
struct interface_undo {
	bool done; /* there is nothing to be undone */
	struct netif_settings netif;
	bool persist;
	uid_t owner; /* (uid_t)-1: not touched */
	gid_t group; /* (gid_t)-1: not touched */
};

/*
 * Applies the difference between two configurations to an interface that was
 * made by the first.  -1: the kernel refused something, err says what; then,
 * at the latest before anything else is done with the interface,
 * interface_undo() is to be called, which may wait until other interfaces have
 * let go of what this one takes back.  Nothing is done to one that is not
 * attached or taken as it is, but in the latter case it is told.
 */
int interface_change(struct interface *i, const struct conf_link *from,
    const struct conf_link *to, struct netif *netif,
    struct interface_undo *undo, struct error *err);
void interface_undo(struct interface *i, const struct conf_link *to,
    struct netif *netif, const struct interface_undo *undo);

/* Removes it, if it is one of ours, and lets go of it: about 20 ms. */
void interface_delete(
    struct interface *i, const struct conf_link *conf, struct netif *netif);

void interface_set_carrier(
    struct interface *i, const char *link, struct netif *netif, bool on);

/* It was deleted, or taken to another network namespace. */
void interface_lost(struct interface *i);

/* Lets go of it: one that is persistent stays, without carrier. */
void interface_release(struct interface *i);

#endif

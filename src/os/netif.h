/*
 * A network interface as the kernel keeps it, over rtnetlink(7) with libnl:
 * its settings are made equal to what is asked for.
 *
 * Nothing here waits: rtnetlink answers within the call.  Errors say what was
 * tried, with the kernel's own text where it sent one (extended
 * acknowledgements): "route 10.65.0.0/16 via 10.9.9.9: Nexthop has invalid
 * gateway".
 */
#ifndef SR_OS_NETIF_H
#define SR_OS_NETIF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/ip.h"

/* The protocol number of our routes (rt_protos), so that nobody takes them
 * for theirs and we take nobody's for ours. */
#define NETIF_ROUTE_PROTOCOL 83

/* The ifalias of an interface that serial-router made: this alone, or with a
 * colon and whose it is. */
#define NETIF_MARK "serial-router"
#define NETIF_MARK_SIZE 256 /* the kernel's IFALIASZ */

struct netif_address {
	struct ip local;
	struct ip peer;      /* AF_UNSPEC: none */
	unsigned prefix_len; /* of the peer where there is one */
};

struct netif_route {
	struct ip to; /* all 0 with prefix_len 0 is the default route */
	unsigned prefix_len;
	struct ip via;   /* AF_UNSPEC: none */
	uint32_t metric; /* 0: the kernel's choice */
	uint32_t table;  /* 0: main */
};

/* The kernel's numbers for rp_filter. */
enum netif_rp_filter {
	NETIF_RP_FILTER_OFF = 0,
	NETIF_RP_FILTER_STRICT = 1,
	NETIF_RP_FILTER_LOOSE = 2,
};

enum netif_switch { NETIF_UNTOUCHED = -1, NETIF_OFF = 0, NETIF_ON = 1 };

struct netif_settings {
	uint32_t mtu;                    /* bytes */
	uint32_t txqueuelen;             /* packets */
	struct netif_address *addresses; /* owned by the configuration */
	size_t n_addresses;
	struct netif_route *routes; /* owned by the configuration */
	size_t n_routes;
	enum netif_switch forwarding; /* IPv4 */
	enum netif_rp_filter rp_filter;
	bool ignore_linkdown; /* routes leave with the carrier */
};

/* What the kernel says of an interface. */
struct netif_state {
	int index;
	char name[IFNAMSIZ];
	bool up;     /* IFF_UP: the operator's switch */
	bool tun;    /* a TUN, not a TAP and nothing else */
	bool marked; /* carries NETIF_MARK, whoever's it is */
	bool ours;   /* carries the mark that netif_mark() sets */
	bool persist;
	uid_t owner; /* (uid_t)-1: none */
	gid_t group; /* (gid_t)-1: none */
	uint32_t mtu;
};

struct netif; /* one rtnetlink socket */

struct netif *netif_new(struct error *err); /* NULL: failed */
void netif_free(struct netif *n);           /* NULL is allowed */

/* err->code is ENODEV where there is no such interface. */
int netif_get(struct netif *n, const char *name, struct netif_state *state,
    struct error *err);

/*
 * Whose the interfaces are that netif_mark() marks: NULL, which it is at
 * first, for NETIF_MARK alone.  An owner that does not fit is cut, and nothing
 * is ours then.
 */
void netif_set_owner(struct netif *n, const char *owner);

/* The same by the interface's number. */
int netif_get_index(
    struct netif *n, int index, struct netif_state *state, struct error *err);

/* Whether these settings want IPv6 on the interface: any IPv6 address or
 * route.  Without, the interface gets addr_gen_mode none. */
bool netif_wants_ipv6(const struct netif_settings *s);

/*
 * Makes MTU, ring length, addr_gen_mode, forwarding, rp_filter, permanent
 * addresses (all but link-local ones that are not asked for) and our routes
 * (NETIF_ROUTE_PROTOCOL) of the interface equal to the settings, and sets it
 * up in between where set_up is true.  What is right already is not touched:
 * no message names it.  An interface that stays down gets no routes, since
 * the kernel refuses them there: that is no refusal, and the next call that
 * finds it up adds them.
 *
 * A refusal does not end the work: the rest is configured all the same.
 * Returns how many things the kernel refused, with the first refusal in *err
 * (may be NULL); 0: all is as asked.  err->code is ENODEV, and the work ends,
 * where there is no such interface (any more).
 *
 * The kernel begins IPv6, with a link-local address, at the moment when the
 * MTU of an interface that is up grows to 1280; where none is wanted, it is
 * taken away again, and one router solicitation may have left.
 */
int netif_apply(struct netif *n, int index, const struct netif_settings *s,
    bool set_up, struct error *err);

/*
 * Applies the difference between two settings to an interface that was given
 * the first: what they have in common is not looked at, whatever somebody has
 * made of it; of routes with our protocol all are made equal to those of to.
 * Returns as netif_apply() does.
 *
 * *was gets what undoes it, in a call netif_change(n, index, to, was, ...): the
 * values that the kernel had, and the addresses and routes of from, whose
 * memory stays that of from.
 */
int netif_change(struct netif *n, int index, const struct netif_settings *from,
    const struct netif_settings *to, struct netif_settings *was,
    struct error *err);

/* Removes the routes of from that are not in to (NULL: all of them), so that
 * another interface can have them. */
void netif_drop_routes(struct netif *n, int index,
    const struct netif_settings *from, const struct netif_settings *to);

/* Sets the ifalias. */
int netif_mark(struct netif *n, int index, struct error *err);

/*
 * All TUNs of this network namespace with our mark, whoever's they are: an
 * array of *n_found that the caller frees with free(3), NULL where there are
 * none.
 */
int netif_list_marked(struct netif *n, struct netif_state **found,
    size_t *n_found, struct error *err);

struct netif_held {
	int index;
	struct netif_address address; /* peer: AF_UNSPEC where it is local */
};

/* The addresses of all interfaces of this network namespace: an array of
 * *n_found that the caller frees with free(3), NULL where there are none. */
int netif_list_addresses(struct netif *n, struct netif_held **found,
    size_t *n_found, struct error *err);

/* Removes the interface: about 20 ms.  err->code is ENODEV where there is no
 * such interface. */
int netif_delete(struct netif *n, int index, struct error *err);

/*
 * To be called right after the carrier went off, never while it is on: makes
 * the kernel tell it (routes, listeners) at once instead of within a second,
 * by the operational state "dormant", which the next carrier on ends.
 * err->code is EBUSY, and nothing was done, where the carrier is on; ENODEV
 * where there is no such interface.
 */
int netif_push_carrier_loss(struct netif *n, int index, struct error *err);

#endif

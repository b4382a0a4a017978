/*
 * What the files of netif share: requests to rtnetlink(7) and their answers,
 * and one call of netif_apply at work.  For netif*.c only.
 */
#ifndef SR_OS_NETIF_PRIV_H
#define SR_OS_NETIF_PRIV_H

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "os/netif.h"

/* The kernel fills what it is offered, up to this, in one go of a dump. */
#define NETIF_ANSWER_SIZE 32768

/* With a smaller MTU the kernel ends IPv6 on an interface. */
#define IPV6_MTU_MIN 1280

struct netif {
	int fd;
	uint32_t sequence; /* of the last request */
	char mark[NETIF_MARK_SIZE];
	bool mark_cut; /* it says of nobody for certain whose it is */
	uint8_t answer[NETIF_ANSWER_SIZE]
	    __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* A message in the making; once memory is short, msg is NULL and all that
 * follows does nothing until netif_call says so. */
struct netif_request {
	struct nl_msg *msg;
};

/* Begins a request with its family header (struct ifinfomsg, ...). */
void netif_request_init(struct netif_request *r, uint16_t type, uint16_t flags,
    const void *header, size_t size);
void netif_put(
    struct netif_request *r, int type, const void *data, size_t size);
void netif_put_u32(struct netif_request *r, int type, uint32_t value);
void netif_put_ip(struct netif_request *r, int type, const struct ip *ip);
struct nlattr *netif_nest(struct netif_request *r, int type);
void netif_nest_end(struct netif_request *r, struct nlattr *nest);

/* Reads an address of that family; AF_UNSPEC where a is NULL or too short. */
struct ip netif_get_ip(const struct nlattr *a, int family);

/* Takes one message of the answer.  hdr is NULL where a dump begins (again):
 * what was taken before is to be forgotten. */
typedef void netif_take(struct nlmsghdr *hdr, void *arg);

/*
 * Sends the request, frees it in every case, hands what the kernel answers to
 * take (may be NULL except for a dump) and returns its verdict: 0, or -1 with
 * its errno value and its own words where it sent some.  A dump that
 * somebody's change interrupted is repeated, a bounded number of times.
 */
int netif_call(struct netif *n, struct netif_request *r, netif_take *take,
    void *arg, struct error *err);

struct netif_link {
	struct netif_state state;
	uint32_t txqueuelen;
	bool carrier;
	int addr_gen_mode; /* -1: no IPv6 here */
	uint32_t forwarding, rp_filter, ignore_linkdown;
};

/* Takes an RTM_NEWLINK apart; false: it is none. */
bool netif_link_parse(
    const struct netif *n, struct nlmsghdr *hdr, struct netif_link *link);

/* By index, or by name where index is 0. */
int netif_link_get(struct netif *n, int index, const char *name,
    struct netif_link *link, struct error *err);

/* An RTM_SETLINK for the interface, to be added to. */
void netif_link_request(struct netif_request *r, int index);

/* What a call of netif_apply or netif_change looks at. */
enum netif_what {
	NETIF_MTU = 1 << 0,
	NETIF_TXQUEUELEN = 1 << 1,
	NETIF_FORWARDING = 1 << 2,
	NETIF_RP_FILTER = 1 << 3,
	NETIF_IGNORE_LINKDOWN = 1 << 4,
	NETIF_ADDRESSES = 1 << 5, /* and addr_gen_mode, which follows them */
	NETIF_ROUTES = 1 << 6,
	NETIF_ALL = (1 << 7) - 1,
};

struct netif_job {
	struct netif *netif;
	int index;
	const struct netif_settings *want;
	unsigned what; /* enum netif_what */
	/* Of addresses, only these are in the way of those that are wanted;
	 * NULL: all are. */
	const struct netif_settings *before;
	bool up;
	bool was_down; /* until this call */
	/* IPv6 began with our MTU, or is not wanted any more: the link-local
	 * address is of our making. */
	bool drop_link_local;
	int refused;
	bool gone;         /* the interface exists no more */
	struct error *err; /* of the first refusal; the caller's, may be NULL */
};

/* Counts a refusal. */
void netif_job_refused(struct netif_job *job, const struct error *err);

/* Sends a change; the text says what, for the case that it is refused.  The
 * errno value `fine` is no refusal. */
void netif_job_send(struct netif_job *job, struct netif_request *r, int fine,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Takes an RTM_NEWADDR apart; false: it is none, or one without an address.
 * flags are IFA_F_. */
bool netif_address_parse(struct nlmsghdr *hdr, int *index,
    struct netif_address *address, uint32_t *flags);

/* Whether the kernel is to make no link-local address of its own. */
bool netif_wants_no_link_local(const struct netif_settings *want);

/* A route as it is removed. */
void netif_route_delete(struct netif_job *job, const struct netif_route *route);
/* Whether both are the same to the kernel. */
bool netif_same_address(
    const struct netif_address *a, const struct netif_address *b);
bool netif_same_route(const struct netif_route *a, const struct netif_route *b);

/* The steps of netif_apply, in their order. */
void netif_apply_link(struct netif_job *job, bool set_up);
void netif_apply_addresses(struct netif_job *job);
void netif_apply_routes(struct netif_job *job);

#endif

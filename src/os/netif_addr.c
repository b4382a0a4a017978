#include "os/netif_priv.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory stays bounded whatever somebody has put there: so many at a time,
 * so many times. */
#define STALE_MAX 64
#define ROUNDS_MAX 64

struct address_scan {
	struct netif_job *job;
	bool *found; /* one for each that is wanted */
	struct netif_address stale[STALE_MAX];
	size_t n_stale;
};

static const struct nla_policy address_policy[IFA_MAX + 1] = {
	[IFA_FLAGS] = { .type = NLA_U32 },
};

static bool
has_peer(const struct netif_address *a)
{
	return a->peer.family != AF_UNSPEC && !ip_equal(&a->peer, &a->local);
}

bool
netif_same_address(const struct netif_address *a, const struct netif_address *b)
{
	if (a->prefix_len != b->prefix_len || !ip_equal(&a->local, &b->local))
		return false;
	if (!has_peer(a) || !has_peer(b))
		return has_peer(a) == has_peer(b);
	return ip_equal(&a->peer, &b->peer);
}

/* Returns whether a is wanted. */
static bool
mark_found(struct address_scan *scan, const struct netif_address *a)
{
	const struct netif_settings *want = scan->job->want;
	bool wanted = false;

	for (size_t i = 0; i < want->n_addresses; i++) {
		if (!netif_same_address(&want->addresses[i], a))
			continue;
		scan->found[i] = true;
		wanted = true;
	}
	return wanted;
}

/* Whether an address that is not wanted is ours to take away. */
static bool
is_stale(const struct netif_job *job, const struct netif_address *a)
{
	const struct netif_settings *before = job->before;

	if (job->drop_link_local && ip_is_link_local(&a->local))
		return true;
	if (!before)
		return !ip_is_link_local(&a->local);
	for (size_t i = 0; i < before->n_addresses; i++) {
		if (netif_same_address(&before->addresses[i], a))
			return true;
	}
	return false;
}

/* In the way is also an address that goes by itself, where one of ours is to
 * stay. */
static bool
is_in_the_way(
    const struct netif_job *job, const struct netif_address *a, bool permanent)
{
	const struct netif_settings *want = job->want;

	if (permanent && is_stale(job, a))
		return true;
	for (size_t i = 0; i < want->n_addresses; i++) {
		if (ip_equal(&want->addresses[i].local, &a->local))
			return true;
	}
	return false;
}

bool
netif_address_parse(struct nlmsghdr *hdr, int *index,
    struct netif_address *address, uint32_t *flags)
{
	const struct ifaddrmsg *ifa = nlmsg_data(hdr);
	struct nlattr *tb[IFA_MAX + 1];

	if (hdr->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(hdr, sizeof(*ifa), tb, IFA_MAX, address_policy) < 0)
		return false;
	*index = ifa->ifa_index;
	*flags = tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : ifa->ifa_flags;
	address->prefix_len = ifa->ifa_prefixlen;
	address->peer = netif_get_ip(tb[IFA_ADDRESS], ifa->ifa_family);
	address->local = netif_get_ip(tb[IFA_LOCAL], ifa->ifa_family);
	if (address->local.family == AF_UNSPEC)
		address->local = address->peer;
	return address->local.family != AF_UNSPEC;
}

static void
take_address(struct nlmsghdr *hdr, void *arg)
{
	struct address_scan *scan = arg;
	struct netif_job *job = scan->job;
	struct netif_address a;
	uint32_t flags;
	int index;

	if (!hdr) {
		memset(scan->found, 0, job->want->n_addresses);
		scan->n_stale = 0;
		return;
	}
	if (!netif_address_parse(hdr, &index, &a, &flags) ||
	    index != job->index)
		return;
	if ((flags & IFA_F_PERMANENT) && mark_found(scan, &a))
		return;
	if (scan->n_stale < STALE_MAX &&
	    is_in_the_way(job, &a, flags & IFA_F_PERMANENT))
		scan->stale[scan->n_stale++] = a;
}

static int
scan_addresses(struct address_scan *scan)
{
	struct netif_job *job = scan->job;
	struct ifaddrmsg ifa = { .ifa_index = job->index };
	struct netif_request r;
	struct error err;

	netif_request_init(&r, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	if (netif_call(job->netif, &r, take_address, scan, &err) == 0)
		return 0;
	error_prefix(&err, "read the addresses");
	netif_job_refused(job, &err);
	return -1;
}

static void
send_address(struct netif_job *job, int type, const struct netif_address *a)
{
	bool add = type == RTM_NEWADDR;
	struct ifaddrmsg ifa = {
		.ifa_family = a->local.family,
		.ifa_prefixlen = a->prefix_len,
		.ifa_index = job->index,
	};
	char local[IP_TEXT_SIZE];
	char peer[IP_TEXT_SIZE];
	struct netif_request r;

	/* A serial line has nobody who could have the address already. */
	if (add && a->local.family == AF_INET6)
		ifa.ifa_flags = IFA_F_NODAD;
	netif_request_init(
	    &r, type, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &ifa, sizeof(ifa));
	netif_put_ip(&r, IFA_LOCAL, &a->local);
	netif_put_ip(&r, IFA_ADDRESS, has_peer(a) ? &a->peer : &a->local);
	/* A primary address takes its secondaries along. */
	if (has_peer(a))
		netif_job_send(job, &r, add ? 0 : EADDRNOTAVAIL,
		    "%saddress %s peer %s", add ? "" : "remove ",
		    ip_format(&a->local, local),
		    ip_format_prefix(&a->peer, a->prefix_len, peer));
	else
		netif_job_send(job, &r, add ? 0 : EADDRNOTAVAIL, "%saddress %s",
		    add ? "" : "remove ",
		    ip_format_prefix(&a->local, a->prefix_len, local));
}

/* Leaves in found what is there afterwards. */
static int
drop_stale_addresses(struct address_scan *scan)
{
	struct netif_job *job = scan->job;
	int before = job->refused;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (scan_addresses(scan) < 0)
			return -1;
		if (scan->n_stale == 0 || job->refused > before)
			return 0;
		for (size_t i = 0; i < scan->n_stale && !job->gone; i++)
			send_address(job, RTM_DELADDR, &scan->stale[i]);
	}
	return scan_addresses(scan);
}

void
netif_apply_addresses(struct netif_job *job)
{
	const struct netif_settings *want = job->want;
	struct address_scan scan = { .job = job };
	struct error err;

	scan.found = calloc(want->n_addresses + 1, sizeof(*scan.found));
	if (!scan.found) {
		error_errno(&err, "addresses");
		netif_job_refused(job, &err);
		return;
	}
	if (drop_stale_addresses(&scan) == 0) {
		for (size_t i = 0; i < want->n_addresses && !job->gone; i++) {
			if (scan.found[i])
				continue;
			send_address(job, RTM_NEWADDR, &want->addresses[i]);
			mark_found(&scan, &want->addresses[i]);
		}
	}
	free(scan.found);
}

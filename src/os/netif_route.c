#include "os/netif_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory stays bounded whatever somebody has put there: so many at a time,
 * so many times. */
#define STALE_MAX 64
#define ROUNDS_MAX 64

/* What the kernel makes of IPv6 routes without a metric. */
#define IPV6_METRIC_DEFAULT 1024

struct stale_route {
	struct netif_route route;
	uint8_t tos;
	uint8_t type;
};

struct route_scan {
	struct netif_job *job;
	int family;
	bool *found; /* one for each that is wanted */
	struct stale_route stale[STALE_MAX];
	size_t n_stale;
};

static const struct nla_policy route_policy[RTA_MAX + 1] = {
	[RTA_OIF] = { .type = NLA_U32 },
	[RTA_PRIORITY] = { .type = NLA_U32 },
	[RTA_TABLE] = { .type = NLA_U32 },
	[RTA_VIA] = { .minlen = sizeof(struct rtvia) },
};

static uint32_t
real_table(const struct netif_route *r)
{
	return r->table ? r->table : RT_TABLE_MAIN;
}

static uint32_t
real_metric(const struct netif_route *r)
{
	if (r->metric || r->to.family != AF_INET6)
		return r->metric;
	return IPV6_METRIC_DEFAULT;
}

bool
netif_same_route(const struct netif_route *a, const struct netif_route *b)
{
	return a->prefix_len == b->prefix_len &&
	    ip_equal_prefix(&a->to, &b->to, a->prefix_len) &&
	    ip_equal(&a->via, &b->via) && real_metric(a) == real_metric(b) &&
	    real_table(a) == real_table(b);
}

/* Returns whether the route is wanted. */
static bool
mark_found(struct route_scan *scan, const struct netif_route *route)
{
	const struct netif_settings *want = scan->job->want;
	bool wanted = false;

	for (size_t i = 0; i < want->n_routes; i++) {
		if (!netif_same_route(&want->routes[i], route))
			continue;
		scan->found[i] = true;
		wanted = true;
	}
	return wanted;
}

/* IPv4 by way of an IPv6 address has an attribute of its own. */
static struct ip
get_via(struct nlattr **tb, int family)
{
	struct ip ip = { .family = AF_UNSPEC };
	const struct rtvia *via;

	if (!tb[RTA_VIA])
		return netif_get_ip(tb[RTA_GATEWAY], family);
	via = nla_data(tb[RTA_VIA]);
	ip.family = via->rtvia_family;
	if (nla_len(tb[RTA_VIA]) - sizeof(*via) < ip_size(&ip) || !ip_size(&ip))
		return (struct ip){ .family = AF_UNSPEC };
	memcpy(ip.bytes, via->rtvia_addr, ip_size(&ip));
	return ip;
}

static void
put_via(struct netif_request *r, const struct netif_route *route)
{
	/* struct rtvia, with room for the address. */
	struct {
		uint16_t family;
		uint8_t bytes[16];
	} via = { .family = route->via.family };

	if (route->via.family == AF_UNSPEC)
		return;
	if (route->via.family == route->to.family) {
		netif_put_ip(r, RTA_GATEWAY, &route->via);
		return;
	}
	memcpy(via.bytes, route->via.bytes, sizeof(via.bytes));
	netif_put(
	    r, RTA_VIA, &via, sizeof(struct rtvia) + ip_size(&route->via));
}

static bool
is_ours(
    const struct netif_job *job, const struct rtmsg *rtm, struct nlattr **tb)
{
	return rtm->rtm_protocol == NETIF_ROUTE_PROTOCOL &&
	    !(rtm->rtm_flags & RTM_F_CLONED) && tb[RTA_OIF] &&
	    (int)nla_get_u32(tb[RTA_OIF]) == job->index;
}

static void
take_route(struct nlmsghdr *hdr, void *arg)
{
	struct route_scan *scan = arg;
	struct stale_route r = { .tos = 0 };
	struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *rtm;

	if (!hdr) {
		scan->n_stale = 0;
		return;
	}
	rtm = nlmsg_data(hdr);
	/* A kernel without that family answers with all others. */
	if (hdr->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(hdr, sizeof(*rtm), tb, RTA_MAX, route_policy) < 0 ||
	    rtm->rtm_family != scan->family || !is_ours(scan->job, rtm, tb))
		return;
	r.route.to = netif_get_ip(tb[RTA_DST], rtm->rtm_family);
	r.route.to.family = rtm->rtm_family;
	r.route.prefix_len = rtm->rtm_dst_len;
	r.route.via = get_via(tb, rtm->rtm_family);
	if (tb[RTA_PRIORITY])
		r.route.metric = nla_get_u32(tb[RTA_PRIORITY]);
	r.route.table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE])
				      : rtm->rtm_table;
	r.tos = rtm->rtm_tos;
	r.type = rtm->rtm_type;
	if (r.tos == 0 && r.type == RTN_UNICAST && mark_found(scan, &r.route))
		return;
	if (scan->n_stale < STALE_MAX)
		scan->stale[scan->n_stale++] = r;
}

static int
scan_routes(struct route_scan *scan)
{
	struct netif_job *job = scan->job;
	struct rtmsg rtm = {
		.rtm_family = scan->family,
		.rtm_protocol = NETIF_ROUTE_PROTOCOL,
	};
	struct netif_request r;
	struct error err;

	netif_request_init(&r, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	netif_put_u32(&r, RTA_OIF, job->index);
	if (netif_call(job->netif, &r, take_route, scan, &err) == 0)
		return 0;
	error_prefix(&err, "read the routes");
	netif_job_refused(job, &err);
	return -1;
}

static const char *
route_text(const struct netif_route *route, char *buf, size_t size)
{
	char text[IP_TEXT_SIZE];
	int len;

	len = snprintf(buf, size, "%s",
	    ip_format_prefix(&route->to, route->prefix_len, text));
	if (route->via.family != AF_UNSPEC)
		len += snprintf(buf + len, size - len, " via %s",
		    ip_format(&route->via, text));
	if (route->metric)
		len += snprintf(
		    buf + len, size - len, " metric %u", route->metric);
	if (real_table(route) != RT_TABLE_MAIN)
		snprintf(buf + len, size - len, " table %u", route->table);
	return buf;
}

static void
put_route(struct netif_request *r, const struct netif_job *job,
    const struct netif_route *route)
{
	if (route->prefix_len)
		netif_put_ip(r, RTA_DST, &route->to);
	netif_put_u32(r, RTA_OIF, job->index);
	netif_put_u32(r, RTA_TABLE, real_table(route));
	if (route->metric)
		netif_put_u32(r, RTA_PRIORITY, route->metric);
	put_via(r, route);
}

static void
add_route(struct netif_job *job, const struct netif_route *route)
{
	bool direct = route->via.family == AF_UNSPEC;
	struct rtmsg rtm = {
		.rtm_family = route->to.family,
		.rtm_dst_len = route->prefix_len,
		.rtm_protocol = NETIF_ROUTE_PROTOCOL,
		.rtm_type = RTN_UNICAST,
		.rtm_scope = direct && route->to.family == AF_INET
		    ? RT_SCOPE_LINK
		    : RT_SCOPE_UNIVERSE,
	};
	char text[4 * IP_TEXT_SIZE];
	struct netif_request r;

	netif_request_init(
	    &r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &rtm, sizeof(rtm));
	put_route(&r, job, route);
	netif_job_send(
	    job, &r, 0, "route %s", route_text(route, text, sizeof(text)));
}

static void
delete_route(struct netif_job *job, const struct stale_route *stale)
{
	const struct netif_route *route = &stale->route;
	struct rtmsg rtm = {
		.rtm_family = route->to.family,
		.rtm_dst_len = route->prefix_len,
		.rtm_tos = stale->tos,
		.rtm_protocol = NETIF_ROUTE_PROTOCOL,
		.rtm_type = stale->type,
		.rtm_scope = RT_SCOPE_NOWHERE,
	};
	char text[4 * IP_TEXT_SIZE];
	struct netif_request r;

	netif_request_init(&r, RTM_DELROUTE, 0, &rtm, sizeof(rtm));
	put_route(&r, job, route);
	netif_job_send(job, &r, ESRCH, "remove route %s",
	    route_text(route, text, sizeof(text)));
}

void
netif_route_delete(struct netif_job *job, const struct netif_route *route)
{
	struct stale_route stale = { .route = *route, .type = RTN_UNICAST };

	delete_route(job, &stale);
}

static int
drop_stale_routes(struct route_scan *scan)
{
	struct netif_job *job = scan->job;
	int before = job->refused;

	/* The kernel keeps no routes of what is down, and looking through a
	 * large table takes long. */
	if (job->was_down)
		return 0;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (scan_routes(scan) < 0)
			return -1;
		for (size_t i = 0; i < scan->n_stale && !job->gone; i++)
			delete_route(job, &scan->stale[i]);
		if (scan->n_stale < STALE_MAX || job->refused > before)
			return 0;
	}
	return 0;
}

static void
apply_family(struct route_scan *scan, int family)
{
	struct netif_job *job = scan->job;
	const struct netif_settings *want = job->want;

	scan->family = family;
	memset(scan->found, 0, want->n_routes);
	if (drop_stale_routes(scan) < 0)
		return;
	for (size_t i = 0; i < want->n_routes && !job->gone; i++) {
		if (want->routes[i].to.family != family || scan->found[i])
			continue;
		add_route(job, &want->routes[i]);
		mark_found(scan, &want->routes[i]);
	}
}

void
netif_apply_routes(struct netif_job *job)
{
	struct route_scan scan = { .job = job };
	struct error err;

	scan.found = calloc(job->want->n_routes + 1, sizeof(*scan.found));
	if (!scan.found) {
		error_errno(&err, "routes");
		netif_job_refused(job, &err);
		return;
	}
	apply_family(&scan, AF_INET);
	if (!job->gone)
		apply_family(&scan, AF_INET6);
	free(scan.found);
}

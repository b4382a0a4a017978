/* From one settings of an interface to others, by their difference alone. */
#include "os/netif_priv.h"

static bool
has_address(const struct netif_settings *s, const struct netif_address *a)
{
	for (size_t i = 0; i < s->n_addresses; i++) {
		if (netif_same_address(&s->addresses[i], a))
			return true;
	}
	return false;
}

static bool
same_addresses(const struct netif_settings *a, const struct netif_settings *b)
{
	if (a->n_addresses != b->n_addresses)
		return false;
	for (size_t i = 0; i < a->n_addresses; i++) {
		if (!has_address(b, &a->addresses[i]))
			return false;
	}
	return true;
}

static bool
has_route(const struct netif_settings *s, const struct netif_route *route)
{
	for (size_t i = 0; i < s->n_routes; i++) {
		if (netif_same_route(&s->routes[i], route))
			return true;
	}
	return false;
}

static bool
same_routes(const struct netif_settings *a, const struct netif_settings *b)
{
	if (a->n_routes != b->n_routes)
		return false;
	for (size_t i = 0; i < a->n_routes; i++) {
		if (!has_route(b, &a->routes[i]))
			return false;
	}
	return true;
}

static unsigned
difference(const struct netif_settings *a, const struct netif_settings *b)
{
	unsigned what = 0;

	if (a->mtu != b->mtu)
		what |= NETIF_MTU;
	if (a->txqueuelen != b->txqueuelen)
		what |= NETIF_TXQUEUELEN;
	if (a->forwarding != b->forwarding)
		what |= NETIF_FORWARDING;
	if (a->rp_filter != b->rp_filter)
		what |= NETIF_RP_FILTER;
	if (a->ignore_linkdown != b->ignore_linkdown)
		what |= NETIF_IGNORE_LINKDOWN;
	if (!same_addresses(a, b))
		what |= NETIF_ADDRESSES;
	if (!same_routes(a, b))
		what |= NETIF_ROUTES;
	/* Routes alone may begin or end IPv6. */
	if (netif_wants_no_link_local(a) != netif_wants_no_link_local(b))
		what |= NETIF_ADDRESSES;
	/* With its last address of a family an interface loses its routes. */
	if (what & NETIF_ADDRESSES)
		what |= NETIF_ROUTES;
	return what;
}

/* What the kernel has, where the change sets it. */
static void
remember(struct netif_settings *was, const struct netif_link *link,
    const struct netif_settings *to, unsigned what)
{
	if (what & NETIF_MTU)
		was->mtu = link->state.mtu;
	if (what & NETIF_TXQUEUELEN)
		was->txqueuelen = link->txqueuelen;
	if ((what & NETIF_FORWARDING) && to->forwarding != NETIF_UNTOUCHED)
		was->forwarding = link->forwarding ? NETIF_ON : NETIF_OFF;
	if (what & NETIF_RP_FILTER)
		was->rp_filter = link->rp_filter;
	if (what & NETIF_IGNORE_LINKDOWN)
		was->ignore_linkdown = link->ignore_linkdown;
}

int
netif_change(struct netif *n, int index, const struct netif_settings *from,
    const struct netif_settings *to, struct netif_settings *was,
    struct error *err)
{
	struct netif_job job = {
		.netif = n,
		.index = index,
		.want = to,
		.what = difference(from, to),
		.before = from,
		.drop_link_local = !netif_wants_no_link_local(from) &&
		    netif_wants_no_link_local(to),
		.err = err,
	};
	struct netif_link link;

	*was = *from;
	if (job.what == 0)
		return 0;
	if (netif_link_get(n, index, NULL, &link, err) < 0)
		return 1;
	/* A small MTU, set by hand, had taken all of IPv6. */
	if ((job.what & NETIF_MTU) && link.state.mtu < IPV6_MTU_MIN &&
	    netif_wants_ipv6(to))
		job.what |= NETIF_ADDRESSES | NETIF_ROUTES;
	remember(was, &link, to, job.what);
	netif_apply_link(&job, false);
	if (!job.gone && (job.what & NETIF_ADDRESSES))
		netif_apply_addresses(&job);
	if (!job.gone && job.up && (job.what & NETIF_ROUTES))
		netif_apply_routes(&job);
	return job.refused;
}

void
netif_drop_routes(struct netif *n, int index, const struct netif_settings *from,
    const struct netif_settings *to)
{
	struct netif_job job = { .netif = n, .index = index, .want = to };

	for (size_t i = 0; i < from->n_routes && !job.gone; i++) {
		if (!to || !has_route(to, &from->routes[i]))
			netif_route_delete(&job, &from->routes[i]);
	}
}

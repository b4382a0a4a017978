/*
 * Routes that the kernel will refuse: no mistakes of the file for certain,
 * since other programs make addresses and routes as well.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "router/conf_check.h"
#include "router/conf_read.h"

/* What 0 means to the kernel. */
#define TABLE_MAIN 254
#define METRIC_IPV6 1024

struct route_ref {
	const struct netif_route *route;
	size_t link;
	size_t index;
};

static uint32_t
table(const struct netif_route *route)
{
	return route->table ? route->table : TABLE_MAIN;
}

static uint32_t
metric(const struct netif_route *route)
{
	if (route->to.family == AF_INET6 && route->metric == 0)
		return METRIC_IPV6;
	return route->metric;
}

/* 0: the kernel takes only one of the two. */
static int
compare_route(const struct netif_route *a, const struct netif_route *b)
{
	int order;

	if (a->to.family != b->to.family)
		return a->to.family < b->to.family ? -1 : 1;
	order = memcmp(a->to.bytes, b->to.bytes, ip_size(&a->to));
	if (order != 0)
		return order;
	if (a->prefix_len != b->prefix_len)
		return a->prefix_len < b->prefix_len ? -1 : 1;
	if (table(a) != table(b))
		return table(a) < table(b) ? -1 : 1;
	if (metric(a) != metric(b))
		return metric(a) < metric(b) ? -1 : 1;
	return 0;
}

static int
compare_refs(const void *va, const void *vb)
{
	const struct route_ref *a = va;
	const struct route_ref *b = vb;
	int order = compare_route(a->route, b->route);

	if (order == 0 && a->link != b->link)
		order = a->link < b->link ? -1 : 1;
	if (order == 0 && a->index != b->index)
		order = a->index < b->index ? -1 : 1;
	return order;
}

static const config_setting_t *
route_setting(const config_setting_t *list, size_t link, size_t index)
{
	const config_setting_t *routes = conf_nearest(
	    config_setting_get_elem(list, link), "interface.routes");

	return config_setting_get_elem(routes, index);
}

static void
warn_of_twins(struct conf_reader *r, const config_setting_t *list,
    const struct route_ref *refs, size_t n)
{
	char text[IP_TEXT_SIZE], path[CONF_PATH_SIZE], place[CONF_PLACE_SIZE];
	const struct route_ref *first = refs;

	for (size_t i = 1; i < n; i++) {
		const struct netif_route *route = refs[i].route;
		const config_setting_t *s, *other;

		if (compare_route(first->route, route) != 0) {
			first = &refs[i];
			continue;
		}
		s = route_setting(list, refs[i].link, refs[i].index);
		other = route_setting(list, first->link, first->index);
		conf_warn(r, s,
		    "%s with the same metric is already %s, %s, and the "
		    "kernel takes only one",
		    ip_format_prefix(&route->to, route->prefix_len, text),
		    conf_path(other, path, sizeof(path)),
		    conf_place(r, other, s, place));
	}
}

static void
check_twins(struct conf_reader *r, const config_setting_t *list)
{
	const struct conf *conf = r->conf;
	struct route_ref *refs;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_links; i++)
		n += conf->links[i].netif.n_routes;
	refs = calloc(n + 1, sizeof(*refs));
	if (!refs) {
		r->faults.no_memory = true;
		return;
	}
	n = 0;
	for (size_t i = 0; i < conf->n_links; i++) {
		const struct conf_link *link = &conf->links[i];

		for (size_t j = 0; j < link->netif.n_routes && link->enabled;
		     j++)
			refs[n++] = (struct route_ref){ &link->netif.routes[j],
				i, j };
	}
	qsort(refs, n, sizeof(*refs), compare_refs);
	warn_of_twins(r, list, refs, n);
	free(refs);
}

bool
conf_reaches(const struct netif_settings *netif, const struct ip *host)
{
	if (ip_is_link_local(host))
		return true;
	for (size_t i = 0; i < netif->n_addresses; i++) {
		const struct netif_address *a = &netif->addresses[i];
		const struct ip *to = ip_size(&a->peer) ? &a->peer : &a->local;

		if (to->family == host->family &&
		    ip_equal_prefix(to, host, a->prefix_len))
			return true;
	}
	for (size_t i = 0; i < netif->n_routes; i++) {
		const struct netif_route *route = &netif->routes[i];

		if (route->to.family == host->family && !ip_size(&route->via) &&
		    ip_equal_prefix(&route->to, host, route->prefix_len))
			return true;
	}
	return false;
}

static void
check_gateways(struct conf_reader *r, const config_setting_t *list, size_t link)
{
	const struct netif_settings *netif = &r->conf->links[link].netif;
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < netif->n_routes && !conf_faults_full(&r->faults);
	     i++) {
		const struct ip *via = &netif->routes[i].via;

		if (ip_size(via) && !conf_reaches(netif, via))
			conf_warn(r, route_setting(list, link, i),
			    "no address of this link reaches the gateway %s",
			    ip_format(via, text));
	}
}

void
conf_check_routes(struct conf_reader *r, const config_setting_t *list)
{
	for (size_t i = 0; i < r->conf->n_links; i++)
		check_gateways(r, list, i);
	check_twins(r, list);
}

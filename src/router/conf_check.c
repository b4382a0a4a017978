#include "router/conf_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "router/conf_read.h"

#define MTU_MIN_IPV6 1280u /* RFC 8200, section 5 */
#define MTU_LINE_MS 120    /* a packet may take so long by default */
#define SLIP_ENDS 2        /* bytes of framing of a packet without escapes */

const config_setting_t *
conf_nearest(const config_setting_t *group, const char *path)
{
	const config_setting_t *s = group;

	while (s && config_setting_is_group(s)) {
		size_t n = strcspn(path, ".");
		char name[CONF_PATH_SIZE];

		group = s;
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		s = config_setting_get_member(s, name);
		if (s && !path[n])
			return s;
		path += n + 1;
	}
	return group;
}

static bool
has_only_ipv6_addresses(const struct netif_settings *netif)
{
	bool v6 = false;

	for (size_t i = 0; i < netif->n_addresses; i++) {
		if (netif->addresses[i].local.family == AF_INET)
			return false;
		v6 |= netif->addresses[i].local.family == AF_INET6;
	}
	return v6;
}

static bool
wants_ipv6(const struct netif_settings *netif)
{
	for (size_t i = 0; i < netif->n_addresses; i++) {
		if (netif->addresses[i].local.family == AF_INET6)
			return true;
	}
	for (size_t i = 0; i < netif->n_routes; i++) {
		if (netif->routes[i].to.family == AF_INET6)
			return true;
	}
	return false;
}

/* A default route is of the family of its gateway, or of what the link has. */
static void
complete_routes(struct netif_settings *netif)
{
	bool v6 = has_only_ipv6_addresses(netif);

	for (size_t i = 0; i < netif->n_routes; i++) {
		struct netif_route *route = &netif->routes[i];

		if (ip_size(&route->to))
			continue;
		if (ip_size(&route->via))
			route->to.family = route->via.family;
		else
			route->to.family = v6 ? AF_INET6 : AF_INET;
	}
}

static unsigned
default_mtu(const struct port_settings *port, bool ipv6)
{
	static const unsigned mtus[] = { 1500, 1280, 576 };
	unsigned mtu = 296;

	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		uint64_t bits = (mtus[i] + SLIP_ENDS) *
		    (uint64_t)port_bits_per_char(port);

		if (bits * 1000 <= MTU_LINE_MS * (uint64_t)port->baud) {
			mtu = mtus[i];
			break;
		}
	}
	return ipv6 && mtu < MTU_MIN_IPV6 ? MTU_MIN_IPV6 : mtu;
}

static void
check_mtu(struct conf_reader *r, const config_setting_t *group,
    struct conf_link *link)
{
	bool ipv6 = wants_ipv6(&link->netif);

	if (link->netif.mtu == 0)
		link->netif.mtu = default_mtu(&link->port, ipv6);
	if (ipv6 && link->netif.mtu < MTU_MIN_IPV6)
		conf_fault(r, conf_nearest(group, "interface.mtu"),
		    "expected %u to %d with IPv6 addresses or routes, got %u",
		    MTU_MIN_IPV6, CONF_MTU_MAX, link->netif.mtu);
}

static void
check_retry(struct conf_reader *r, const config_setting_t *group,
    const struct conf_link *link)
{
	const config_setting_t *first = conf_nearest(group, "retry.first_ms");
	const char *name = config_setting_name(first);

	if (link->retry_first_ms <= link->retry_max_ms)
		return;
	if (name && strcmp(name, "first_ms") == 0)
		conf_fault(r, first, "expected at most max_ms, %u, got %u",
		    link->retry_max_ms, link->retry_first_ms);
	else
		conf_fault(r, conf_nearest(group, "retry.max_ms"),
		    "expected at least first_ms, %u, got %u",
		    link->retry_first_ms, link->retry_max_ms);
}

void
conf_check_link(struct conf_reader *r, const config_setting_t *group,
    struct conf_link *link)
{
	if (!link->interface[0])
		memcpy(link->interface, link->name, sizeof(link->interface));
	conf_check_port(r, group, link);
	complete_routes(&link->netif);
	check_mtu(r, group, link);
	check_retry(r, group, link);
	conf_check_life(r, group, link);
}

/* The setting that gives a link its name, interface or device. */
static const config_setting_t *
origin(const config_setting_t *list, size_t i, const char *key)
{
	const config_setting_t *group = config_setting_get_elem(list, i);
	const config_setting_t *s = conf_nearest(group, key);

	/* An interface is called like its link where nothing else is said. */
	if (config_setting_is_group(s))
		return conf_nearest(group, "name");
	return s;
}

/* Tells it where link i has at key what an earlier one has; get gives the
 * text, "" or NULL where there is none. */
static void
check_unique(struct conf_reader *r, const config_setting_t *list, size_t i,
    const char *key, const char *(*get)(const struct conf_link *))
{
	const struct conf_link *link = &r->conf->links[i];
	const char *text = get(link);

	for (size_t j = 0; text && *text && j < i; j++) {
		const struct conf_link *other = &r->conf->links[j];
		char place[CONF_PLACE_SIZE];

		if (!get(other) || strcmp(text, get(other)) != 0)
			continue;
		conf_fault(r, origin(list, i, key),
		    "\"%.60s\" is already the %s of links[%zu], %s", text, key,
		    j,
		    conf_place(
			r, origin(list, j, key), origin(list, i, key), place));
		return;
	}
}

static const char *
get_name(const struct conf_link *link)
{
	return link->name;
}

static const char *
get_interface(const struct conf_link *link)
{
	return link->interface;
}

static const char *
get_device(const struct conf_link *link)
{
	return link->port.device;
}

struct address_ref {
	const struct netif_address *address;
	size_t link;
	size_t index;
};

static int
compare_ip(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, ip_size(a));
}

/* 0: the kernel could not tell the two apart.  Link-local addresses belong to
 * their link alone. */
static int
compare_address(const struct address_ref *a, const struct address_ref *b)
{
	int order = compare_ip(&a->address->local, &b->address->local);

	if (order == 0)
		order = compare_ip(&a->address->peer, &b->address->peer);
	if (order == 0)
		order = (int)a->address->prefix_len -
		    (int)b->address->prefix_len;
	if (order == 0 && ip_is_link_local(&a->address->local) &&
	    a->link != b->link)
		order = a->link < b->link ? -1 : 1;
	return order;
}

static int
compare_refs(const void *va, const void *vb)
{
	const struct address_ref *a = va;
	const struct address_ref *b = vb;
	int order = compare_address(a, b);

	if (order == 0 && a->link != b->link)
		order = a->link < b->link ? -1 : 1;
	if (order == 0 && a->index != b->index)
		order = a->index < b->index ? -1 : 1;
	return order;
}

static const config_setting_t *
address_setting(const config_setting_t *list, const struct address_ref *ref)
{
	const config_setting_t *addresses = conf_nearest(
	    config_setting_get_elem(list, ref->link), "interface.addresses");

	return config_setting_get_elem(addresses, ref->index);
}

static void
report_twins(struct conf_reader *r, const config_setting_t *list,
    const struct address_ref *refs, size_t n)
{
	char text[IP_TEXT_SIZE], path[CONF_PATH_SIZE], place[CONF_PLACE_SIZE];
	const struct address_ref *first = refs;

	for (size_t i = 1; i < n; i++) {
		const struct netif_address *address = refs[i].address;
		const config_setting_t *s, *other;

		if (compare_address(first, &refs[i]) != 0) {
			first = &refs[i];
			continue;
		}
		s = address_setting(list, &refs[i]);
		other = address_setting(list, first);
		conf_fault(r, s, "%s with the same %s is already %s, %s",
		    ip_format(&address->local, text),
		    ip_size(&address->peer) ? "peer" : "prefix",
		    conf_path(other, path, sizeof(path)),
		    conf_place(r, other, s, place));
	}
}

static void
check_addresses(struct conf_reader *r, const config_setting_t *list)
{
	const struct conf *conf = r->conf;
	struct address_ref *refs;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_links; i++)
		n += conf->links[i].netif.n_addresses;
	refs = calloc(n + 1, sizeof(*refs));
	if (!refs) {
		r->faults.no_memory = true;
		return;
	}
	n = 0;
	for (size_t i = 0; i < conf->n_links; i++) {
		const struct netif_settings *netif = &conf->links[i].netif;

		for (size_t j = 0; j < netif->n_addresses; j++) {
			if (ip_size(&netif->addresses[j].local))
				refs[n++] = (struct address_ref){
					&netif->addresses[j], i, j
				};
		}
	}
	qsort(refs, n, sizeof(*refs), compare_refs);
	report_twins(r, list, refs, n);
	free(refs);
}

void
conf_check_links(struct conf_reader *r, const config_setting_t *list)
{
	for (size_t i = 0; i < r->conf->n_links; i++) {
		size_t before = r->faults.n;

		check_unique(r, list, i, "name", get_name);
		/* Of two links with one name the interfaces are no news. */
		if (r->faults.n == before)
			check_unique(
			    r, list, i, "interface.name", get_interface);
		check_unique(r, list, i, "port.device", get_device);
		conf_check_claims(r, list, i);
	}
	check_addresses(r, list);
	/* What is wrong already need not be right with the rest. */
	if (r->faults.n == 0)
		conf_check_routes(r, list);
}

/*
 * Addresses and routes of a link.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "router/conf_read.h"
#include "router/conf_value.h"

#define SCOPE "links[].interface."

/* Why an address cannot be a host's, or NULL where it can. */
static const char *
not_a_host(const struct ip *ip)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	static const uint8_t all_ones[4] = { 255, 255, 255, 255 };
	bool v4 = ip->family == AF_INET;

	if (ip_is_network(ip, 0))
		return "the unspecified address";
	if (v4 ? ip->bytes[0] == 127
	       : memcmp(ip->bytes, loopback6, sizeof(loopback6)) == 0)
		return "a loopback address";
	if (v4 ? (ip->bytes[0] & 0xf0) == 224 : ip->bytes[0] == 0xff)
		return "a multicast address";
	if (v4 && memcmp(ip->bytes, all_ones, sizeof(all_ones)) == 0)
		return "the broadcast address";
	return NULL;
}

/* Tells it where the address cannot be a host's. */
static bool
check_host(
    struct conf_reader *r, const config_setting_t *s, const struct ip *ip)
{
	const char *why = not_a_host(ip);
	char text[IP_TEXT_SIZE];

	if (why)
		conf_fault(r, s, "expected the address of a host, got %s %s",
		    why, ip_format(ip, text));
	return !why;
}

void
conf_set_host(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	struct ip *field = (struct ip *)((char *)base + key->offset);
	const char *text = conf_string(s);
	struct ip ip;

	if (!text || !ip_parse(text, &ip))
		conf_expected(r, s, key->expected, true);
	else if (check_host(r, s, &ip))
		*field = ip;
}

static void
set_to(struct conf_reader *r, const char *expected, const config_setting_t *s,
    struct netif_route *route)
{
	const char *text = conf_string(s);
	char network[IP_TEXT_SIZE];
	struct ip ip;
	unsigned len;

	/* Its family depends on what else the link has. */
	if (text && strcmp(text, "default") == 0)
		return;
	if (!text || !ip_parse_prefix(text, &ip, &len)) {
		conf_expected(r, s, expected, true);
		return;
	}
	if (ip_is_network(&ip, len)) {
		route->to = ip;
		route->prefix_len = len;
		return;
	}
	for (unsigned bit = len; bit < ip_bits(&ip); bit++)
		ip.bytes[bit / 8] &= ~(0x80 >> (bit % 8));
	conf_fault(r, s,
	    "expected a prefix, got an address in it, \"%s\": the prefix is %s",
	    text, ip_format_prefix(&ip, len, network));
}

void
conf_set_prefix(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	set_to(r, key->expected, s, base);
}

static void
set_address(struct conf_reader *r, const config_setting_t *s,
    struct netif_address *address)
{
	static const char *const expected =
	    "\"ADDRESS/LENGTH\" or { local; peer; }";
	const char *text = conf_string(s);
	struct ip ip;
	unsigned len;

	if (config_setting_is_group(s)) {
		conf_read_group(r, s, SCOPE "addresses[]", address);
		address->prefix_len = ip_bits(&address->peer);
		if (!ip_size(&address->local) || !ip_size(&address->peer))
			return;
		if (address->local.family != address->peer.family)
			conf_fault(
			    r, s, "local and peer are not of the same family");
		else if (ip_equal(&address->local, &address->peer))
			conf_fault(r, s, "local and peer are the same address");
		return;
	}
	if (!text || !ip_parse_prefix(text, &ip, &len)) {
		conf_expected(r, s, expected, true);
		return;
	}
	if (check_host(r, s, &ip)) {
		address->local = ip;
		address->prefix_len = len;
	}
}

void
conf_set_addresses(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	struct conf_link *link = base;
	int n = conf_list_length(r, key, s, CONF_LIST_MAX);

	if (n <= 0)
		return;
	link->netif.addresses = calloc(n, sizeof(*link->netif.addresses));
	if (!link->netif.addresses) {
		r->faults.no_memory = true;
		return;
	}
	link->netif.n_addresses = n;
	for (int i = 0; i < n; i++)
		set_address(r, config_setting_get_elem(s, i),
		    &link->netif.addresses[i]);
}

static void
set_route(
    struct conf_reader *r, const config_setting_t *s, struct netif_route *route)
{
	static const char *const expected =
	    "\"PREFIX\", \"default\" or { to; via; metric; table; }";

	if (!config_setting_is_group(s)) {
		set_to(r, expected, s, route);
		return;
	}
	conf_read_group(r, s, SCOPE "routes[]", route);
	if (ip_size(&route->to) && ip_size(&route->via) &&
	    route->to.family != route->via.family)
		conf_fault(r, s, "to and via are not of the same family");
}

void
conf_set_routes(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	struct conf_link *link = base;
	int n = conf_list_length(r, key, s, CONF_LIST_MAX);

	if (n <= 0)
		return;
	link->netif.routes = calloc(n, sizeof(*link->netif.routes));
	if (!link->netif.routes) {
		r->faults.no_memory = true;
		return;
	}
	link->netif.n_routes = n;
	for (int i = 0; i < n; i++)
		set_route(
		    r, config_setting_get_elem(s, i), &link->netif.routes[i]);
}

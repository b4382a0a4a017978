/* An interface that is taken as it is, and what the configuration wanted. */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "router/interface_priv.h"

/* The commands that would make an interface what it was to be. */
struct wishes {
	char text[512];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
wish(struct wishes *w, const char *fmt, ...)
{
	va_list ap;

	if (w->len >= sizeof(w->text))
		return;
	w->len += snprintf(w->text + w->len, sizeof(w->text) - w->len, "%s",
	    w->len > 0 ? "; " : "");
	if (w->len >= sizeof(w->text))
		return;
	va_start(ap, fmt);
	w->len += vsnprintf(
	    w->text + w->len, sizeof(w->text) - w->len, fmt, ap);
	va_end(ap);
}

static bool
is_address(const struct sockaddr *sa, const struct ip *ip)
{
	const void *bytes;

	if (!sa || sa->sa_family != ip->family)
		return false;
	if (ip->family == AF_INET)
		bytes =
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
	else
		bytes =
		    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	return memcmp(bytes, ip->bytes, ip_size(ip)) == 0;
}

static bool
has_address(const struct ifaddrs *all, const char *name, const struct ip *ip)
{
	for (; all; all = all->ifa_next) {
		if (strcmp(all->ifa_name, name) == 0 &&
		    is_address(all->ifa_addr, ip))
			return true;
	}
	return false;
}

static void
wish_addresses(struct wishes *w, const struct conf_link *conf)
{
	char local[IP_TEXT_SIZE], peer[IP_TEXT_SIZE];
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		all = NULL;
	for (size_t n = 0; n < conf->netif.n_addresses; n++) {
		const struct netif_address *a = &conf->netif.addresses[n];

		if (has_address(all, conf->interface, &a->local))
			continue;
		if (ip_size(&a->peer))
			wish(w, "ip address add %s peer %s dev %s",
			    ip_format(&a->local, local),
			    ip_format(&a->peer, peer), conf->interface);
		else
			wish(w, "ip address add %s dev %s",
			    ip_format_prefix(&a->local, a->prefix_len, local),
			    conf->interface);
	}
	if (all)
		freeifaddrs(all);
}

void
interface_tell_as_is(
    const struct conf_link *conf, const struct netif_state *state)
{
	struct wishes w = { .len = 0 };

	log_info("%s: without CAP_NET_ADMIN interface %s is taken as it is "
		 "(MTU %u): persistence, owner, MTU, addresses and routes are "
		 "not touched",
	    conf->name, conf->interface, state->mtu);
	if (conf->netif.mtu && conf->netif.mtu != state->mtu)
		wish(&w, "ip link set %s mtu %u", conf->interface,
		    conf->netif.mtu);
	wish_addresses(&w, conf);
	if (conf->netif.forwarding == NETIF_ON)
		wish(&w, "sysctl net.ipv4.conf.%s.forwarding=1",
		    conf->interface);
	if (conf->netif.n_routes > 0)
		wish(&w, "and the routes of the configuration");
	if (w.len > 0)
		log_warn("%s: interface %s is not as configured; as root: %s",
		    conf->name, conf->interface, w.text);
}

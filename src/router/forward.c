/* Forwarding: asked for here, allowed there. */
#include "router/forward.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* What is found, as it grows. */
struct text {
	char *buf;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	if (t->len > 0 && t->len < t->size)
		t->len += snprintf(t->buf + t->len, t->size - t->len, "; ");
	if (t->len >= t->size)
		return;
	va_start(ap, fmt);
	t->len += vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
}

/* -1: it cannot be read, 0: off, 1: on. */
static int
forwards(const char *sysctls, const char *family, const char *interface)
{
	char path[256], value;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/conf/%s/forwarding", sysctls,
	    family, interface);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, &value, 1);
	close(fd);
	return len == 1 ? value != '0' : -1;
}

static bool
has_routes(const struct conf_link *link, int family)
{
	for (size_t i = 0; i < link->netif.n_routes; i++) {
		if (link->netif.routes[i].to.family == family)
			return true;
	}
	return false;
}

/* Enabled, with routes of that family, and not said to forward nothing. */
static bool
leads_on(const struct conf_link *link, int family)
{
	return link->enabled && link->netif.forwarding != NETIF_OFF &&
	    has_routes(link, family);
}

static size_t
count_leading_on(const struct conf *conf, int family)
{
	size_t n = 0;

	for (size_t i = 0; i < conf->n_links; i++)
		n += leads_on(&conf->links[i], family);
	return n;
}

static void
check_ipv6(const struct conf *conf, const char *sysctls, struct text *t)
{
	bool wanted = count_leading_on(conf, AF_INET6) > 1;

	for (size_t i = 0; i < conf->n_links && !wanted; i++)
		wanted = conf->links[i].enabled &&
		    conf->links[i].netif.forwarding == NETIF_ON &&
		    netif_wants_ipv6(&conf->links[i].netif);
	if (wanted && forwards(sysctls, "ipv6", "all") == 0)
		add(t, "net.ipv6.conf.all.forwarding is 0");
}

static bool
is_off(const struct conf_link *link, const char *sysctls)
{
	int on;

	if (link->netif.forwarding != NETIF_UNTOUCHED)
		return false;
	on = forwards(sysctls, "ipv4", link->interface);
	/* What does not exist yet begins with the default. */
	return (on < 0 ? forwards(sysctls, "ipv4", "default") : on) == 0;
}

static void
check_ipv4(const struct conf *conf, const char *sysctls, struct text *t)
{
	if (count_leading_on(conf, AF_INET) < 2)
		return;
	for (size_t i = 0; i < conf->n_links; i++) {
		const struct conf_link *link = &conf->links[i];

		if (!leads_on(link, AF_INET) || !is_off(link, sysctls))
			continue;
		add(t, "%s has routes and no `forwarding = true'", link->name);
		return;
	}
}

static bool
is_of_a_link(const struct conf *conf, const char *interface)
{
	for (size_t i = 0; i < conf->n_links; i++) {
		if (strcmp(conf->links[i].interface, interface) == 0)
			return true;
	}
	return false;
}

/* Whether there are interfaces with an IPv4 address besides the links', all
 * without forwarding; *first is one of them. */
static bool
others_forward_nothing(
    const struct conf *conf, const char *sysctls, char first[IFNAMSIZ])
{
	struct ifaddrs *all;
	bool on = false;

	*first = '\0';
	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i && !on; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		    (i->ifa_flags & IFF_LOOPBACK) ||
		    is_of_a_link(conf, i->ifa_name))
			continue;
		on = forwards(sysctls, "ipv4", i->ifa_name) != 0;
		snprintf(first, IFNAMSIZ, "%s", i->ifa_name);
	}
	freeifaddrs(all);
	return !on && *first;
}

static void
check_alone(const struct conf *conf, const char *sysctls, struct text *t)
{
	const struct conf_link *asked = NULL;
	char first[IFNAMSIZ];

	for (size_t i = 0; i < conf->n_links; i++) {
		const struct conf_link *link = &conf->links[i];

		if (!link->enabled || link->netif.forwarding != NETIF_ON)
			continue;
		if (asked)
			return;
		asked = link;
	}
	if (asked && others_forward_nothing(conf, sysctls, first))
		add(t,
		    "%s forwards IPv4 alone: net.ipv4.conf.%s.forwarding "
		    "is 0",
		    asked->name, first);
}

bool
forward_hindrance(
    const struct conf *conf, const char *sysctls, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };

	*buf = '\0';
	check_ipv6(conf, sysctls, &t);
	check_ipv4(conf, sysctls, &t);
	check_alone(conf, sysctls, &t);
	return t.len > 0;
}

void
forward_warn(const struct conf *conf)
{
	char text[256];

	if (forward_hindrance(conf, FORWARD_SYSCTLS, text, sizeof(text)))
		log_warn("serial-routerd: packets are not passed on: %s; see "
			 "FORWARDING in serial-routerd(8)",
		    text);
}

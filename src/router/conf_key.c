#include "router/conf_key.h"

#include <stdio.h>
#include <string.h>

#include "router/conf_print.h"
#include "router/conf_value.h"

#define TOP(member) .offset = offsetof(struct conf, member)
#define LINK(member) .offset = offsetof(struct conf_link, member)
#define ADDRESS(member) .offset = offsetof(struct netif_address, member)
#define ROUTE(member) .offset = offsetof(struct netif_route, member)
#define RANGE(lo, hi) .kind = CONF_INT, .min = (lo), .max = (hi)
#define MAYBE(lo, hi) .kind = CONF_MAYBE, .min = (lo), .max = (hi)
#define ONE_OF(list) .kind = CONF_CHOICE, .choices = (list)
#define OTHER(read, print, what) \
	.kind = CONF_OTHER, .set = (read), .put = (print), .expected = what
#define LIVE .change = CONF_CHANGE_LIVE
#define PUMP .change = CONF_CHANGE_PUMP
#define NEW_LINK .change = CONF_CHANGE_LINK
#define DAEMON .change = CONF_CHANGE_DAEMON
#define REQUIRED .preset = NULL

#define NAME "1 to 15 letters, digits, \"_\", \"-\", \".\"; not \".\", \"..\""

#define USER "the name or number of a user"
#define GROUP "the name or number of a group"

/* The reader writes them through these types. */
_Static_assert(sizeof(uint32_t) == sizeof(unsigned), "CONF_INT");
_Static_assert(sizeof(enum port_parity) == sizeof(int), "CONF_CHOICE");
_Static_assert(sizeof(enum netif_switch) == sizeof(int), "CONF_SWITCH");

static const struct conf_choice parities[] = {
	{ "none", PORT_PARITY_NONE },
	{ "even", PORT_PARITY_EVEN },
	{ "odd", PORT_PARITY_ODD },
	{ 0 },
};

static const struct conf_choice flows[] = {
	{ "none", PORT_FLOW_NONE },
	{ "rtscts", PORT_FLOW_RTSCTS },
	{ "xonxoff", PORT_FLOW_XONXOFF },
	{ 0 },
};

static const struct conf_choice lines[] = {
	{ "keep", PORT_LINE_KEEP },
	{ "on", PORT_LINE_ON },
	{ "off", PORT_LINE_OFF },
	{ "pulse", PORT_LINE_PULSE },
	{ 0 },
};

static const struct conf_choice rp_filters[] = {
	{ "off", NETIF_RP_FILTER_OFF },
	{ "loose", NETIF_RP_FILTER_LOOSE },
	{ "strict", NETIF_RP_FILTER_STRICT },
	{ 0 },
};

static const struct conf_choice leading_ends[] = {
	{ "idle", TX_LEADING_END_IDLE },
	{ "always", TX_LEADING_END_ALWAYS },
	{ "never", TX_LEADING_END_NEVER },
	{ 0 },
};

static const struct conf_choice checks[] = {
	{ "header", RX_CHECK_HEADER },
	{ "full", RX_CHECK_FULL },
	{ 0 },
};

const struct conf_key conf_keys[] = {
	{ "user", DAEMON, .preset = "as started", TOP(user),
	    OTHER(conf_set_owner, conf_put_owner, USER) },
	{ "group", DAEMON, .preset = "the user's own, or as started",
	    TOP(group), OTHER(conf_set_group, conf_put_group, GROUP) },
	{ "control.path", DAEMON, .preset = CONF_CONTROL_PATH,
	    TOP(control.path),
	    OTHER(conf_set_control_path, conf_put_control_path,
		"an absolute path of at most 107 bytes") },
	{ "control.group", LIVE, .preset = "the daemon's group",
	    TOP(control.group), OTHER(conf_set_group, conf_put_group, GROUP) },
	{ "control.admins", LIVE,
	    .preset = "root and who the daemon runs as alone",
	    OTHER(conf_set_admins, conf_put_admins,
		"a list of users and \"@GROUP\"") },
	{ "links", REQUIRED,
	    OTHER(
		conf_set_links, conf_put_links, "a list of 0 to 1024 groups") },
	{ "links[].name", NEW_LINK, REQUIRED, LINK(name),
	    OTHER(conf_set_name, conf_put_name, NAME) },
	{ "links[].enabled", LIVE, .preset = "true", LINK(enabled),
	    .kind = CONF_BOOL },

	{ "links[].port.device", PUMP, .preset = "none, where usb is given",
	    LINK(port.device),
	    OTHER(conf_set_device, conf_put_device, "an absolute path") },
	{ "links[].port.usb", PUMP, .preset = "none, where device is given",
	    OTHER(conf_set_usb, conf_put_usb,
		"a group { vendor; product; serial; path; function; }") },
	{ "links[].port.usb.vendor", PUMP, .preset = "any",
	    LINK(port.usb.vendor), MAYBE(0, 0xffff) },
	{ "links[].port.usb.product", PUMP, .preset = "any",
	    LINK(port.usb.product), MAYBE(0, 0xffff) },
	{ "links[].port.usb.serial", PUMP, .preset = "any",
	    LINK(port.usb.serial),
	    OTHER(conf_set_serial, conf_put_text, "1 to 378 bytes") },
	{ "links[].port.usb.path", PUMP, .preset = "any", LINK(port.usb.path),
	    OTHER(conf_set_place, conf_put_text,
		"a place such as \"1-1.2\": bus, ports") },
	{ "links[].port.usb.function", PUMP, .preset = "any",
	    LINK(port.usb.function), MAYBE(0, 255) },
	{ "links[].port.baud", PUMP, REQUIRED, LINK(port.baud),
	    RANGE(50, 16000000) },
	{ "links[].port.parity", PUMP, .preset = "none", LINK(port.parity),
	    ONE_OF(parities) },
	{ "links[].port.stop_bits", PUMP, .preset = "1", LINK(port.stop_bits),
	    RANGE(1, 2) },
	{ "links[].port.flow", PUMP, .preset = "none", LINK(port.flow),
	    ONE_OF(flows) },
	{ "links[].port.dtr", PUMP, .preset = "keep", LINK(port.dtr),
	    ONE_OF(lines) },
	{ "links[].port.rts", PUMP, .preset = "keep", LINK(port.rts),
	    ONE_OF(lines) },
	{ "links[].port.settle_ms", PUMP, .preset = "0", LINK(port.settle_ms),
	    RANGE(0, 10000) },
	{ "links[].port.low_latency", PUMP, .preset = "true",
	    LINK(port.low_latency), .kind = CONF_BOOL },

	{ "links[].interface.name", NEW_LINK, .preset = "the link's name",
	    LINK(interface), OTHER(conf_set_name, conf_put_name, NAME) },
	{ "links[].interface.mtu", LIVE, .preset = "by the line's speed",
	    LINK(netif.mtu), RANGE(68, CONF_MTU_MAX) },
	{ "links[].interface.txqueuelen", LIVE, .preset = "500",
	    LINK(netif.txqueuelen), RANGE(1, 10000) },
	{ "links[].interface.persist", LIVE, .preset = "true", LINK(persist),
	    .kind = CONF_BOOL },
	{ "links[].interface.owner", LIVE,
	    .preset = "who the daemon runs as, if it makes the interface "
		      "without group",
	    LINK(owner), OTHER(conf_set_owner, conf_put_owner, USER) },
	{ "links[].interface.group", LIVE, .preset = "no group in particular",
	    LINK(group), OTHER(conf_set_group, conf_put_group, GROUP) },
	{ "links[].interface.addresses", LIVE, .preset = "none",
	    OTHER(conf_set_addresses, conf_put_addresses,
		"a list of \"ADDRESS/LENGTH\" or { local; peer; }") },
	{ "links[].interface.addresses[].local", LIVE, REQUIRED, ADDRESS(local),
	    OTHER(conf_set_host, conf_put_host, "an address") },
	{ "links[].interface.addresses[].peer", LIVE, REQUIRED, ADDRESS(peer),
	    OTHER(conf_set_host, conf_put_host, "an address") },
	{ "links[].interface.routes", LIVE, .preset = "none",
	    OTHER(conf_set_routes, conf_put_routes,
		"a list of \"PREFIX\" or { to; via; metric; table; }") },
	{ "links[].interface.routes[].to", LIVE, REQUIRED,
	    OTHER(
		conf_set_prefix, conf_put_prefix, "a prefix or \"default\"") },
	{ "links[].interface.routes[].via", LIVE, .preset = "none", ROUTE(via),
	    OTHER(conf_set_host, conf_put_host, "an address") },
	{ "links[].interface.routes[].metric", LIVE, .preset = "0",
	    ROUTE(metric), RANGE(0, UINT32_MAX) },
	{ "links[].interface.routes[].table", LIVE, .preset = "0", ROUTE(table),
	    RANGE(0, UINT32_MAX) },
	{ "links[].interface.forwarding", LIVE, .preset = "not touched",
	    LINK(netif.forwarding), .kind = CONF_SWITCH },
	{ "links[].interface.rp_filter", LIVE, .preset = "loose",
	    LINK(netif.rp_filter), ONE_OF(rp_filters) },
	{ "links[].interface.ignore_linkdown", LIVE, .preset = "false",
	    LINK(netif.ignore_linkdown), .kind = CONF_BOOL },

	{ "links[].framing.leading_end", LIVE, .preset = "idle",
	    LINK(live.leading_end), ONE_OF(leading_ends) },

	{ "links[].receive.check", LIVE, .preset = "full", LINK(live.check),
	    ONE_OF(checks) },

	{ "links[].queue.pace", LIVE, .preset = "true", LINK(live.pace),
	    .kind = CONF_BOOL },
	{ "links[].queue.limit_ms", LIVE, .preset = "2000", LINK(live.limit_ms),
	    RANGE(10, 60000) },

	{ "links[].liveness.interval_s", LIVE, .preset = "0",
	    LINK(live.liveness_interval_s), RANGE(0, 3600) },
	{ "links[].liveness.timeout_s", LIVE, .preset = "0",
	    LINK(live.liveness_timeout_s), RANGE(0, 3600) },
	{ "links[].liveness.probe", LIVE, .preset = "none",
	    LINK(live.liveness_probe),
	    OTHER(conf_set_host, conf_put_host, "an address") },

	{ "links[].retry.first_ms", LIVE, .preset = "100", LINK(retry_first_ms),
	    RANGE(10, 600000) },
	{ "links[].retry.max_ms", LIVE, .preset = "30000", LINK(retry_max_ms),
	    RANGE(10, 600000) },
	{ 0 },
};

const struct conf_key *
conf_key_find(const char *path)
{
	for (const struct conf_key *key = conf_keys; key->path; key++) {
		if (strcmp(key->path, path) == 0)
			return key;
	}
	return NULL;
}

const char *
conf_key_within(const struct conf_key *key, const char *scope)
{
	size_t n = strlen(scope);
	const char *rest = key->path + n + (n > 0);

	if (strncmp(key->path, scope, n) != 0)
		return NULL;
	if (n > 0 && key->path[n] != '.')
		return NULL;
	return strstr(rest, "[]") ? NULL : rest;
}

bool
conf_key_is_inner(const struct conf_key *key, const char *scope)
{
	size_t len = strlen(key->path);

	for (const struct conf_key *k = conf_keys; k->path; k++) {
		size_t n = strlen(k->path);

		if (n < len && key->path[n] == '.' && n > strlen(scope) &&
		    strncmp(k->path, key->path, n) == 0)
			return true;
	}
	return false;
}

const char *
conf_change_name(enum conf_change change)
{
	switch (change) {
	case CONF_CHANGE_NONE:
		return "";
	case CONF_CHANGE_DAEMON:
		return "daemon";
	case CONF_CHANGE_LIVE:
		return "live";
	case CONF_CHANGE_PUMP:
		return "pump";
	case CONF_CHANGE_LINK:
		return "link";
	}
	return "";
}

static const char *
choice_names(const struct conf_choice *choice, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; choice->name && len < size; choice++) {
		const char *between = len == 0 ? "" : ", ";

		if (len > 0 && !choice[1].name)
			between = " or ";
		len += snprintf(
		    buf + len, size - len, "%s\"%s\"", between, choice->name);
	}
	return buf;
}

const char *
conf_key_type(const struct conf_key *key, char *buf, size_t size)
{
	switch (key->kind) {
	case CONF_BOOL:
	case CONF_SWITCH:
		snprintf(buf, size, "true or false");
		break;
	case CONF_INT:
	case CONF_MAYBE:
		snprintf(buf, size, "%lld %s %lld", (long long)key->min,
		    key->max - key->min == 1 ? "or" : "to",
		    (long long)key->max);
		break;
	case CONF_CHOICE:
		choice_names(key->choices, buf, size);
		break;
	case CONF_OTHER:
		snprintf(buf, size, "%s", key->expected);
		break;
	}
	return buf;
}

void
conf_print_keys(FILE *out)
{
	char type[160];

	for (const struct conf_key *key = conf_keys; key->path; key++) {
		const char *quote = key->kind == CONF_CHOICE ? "\"" : "";

		fprintf(out, "%s\t%s\t", key->path,
		    conf_key_type(key, type, sizeof(type)));
		if (key->preset)
			fprintf(out, "%s%s%s", quote, key->preset, quote);
		else
			fprintf(out, "required");
		fprintf(out, "\t%s\n", conf_change_name(key->change));
	}
}

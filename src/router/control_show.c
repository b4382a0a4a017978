/* The answer to show. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ip.h"
#include "router/control_priv.h"
#include "router/link.h"
#include "router/links.h"

/* What the kernel says of all interfaces at once. */
struct kernel {
	struct netif_held *held;
	size_t n_held;
};

int64_t
control_wall_ms(void)
{
	struct timespec now;

	/* Shown and compared with nothing. */
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / CLOCK_NS_PER_MS;
}

void
control_write_time(struct json *j, const char *name, int64_t ms_since_1970)
{
	time_t seconds = ms_since_1970 / 1000;
	char day[32], text[48];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm)) {
		json_null(j, name);
		return;
	}
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(
	    text, sizeof(text), "%s.%03dZ", day, (int)(ms_since_1970 % 1000));
	json_string(j, name, text);
}

static void
write_seconds(struct json *j, const char *name, int64_t ms)
{
	json_number(j, name, ms / 1000.0);
}

static void
write_string_or_null(struct json *j, const char *name, const char *text)
{
	json_string(j, name, *text ? text : NULL);
}

static const char *
state_name(enum link_state state, char *buf, size_t size)
{
	size_t len = snprintf(buf, size, "%s", link_state_name(state));

	for (size_t i = 0; i < len && i < size; i++)
		buf[i] |= 0x20;
	return buf;
}

void
control_write_state(struct json *j, const struct link *l)
{
	struct link_flag flags[LINK_FLAGS_MAX];
	size_t n_flags = link_flags(l, flags);
	char text[LINK_REASON_SIZE];

	json_string(j, "state", state_name(l->state, text, sizeof(text)));
	json_string(j, "reason", link_reason(l, text, sizeof(text)));
	json_open_array(j, "flags");
	for (size_t i = 0; i < n_flags; i++) {
		json_open_object(j, NULL);
		json_string(j, "flag", flags[i].name);
		json_string(j, "reason", flags[i].reason);
		json_close_object(j);
	}
	json_close_array(j);
}

static void
write_daemon(struct json *j, const struct control *c)
{
	int64_t left_ms = reload_confirm_left_ms(c->env.reload);
	size_t n, up;

	links_tally(c->env.links, &n, &up);
	json_open_object(j, "daemon");
	json_string(j, "version", VERSION);
	json_int(j, "pid", getpid());
	write_seconds(j, "uptime_s", clock_ms() - c->started_ms);
	control_write_time(j, "time", control_wall_ms());
	write_seconds(j, "monotonic_s", clock_ms());
	json_string(j, "file", c->env.file);
	control_write_time(j, "loaded",
	    control_wall_ms() - (clock_ms() - reload_loaded_ms(c->env.reload)));
	json_string(j, "log", log_level_name(log_get_level()));
	json_open_object(j, "control");
	json_string(j, "path", c->socket.path);
	json_uint(j, "group", control_group(reload_conf(c->env.reload)));
	json_close_object(j);
	if (left_ms < 0) {
		json_null(j, "confirm");
	} else {
		json_open_object(j, "confirm");
		write_seconds(j, "seconds_left", left_ms);
		json_close_object(j);
	}
	json_bool(j, "undone", reload_undone(c->env.reload));
	json_uint(j, "links_total", n);
	json_uint(j, "links_up", up);
	json_close_object(j);
}

static void
write_failure(struct json *j, const struct link *l)
{
	int64_t now_ms = clock_ms();

	if (l->last_error_ms == 0) {
		json_null(j, "failure");
	} else {
		json_open_object(j, "failure");
		json_string(j, "text", l->last_error.text);
		write_seconds(j, "ago_s", now_ms - l->last_error_ms);
		json_close_object(j);
	}
	json_uint(j, "failures", l->failures);
	if (l->state == LINK_BACKOFF && l->retry_ms > now_ms)
		write_seconds(j, "retry_in_s", l->retry_ms - now_ms);
	else if (l->state == LINK_BACKOFF)
		json_uint(j, "retry_in_s", 0);
	else
		json_null(j, "retry_in_s");
}

static void
write_pump(struct json *j, const struct link *l)
{
	json_uint(j, "restarts", l->restarts);
	if (l->pump.pid == 0) {
		json_null(j, "pump");
		return;
	}
	json_open_object(j, "pump");
	json_int(j, "pid", l->pump.pid);
	json_close_object(j);
}

static void
write_number_or_null(struct json *j, const char *name, uint32_t n)
{
	if (n == USB_ANY)
		json_null(j, name);
	else
		json_uint(j, name, n);
}

/* What is asked for and what was found have the same members. */
static void
write_adapter(struct json *j, const char *name, uint32_t vendor,
    uint32_t product, const char *serial, const char *path, uint32_t function)
{
	json_open_object(j, name);
	write_number_or_null(j, "vendor", vendor);
	write_number_or_null(j, "product", product);
	write_string_or_null(j, "serial", serial);
	write_string_or_null(j, "path", path);
	write_number_or_null(j, "function", function);
	json_close_object(j);
}

static void
write_usb(struct json *j, const struct usb_match *m)
{
	if (usb_match_is_set(m))
		write_adapter(j, "usb", m->vendor, m->product, m->serial,
		    m->path, m->function);
	else
		json_null(j, "usb");
}

static void
write_found(struct json *j, const struct usb_adapter *a)
{
	if (a->place[0])
		write_adapter(j, "found", a->vendor, a->product, a->serial,
		    a->place, a->function);
	else
		json_null(j, "found");
}

static void
write_port(struct json *j, const struct link *l)
{
	static const char *const parities[] = { [PORT_PARITY_NONE] = "none",
		[PORT_PARITY_EVEN] = "even",
		[PORT_PARITY_ODD] = "odd" };
	static const char *const flows[] = { [PORT_FLOW_NONE] = "none",
		[PORT_FLOW_RTSCTS] = "rtscts",
		[PORT_FLOW_XONXOFF] = "xonxoff" };
	const struct port_settings *s = &l->conf->port;
	double baud = l->port.baud ? l->port.baud : s->baud;

	json_open_object(j, "port");
	json_string(j, "device", s->device);
	write_usb(j, &s->usb);
	write_string_or_null(j, "node", l->port.node);
	write_string_or_null(j, "driver", l->port.driver);
	write_found(j, &l->port.adapter);
	json_uint(j, "baud", s->baud);
	if (l->port.baud)
		json_uint(j, "baud_real", l->port.baud);
	else
		json_null(j, "baud_real");
	json_string(j, "parity", parities[s->parity]);
	json_uint(j, "stop_bits", s->stop_bits);
	json_string(j, "flow", flows[s->flow]);
	if (l->port.latency == PORT_LATENCY_UNKNOWN)
		json_null(j, "low_latency");
	else
		json_bool(
		    j, "low_latency", l->port.latency == PORT_LATENCY_LOW);
	json_number(j, "capacity_bytes_per_s", baud / port_bits_per_char(s));
	json_close_object(j);
}

static void
write_addresses(struct json *j, const struct kernel *kernel, int index)
{
	char text[2 * IP_TEXT_SIZE + 8], peer[IP_TEXT_SIZE];

	json_open_array(j, "addresses");
	for (size_t i = 0; i < kernel->n_held && index > 0; i++) {
		const struct netif_address *a = &kernel->held[i].address;

		if (kernel->held[i].index != index)
			continue;
		if (ip_size(&a->peer)) {
			ip_format(&a->local, text);
			strcat(text, " peer ");
			strcat(text,
			    ip_format_prefix(&a->peer, a->prefix_len, peer));
		} else {
			ip_format_prefix(&a->local, a->prefix_len, text);
		}
		json_string(j, NULL, text);
	}
	json_close_array(j);
}

static void
write_interface(
    struct json *j, const struct link *l, const struct kernel *kernel)
{
	const struct interface *i = &l->interface;
	struct netif_state now;
	struct error err;
	bool there = i->index > 0 &&
	    netif_get_index(l->env->netif, i->index, &now, &err) == 0;

	json_open_object(j, "interface");
	json_string(j, "name", l->conf->interface);
	if (there) {
		json_int(j, "index", i->index);
		json_uint(j, "mtu", now.mtu);
	} else {
		json_null(j, "index");
		json_null(j, "mtu");
	}
	write_addresses(j, kernel, there ? i->index : 0);
	if (there)
		json_bool(j, "up", now.up);
	else
		json_null(j, "up");
	json_bool(j, "carrier", i->carrier);
	json_close_object(j);
}

static void
write_ms_or_null(struct json *j, const char *name, uint64_t ns)
{
	if (ns)
		json_number(j, name, ns / (double)CLOCK_NS_PER_MS);
	else
		json_null(j, name);
}

static void
write_round_trip(struct json *j, const struct link *l, const struct stats *s)
{
	const struct ip *probe = &l->conf->live.liveness_probe;
	char text[IP_TEXT_SIZE];

	if (!ip_size(probe)) {
		json_null(j, "round_trip");
		return;
	}
	json_open_object(j, "round_trip");
	json_string(j, "address", ip_format(probe, text));
	write_ms_or_null(j, "last_ms", s->round_trip.last_ns);
	write_ms_or_null(j, "average_ms", s->round_trip.average_ns);
	write_ms_or_null(j, "least_ms", s->round_trip.least_ns);
	json_uint(j, "sent", s->tx_probes);
	json_uint(j, "answered", s->rx_answers);
	json_close_object(j);
}

static void
write_link(struct json *j, const struct link *l, const struct kernel *kernel)
{
	struct stats stats;

	link_stats(l, &stats);
	json_open_object(j, NULL);
	json_string(j, "name", l->conf->name);
	json_bool(j, "enabled", l->conf->enabled);
	json_bool(j, "stopped", l->stopped);
	control_write_state(j, l);
	write_seconds(j, "since_s", clock_ms() - l->since_ms);
	write_failure(j, l);
	write_pump(j, l);
	if (stats.rx_heard_ns)
		write_seconds(j, "heard_s",
		    (clock_ns() - stats.rx_heard_ns) / CLOCK_NS_PER_MS);
	else
		json_null(j, "heard_s");
	write_port(j, l);
	write_interface(j, l, kernel);
	write_round_trip(j, l, &stats);
	control_write_counters(j, &stats);
	json_close_object(j);
}

static void
ask_kernel(struct kernel *kernel, const struct control *c)
{
	struct error err;

	memset(kernel, 0, sizeof(*kernel));
	if (links_count(c->env.links) > 0 &&
	    netif_list_addresses(links_at(c->env.links, 0)->env->netif,
		&kernel->held, &kernel->n_held, &err) < 0)
		log_debug("serial-routerd: addresses: %s", err.text);
}

void
control_write_show(struct json *j, const struct control *c, struct link *only)
{
	struct kernel kernel;

	ask_kernel(&kernel, c);
	write_daemon(j, c);
	json_open_array(j, "links");
	for (size_t i = 0; i < links_count(c->env.links); i++) {
		const struct link *l = links_at(c->env.links, i);

		if (!l->leaving && (!only || l == only))
			write_link(j, l, &kernel);
	}
	json_close_array(j);
	free(kernel.held);
}

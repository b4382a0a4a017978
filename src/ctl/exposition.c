#include "ctl/exposition.h"

#include <math.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/link.h"

#define PREFIX "serial_router_"
#define BUCKETS_MAX 64

/* What each link has; a value that is not known is left out. */
struct family {
	const char *name;
	const char *type;
	const char *help;
	const char *path;  /* of the number, or of an object of numbers */
	const char *label; /* for the keys of that object, or NULL */
	double unit;       /* 0: 1 */
};

#define GAUGE "gauge"
#define COUNTER "counter"

static const struct family families[] = {
	{ "link_state_seconds", GAUGE, "Time since the state was entered.",
	    "since_s", NULL, 0 },
	{ "link_failures", GAUGE, "Failures in a row.", "failures", NULL, 0 },
	{ "link_pump_restarts_total", COUNTER,
	    "Pumps that were started after the first.", "restarts", NULL, 0 },
	{ "link_heard_age_seconds", GAUGE,
	    "Time since the end of a frame was heard from the peer.", "heard_s",
	    NULL, 0 },
	{ "link_carrier", GAUGE, "Whether packets can flow.",
	    "interface.carrier", NULL, 0 },
	{ "link_mtu_bytes", GAUGE, "MTU of the interface.", "interface.mtu",
	    NULL, 0 },
	{ "link_line_rate_baud", GAUGE, "Rate of the line as configured.",
	    "port.baud", NULL, 0 },
	{ "link_line_real_rate_baud", GAUGE,
	    "Rate of the line as the driver made it.", "port.baud_real", NULL,
	    0 },
	{ "link_line_capacity_bytes_per_second", GAUGE,
	    "Bytes that the line carries at most, framing included.",
	    "port.capacity_bytes_per_s", NULL, 0 },
	{ "link_round_trip_seconds", GAUGE, "Last round trip of the probe.",
	    "round_trip.last_ms", NULL, 1e-3 },
	{ "link_round_trip_average_seconds", GAUGE,
	    "Average round trip of the probe.", "round_trip.average_ms", NULL,
	    1e-3 },
	{ "link_round_trip_least_seconds", GAUGE,
	    "Least round trip of the probe.", "round_trip.least_ms", NULL,
	    1e-3 },
	{ "link_probes_sent_total", COUNTER, "Probes sent.", "round_trip.sent",
	    NULL, 0 },
	{ "link_probes_answered_total", COUNTER, "Probes answered.",
	    "round_trip.answered", NULL, 0 },

	{ "link_transmit_interface_packets_total", COUNTER,
	    "Packets that the interface gave.", "tx.in_packets", NULL, 0 },
	{ "link_transmit_interface_bytes_total", COUNTER,
	    "Bytes of IP that the interface gave.", "tx.in_bytes", NULL, 0 },
	{ "link_transmit_packets_total", COUNTER, "Packets sent to the line.",
	    "tx.packets", NULL, 0 },
	{ "link_transmit_bytes_total", COUNTER, "Bytes of IP sent to the line.",
	    "tx.bytes", NULL, 0 },
	{ "link_transmit_line_bytes_total", COUNTER,
	    "Bytes sent to the line, framing included.", "tx.line_bytes", NULL,
	    0 },
	{ "link_transmit_busy_seconds_total", COUNTER,
	    "Time that the line was sending.", "tx.busy_s", NULL, 0 },
	{ "link_transmit_dropped_packets_total", COUNTER,
	    "Packets to the line that were dropped, by cause.", "tx.dropped",
	    "cause", 0 },
	{ "link_transmit_marked_packets_total", COUNTER,
	    "Packets to the line that were marked (ECN), by cause.",
	    "tx.marked", "cause", 0 },
	{ "link_transmit_stuck_total", COUNTER,
	    "Times that output stood still.", "tx.stuck", NULL, 0 },
	{ "link_transmit_tty_wait_max_seconds", GAUGE,
	    "Longest wait inside the tty.", "tx.tty_wait_max_ms", NULL, 1e-3 },
	{ "link_queue_packets", GAUGE, "Packets that wait for the line.",
	    "queue.packets", NULL, 0 },
	{ "link_queue_bytes", GAUGE, "Bytes that wait for the line.",
	    "queue.bytes", NULL, 0 },
	{ "link_queue_flows", GAUGE, "Flows that wait for the line.",
	    "queue.flows", NULL, 0 },
	{ "link_queue_limit_bytes", GAUGE, "Bound of the queue.",
	    "queue.limit_bytes", NULL, 0 },
	{ "link_queue_target_seconds", GAUGE,
	    "Delay above which packets of a flow are dropped or marked.",
	    "queue.target_ms", NULL, 1e-3 },

	{ "link_receive_frames_total", COUNTER,
	    "Frames that ended on the line.", "rx.frames", NULL, 0 },
	{ "link_receive_packets_total", COUNTER,
	    "Packets from the line that were delivered.", "rx.packets", NULL,
	    0 },
	{ "link_receive_bytes_total", COUNTER,
	    "Bytes of IP from the line that were delivered.", "rx.bytes", NULL,
	    0 },
	{ "link_receive_line_bytes_total", COUNTER,
	    "Bytes from the line, framing included.", "rx.line_bytes", NULL,
	    0 },
	{ "link_receive_dropped_frames_total", COUNTER,
	    "Frames from the line that were dropped, by cause.", "rx.dropped",
	    "cause", 0 },
	{ "link_receive_resyncs_total", COUNTER,
	    "Times that a damaged frame was skipped to its end.", "rx.resyncs",
	    NULL, 0 },
	{ "link_receive_uart_errors_total", COUNTER,
	    "Errors that the driver of the port counted, by kind.", "rx.uart",
	    "kind", 0 },
};

static const char *const states[] = { "up", "opening", "closing", "absent",
	"backoff", "down" };
static const char *const flags[] = { "degraded", "silent", "stuck", "mismatch",
	"noisy" };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Backslash, quote and newline as the format wants it; other control characters
 * in words, for the terminal's sake. */
static void
put_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		unsigned char c = *value;

		if (c == '\\' || c == '"')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void
put_title(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name,
	    help, name, type);
}

static void
put_value(FILE *out, const json_t *value, double unit)
{
	if (json_is_boolean(value))
		fprintf(out, " %d\n", json_is_true(value));
	else if (json_is_integer(value) && unit == 0)
		fprintf(out, " %" JSON_INTEGER_FORMAT "\n",
		    json_integer_value(value));
	else
		fprintf(out, " %.15g\n",
		    json_number_value(value) * (unit == 0 ? 1 : unit));
}

/* A line of the family; the second label may be missing. */
static void
put_sample(FILE *out, const struct family *f, const json_t *link,
    const char *key, const json_t *value)
{
	if (!json_is_number(value) && !json_is_boolean(value))
		return;
	fprintf(out, PREFIX "%s{", f->name);
	put_label(out, "link", link_name(link));
	if (key) {
		fputc(',', out);
		put_label(out, f->label, key);
	}
	fputc('}', out);
	put_value(out, value, f->unit);
}

static void
put_family(FILE *out, const struct family *f, const json_t *links)
{
	const json_t *link;
	size_t i;

	put_title(out, f->name, f->type, f->help);
	json_array_foreach(links, i, link)
	{
		json_t *value = answer_get(link, f->path), *each;
		const char *key;

		if (!f->label) {
			put_sample(out, f, link, NULL, value);
			continue;
		}
		json_object_foreach(value, key, each)
		    put_sample(out, f, link, key, each);
	}
}

static void
put_one_of(FILE *out, const char *name, const json_t *link, const char *label,
    const char *value, bool is)
{
	fprintf(out, PREFIX "%s{", name);
	put_label(out, "link", link_name(link));
	fputc(',', out);
	put_label(out, label, value);
	fprintf(out, "} %d\n", is);
}

static void
put_states(FILE *out, const json_t *links)
{
	const json_t *link;
	size_t i;

	put_title(out, "link_up", GAUGE, "Whether the link is up.");
	json_array_foreach(links, i, link)
	{
		fprintf(out, PREFIX "link_up{");
		put_label(out, "link", link_name(link));
		fprintf(out, "} %d\n", strcmp(link_state(link), "up") == 0);
	}
	put_title(out, "link_state", GAUGE, "1 for the state that it is in.");
	json_array_foreach(links, i, link)
	{
		for (size_t k = 0; k < COUNT(states); k++)
			put_one_of(out, "link_state", link, "state", states[k],
			    strcmp(link_state(link), states[k]) == 0);
	}
}

static bool
has_flag(const json_t *link, const char *name)
{
	const json_t *flag;
	size_t i;

	json_array_foreach(answer_get(link, "flags"), i, flag)
	{
		const char *is = answer_text(flag, "flag");

		if (is && strcmp(is, name) == 0)
			return true;
	}
	return false;
}

static void
put_flags(FILE *out, const json_t *links)
{
	const json_t *link;
	size_t i;

	put_title(out, "link_flag", GAUGE, "1 for what is wrong with it.");
	json_array_foreach(links, i, link)
	{
		for (size_t k = 0; k < COUNT(flags); k++)
			put_one_of(out, "link_flag", link, "flag", flags[k],
			    has_flag(link, flags[k]));
	}
}

/* The bounds of all buckets but the last, ascending, and their counts. */
static size_t
read_histogram(const json_t *o, double *bounds, double *counts)
{
	const json_t *le = answer_get(o, "le"), *count = answer_get(o, "count");
	size_t n = json_array_size(count);

	if (n == 0 || n > BUCKETS_MAX || n != json_array_size(le))
		return 0;
	for (size_t i = 0; i < n; i++) {
		bounds[i] = json_number_value(json_array_get(le, i)) / 1e3;
		counts[i] = json_number_value(json_array_get(count, i));
		if (counts[i] < 0)
			return 0;
		if (i > 0 && i + 1 < n && bounds[i] <= bounds[i - 1])
			return 0;
	}
	return n;
}

static void
put_buckets(FILE *out, const char *name, const json_t *link, const json_t *o)
{
	double bounds[BUCKETS_MAX], counts[BUCKETS_MAX], sum = 0;
	size_t n = read_histogram(o, bounds, counts);
	char le[32];

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		sum += counts[i];
		snprintf(le, sizeof(le), "%.9g", bounds[i]);
		fprintf(out, PREFIX "%s_bucket{", name);
		put_label(out, "link", link_name(link));
		fputc(',', out);
		put_label(out, "le", i + 1 < n ? le : "+Inf");
		fprintf(out, "} %.15g\n", sum);
	}
	fprintf(out, PREFIX "%s_count{", name);
	put_label(out, "link", link_name(link));
	fprintf(out, "} %.15g\n", sum);
}

/* The daemon counts no sum, and none is made up. */
static void
put_histogram(FILE *out, const json_t *links)
{
	static const char name[] = "link_queue_delay_seconds";
	const json_t *link;
	size_t i;

	put_title(out, name, "histogram",
	    "Time that packets to the line waited in the queue.");
	json_array_foreach(links, i, link)
	    put_buckets(out, name, link, answer_get(link, "tx.delay_ms"));
}

static void
put_daemon_value(FILE *out, const json_t *answer, const char *name,
    const char *help, const char *path)
{
	const json_t *value = answer_get(answer, path);

	if (!json_is_number(value))
		return;
	put_title(out, name, GAUGE, help);
	fprintf(out, PREFIX "%s", name);
	put_value(out, value, 0);
}

static void
put_daemon(FILE *out, const json_t *answer)
{
	const char *version = answer_text(answer, "daemon.version");

	if (version) {
		put_title(out, "build_info", GAUGE, "Version of the daemon.");
		fprintf(out, PREFIX "build_info{");
		put_label(out, "version", version);
		fprintf(out, "} 1\n");
	}
	put_daemon_value(out, answer, "uptime_seconds",
	    "Time since the daemon started.", "daemon.uptime_s");
	put_daemon_value(out, answer, "links", "Links in the configuration.",
	    "daemon.links_total");
	put_daemon_value(
	    out, answer, "links_up", "Links that are up.", "daemon.links_up");
	put_daemon_value(out, answer, "confirm_left_seconds",
	    "Time until a reload that is not confirmed is undone.",
	    "daemon.confirm.seconds_left");
}

void
exposition_put(FILE *out, const json_t *answer)
{
	const json_t *links = answer_get(answer, "links");

	put_title(out, "up", GAUGE, "Whether the daemon answered.");
	fprintf(out, PREFIX "up %d\n", answer != NULL);
	if (!answer)
		return;
	put_daemon(out, answer);
	if (json_array_size(links) == 0)
		return;
	put_states(out, links);
	put_flags(out, links);
	for (size_t i = 0; i < COUNT(families); i++)
		put_family(out, &families[i], links);
	put_histogram(out, links);
}

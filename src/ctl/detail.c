#include "ctl/detail.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/link.h"
#include "ctl/number.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

/* Where what a line says begins. */
#define INDENT 16

/* A line that is put together from parts with commas between them. */
struct parts {
	FILE *out;
	char *text;
	size_t len;
	bool any;
};

static void
parts_begin(struct parts *p)
{
	*p = (struct parts){ 0 };
	p->out = text_open(&p->text, &p->len);
}

__attribute__((format(printf, 2, 3))) static void
add(struct parts *p, const char *fmt, ...)
{
	va_list ap;

	if (p->any)
		fputs(", ", p->out);
	va_start(ap, fmt);
	vfprintf(p->out, fmt, ap);
	va_end(ap);
	p->any = true;
}

/* "LABEL  parts", if there are any. */
static void
parts_end(struct parts *p, const char *label)
{
	char *head = text_printf("  %s", label);

	fclose(p->out);
	if (p->any)
		text_wrap(stdout, head, p->text, INDENT, terminal_columns());
	free(head);
	free(p->text);
}

static void
add_count(struct parts *p, const json_t *o, const char *path, const char *one,
    const char *many)
{
	double n = answer_number(o, path);
	char buf[NUMBER_SIZE];

	if (!isnan(n))
		add(p, "%s %s", number_count(buf, n), n == 1 ? one : many);
}

/* "10900 bytes (10.9 kB) on the line" */
static void
add_bytes(struct parts *p, const json_t *o, const char *path, const char *of)
{
	double n = answer_number(o, path);
	char exact[NUMBER_SIZE], about[NUMBER_SIZE];

	if (isnan(n))
		return;
	number_count(exact, n);
	if (n < 1000)
		add(p, "%s bytes%s", exact, of);
	else
		add(p, "%s bytes (%s)%s", exact, number_bytes(about, n), of);
}

static void
add_ms(struct parts *p, const json_t *o, const char *path, const char *what)
{
	double ms = answer_number(o, path);
	char buf[NUMBER_SIZE];

	if (!isnan(ms))
		add(p, "%s %s", what, number_ms(buf, ms));
}

static void
put_port(const json_t *link)
{
	const json_t *found = answer_get(link, "port.found");
	const char *driver = answer_text(link, "port.driver");
	const char *device = answer_text(link, "port.device");
	const char *node = answer_text(link, "port.node");
	char *port = link_port(link), *usb = link_usb(found);
	struct parts p;

	parts_begin(&p);
	add(&p, "%s", port);
	if (device && node && strcmp(device, node) != 0)
		add(&p, "configured as %s", device);
	if (driver)
		add(&p, "driver %s", driver);
	if (found)
		add(&p, "%s", usb);
	parts_end(&p, "port");
	free(port);
	free(usb);
}

static char
parity_letter(const json_t *link)
{
	const char *parity = answer_text(link, "port.parity");

	if (!parity)
		return '?';
	return strcmp(parity, "none") == 0 ? 'N' : (*parity == 'e' ? 'E' : 'O');
}

static void
put_line(const json_t *link)
{
	double baud = answer_number(link, "port.baud");
	double real = answer_number(link, "port.baud_real");
	double stop_bits = answer_number(link, "port.stop_bits");
	const json_t *quick = answer_get(link, "port.low_latency");
	double capacity = answer_number(link, "port.capacity_bytes_per_s");
	const char *flow = answer_text(link, "port.flow");
	char asked[NUMBER_SIZE], made[NUMBER_SIZE], rate[NUMBER_SIZE];
	struct parts p;

	parts_begin(&p);
	if (real > 0 && real != baud)
		add(&p, "%s baud, the driver made it %s",
		    number_count(asked, baud), number_count(made, real));
	else
		add(&p, "%s baud", number_count(asked, baud));
	add(&p, "8%c%s", parity_letter(link), number_count(asked, stop_bits));
	if (flow)
		add(&p, "flow control %s", flow);
	if (json_is_boolean(quick))
		add(&p, "low latency %s", json_is_true(quick) ? "on" : "off");
	if (!isnan(capacity))
		add(&p, "%s at most", number_rate(rate, capacity));
	parts_end(&p, "line");
}

static void
put_interface(const json_t *link)
{
	const json_t *o = answer_get(link, "interface"), *address;
	const json_t *carrier = answer_get(o, "carrier");
	const json_t *up = answer_get(o, "up");
	const char *name = answer_text(o, "name");
	struct parts p;
	size_t i;

	parts_begin(&p);
	if (name)
		add(&p, "%s", name);
	if (!isnan(answer_number(o, "index")))
		add(&p, "index %.0f", answer_number(o, "index"));
	if (!isnan(answer_number(o, "mtu")))
		add(&p, "MTU %.0f bytes", answer_number(o, "mtu"));
	if (json_is_boolean(up))
		add(&p, "%s", json_is_true(up) ? "up" : "set down");
	if (json_is_boolean(carrier))
		add(&p, "carrier %s", json_is_true(carrier) ? "on" : "off");
	parts_end(&p, "interface");
	parts_begin(&p);
	json_array_foreach(
	    answer_get(o, "addresses"), i, address) if (json_is_string(address))
	    add(&p, "%s", json_string_value(address));
	parts_end(&p, "addresses");
}

static void
put_peer(const json_t *link)
{
	const json_t *o = answer_get(link, "round_trip");
	const char *address = answer_text(o, "address");
	double heard = answer_number(link, "heard_s");
	char age[NUMBER_SIZE];
	struct parts p;

	parts_begin(&p);
	if (!isnan(heard))
		add(&p, "%s ago", number_age(age, heard));
	parts_end(&p, "heard");
	parts_begin(&p);
	add_ms(&p, o, "last_ms", "last");
	add_ms(&p, o, "average_ms", "average");
	add_ms(&p, o, "least_ms", "least");
	if (!isnan(answer_number(o, "sent")))
		add(&p, "%.0f of %.0f answered", answer_number(o, "answered"),
		    answer_number(o, "sent"));
	if (address)
		add(&p, "by %s", address);
	parts_end(&p, "round trip");
}

static void
put_life(const json_t *link)
{
	const char *failure = answer_text(link, "failure.text");
	double pid = answer_number(link, "pump.pid");
	char buf[NUMBER_SIZE];
	struct parts p;

	parts_begin(&p);
	if (!isnan(pid))
		add(&p, "pid %s", number_count(buf, pid));
	add_count(&p, link, "restarts", "restart", "restarts");
	parts_end(&p, "pump");
	parts_begin(&p);
	if (failure)
		add(&p, "%s ago: %s",
		    number_age(buf, answer_number(link, "failure.ago_s")),
		    failure);
	parts_end(&p, "last failure");
}

/* "3: full 1, closed 2" */
static void
put_causes(const json_t *link, const char *path, const char *label)
{
	json_t *causes = answer_get(link, path), *each;
	char all[NUMBER_SIZE], buf[NUMBER_SIZE];
	const char *cause;
	struct parts p;
	bool any = false;

	if (!json_is_object(causes))
		return;
	parts_begin(&p);
	fputs(number_count(all, answer_sum(link, path)), p.out);
	p.any = true;
	json_object_foreach(causes, cause, each)
	{
		if (!(json_number_value(each) > 0))
			continue;
		p.any = any;
		if (!any)
			fputs(": ", p.out);
		add(&p, "%s %s", cause,
		    number_count(buf, json_number_value(each)));
		any = true;
	}
	p.any = true;
	parts_end(&p, label);
}

static void
put_histogram(const json_t *o)
{
	const json_t *le = answer_get(o, "le"), *count = answer_get(o, "count");
	char ms[NUMBER_SIZE], n[NUMBER_SIZE];
	double below = 0;
	struct parts p;

	parts_begin(&p);
	for (size_t i = 0; i < json_array_size(le); i++) {
		const json_t *bound = json_array_get(le, i);
		double packets = json_number_value(json_array_get(count, i));
		bool last = !json_is_number(bound);

		if (!last)
			below = json_number_value(bound);
		if (packets > 0)
			add(&p, "%s: %s", number_bound(ms, below, last),
			    number_count(n, packets));
	}
	parts_end(&p, "  waited");
}

static void
put_to_line(const json_t *link)
{
	double busy = answer_number(link, "tx.busy_s");
	double stuck = answer_number(link, "tx.stuck");
	struct parts p;

	parts_begin(&p);
	add_count(&p, link, "tx.packets", "packet", "packets");
	add_bytes(&p, link, "tx.bytes", "");
	add_bytes(&p, link, "tx.line_bytes", " on the line");
	if (!isnan(busy))
		add(&p, "busy %.1f s", busy);
	if (stuck > 0)
		add(&p, "stuck %.0f times", stuck);
	parts_end(&p, "to line");
	put_causes(link, "tx.dropped", "  dropped");
	put_causes(link, "tx.marked", "  marked");
	put_histogram(answer_get(link, "tx.delay_ms"));
	parts_begin(&p);
	add_ms(&p, link, "tx.tty_wait_max_ms", "at most");
	parts_end(&p, "  in the tty");
	parts_begin(&p);
	add_count(&p, link, "queue.packets", "packet", "packets");
	add_bytes(&p, link, "queue.bytes", "");
	add_count(&p, link, "queue.flows", "flow", "flows");
	if (!isnan(answer_number(link, "queue.limit_bytes")))
		add(&p, "limit %.0f bytes",
		    answer_number(link, "queue.limit_bytes"));
	add_ms(&p, link, "queue.target_ms", "target");
	parts_end(&p, "  queue now");
}

static void
put_from_line(const json_t *link)
{
	struct parts p;

	parts_begin(&p);
	add_count(&p, link, "rx.packets", "packet", "packets");
	add_bytes(&p, link, "rx.bytes", "");
	add_bytes(&p, link, "rx.line_bytes", " on the line");
	add_count(&p, link, "rx.frames", "frame", "frames");
	add_count(&p, link, "rx.resyncs", "resync", "resyncs");
	parts_end(&p, "from line");
	put_causes(link, "rx.dropped", "  dropped");
	put_causes(link, "rx.uart", "  uart errors");
}

static void
put_remark(void *arg, const char *text)
{
	(void)arg;
	text_wrap(stdout, "", text, 2, terminal_columns());
}

void
detail_put(const json_t *link)
{
	char age[NUMBER_SIZE];

	text_put(stdout, link_name(link));
	fputs(": ", stdout);
	terminal_colour(stdout, link_colour(link));
	text_put(stdout, link_state(link));
	terminal_colour(stdout, COLOUR_NONE);
	printf(" for %s%s\n", number_age(age, answer_number(link, "since_s")),
	    json_is_false(answer_get(link, "enabled"))
		? ", not enabled in the configuration"
		: "");
	link_remarks(link, put_remark, NULL);
	put_port(link);
	put_line(link);
	put_interface(link);
	put_peer(link);
	put_life(link);
	put_to_line(link);
	put_from_line(link);
}

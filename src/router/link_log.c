/* A link's state and counters in the log. */
#include "router/link_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

struct line {
	char text[900];
	size_t len;
};

static void
add(struct line *line, const char *prefix, const char *key, uint64_t value)
{
	int len;

	if (line->len >= sizeof(line->text))
		return;
	len = snprintf(line->text + line->len, sizeof(line->text) - line->len,
	    " %s%s=%" PRIu64, prefix, key, value);
	line->len += len;
}

static void
log_to_line(const char *name, const struct stats *s)
{
	struct line line = { .len = 0 };

	add(&line, "", "in-packets", s->tx_in_packets);
	add(&line, "", "in-bytes", s->tx_in_bytes);
	add(&line, "", "packets", s->tx_packets);
	add(&line, "", "bytes", s->tx_bytes);
	add(&line, "", "line-bytes", s->tx_line_bytes);
	add(&line, "", "busy-ms", s->tx_busy_ns / CLOCK_NS_PER_MS);
	add(&line, "", "tty-wait-max-us", s->tx_tty_wait_max_ns / 1000);
	add(&line, "", "queued", s->tx_queued);
	add(&line, "", "stuck", s->tx_stuck);
	add(&line, "", "probes", s->tx_probes);
	add(&line, "", "fills", s->tx_fills);
	add(&line, "", "marked-codel", s->tx_marked);
	for (int i = 0; i < STATS_TX_DROPS; i++)
		add(&line, "dropped-", stats_tx_drop_name(i), s->tx_dropped[i]);
	log_info("%s: to-line:%s", name, line.text);
}

/* How long packets waited: how many not longer than so many milliseconds, and
 * longer than the number before. */
static void
log_queue(const char *name, const struct stats *s)
{
	struct line line = { .len = 0 };
	char key[32];

	add(&line, "", "bytes", s->queue_bytes);
	add(&line, "", "flows", s->queue_flows);
	add(&line, "", "limit-bytes", s->queue_limit_bytes);
	add(&line, "", "target-ms", s->queue_target_ns / CLOCK_NS_PER_MS);
	for (int i = 0; i < STATS_DELAYS - 1; i++) {
		snprintf(key, sizeof(key), "%" PRId64,
		    stats_delay_ns(i) / CLOCK_NS_PER_MS);
		add(&line, "waited-ms-", key, s->tx_delays[i]);
	}
	add(&line, "waited-ms-", "more", s->tx_delays[STATS_DELAYS - 1]);
	log_info("%s: queue:%s", name, line.text);
}

static void
log_from_line(const char *name, const struct stats *s)
{
	struct line line = { .len = 0 };

	add(&line, "", "line-bytes", s->rx_line_bytes);
	add(&line, "", "frames", s->rx_frames);
	add(&line, "", "packets", s->rx_packets);
	add(&line, "", "bytes", s->rx_bytes);
	add(&line, "", "resyncs", s->rx_resyncs);
	add(&line, "", "answers", s->rx_answers);
	add(&line, "", "silences", s->rx_silences);
	for (int i = 0; i < STATS_RX_DROPS; i++)
		add(&line, "dropped-", stats_rx_drop_name(i), s->rx_dropped[i]);
	for (int i = 0; i < STATS_UARTS && s->rx_uart_known; i++)
		add(&line, "uart-", stats_uart_name(i), s->rx_uart[i]);
	if (s->round_trip.last_ns) {
		add(&line, "round-trip-us-", "last",
		    s->round_trip.last_ns / 1000);
		add(&line, "round-trip-us-", "average",
		    s->round_trip.average_ns / 1000);
		add(&line, "round-trip-us-", "least",
		    s->round_trip.least_ns / 1000);
	}
	log_info("%s: from-line:%s", name, line.text);
}

static const char *
latency_text(enum port_latency latency)
{
	switch (latency) {
	case PORT_LATENCY_UNKNOWN:
		break;
	case PORT_LATENCY_USUAL:
		return "no";
	case PORT_LATENCY_LOW:
		return "yes";
	}
	return "unknown";
}

void
link_log_status(const struct link *l)
{
	const char *device = l->conf->port.device ? l->conf->port.device : "-";
	const char *name = l->conf->name;
	struct stats stats;

	log_info(
	    "%s: state=%s seconds=%" PRId64 " interface=%s carrier=%s "
	    "degraded=%s held-down=%s stuck=%s silent=%s port=%s driver=%s "
	    "low-latency=%s baud=%u pump=%d "
	    "restarts=%u last-error=\"%s\"",
	    name, link_state_name(l->state), (clock_ms() - l->since_ms) / 1000,
	    l->conf->interface, l->interface.carrier ? "on" : "off",
	    link_degraded(l) ? "yes" : "no",
	    l->interface.held_down ? "yes" : "no", l->stuck ? "yes" : "no",
	    l->silent ? "yes" : "no", l->port.node[0] ? l->port.node : device,
	    l->port.driver[0] ? l->port.driver : "unknown",
	    latency_text(l->port.latency), l->port.baud, (int)l->pump.pid,
	    l->restarts, l->last_error.text);
	link_stats(l, &stats);
	log_to_line(name, &stats);
	log_queue(name, &stats);
	log_from_line(name, &stats);
}

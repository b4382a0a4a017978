/* The counters of a link, in the answer to show. */
#include <stdio.h>

#include "base/clock.h"
#include "router/control_priv.h"

/* Names of causes are words with "-" in the log, and with "_" here. */
static void
write_cause(struct json *j, const char *name, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%s", name);
	for (char *c = text; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
	json_uint(j, text, n);
}

static void
write_delays(struct json *j, const struct stats *s)
{
	json_open_object(j, "delay_ms");
	json_open_array(j, "le");
	for (unsigned i = 0; i < STATS_DELAYS - 1; i++)
		json_number(
		    j, NULL, stats_delay_ns(i) / (double)CLOCK_NS_PER_MS);
	json_null(j, NULL);
	json_close_array(j);
	json_open_array(j, "count");
	for (unsigned i = 0; i < STATS_DELAYS; i++)
		json_uint(j, NULL, s->tx_delays[i]);
	json_close_array(j);
	json_close_object(j);
}

static void
write_tx(struct json *j, const struct stats *s)
{
	json_open_object(j, "tx");
	json_uint(j, "in_packets", s->tx_in_packets);
	json_uint(j, "in_bytes", s->tx_in_bytes);
	json_uint(j, "packets", s->tx_packets);
	json_uint(j, "bytes", s->tx_bytes);
	json_uint(j, "line_bytes", s->tx_line_bytes);
	json_number(j, "busy_s", s->tx_busy_ns / (double)CLOCK_NS_PER_S);
	json_open_object(j, "dropped");
	for (int i = 0; i < STATS_TX_DROPS; i++)
		write_cause(j, stats_tx_drop_name(i), s->tx_dropped[i]);
	json_close_object(j);
	json_open_object(j, "marked");
	json_uint(j, "codel", s->tx_marked);
	json_close_object(j);
	json_uint(j, "stuck", s->tx_stuck);
	json_uint(j, "probes", s->tx_probes);
	json_uint(j, "fills", s->tx_fills);
	write_delays(j, s);
	json_number(j, "tty_wait_max_ms",
	    s->tx_tty_wait_max_ns / (double)CLOCK_NS_PER_MS);
	json_close_object(j);
}

static void
write_rx(struct json *j, const struct stats *s)
{
	json_open_object(j, "rx");
	json_uint(j, "line_bytes", s->rx_line_bytes);
	json_uint(j, "frames", s->rx_frames);
	json_uint(j, "packets", s->rx_packets);
	json_uint(j, "bytes", s->rx_bytes);
	json_open_object(j, "dropped");
	for (int i = 0; i < STATS_RX_DROPS; i++)
		write_cause(j, stats_rx_drop_name(i), s->rx_dropped[i]);
	json_close_object(j);
	json_uint(j, "resyncs", s->rx_resyncs);
	json_uint(j, "silences", s->rx_silences);
	if (!s->rx_uart_known) {
		json_null(j, "uart");
	} else {
		json_open_object(j, "uart");
		for (int i = 0; i < STATS_UARTS; i++)
			write_cause(j, stats_uart_name(i), s->rx_uart[i]);
		json_close_object(j);
	}
	json_close_object(j);
}

/* Without a pump that has told of it, there is no queue. */
static void
write_queue(struct json *j, const struct stats *s)
{
	json_open_object(j, "queue");
	json_uint(j, "packets", s->tx_queued);
	json_uint(j, "bytes", s->queue_bytes);
	json_uint(j, "flows", s->queue_flows);
	if (s->queue_limit_bytes > 0) {
		json_uint(j, "limit_bytes", s->queue_limit_bytes);
		json_number(j, "target_ms",
		    s->queue_target_ns / (double)CLOCK_NS_PER_MS);
	} else {
		json_null(j, "limit_bytes");
		json_null(j, "target_ms");
	}
	json_close_object(j);
}

void
control_write_counters(struct json *j, const struct stats *s)
{
	write_tx(j, s);
	write_rx(j, s);
	write_queue(j, s);
}

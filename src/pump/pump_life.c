/* What changes while a pump runs, and a line that falls silent. */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "pump/pump_priv.h"

void
pump_count_errors(struct pump *p)
{
	struct port_errors now;
	uint64_t *counts = p->stats.rx_uart;

	if (!p->errors_known || !port_errors(p->port, &now))
		return;
	counts[STATS_UART_FRAMING] = now.framing - p->errors.framing;
	counts[STATS_UART_PARITY] = now.parity - p->errors.parity;
	counts[STATS_UART_OVERRUN] = now.overrun - p->errors.overrun;
	counts[STATS_UART_BREAK] = now.brk - p->errors.brk;
}

int
pump_deliver(void *arg, const uint8_t *packet, size_t len)
{
	struct pump *p = arg;
	int64_t round_trip_ns;

	if (probe_is_on(&p->probe)) {
		switch (probe_take(
		    &p->probe, packet, len, clock_ns(), &round_trip_ns)) {
		case PROBE_ANSWER:
			stats_count_round_trip(&p->stats, round_trip_ns);
			return RX_TAKEN;
		case PROBE_LATE:
			return RX_TAKEN;
		case PROBE_FOREIGN:
			break;
		}
	}
	return write(p->tun, packet, len) < 0 ? errno : 0;
}

struct tx_settings
pump_tx_settings(const struct pump_live *live)
{
	return (struct tx_settings){
		.mtu = live->mtu,
		.leading_end = live->leading_end,
		.pace = live->pace,
		.limit_ms = live->limit_ms,
	};
}

static struct life_settings
life_settings(const struct pump_live *live)
{
	return (struct life_settings){
		.interval_s = live->liveness_interval_s,
		.timeout_s = live->liveness_timeout_s,
		.probe = live->liveness_probe.family != AF_UNSPEC,
	};
}

/* An answer to the probe as it was is none to this one, and round trips to
 * another peer say nothing of this one. */
static void
set_probe(struct pump *p, const struct pump_live *live)
{
	if (!ip_equal(&p->probe.to, &live->liveness_probe))
		p->stats.round_trip = (struct stats_round_trip){ 0 };
	if (!ip_equal(&p->probe.to, &live->liveness_probe) ||
	    !ip_equal(&p->probe.from, &live->liveness_from))
		probe_init(&p->probe, &live->liveness_from,
		    &live->liveness_probe, p->cookie);
}

void
pump_set_live(struct pump *p, const struct pump_live *live)
{
	struct tx_settings settings = pump_tx_settings(live);
	struct life_settings life = life_settings(live);
	bool silent = p->life.silent;

	p->live = *live;
	p->rx.check = live->check;
	tx_set(&p->tx, &settings, clock_ns());
	life_set(&p->life, &life, clock_ns());
	set_probe(p, live);
	if (silent && !p->life.silent)
		pump_report_up(p, PUMP_HEARD, 0, NULL, NULL);
}

void
pump_start_life(struct pump *p)
{
	const struct pump_live *live = &p->live;
	struct life_settings life = life_settings(live);

	life_init(&p->life, &life, clock_ns());
	probe_init(
	    &p->probe, &live->liveness_from, &live->liveness_probe, p->cookie);
}

void
pump_live_on(struct pump *p, int64_t now_ns)
{
	uint8_t packet[PROBE_PACKET_MAX];
	struct error err;
	unsigned due;

	if (p->tx.written_ns > p->life.written_ns)
		life_wrote(&p->life, p->tx.written_ns);
	if (p->rx.heard) {
		p->rx.heard = false;
		p->stats.rx_heard_ns = now_ns;
		if (life_heard(&p->life, now_ns))
			pump_report_up(p, PUMP_HEARD, 0, NULL, NULL);
	}
	due = life_due(&p->life, now_ns);
	if (due & LIFE_SILENT) {
		p->stats.rx_silences++;
		pump_report_up(p, PUMP_SILENT, 0, NULL, NULL);
	}
	if (due & LIFE_PROBE) {
		size_t len = probe_request(&p->probe, packet, now_ns);

		if (len)
			tx_probe(&p->tx, packet, len, now_ns);
	}
	if (due & LIFE_FILL && tx_fill(&p->tx, p->port, now_ns, &err) < 0)
		pump_hang_up(p, "write", err.code);
}

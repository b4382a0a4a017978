#include "pump/stats.h"

#include <stddef.h>
#include <sys/mman.h>

#include "base/clock.h"

/* A sane writer rarely costs one more look. */
#define SNAPSHOT_TRIES 1000

struct stats_page *
stats_page_new(void)
{
	struct stats_page *page;

	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	page->trapped = -1;
	return page;
}

void
stats_page_free(struct stats_page *page)
{
	if (page)
		munmap(page, sizeof(*page));
}

void
stats_publish(struct stats_page *page, const struct stats *stats)
{
	uint32_t next = page->sequence + 1;

	/* The count's last move comes before what is written here: readers
	 * may still be in this copy, and must find out. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	page->copies[next % 2] = *stats;
	__atomic_store_n(&page->sequence, next, __ATOMIC_RELEASE);
}

bool
stats_snapshot(const struct stats_page *page, struct stats *stats)
{
	uint32_t before, after;

	for (int i = 0; i < SNAPSHOT_TRIES; i++) {
		before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
		*stats = page->copies[before % 2];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n(&page->sequence, __ATOMIC_RELAXED);
		if (after == before)
			return true;
	}
	return false;
}

int64_t
stats_delay_ns(unsigned i)
{
	static const int64_t bounds_ms[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500,
		1000, 2000 };

	_Static_assert(
	    sizeof(bounds_ms) / sizeof(bounds_ms[0]) == STATS_DELAYS - 1,
	    "one bound less than counts");
	if (i >= STATS_DELAYS - 1)
		return INT64_MAX;
	return bounds_ms[i] * CLOCK_NS_PER_MS;
}

void
stats_count_delay(struct stats *s, int64_t wait_ns)
{
	unsigned i = 0;

	while (wait_ns > stats_delay_ns(i))
		i++;
	s->tx_delays[i]++;
}

void
stats_count_round_trip(struct stats *s, int64_t round_trip_ns)
{
	struct stats_round_trip *r = &s->round_trip;
	uint64_t now_ns = round_trip_ns > 0 ? round_trip_ns : 1;

	if (r->last_ns == 0)
		*r = (struct stats_round_trip){ .least_ns = now_ns,
			.average_ns = now_ns };
	r->last_ns = now_ns;
	if (now_ns < r->least_ns)
		r->least_ns = now_ns;
	r->average_ns = (7 * r->average_ns + now_ns) / 8;
}

static void
add_to_line(struct stats *a, const struct stats *b)
{
	a->tx_in_packets += b->tx_in_packets;
	a->tx_in_bytes += b->tx_in_bytes;
	a->tx_packets += b->tx_packets;
	a->tx_bytes += b->tx_bytes;
	a->tx_line_bytes += b->tx_line_bytes;
	a->tx_busy_ns += b->tx_busy_ns;
	for (int i = 0; i < STATS_TX_DROPS; i++)
		a->tx_dropped[i] += b->tx_dropped[i];
	a->tx_marked += b->tx_marked;
	for (int i = 0; i < STATS_DELAYS; i++)
		a->tx_delays[i] += b->tx_delays[i];
	if (b->tx_tty_wait_max_ns > a->tx_tty_wait_max_ns)
		a->tx_tty_wait_max_ns = b->tx_tty_wait_max_ns;
	a->tx_stuck += b->tx_stuck;
	a->tx_probes += b->tx_probes;
	a->tx_fills += b->tx_fills;
	a->tx_queued += b->tx_queued;
	a->queue_bytes += b->queue_bytes;
	a->queue_flows += b->queue_flows;
	a->queue_limit_bytes += b->queue_limit_bytes;
	a->queue_target_ns += b->queue_target_ns;
}

void
stats_add(struct stats *a, const struct stats *b)
{
	add_to_line(a, b);
	a->rx_line_bytes += b->rx_line_bytes;
	a->rx_frames += b->rx_frames;
	a->rx_packets += b->rx_packets;
	a->rx_bytes += b->rx_bytes;
	for (int i = 0; i < STATS_RX_DROPS; i++)
		a->rx_dropped[i] += b->rx_dropped[i];
	a->rx_resyncs += b->rx_resyncs;
	a->rx_answers += b->rx_answers;
	a->rx_silences += b->rx_silences;
	for (int i = 0; i < STATS_UARTS; i++)
		a->rx_uart[i] += b->rx_uart[i];
	a->rx_uart_known |= b->rx_uart_known;
	if (b->rx_heard_ns > a->rx_heard_ns)
		a->rx_heard_ns = b->rx_heard_ns;
	if (b->round_trip.last_ns)
		a->round_trip = b->round_trip;
}

void
stats_add_ended(struct stats *a, const struct stats *b)
{
	struct stats ended = *b;

	ended.tx_dropped[STATS_TX_CLOSED] += ended.tx_queued;
	ended.tx_queued = 0;
	ended.queue_bytes = 0;
	ended.queue_flows = 0;
	ended.queue_limit_bytes = 0;
	ended.queue_target_ns = 0;
	stats_add(a, &ended);
}

const char *
stats_tx_drop_name(enum stats_tx_drop cause)
{
	switch (cause) {
	case STATS_TX_STALE:
		return "stale";
	case STATS_TX_FULL:
		return "full";
	case STATS_TX_CODEL:
		return "codel";
	case STATS_TX_OVERSIZED:
		return "oversized";
	case STATS_TX_CLOSED:
		return "closed";
	case STATS_TX_DROPS:
		break;
	}
	return "unknown";
}

const char *
stats_rx_drop_name(enum stats_rx_drop cause)
{
	switch (cause) {
	case STATS_RX_NOISE:
		return "noise";
	case STATS_RX_ESCAPE:
		return "escape";
	case STATS_RX_OVERSIZED:
		return "oversized";
	case STATS_RX_VERSION:
		return "version";
	case STATS_RX_TRUNCATED:
		return "truncated";
	case STATS_RX_HEADER_LENGTH:
		return "header-length";
	case STATS_RX_TOTAL_LENGTH:
		return "total-length";
	case STATS_RX_HEADER_CHECKSUM:
		return "header-checksum";
	case STATS_RX_PAYLOAD_CHECKSUM:
		return "payload-checksum";
	case STATS_RX_REFUSED:
		return "refused";
	case STATS_RX_DROPS:
		break;
	}
	return "unknown";
}

const char *
stats_uart_name(enum stats_uart error)
{
	switch (error) {
	case STATS_UART_FRAMING:
		return "framing";
	case STATS_UART_PARITY:
		return "parity";
	case STATS_UART_OVERRUN:
		return "overrun";
	case STATS_UART_BREAK:
		return "break";
	case STATS_UARTS:
		break;
	}
	return "?";
}

int64_t
stats_tx_imbalance(const struct stats *s)
{
	uint64_t in = s->tx_in_packets + s->tx_probes;
	uint64_t out = s->tx_packets + s->tx_queued;

	for (int i = 0; i < STATS_TX_DROPS; i++)
		out += s->tx_dropped[i];
	return (int64_t)(in - out);
}

int64_t
stats_rx_imbalance(const struct stats *s)
{
	uint64_t out = s->rx_packets + s->rx_answers;

	for (int i = 0; i < STATS_RX_DROPS; i++)
		out += s->rx_dropped[i];
	return (int64_t)(s->rx_frames - out);
}

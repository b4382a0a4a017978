/* Interface to line. */
#include "pump/tx.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* Reads of the interface and writes to the line in one wake-up. */
#define READS_PER_TURN 64
#define WRITES_PER_TURN 64

/* Any packet that an interface can give: its MTU may have been set by hand. */
#define INTERFACE_READ_MAX 65536

/* Rings are at most 10000 packets long, and somebody may be filling it. */
#define STALE_READS_MAX 20000

#define QUEUE_LINE_MS 500
#define QUEUE_PACKETS_MIN 8
#define QUEUE_PACKET_USUAL 1500

#define IDLE_MS_MIN 20
#define IDLE_CHARACTERS 2

#define STUCK_S 5
#define STUCK_LOOKS 5 /* in that time */
/* A tty that does not tell what it holds may take so many bytes at once and
 * nothing until most of them are gone. */
#define TTY_BUFFER_BYTES 4096

static int64_t
line_time_ns(const struct port_settings *s, int64_t bytes)
{
	return bytes * port_bits_per_char(s) * CLOCK_NS_PER_S / s->baud;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

size_t
tx_pool_size(const struct port_settings *s)
{
	int64_t bytes = (int64_t)s->baud / port_bits_per_char(s) *
	    QUEUE_LINE_MS / 1000;

	return larger(bytes,
	    FIFO_COST(TX_PACKET_MAX) +
		QUEUE_PACKETS_MIN * FIFO_COST(QUEUE_PACKET_USUAL));
}

void
tx_init(struct tx *tx, const struct port_settings *s,
    enum tx_leading_end leading_end, uint8_t *pool, size_t pool_size,
    struct stats *stats, int64_t now_ns)
{
	memset(tx, 0, sizeof(*tx));
	tx->stats = stats;
	fifo_init(&tx->queue, pool, pool_size);
	tx->leading_end = leading_end;
	tx->escape_xon = s->flow == PORT_FLOW_XONXOFF;
	tx->idle_ns = larger(
	    IDLE_MS_MIN * CLOCK_NS_PER_MS, line_time_ns(s, IDLE_CHARACTERS));
	tx->stuck_ns = larger(STUCK_S * CLOCK_NS_PER_S,
	    line_time_ns(s, TTY_BUFFER_BYTES) * 5 / 4);
	/* Nothing was written yet: the first frame flushes line noise. */
	tx->written_ns = now_ns - tx->idle_ns;
	tx->progress_ns = now_ns;
}

/* The packet's length, 0 when none waits (now), -1 when the interface is gone
 * for good. */
static ssize_t
read_packet(int tun, uint8_t *packet, struct error *err)
{
	ssize_t len = read(tun, packet, INTERFACE_READ_MAX);

	if (len >= 0)
		return len;
	if (errno == EBADFD)
		return error_set(err, EBADFD, "the interface was deleted");
	return 0;
}

int
tx_drain_stale(struct tx *tx, int tun, struct error *err)
{
	static uint8_t packet[INTERFACE_READ_MAX];

	for (int i = 0; i < STALE_READS_MAX; i++) {
		ssize_t len = read_packet(tun, packet, err);

		if (len < 0)
			return -1;
		if (len == 0)
			return 0;
		tx->stats->tx_in_packets++;
		tx->stats->tx_in_bytes += len;
		tx->stats->tx_dropped[STATS_TX_STALE]++;
	}
	return 0;
}

static void
queue_packet(struct tx *tx, const uint8_t *packet, size_t len)
{
	tx->stats->tx_in_packets++;
	tx->stats->tx_in_bytes += len;
	if (len > TX_PACKET_MAX)
		tx->stats->tx_dropped[STATS_TX_OVERSIZED]++;
	else if (fifo_put(&tx->queue, packet, len))
		tx->stats->tx_queued++;
	else
		tx->stats->tx_dropped[STATS_TX_FULL]++;
}

int
tx_read_interface(struct tx *tx, int tun, struct error *err)
{
	static uint8_t packet[INTERFACE_READ_MAX];

	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t len = read_packet(tun, packet, err);

		if (len < 0)
			return -1;
		if (len == 0)
			return 0;
		queue_packet(tx, packet, len);
	}
	return 0;
}

static bool
wants_leading_end(const struct tx *tx, int64_t now_ns)
{
	switch (tx->leading_end) {
	case TX_LEADING_END_ALWAYS:
		return true;
	case TX_LEADING_END_NEVER:
		return false;
	case TX_LEADING_END_IDLE:
		break;
	}
	return now_ns - tx->written_ns >= tx->idle_ns;
}

/* false: nothing is queued. */
static bool
next_frame(struct tx *tx, int64_t now_ns)
{
	static uint8_t packet[TX_PACKET_MAX];

	tx->packet_len = fifo_get(&tx->queue, packet);
	if (tx->packet_len == 0)
		return false;
	tx->frame_len = slip_encode(tx->frame, packet, tx->packet_len,
	    wants_leading_end(tx, now_ns), tx->escape_xon);
	tx->frame_sent = 0;
	tx->progress_ns = now_ns;
	return true;
}

static void
finish_frame(struct tx *tx)
{
	tx->stats->tx_packets++;
	tx->stats->tx_bytes += tx->packet_len;
	tx->stats->tx_queued--;
	tx->packet_len = 0;
}

/* Bytes taken, 0 when the line takes none now, -1 when it hung up. */
static ssize_t
write_frame(struct tx *tx, int port, int64_t now_ns, struct error *err)
{
	ssize_t len = write(
	    port, tx->frame + tx->frame_sent, tx->frame_len - tx->frame_sent);

	if (len < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		return error_errno(err, "write to the port");
	}
	if (len == 0)
		return 0;
	tx->frame_sent += len;
	tx->stats->tx_line_bytes += len;
	tx->written_ns = now_ns;
	tx->progress_ns = now_ns;
	tx->stuck = false;
	return len;
}

int
tx_write_line(struct tx *tx, int port, int64_t now_ns, struct error *err)
{
	for (int i = 0; i < WRITES_PER_TURN; i++) {
		ssize_t len;

		if (tx->packet_len == 0 && !next_frame(tx, now_ns))
			return 0;
		len = write_frame(tx, port, now_ns, err);
		if (len <= 0)
			return len;
		if (tx->frame_sent == tx->frame_len)
			finish_frame(tx);
	}
	return 0;
}

bool
tx_pending(const struct tx *tx)
{
	return tx->packet_len != 0 || tx->queue.packets != 0;
}

int64_t
tx_look_ns(const struct tx *tx)
{
	if (!tx_pending(tx))
		return INT64_MAX;
	return larger(tx->progress_ns, tx->looked_ns) +
	    (tx->stuck_ns + STUCK_LOOKS - 1) / STUCK_LOOKS;
}

bool
tx_look(struct tx *tx, int port, int64_t now_ns)
{
	unsigned unsent;

	if (now_ns < tx_look_ns(tx))
		return false;
	tx->looked_ns = now_ns;
	unsent = port_unsent(port);
	if (unsent != tx->unsent) {
		tx->unsent = unsent;
		tx->progress_ns = now_ns;
		tx->stuck = false;
	}
	if (now_ns - tx->progress_ns < tx->stuck_ns)
		return false;
	if (!tx->stuck)
		tx->stats->tx_stuck++;
	tx->stuck = true;
	tx->progress_ns = now_ns;
	return true;
}

void
tx_close(struct tx *tx)
{
	tx->stats->tx_dropped[STATS_TX_CLOSED] += tx->stats->tx_queued;
	tx->stats->tx_queued = 0;
	tx->packet_len = 0;
	fifo_init(&tx->queue, tx->queue.pool, tx->queue.size);
}

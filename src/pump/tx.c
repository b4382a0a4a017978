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

#define IDLE_MS_MIN 20
#define IDLE_CHARACTERS 2

/* Where the interface's own is not known. */
#define MTU_USUAL 1500

#define STUCK_S 5
#define STUCK_LOOKS 5 /* in that time */
/* A tty that does not tell what it holds may take so many bytes at once and
 * nothing until most of them are gone. */
#define TTY_BUFFER_BYTES 4096

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

size_t
tx_pool_size(void)
{
	return fq_pool_size(FQ_LIMIT_BYTES_MAX);
}

static void
describe_line(
    struct tx *tx, const struct port_settings *s, const struct port_info *info)
{
	tx->line = (struct pace_line){
		.baud = info->baud ? info->baud : s->baud,
		.bits = port_bits_per_char(s),
		.flow_control = s->flow != PORT_FLOW_NONE,
	};
	if (strcmp(info->driver, "cdc_acm") == 0)
		tx->line.tells = PACE_TELLS_WRITES;
	tx->char_ns = tx->line.bits * CLOCK_NS_PER_S / tx->line.baud;
}

void
tx_init(struct tx *tx, const struct port_settings *s,
    const struct port_info *info, const struct tx_settings *settings,
    void *pool, const uint8_t key[FLOW_KEY_BYTES], struct stats *stats,
    int64_t now_ns)
{
	memset(tx, 0, sizeof(*tx));
	tx->stats = stats;
	describe_line(tx, s, info);
	tx->escape_xon = s->flow == PORT_FLOW_XONXOFF;
	tx->idle_ns = larger(
	    IDLE_MS_MIN * CLOCK_NS_PER_MS, IDLE_CHARACTERS * tx->char_ns);
	tx->stuck_ns = larger(
	    STUCK_S * CLOCK_NS_PER_S, TTY_BUFFER_BYTES * tx->char_ns * 5 / 4);
	tx->next_ns = INT64_MAX;
	/* Nothing was written yet: the first frame flushes line noise. */
	tx->written_ns = now_ns - tx->idle_ns;
	tx->progress_ns = now_ns;
	fq_init(&tx->queue, pool, FQ_LIMIT_BYTES_MAX, key);
	tx_set(tx, settings, now_ns);
}

static void
count_queue(struct tx *tx)
{
	const struct fq_counts *counts = &tx->queue.counts;
	struct stats *stats = tx->stats;

	stats->tx_dropped[STATS_TX_FULL] = counts->dropped[FQ_DROP_FULL];
	stats->tx_dropped[STATS_TX_CODEL] = counts->dropped[FQ_DROP_CODEL];
	stats->tx_marked = counts->marked;
	stats->tx_queued = counts->packets + tx->n_frames - tx->frames_sent;
	stats->queue_bytes = counts->bytes;
	stats->queue_flows = counts->flows;
}

void
tx_set(struct tx *tx, const struct tx_settings *settings, int64_t now_ns)
{
	struct fq_settings fq = {
		.rate = larger(tx->line.baud / tx->line.bits, 1),
		.mtu = settings->mtu ? settings->mtu : MTU_USUAL,
		.limit_ms = settings->limit_ms,
	};

	/* What an unpaced tty holds is not known. */
	if (!tx->settings.pace)
		pace_init(&tx->pace, &tx->line, now_ns);
	tx->settings = *settings;
	fq_set(&tx->queue, &fq);
	tx->stats->queue_limit_bytes = fq_limit_bytes(&fq);
	tx->stats->queue_target_ns = tx->queue.codel.target_ns;
	count_queue(tx);
	/* Whatever it was waiting for. */
	if (tx->queue.counts.packets)
		tx->next_ns = now_ns;
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
queue_packet(struct tx *tx, const uint8_t *packet, size_t len, int64_t now_ns)
{
	tx->stats->tx_in_packets++;
	tx->stats->tx_in_bytes += len;
	if (len > TX_PACKET_MAX)
		tx->stats->tx_dropped[STATS_TX_OVERSIZED]++;
	else
		fq_put(&tx->queue, packet, len, now_ns);
}

int
tx_read_interface(struct tx *tx, int tun, int64_t now_ns, struct error *err)
{
	static uint8_t packet[INTERFACE_READ_MAX];
	ssize_t len = 0;

	for (int i = 0; i < READS_PER_TURN; i++) {
		len = read_packet(tun, packet, err);
		if (len <= 0)
			break;
		queue_packet(tx, packet, len, now_ns);
	}
	count_queue(tx);
	return len < 0 ? -1 : 0;
}

static bool
wants_leading_end(const struct tx *tx, int64_t now_ns)
{
	switch (tx->settings.leading_end) {
	case TX_LEADING_END_ALWAYS:
		return true;
	case TX_LEADING_END_NEVER:
		return false;
	case TX_LEADING_END_IDLE:
		break;
	}
	/* Only what follows a silence, not what follows that. */
	return tx->batch_len == 0 && now_ns - tx->written_ns >= tx->idle_ns;
}

/* Whether one more packet may go into the batch. */
static bool
has_room(const struct tx *tx, int64_t now_ns)
{
	int64_t held_ns;

	if (tx->n_frames == TX_BATCH_FRAMES || tx->batch_len > TX_BATCH_BYTES)
		return false;
	if (!tx->settings.pace)
		return true;
	/* A line that has been idle gets no more than any other. */
	held_ns = pace_held_ns(&tx->pace, now_ns) +
	    pace_time_ns(&tx->pace, tx->batch_len);
	return pace_open(&tx->pace, now_ns) && held_ns <= tx->pace.ahead_ns;
}

/* Takes packets out of the queue, as late as the line allows. */
static void
fill_batch(struct tx *tx, int64_t now_ns)
{
	static uint8_t packet[TX_PACKET_MAX];
	int64_t wait_ns;

	tx->batch_len = 0;
	tx->batch_sent = 0;
	tx->n_frames = 0;
	tx->frames_sent = 0;
	tx->batch_ns = now_ns;
	while (has_room(tx, now_ns)) {
		size_t len = fq_get(&tx->queue, packet, &wait_ns, now_ns);

		if (len == 0)
			break;
		stats_count_delay(tx->stats, wait_ns);
		tx->batch_len += slip_encode(tx->batch + tx->batch_len, packet,
		    len, wants_leading_end(tx, now_ns), tx->escape_xon);
		tx->frames[tx->n_frames++] = (struct tx_frame){ tx->batch_len,
			len };
	}
	if (tx->n_frames)
		tx->progress_ns = now_ns;
}

/* The tty took so many bytes more of the batch. */
static void
take(struct tx *tx, size_t len, int64_t now_ns)
{
	struct stats *stats = tx->stats;
	int64_t wait_ns = now_ns - tx->batch_ns;

	tx->batch_sent += len;
	stats->tx_line_bytes += len;
	stats->tx_busy_ns += len * tx->char_ns;
	tx->written_ns = now_ns;
	tx->progress_ns = now_ns;
	tx->stuck = false;
	if (tx->settings.pace) {
		pace_wrote(&tx->pace, len, now_ns);
		wait_ns += pace_held_ns(&tx->pace, now_ns);
	}
	if ((uint64_t)wait_ns > stats->tx_tty_wait_max_ns)
		stats->tx_tty_wait_max_ns = wait_ns;
	while (tx->frames_sent < tx->n_frames &&
	    tx->frames[tx->frames_sent].end <= tx->batch_sent) {
		stats->tx_packets++;
		stats->tx_bytes += tx->frames[tx->frames_sent].packet_len;
		tx->frames_sent++;
	}
}

/* 1: all of the batch was taken, 0: not all, -1: the port hung up. */
static int
write_batch(struct tx *tx, int port, int64_t now_ns, struct error *err)
{
	size_t left = tx->batch_len - tx->batch_sent;
	ssize_t len = write(port, tx->batch + tx->batch_sent, left);

	if (len < 0 && errno != EAGAIN && errno != EINTR)
		return error_errno(err, "write to the port");
	if (len > 0)
		take(tx, len, now_ns);
	if (len == (ssize_t)left)
		return 1;
	tx->blocked = true;
	pace_full(&tx->pace);
	return 0;
}

static bool
in_batch(const struct tx *tx)
{
	return tx->batch_sent < tx->batch_len;
}

/* Until nothing is left that may be written now. */
static int
write_batches(struct tx *tx, int port, int64_t now_ns, struct error *err)
{
	for (int i = 0; i < WRITES_PER_TURN; i++) {
		int done;

		if (!in_batch(tx))
			fill_batch(tx, now_ns);
		if (!in_batch(tx))
			return 0;
		done = write_batch(tx, port, now_ns, err);
		if (done <= 0)
			return done;
	}
	return 0;
}

int
tx_write_line(struct tx *tx, int port, int64_t now_ns, struct error *err)
{
	int result;

	if (tx->blocked || !tx_pending(tx))
		return 0;
	if (tx->next_ns != INT64_MAX && now_ns < tx->next_ns)
		return 0;
	if (tx->settings.pace)
		pace_look(&tx->pace, port_unsent(port), now_ns);
	result = write_batches(tx, port, now_ns, err);
	count_queue(tx);
	tx->next_ns = INT64_MAX;
	if (tx_pending(tx) && !tx->blocked)
		tx->next_ns = tx->settings.pace && !in_batch(tx)
		    ? pace_next_ns(&tx->pace, now_ns)
		    : now_ns;
	return result;
}

void
tx_probe(struct tx *tx, const uint8_t *packet, size_t len, int64_t now_ns)
{
	tx->stats->tx_probes++;
	fq_put(&tx->queue, packet, len, now_ns);
	count_queue(tx);
}

int
tx_fill(struct tx *tx, int port, int64_t now_ns, struct error *err)
{
	if (tx->blocked || tx_pending(tx))
		return 0;
	tx->n_frames = tx->frames_sent = 0;
	tx->batch[0] = SLIP_END;
	tx->batch_len = 1;
	tx->batch_sent = 0;
	tx->batch_ns = now_ns;
	tx->progress_ns = now_ns;
	tx->stats->tx_fills++;
	return write_batch(tx, port, now_ns, err) < 0 ? -1 : 0;
}

void
tx_writable(struct tx *tx, int64_t now_ns)
{
	tx->blocked = false;
	pace_writable(&tx->pace, now_ns);
}

bool
tx_blocked(const struct tx *tx)
{
	return tx->blocked;
}

bool
tx_pending(const struct tx *tx)
{
	return in_batch(tx) || tx->queue.counts.packets != 0;
}

static int64_t
look_ns(const struct tx *tx)
{
	if (!tx_pending(tx))
		return INT64_MAX;
	return larger(tx->progress_ns, tx->looked_ns) +
	    (tx->stuck_ns + STUCK_LOOKS - 1) / STUCK_LOOKS;
}

int64_t
tx_next_ns(const struct tx *tx)
{
	return smaller(tx->next_ns, look_ns(tx));
}

bool
tx_look(struct tx *tx, int port, int64_t now_ns)
{
	unsigned unsent;

	if (now_ns < look_ns(tx))
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
	tx->n_frames = tx->frames_sent = 0;
	tx->batch_len = tx->batch_sent = 0;
	if (tx->queue.counts.packets)
		fq_clear(&tx->queue);
	count_queue(tx);
}

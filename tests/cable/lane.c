#include "lane.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define NS_PER_S 1e9

/* What a pty can still hand over after its output was stopped, twice. */
#define SLACK_BYTES 65536

#define CHUNK_BYTES 4096

/* Reads in a row before others get their turn. */
#define DRAIN_TURNS 16

/* How much time of the line a socket's writer gets back at most, and how long
 * he may write nothing without being idle. */
#define LATE_NS 100e6
#define GAP_NS INT64_C(5000000)

/* What waits behind a socket, besides. */
#define SOCKET_BACKLOG_BYTES 256

/* A socket's reader that took nothing for so long has his port closed. */
#define DEAF_NS INT64_C(1000000000)

/* Noise that was missed for longer, as when the machine slept, is forgotten. */
#define NOISE_LATE_NS INT64_C(100000000)
#define NOISE_GAP_MAX_NS 1e18

static size_t
queue_size(const struct lane_settings *set)
{
	return (size_t)set->txbuf + SLACK_BYTES;
}

/* Of the line, 0 where unpaced. */
static double
bytes_per_ns(const struct lane *l)
{
	return l->set.baud * (1 + l->set.rate_error / 100) / l->set.bits /
	    NS_PER_S;
}

int
lane_init(struct lane *l, const struct lane_settings *set, uint64_t seed)
{
	memset(l, 0, sizeof(*l));
	l->from_master = l->from_slave = l->to_master = -1;
	l->set = *set;
	damage_init(&l->damage, seed);
	damage_set(&l->damage, set->ber, set->drop);
	if (bytes_resize(&l->queue, queue_size(set)) < 0)
		return -1;
	return bytes_resize(&l->backlog, LANE_BACKLOG_BYTES);
}

void
lane_clear(struct lane *l)
{
	bytes_free(&l->queue);
	bytes_free(&l->backlog);
}

void
lane_plug(struct lane *l, int from_master, int from_slave, int to_master,
    int64_t now_ns)
{
	l->from_master = from_master;
	l->from_slave = from_slave;
	l->to_master = to_master;
	l->last_ns = now_ns;
	lane_run(l, now_ns);
}

static void
flush_queue(struct lane *l)
{
	l->count.flushed += l->queue.used;
	bytes_drop(&l->queue, l->queue.used);
	l->credit = 0;
}

void
lane_flush_backlog(struct lane *l)
{
	bytes_drop(&l->backlog, l->backlog.used);
}

void
lane_cut(struct lane *l)
{
	l->from_master = l->from_slave = l->to_master = -1;
	flush_queue(l);
	lane_flush_backlog(l);
	l->stopped = false;
	l->noise_ns = 0;
}

int
lane_set(struct lane *l, const struct lane_settings *set, int64_t now_ns)
{
	lane_run(l, now_ns);
	if (queue_size(set) != l->queue.size &&
	    bytes_resize(&l->queue, queue_size(set)) < 0)
		return -1;
	damage_set(&l->damage, set->ber, set->drop);
	if (set->garbage != l->set.garbage)
		l->noise_ns = 0;
	l->set = *set;
	lane_run(l, now_ns);
	return 0;
}

void
lane_stall(struct lane *l, bool stalled, int64_t now_ns)
{
	lane_run(l, now_ns);
	l->stalled = stalled;
	lane_run(l, now_ns);
}

void
lane_restore_stop(struct lane *l)
{
	ioctl(l->from_slave, TCXONC, l->stopped ? TCOOFF : TCOON);
}

static void
update_stop(struct lane *l)
{
	double used = (double)l->queue.used;
	bool stop = l->stopped;

	if (l->from_slave < 0)
		return;
	if (used >= l->set.txbuf)
		stop = true;
	else if (used < fmin(LANE_RESUME_BYTES, l->set.txbuf / 2))
		stop = false;
	if (stop == l->stopped)
		return;
	l->stopped = stop;
	lane_restore_stop(l);
}

/* What a pty in packet mode says instead of bytes; see ioctl_tty(2). */
static bool
take_notice(struct lane *l, uint8_t notice)
{
	if (notice & TIOCPKT_FLUSHWRITE) {
		flush_queue(l);
		/* Nothing is left whose sending would do it. */
		update_stop(l);
	}
	if ((notice & TIOCPKT_START) && l->stopped)
		lane_restore_stop(l);
	return notice & TIOCPKT_FLUSHREAD;
}

size_t
lane_room(const struct lane *l)
{
	size_t txbuf = (size_t)l->set.txbuf;

	if (l->from_slave >= 0)
		return bytes_room(&l->queue);
	return txbuf > l->queue.used ? txbuf - l->queue.used : 0;
}

/* As read(2) in packet mode: a socket's bytes are data. */
static ssize_t
read_packet(struct lane *l, uint8_t *buf, size_t size)
{
	ssize_t n;

	if (l->from_slave >= 0)
		return read(l->from_master, buf, size);
	buf[0] = TIOCPKT_DATA;
	n = read(l->from_master, buf + 1, size - 1);
	return n > 0 ? n + 1 : n;
}

int
lane_drain(struct lane *l, int64_t now_ns)
{
	uint8_t buf[1 + CHUNK_BYTES];
	int turns, flushed = 0;

	for (turns = 0; turns < DRAIN_TURNS; turns++) {
		size_t room = lane_room(l);
		ssize_t n;

		if (room == 0)
			break;
		if (room > CHUNK_BYTES)
			room = CHUNK_BYTES;
		n = read_packet(l, buf, 1 + room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return -1;
		if (buf[0] != TIOCPKT_DATA) {
			flushed |= take_notice(l, buf[0]);
			continue;
		}
		lane_run(l, now_ns);
		bytes_put(&l->queue, buf + 1, (size_t)n - 1);
		lane_run(l, now_ns);
	}
	return flushed;
}

/* Returns how many bytes the receiver's tty took. */
static size_t
deliver(struct lane *l, const uint8_t *bytes, size_t n)
{
	ssize_t put;

	do
		put = write(l->to_master, bytes, n);
	while (put < 0 && errno == EINTR);
	if (put <= 0)
		return 0;
	l->taken_ns = l->last_ns;
	return (size_t)put;
}

/* How many of n bytes that are due go to the receiver now.  A socket's reader
 * is a machine that may be slow, and then so is the line; if he reads nothing
 * at all, they are lost as on any line. */
static size_t
may_arrive(struct lane *l, size_t n)
{
	size_t room = SOCKET_BACKLOG_BYTES > l->backlog.used
	    ? SOCKET_BACKLOG_BYTES - l->backlog.used
	    : 0;

	if (l->from_slave >= 0 || n <= room)
		return n;
	if (l->last_ns - l->taken_ns <= DEAF_NS)
		return room;
	lane_flush_backlog(l);
	return n;
}

void
lane_arrive(struct lane *l, const uint8_t *bytes, size_t n)
{
	size_t taken = 0;

	if (l->backlog.used == 0 && n > 0)
		taken = deliver(l, bytes, n);
	taken += bytes_put(&l->backlog, bytes + taken, n - taken);
	l->count.overrun += n - taken;
}

void
lane_deliver_backlog(struct lane *l, int64_t now_ns)
{
	uint8_t buf[LANE_BACKLOG_BYTES];

	if (l->backlog.used > 0)
		bytes_drop(&l->backlog,
		    deliver(l, buf, bytes_peek(&l->backlog, buf, sizeof(buf))));
	if (l->set.baud == 0)
		lane_run(l, now_ns);
}

static void
transmit(struct lane *l, size_t n)
{
	uint8_t buf[CHUNK_BYTES];

	while (n > 0) {
		size_t part = bytes_peek(
		    &l->queue, buf, n < sizeof(buf) ? n : sizeof(buf));

		bytes_drop(&l->queue, part);
		l->count.sent += part;
		n -= part;
		lane_arrive(l, buf, damage_apply(&l->damage, buf, part));
	}
}

/* No more at once than the backlog takes whole. */
static void
run_unpaced(struct lane *l)
{
	while (l->queue.used > 0 && l->backlog.used == 0) {
		size_t n = l->queue.used;

		transmit(l, n < LANE_BACKLOG_BYTES ? n : LANE_BACKLOG_BYTES);
	}
}

/* An empty queue means an idle line, and nothing is saved up.  Between a
 * socket's writer and this are two processes that a busy machine may hold up:
 * after a short gap the line makes up for it. */
static double
credit_left(struct lane *l, double left, int64_t now_ns)
{
	if (l->from_slave >= 0)
		return l->queue.used > 0 ? left : 0;
	if (l->queue.used > 0) {
		l->empty_ns = 0;
		return fmin(left, bytes_per_ns(l) * LATE_NS);
	}
	if (l->empty_ns == 0)
		l->empty_ns = now_ns;
	if (now_ns - l->empty_ns > GAP_NS)
		return 0;
	return fmin(left, bytes_per_ns(l) * LATE_NS);
}

static void
run_paced(struct lane *l, double elapsed_ns, int64_t now_ns)
{
	double due = l->credit + elapsed_ns * bytes_per_ns(l);
	size_t n = l->queue.used;

	if (due < (double)n)
		n = (size_t)due;
	n = may_arrive(l, n);
	transmit(l, n);
	l->credit = credit_left(l, due - (double)n, now_ns);
}

static double
noise_rate(const struct lane *l)
{
	double line = bytes_per_ns(l) * NS_PER_S;

	return line > 0 ? fmin(l->set.garbage, line) : l->set.garbage;
}

static int64_t
noise_gap_ns(struct lane *l)
{
	double gap_ns = NS_PER_S *
	    damage_noise_gap_s(&l->damage, noise_rate(l));

	return 1 + (int64_t)fmin(gap_ns, NOISE_GAP_MAX_NS);
}

static void
run_noise(struct lane *l, int64_t now_ns)
{
	uint8_t buf[256];
	size_t n = 0;

	if (l->noise_ns == 0 || now_ns - l->noise_ns > NOISE_LATE_NS)
		l->noise_ns = now_ns + noise_gap_ns(l);
	while (l->noise_ns <= now_ns && n < sizeof(buf)) {
		buf[n++] = damage_noise(&l->damage);
		l->noise_ns += noise_gap_ns(l);
	}
	l->count.garbage += n;
	lane_arrive(l, buf, n);
}

void
lane_run(struct lane *l, int64_t now_ns)
{
	double elapsed_ns = (double)(now_ns - l->last_ns);

	l->last_ns = now_ns;
	if (l->from_master < 0)
		return;
	if (!l->stalled && l->set.baud == 0)
		run_unpaced(l);
	else if (!l->stalled)
		run_paced(l, elapsed_ns, now_ns);
	update_stop(l);

	if (l->queue.used > 0 && !l->stalled)
		l->noise_ns = 0;
	else if (l->set.garbage > 0)
		run_noise(l, now_ns);
}

int64_t
lane_next_ns(const struct lane *l)
{
	bool idle = l->queue.used == 0 || l->stalled;

	if (l->from_master < 0)
		return LANE_NEVER;
	if (idle)
		return l->set.garbage > 0 ? l->noise_ns : LANE_NEVER;
	if (l->set.baud == 0)
		return LANE_NEVER;
	/* What is due but waits for a socket's reader is looked at now and
	 * then: he may never read again. */
	if (l->credit >= 1)
		return l->last_ns + (l->backlog.used > 0 ? GAP_NS : 1);
	return l->last_ns + 1 + (int64_t)((1 - l->credit) / bytes_per_ns(l));
}

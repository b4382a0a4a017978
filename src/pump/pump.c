/* The process that moves the packets of one link: its loop. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "pump/pump_priv.h"

/* Reads of the line in one wake-up. */
#define READS_PER_TURN 16

/* In the middle of a packet the line is left alone until there is something to
 * gain, but not for more than this: what it sends has to be kept by the tty
 * meanwhile.  And not for less than a wake-up is worth. */
#define HOLD_BYTES 1024
#define HOLD_MAX_NS (8 * CLOCK_NS_PER_MS)
#define HOLD_MIN_NS (CLOCK_NS_PER_MS / 2)

void
pump_report_up(struct pump *p, enum pump_report_type type, enum pump_end end,
    const struct port_info *port, const struct error *err)
{
	struct pump_report r = { .type = type, .end = end };

	if (port)
		r.port = *port;
	if (err)
		r.error = *err;
	if (write(p->sock, &r, sizeof(r)) < 0)
		return;
}

_Noreturn void
pump_end(struct pump *p, enum pump_end why, const struct error *err)
{
	if (p->port >= 0) {
		pump_count_errors(p);
		port_close(p->port);
	}
	tx_close(&p->tx);
	stats_publish(p->page, &p->stats);
	pump_report_up(p, PUMP_ENDED, why, NULL, err);
	_exit(0);
}

void
pump_hang_up(struct pump *p, const char *what, int code)
{
	const char *name = p->options->port.device;
	struct error err;

	if (!name)
		name = p->info.node;
	if (code == 0)
		error_set(&err, EIO, "%s hung up", name);
	else
		error_set(&err, code, "%s hung up: %s: %s", name, what,
		    strerror(code));
	pump_end(p, PUMP_END_HANGUP, &err);
}

void
pump_obey(struct pump *p)
{
	struct pump_order order;
	ssize_t len = read(p->sock, &order, sizeof(order));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Anything else that is no order is the end of the supervisor. */
	if (len != sizeof(order))
		pump_end(p, PUMP_END_STOPPED, NULL);
	switch ((enum pump_order_type)order.type) {
	case PUMP_STOP:
		pump_end(p, PUMP_END_STOPPED, NULL);
	case PUMP_ASK:
		pump_count_errors(p);
		p->page->answered = order.question;
		return;
	case PUMP_SET:
		pump_set_live(p, &order.live);
		return;
	}
}

/* Of a packet nothing can be done before its last byte is here.  Where that is
 * not known, or the line is not what its baud rate says, each byte counts. */
static void
plan_reading(struct pump *p, size_t got, int64_t now_ns)
{
	size_t missing = rx_missing(&p->rx);
	int64_t hold_ns;

	p->hold_ns = now_ns;
	if (!p->tx.settings.pace || got > HOLD_BYTES)
		return;
	if (missing > HOLD_BYTES)
		missing = HOLD_BYTES;
	/* It may be 8 % faster than its name. */
	hold_ns = missing * p->tx.char_ns * 7 / 8;
	if (hold_ns > HOLD_MAX_NS)
		hold_ns = HOLD_MAX_NS;
	if (hold_ns >= HOLD_MIN_NS)
		p->hold_ns = now_ns + hold_ns;
}

/* Returns how many bytes it got. */
static size_t
read_line(struct pump *p)
{
	static uint8_t bytes[PUMP_READ_MAX];
	struct error err;
	size_t got = 0;

	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t len = read(p->port, bytes, sizeof(bytes));

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (len <= 0)
			pump_hang_up(p, "read", len < 0 ? errno : 0);
		got += len;
		if (rx_input(&p->rx, bytes, len) != 0) {
			error_set(&err, EBADFD, "the interface was deleted");
			pump_end(p, PUMP_END_INTERFACE, &err);
		}
		if ((size_t)len < sizeof(bytes))
			break;
	}
	return got;
}

static void
write_line(struct pump *p, int64_t now_ns)
{
	struct error err;

	if (tx_write_line(&p->tx, p->port, now_ns, &err) < 0)
		pump_hang_up(p, "write", err.code);
}

static void
read_interface(struct pump *p, int64_t now_ns)
{
	struct error err;

	if (tx_read_interface(&p->tx, p->tun, now_ns, &err) < 0)
		pump_end(p, PUMP_END_INTERFACE, &err);
}

static void
look_at_output(struct pump *p, int64_t now_ns)
{
	if (tx_look(&p->tx, p->port, now_ns) &&
	    p->options->port.flow == PORT_FLOW_XONXOFF)
		port_resume_output(p->port);
}

void
pump_wait(struct pump *p, struct pollfd *fds, int64_t until_ns)
{
	int64_t left_ns = until_ns - clock_ns();
	struct timespec timeout;

	if (left_ns < 0)
		left_ns = 0;
	timeout.tv_sec = left_ns / CLOCK_NS_PER_S;
	timeout.tv_nsec = left_ns % CLOCK_NS_PER_S;
	for (int i = 0; i < PUMP_POLLS; i++)
		fds[i].revents = 0;
	if (ppoll(fds, PUMP_POLLS, until_ns == INT64_MAX ? NULL : &timeout,
		NULL) < 0 &&
	    errno != EINTR) {
		struct error err;

		error_errno(&err, "ppoll");
		pump_end(p, PUMP_END_FAILED, &err);
	}
}

void
pump_turn(struct pump *p)
{
	struct pollfd fds[PUMP_POLLS] = {
		[PUMP_POLL_SOCK] = { .fd = p->sock, .events = POLLIN },
		[PUMP_POLL_TUN] = { .fd = p->tun, .events = POLLIN },
		[PUMP_POLL_PORT] = { .fd = p->port },
	};
	bool stuck = p->tx.stuck;
	int64_t now_ns, next_ns = tx_next_ns(&p->tx);

	if (life_next_ns(&p->life) < next_ns)
		next_ns = life_next_ns(&p->life);

	if (p->hold_ns <= p->now_ns)
		fds[PUMP_POLL_PORT].events |= POLLIN;
	else if (p->hold_ns < next_ns)
		next_ns = p->hold_ns;
	if (tx_blocked(&p->tx))
		fds[PUMP_POLL_PORT].events |= POLLOUT;
	pump_wait(p, fds, next_ns);
	now_ns = p->now_ns = clock_ns();

	if (fds[PUMP_POLL_SOCK].revents)
		pump_obey(p);
	if (fds[PUMP_POLL_PORT].revents & ~POLLOUT)
		plan_reading(p, read_line(p), now_ns);
	if (fds[PUMP_POLL_TUN].revents)
		read_interface(p, now_ns);
	if (fds[PUMP_POLL_PORT].revents & POLLOUT)
		tx_writable(&p->tx, now_ns);
	pump_live_on(p, now_ns);
	write_line(p, now_ns);
	look_at_output(p, now_ns);
	if (p->tx.stuck != stuck)
		pump_report_up(
		    p, stuck ? PUMP_FLOWS : PUMP_STUCK, 0, NULL, NULL);
	stats_publish(p->page, &p->stats);
}

/* The process that moves the packets of one link. */
#include "pump/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "line/probe.h"
#include "os/sandbox.h"
#include "pump/life.h"

/* Reads of the line in one wake-up; a tty hands out up to 4095 at once. */
#define READS_PER_TURN 16
#define READ_MAX 4096

/* In the middle of a packet the line is left alone until there is something to
 * gain, but not for more than this: what it sends has to be kept by the tty
 * meanwhile.  And not for less than a wake-up is worth. */
#define HOLD_BYTES 1024
#define HOLD_MAX_NS (8 * CLOCK_NS_PER_MS)
#define HOLD_MIN_NS (CLOCK_NS_PER_MS / 2)

enum { POLL_SOCK, POLL_TUN, POLL_PORT, POLL_COUNT };

/* In the supervisor, which forks it, this costs no memory: never touched. */
static struct pump {
	const struct pump_options *options;
	int tun, sock, port;
	struct port_info info;
	struct stats_page *page;
	void *pool; /* of the queue */
	struct stats stats;
	struct rx rx;
	struct tx tx;
	int64_t now_ns;  /* when it last woke up */
	int64_t hold_ns; /* the line is not read before */
	struct life life;
	struct probe probe;
	uint8_t cookie[PROBE_COOKIE_BYTES];
	struct port_errors errors; /* as they were when the port was opened */
	bool errors_known;
} pump;

/* A report that does not fit into the socket is lost: the supervisor is busy
 * or gone, and sees the end of the process in any case. */
static void
report(struct pump *p, enum pump_report_type type, enum pump_end end,
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

/* What the driver counted since the port was opened. */
static void
count_errors(struct pump *p)
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

_Noreturn static void
end(struct pump *p, enum pump_end why, const struct error *err)
{
	if (p->port >= 0) {
		count_errors(p);
		port_close(p->port);
	}
	tx_close(&p->tx);
	stats_publish(p->page, &p->stats);
	report(p, PUMP_ENDED, why, NULL, err);
	_exit(0);
}

/* The supervisor's handlers are not ours.  What a terminal sends to the whole
 * group is for the supervisor, who passes it on. */
static void
reset_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction fallback = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGUSR1, &ignore, NULL);
	sigaction(SIGUSR2, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGTERM, &fallback, NULL);
	sigaction(SIGCHLD, &fallback, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Keeps 0 to 2 taken, so that no library's last words go to the line. */
static void
close_others(struct pump *p)
{
	int keep[] = { 0, 1, 2, p->tun, p->sock };
	struct error err;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		if (!SANDBOX_SANITIZER)
			dup2(null, 2);
	}
	if (sandbox_close_others(keep, sizeof(keep) / sizeof(keep[0]), &err) <
	    0)
		end(p, PUMP_END_FAILED, &err);
}

/* What two links ask for belongs to neither: which one gets it would depend on
 * who comes first. */
static int
check_claims(struct pump *p, struct error *err)
{
	const struct pump_options *o = p->options;
	const char *other = o->claimed
	    ? o->claimed(o->claimed_arg, o->link, &p->info)
	    : NULL;

	if (!other)
		return 0;
	return error_set(err, ENOTUNIQ,
	    "port %s is what both link %s and link %s ask for: one of them "
	    "has to say more, see serial-routerd --list-ports",
	    p->info.node, o->link, other);
}

static bool
is_absent(int code)
{
	return code == ENOENT || code == ENXIO || code == ENODEV ||
	    code == ENOTDIR;
}

static void
open_port(struct pump *p)
{
	struct error err;

	if (port_find(&p->options->port, &p->info, &err) == 0 &&
	    check_claims(p, &err) == 0)
		p->port = port_open(&p->options->port, &p->info, &err);
	if (p->port >= 0) {
		p->errors_known = port_errors(p->port, &p->errors);
		p->stats.rx_uart_known = p->errors_known;
		return;
	}
	end(p, is_absent(err.code) ? PUMP_END_ABSENT : PUMP_END_FAILED, &err);
}

/* From here on everything that can be taken from this process is taken. */
static void
drop_everything(struct pump *p)
{
	struct error err;

	if (sandbox_drop(p->options->uid, p->options->gid, &err) < 0 ||
	    sandbox_filter(&p->page->trapped, &err) < 0)
		end(p, PUMP_END_FAILED, &err);
}

/* Of this only what the queue uses will ever be touched. */
static void
allocate_queue(struct pump *p)
{
	size_t size = tx_pool_size();
	struct error err;

	p->pool = calloc(1, size);
	if (p->pool)
		return;
	error_errno(&err, "queue of %zu bytes", size);
	end(p, PUMP_END_FAILED, &err);
}

static struct tx_settings
tx_settings(const struct pump_live *live)
{
	return (struct tx_settings){
		.mtu = live->mtu,
		.leading_end = live->leading_end,
		.pace = live->pace,
		.limit_ms = live->limit_ms,
	};
}

static void
set_up_queue(struct pump *p)
{
	struct tx_settings settings = tx_settings(&p->options->live);
	uint8_t key[FLOW_KEY_BYTES];
	struct error err;

	/* So that nobody outside can make flows meet, or forge an answer. */
	if (getrandom(key, sizeof(key), GRND_NONBLOCK) != sizeof(key) ||
	    getrandom(p->cookie, sizeof(p->cookie), GRND_NONBLOCK) !=
		sizeof(p->cookie)) {
		error_errno(&err, "random key of the queue");
		end(p, PUMP_END_FAILED, &err);
	}
	tx_init(&p->tx, &p->options->port, &p->info, &settings, p->pool, key,
	    &p->stats, clock_ns());
}

static int
deliver(void *arg, const uint8_t *packet, size_t len)
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

static struct life_settings
life_settings(const struct pump_live *live)
{
	return (struct life_settings){
		.interval_s = live->liveness_interval_s,
		.timeout_s = live->liveness_timeout_s,
		.probe = live->liveness_probe.family != AF_UNSPEC,
	};
}

/* An answer to the probe as it was is none to this one. */
static void
set_probe(struct pump *p, const struct pump_live *live)
{
	if (!ip_equal(&p->probe.to, &live->liveness_probe) ||
	    !ip_equal(&p->probe.from, &live->liveness_from))
		probe_init(&p->probe, &live->liveness_from,
		    &live->liveness_probe, p->cookie);
}

static void
set_live(struct pump *p, const struct pump_live *live)
{
	struct tx_settings settings = tx_settings(live);
	struct life_settings life = life_settings(live);
	bool silent = p->life.silent;

	p->rx.check = live->check;
	tx_set(&p->tx, &settings, clock_ns());
	life_set(&p->life, &life, clock_ns());
	set_probe(p, live);
	if (silent && !p->life.silent)
		report(p, PUMP_HEARD, 0, NULL, NULL);
}

static void
obey(struct pump *p)
{
	struct pump_order order;
	ssize_t len = read(p->sock, &order, sizeof(order));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Anything else that is no order is the end of the supervisor. */
	if (len != sizeof(order))
		end(p, PUMP_END_STOPPED, NULL);
	switch ((enum pump_order_type)order.type) {
	case PUMP_STOP:
		end(p, PUMP_END_STOPPED, NULL);
	case PUMP_ASK:
		count_errors(p);
		p->page->answered = order.question;
		return;
	case PUMP_SET:
		set_live(p, &order.live);
		return;
	}
}

static void
hang_up(struct pump *p, const char *what, int code)
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
	end(p, PUMP_END_HANGUP, &err);
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
	static uint8_t bytes[READ_MAX];
	struct error err;
	size_t got = 0;

	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t len = read(p->port, bytes, sizeof(bytes));

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (len <= 0)
			hang_up(p, "read", len < 0 ? errno : 0);
		got += len;
		if (rx_input(&p->rx, bytes, len) != 0) {
			error_set(&err, EBADFD, "the interface was deleted");
			end(p, PUMP_END_INTERFACE, &err);
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
		hang_up(p, "write", err.code);
}

static void
read_interface(struct pump *p, int64_t now_ns)
{
	struct error err;

	if (tx_read_interface(&p->tx, p->tun, now_ns, &err) < 0)
		end(p, PUMP_END_INTERFACE, &err);
}

static void
look_at_output(struct pump *p, int64_t now_ns)
{
	if (tx_look(&p->tx, p->port, now_ns) &&
	    p->options->port.flow == PORT_FLOW_XONXOFF)
		port_resume_output(p->port);
}

/* What was written and heard in this turn, and what is due of silence. */
static void
live_on(struct pump *p, int64_t now_ns)
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
			report(p, PUMP_HEARD, 0, NULL, NULL);
	}
	due = life_due(&p->life, now_ns);
	if (due & LIFE_SILENT) {
		p->stats.rx_silences++;
		report(p, PUMP_SILENT, 0, NULL, NULL);
	}
	if (due & LIFE_PROBE) {
		size_t len = probe_request(&p->probe, packet, now_ns);

		if (len)
			tx_probe(&p->tx, packet, len, now_ns);
	}
	if (due & LIFE_FILL && tx_fill(&p->tx, p->port, now_ns, &err) < 0)
		hang_up(p, "write", err.code);
}

/* Until something is to be done, at most to until_ns. */
static void
wait_until(struct pump *p, struct pollfd *fds, int64_t until_ns)
{
	int64_t left_ns = until_ns - clock_ns();
	struct timespec timeout;

	if (left_ns < 0)
		left_ns = 0;
	timeout.tv_sec = left_ns / CLOCK_NS_PER_S;
	timeout.tv_nsec = left_ns % CLOCK_NS_PER_S;
	for (int i = 0; i < POLL_COUNT; i++)
		fds[i].revents = 0;
	if (ppoll(fds, POLL_COUNT, until_ns == INT64_MAX ? NULL : &timeout,
		NULL) < 0 &&
	    errno != EINTR) {
		struct error err;

		error_errno(&err, "ppoll");
		end(p, PUMP_END_FAILED, &err);
	}
}

/* What arrives in the first milliseconds is an adapter's reset or a boot
 * loader's greeting. */
static void
settle(struct pump *p)
{
	int64_t until_ns = clock_ns() +
	    p->options->port.settle_ms * CLOCK_NS_PER_MS;
	struct pollfd fds[POLL_COUNT] = {
		[POLL_SOCK] = { .fd = p->sock, .events = POLLIN },
		[POLL_TUN] = { .fd = -1 },
		[POLL_PORT] = { .fd = p->port, .events = POLLIN },
	};
	static uint8_t bytes[READ_MAX];

	while (clock_ns() < until_ns) {
		wait_until(p, fds, until_ns);
		if (fds[POLL_SOCK].revents)
			obey(p);
		if (!fds[POLL_PORT].revents)
			continue;
		ssize_t len = read(p->port, bytes, sizeof(bytes));

		if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
			hang_up(p, "read", len < 0 ? errno : 0);
	}
}

static void
turn(struct pump *p)
{
	struct pollfd fds[POLL_COUNT] = {
		[POLL_SOCK] = { .fd = p->sock, .events = POLLIN },
		[POLL_TUN] = { .fd = p->tun, .events = POLLIN },
		[POLL_PORT] = { .fd = p->port },
	};
	bool stuck = p->tx.stuck;
	int64_t now_ns, next_ns = tx_next_ns(&p->tx);

	if (life_next_ns(&p->life) < next_ns)
		next_ns = life_next_ns(&p->life);

	if (p->hold_ns <= p->now_ns)
		fds[POLL_PORT].events |= POLLIN;
	else if (p->hold_ns < next_ns)
		next_ns = p->hold_ns;
	if (tx_blocked(&p->tx))
		fds[POLL_PORT].events |= POLLOUT;
	wait_until(p, fds, next_ns);
	now_ns = p->now_ns = clock_ns();

	if (fds[POLL_SOCK].revents)
		obey(p);
	if (fds[POLL_PORT].revents & ~POLLOUT)
		plan_reading(p, read_line(p), now_ns);
	if (fds[POLL_TUN].revents)
		read_interface(p, now_ns);
	if (fds[POLL_PORT].revents & POLLOUT)
		tx_writable(&p->tx, now_ns);
	live_on(p, now_ns);
	write_line(p, now_ns);
	look_at_output(p, now_ns);
	if (p->tx.stuck != stuck)
		report(p, stuck ? PUMP_FLOWS : PUMP_STUCK, 0, NULL, NULL);
	stats_publish(p->page, &p->stats);
}

static void
start_life(struct pump *p)
{
	const struct pump_live *live = &p->options->live;
	struct life_settings life = life_settings(live);

	life_init(&p->life, &life, clock_ns());
	probe_init(
	    &p->probe, &live->liveness_from, &live->liveness_probe, p->cookie);
}

_Noreturn void
pump_run(const struct pump_options *options, int tun, int sock,
    struct stats_page *page)
{
	struct pump *p = &pump;
	struct error err;
	char name[16];

	*p = (struct pump){ .options = options,
		.tun = tun,
		.sock = sock,
		.port = -1,
		.page = page };
	p->tx.stats = &p->stats;
	reset_signals();
	snprintf(name, sizeof(name), "pump %s", options->link);
	prctl(PR_SET_NAME, name);
	close_others(p);

	allocate_queue(p);
	rx_init(&p->rx, options->port.flow == PORT_FLOW_XONXOFF, &p->stats,
	    deliver, p);
	p->rx.check = options->live.check;
	open_port(p);
	set_up_queue(p);
	drop_everything(p);
	settle(p);
	if (tx_drain_stale(&p->tx, p->tun, &err) < 0)
		end(p, PUMP_END_INTERFACE, &err);
	start_life(p);
	stats_publish(p->page, &p->stats);
	report(p, PUMP_OPENED, 0, &p->info, NULL);
	for (;;)
		turn(p);
}

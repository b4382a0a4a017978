/* The start of a pump: in the child, from fork(2) to its loop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/sandbox.h"
#include "pump/pump_priv.h"

/* In the supervisor, which forks it, this costs no memory: never touched. */
static struct pump pump;

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
		pump_end(p, PUMP_END_FAILED, &err);
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
	pump_end(
	    p, is_absent(err.code) ? PUMP_END_ABSENT : PUMP_END_FAILED, &err);
}

/* From here on everything that can be taken from this process is taken. */
static void
drop_everything(struct pump *p)
{
	struct error err;

	if (sandbox_drop(p->options->uid, p->options->gid, &err) < 0 ||
	    sandbox_filter(&p->page->trapped, &err) < 0)
		pump_end(p, PUMP_END_FAILED, &err);
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
	pump_end(p, PUMP_END_FAILED, &err);
}

static void
set_up_queue(struct pump *p)
{
	struct tx_settings settings = pump_tx_settings(&p->live);
	uint8_t key[FLOW_KEY_BYTES];
	struct error err;

	/* So that nobody outside can make flows meet, or forge an answer. */
	if (getrandom(key, sizeof(key), GRND_NONBLOCK) != sizeof(key) ||
	    getrandom(p->cookie, sizeof(p->cookie), GRND_NONBLOCK) !=
		sizeof(p->cookie)) {
		error_errno(&err, "random key of the queue");
		pump_end(p, PUMP_END_FAILED, &err);
	}
	tx_init(&p->tx, &p->options->port, &p->info, &settings, p->pool, key,
	    &p->stats, clock_ns());
}

/* What arrives in the first milliseconds is an adapter's reset or a boot
 * loader's greeting. */
static void
settle(struct pump *p)
{
	int64_t until_ns = clock_ns() +
	    p->options->port.settle_ms * CLOCK_NS_PER_MS;
	struct pollfd fds[PUMP_POLLS] = {
		[PUMP_POLL_SOCK] = { .fd = p->sock, .events = POLLIN },
		[PUMP_POLL_TUN] = { .fd = -1 },
		[PUMP_POLL_PORT] = { .fd = p->port, .events = POLLIN },
	};
	static uint8_t bytes[PUMP_READ_MAX];

	while (clock_ns() < until_ns) {
		pump_wait(p, fds, until_ns);
		if (fds[PUMP_POLL_SOCK].revents)
			pump_obey(p);
		if (!fds[PUMP_POLL_PORT].revents)
			continue;
		ssize_t len = read(p->port, bytes, sizeof(bytes));

		if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
			pump_hang_up(p, "read", len < 0 ? errno : 0);
	}
}

_Noreturn void
pump_run(const struct pump_options *options, int tun, int sock,
    struct stats_page *page)
{
	struct pump *p = &pump;
	struct error err;
	char name[16];

	*p = (struct pump){ .options = options,
		.live = options->live,
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
	    pump_deliver, p);
	p->rx.check = p->live.check;
	open_port(p);
	set_up_queue(p);
	drop_everything(p);
	settle(p);
	if (tx_drain_stale(&p->tx, p->tun, &err) < 0)
		pump_end(p, PUMP_END_INTERFACE, &err);
	pump_start_life(p);
	stats_publish(p->page, &p->stats);
	pump_report_up(p, PUMP_OPENED, 0, &p->info, NULL);
	for (;;)
		pump_turn(p);
}

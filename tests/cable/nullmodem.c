/*
 * nullmodem: virtual null-modem cables, any number in one process.
 *
 *   nullmodem [-s SEED] [-m MODE] CABLE...
 *
 * CABLE is A:B[,key=value...]; A and B are names (symlinks, made by this
 * program; without ':' and ',') of the ttys at its two ends.  @N instead of a
 * name is the descriptor N, inherited: a stream socket.  Keys, for both
 * directions:
 *
 *   baud=115200    rate in bit/s; 0: unpaced, and then the sender waits for
 *                  the receiver and no byte is lost there
 *   bits=10        on the line for one byte: start, data, parity, stop
 *   rate_error=0   per cent that the real rate is off
 *   txbuf=4096     bytes that the sender's tty takes before it says EAGAIN; a
 *                  writer that does not pause gets in up to 24 KiB more
 *   ber=0          probability of each bit to be turned
 *   drop=0         probability of each byte to be lost
 *   garbage=0      random bytes a second while nothing is sent
 *
 * The same SEED (default 1) does the same damage to the same bytes.  MODE is
 * of the ttys, octal, default 600.  "ready" is printed when all names exist.
 * Then commands are read, a line each, and each answered with one line that
 * begins "ok" or "error: ".  N is a cable, counted from 0; N.a and N.b are its
 * ends:
 *
 *   cut N            hangs up on both ends and removes the names
 *   plug N           new ttys behind the same names
 *   set N KEY=VALUE...     changes both directions, or with N.a, N.b only
 *                    what that end sends; what is queued stays
 *   stall N.a        the line takes nothing from a, as when b holds CTS; the
 *                    tty of a still takes its txbuf bytes
 *   flow N.a         it takes bytes again
 *   inject N.a HEX   bytes arrive at a, all at once, undamaged
 *   stat N           plugged=0|1, and of what each end sends (a_, b_):
 *                    sent      bytes put on the line, with those then dropped
 *                    dropped   bytes lost on it
 *                    flipped   bits turned on it
 *                    overrun   bytes lost since the other end does not read
 *                    garbage   bytes of noise put on it
 *                    flushed   bytes that never were sent: cut, tcflush(3)
 *                    queued    bytes that wait for the line
 *                    backlog   bytes that wait for the other end to read
 *                    stopped   1: the end's tty takes no more just now
 *                    stalled   1: after stall
 *   quit             as does the end of the input, or SIGTERM: removes the
 *                    names and exits 0
 *
 * The ttys are raw to begin with, and open in this program: what arrives when
 * nobody else has one open waits in it, as it would not in a real one.  An
 * XOFF that reaches a tty with IXON stops what it still has to take, not what
 * is queued here.  Nothing is locked.  Exit status 64: usage, 1: failed.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cable.h"
#include "command.h"
#include "control.h"
#include "options.h"

#define EXIT_USAGE 64
#define NS_PER_S INT64_C(1000000000)

/* What USB at full speed does, and one wake-up serves all cables. */
#define STEP_NS INT64_C(1000000)

/* Odd, so that no two seeds come to the same. */
#define SEED_STEP UINT64_C(1000003)

/* In epoll's data; the ends of cables are counted from 0. */
#define ID_CONTROL (UINT64_C(1) << 40)
#define ID_SIGNAL (ID_CONTROL + 1)

static struct control control;

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void
usage(FILE *to)
{
	fputs("usage: nullmodem [-s SEED] [-m MODE] CABLE...\n"
	      "CABLE is A:B[,key=value...], A and B the names of its ends,\n"
	      "or @N: a socket, descriptor N\n"
	      "keys: baud=115200 (0: unpaced) bits=10 rate_error=0 (per cent)\n"
	      "      txbuf=4096 (bytes) ber=0 drop=0 (0 to 1)\n"
	      "      garbage=0 (bytes a second while nothing is sent)\n"
	      "prints \"ready\", then answers each line of its input:\n"
	      "  cut N | plug N | stat N | quit\n"
	      "  set N key=value...  or N.a, N.b: only what that end sends\n"
	      "  stall N.a | flow N.a  take nothing more of a | take again\n"
	      "  inject N.a HEX  bytes arrive at a, at once\n",
	    to);
}

static bool
name_is_used(const struct rack *rack, const char *name)
{
	size_t i;

	for (i = 0; i < rack->n * CABLE_ENDS; i++)
		if (strcmp(
			rack->cables[i / CABLE_ENDS].end[i % CABLE_ENDS].name,
			name) == 0)
			return true;
	return false;
}

/* A:B[,key=value...] into the next cable of the rack; spec is changed. */
static int
add_cable(struct rack *rack, char *spec, uint64_t seed, struct why *why)
{
	struct cable *c = &rack->cables[rack->n];
	struct lane_settings set = options_default;
	char *b = strsep(&spec, ",");
	char *a = strsep(&b, ":");
	char *pair;

	if (b == NULL || *a == '\0' || *b == '\0' || strchr(b, ':') != NULL)
		return why_set(why, "expected A:B[,key=value...]");
	if (strcmp(a, b) == 0 || name_is_used(rack, a) || name_is_used(rack, b))
		return why_set(why, "%s, %s: a name twice", a, b);
	while ((pair = strsep(&spec, ",")) != NULL)
		if (options_parse(pair, &set, why) < 0)
			return -1;
	if (cable_init(c, a, b, &set, seed + rack->n, why) < 0)
		return -1;
	c->first_id = rack->n++ * CABLE_ENDS;
	return 0;
}

static int
watch_signals(int epoll_fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = ID_SIGNAL };
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* Until the next step at which something is due, but at least a moment. */
static int
wait_events(
    const struct rack *rack, int epoll_fd, struct epoll_event *ev, int max)
{
	struct timespec ts = { 0, 0 };
	int64_t next_ns = LANE_NEVER, wait_ns;
	size_t i;

	for (i = 0; i < rack->n; i++) {
		int64_t due_ns = cable_next_ns(&rack->cables[i]);

		if (due_ns < next_ns)
			next_ns = due_ns;
	}
	if (control.always_ready)
		next_ns = 0;
	if (next_ns > LANE_NEVER - STEP_NS)
		return epoll_pwait2(epoll_fd, ev, max, NULL, NULL);
	next_ns = (next_ns + STEP_NS - 1) / STEP_NS * STEP_NS;
	wait_ns = next_ns - now_ns();
	if (wait_ns > 0) {
		ts.tv_sec = wait_ns / NS_PER_S;
		ts.tv_nsec = wait_ns % NS_PER_S;
	}
	return epoll_pwait2(epoll_fd, ev, max, &ts, NULL);
}

static int
serve(struct rack *rack, int epoll_fd)
{
	struct epoll_event ev[64];

	while (!rack->quit && !control.done) {
		int n = wait_events(rack, epoll_fd, ev, 64), i;
		int64_t now = now_ns();
		size_t c;

		if (n < 0 && errno != EINTR) {
			perror("nullmodem: epoll_pwait2");
			return 1;
		}
		for (i = 0; i < n; i++) {
			uint64_t id = ev[i].data.u64;

			if (id == ID_SIGNAL)
				return 0;
			if (id == ID_CONTROL)
				control_event(&control, now);
			else
				cable_event(&rack->cables[id / CABLE_ENDS],
				    id % CABLE_ENDS, ev[i].events, now);
		}
		if (control.always_ready)
			control_event(&control, now);
		for (c = 0; c < rack->n; c++)
			cable_run(&rack->cables[c], now);
	}
	return 0;
}

static int
start(struct rack *rack, int epoll_fd, mode_t mode, struct why *why)
{
	struct rlimit files;
	size_t i;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (watch_signals(epoll_fd) < 0)
		return why_errno(why, "signalfd");
	for (i = 0; i < rack->n; i++) {
		rack->cables[i].epoll_fd = epoll_fd;
		rack->cables[i].mode = mode;
		if (cable_plug(&rack->cables[i], now_ns(), why) < 0)
			return -1;
	}
	if (control_init(&control, rack, epoll_fd, ID_CONTROL, why) < 0)
		return -1;
	puts("ready");
	fflush(stdout);
	return 0;
}

static int
run(struct rack *rack, mode_t mode)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct why why;

	if (start(rack, epoll_fd, mode, &why) < 0) {
		fprintf(stderr, "nullmodem: %s\n", why.text);
		return 1;
	}
	return serve(rack, epoll_fd);
}

static int
add_and_run(struct rack *rack, char **specs, int n, uint64_t seed, mode_t mode)
{
	struct why why;
	int i;

	for (i = 0; i < n; i++) {
		if (add_cable(rack, specs[i], seed * SEED_STEP, &why) < 0) {
			fprintf(
			    stderr, "nullmodem: cable %d: %s\n", i, why.text);
			return EXIT_USAGE;
		}
	}
	return run(rack, mode);
}

static int
parse_number(const char *text, int base, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' ||
	    *value > max)
		return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	uint64_t seed = 1, mode = 0600;
	struct rack rack = { NULL, 0, false };
	int opt, bad = 0, status, i;

	while ((opt = getopt(argc, argv, "+s:m:h")) != -1) {
		switch (opt) {
		case 's':
			bad |= parse_number(optarg, 0, UINT64_MAX, &seed);
			break;
		case 'm':
			bad |= parse_number(optarg, 8, 0777, &mode);
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			bad = -1;
		}
	}
	if (bad || optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	rack.cables = calloc((size_t)(argc - optind), sizeof(*rack.cables));
	if (rack.cables == NULL)
		return 1;
	status = add_and_run(
	    &rack, argv + optind, argc - optind, seed, (mode_t)mode);
	for (i = 0; i < argc - optind; i++)
		cable_clear(&rack.cables[i]);
	free(rack.cables);
	return status;
}

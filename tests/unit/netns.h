/*
 * For tests of what works on network interfaces: a network namespace of one's
 * own, TUNs in it, and ip(8) as the witness.
 */
#ifndef SR_TESTS_UNIT_NETNS_H
#define SR_TESTS_UNIT_NETNS_H

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

#define NETNS_DEADLINE_MS 5000

/* Ends the program with 77, the status of a skipped test, where there is no
 * right to make a namespace; in CI that is a failure. */
static inline void
netns_enter(void)
{
	if (unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK) == 0)
		return;
	perror("needs root, a network namespace and /dev/net/tun");
	exit(getenv("SR_CI") ? 1 : 77);
}

/* Runs a shell command, returns what it printed; the test fails with it. */
__attribute__((format(printf, 1, 2))) static inline const char *
run(const char *fmt, ...)
{
	static char out[65536];
	char command[1024];
	size_t len = 0, got;
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	f = popen(command, "re");
	assert_non_null(f);
	while ((got = fread(out + len, 1, sizeof(out) - 1 - len, f)) > 0)
		len += got;
	out[len] = '\0';
	if (pclose(f) != 0)
		fail_msg("%s: failed", command);
	return out;
}

/* Fails unless the words are in what was printed. */
static inline void
assert_says(const char *printed, const char *words)
{
	if (!strstr(printed, words))
		fail_msg("no \"%s\" in:\n%s", words, printed);
}

static inline void
assert_silent_on(const char *printed, const char *words)
{
	if (strstr(printed, words))
		fail_msg("\"%s\" in:\n%s", words, printed);
}

/* A TUN that goes with its descriptor; flags IFF_TUN or IFF_TAP. */
static inline int
make_tun(const char *name, short flags)
{
	struct ifreq ifr = { .ifr_flags = flags | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	memcpy(ifr.ifr_name, name, strlen(name) + 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static inline void
set_carrier(int tun, int on)
{
	assert_int_equal(ioctl(tun, TUNSETCARRIER, &on), 0);
}

/* For loops that wait: true until the deadline, 2 ms later at each turn. */
static inline bool
wait_turn(int64_t begin_ms, int64_t deadline_ms)
{
	poll(NULL, 0, 2);
	return clock_ms() - begin_ms < deadline_ms;
}

#endif

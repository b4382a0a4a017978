#include "pumps.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define DEADLINE_MS 20000

int
pumps_setup(void **state)
{
	struct pumps *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	p->interface = -1;
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (p->master < 0 || grantpt(p->master) < 0 ||
	    unlockpt(p->master) < 0 ||
	    ptsname_r(p->master, p->device, sizeof(p->device)) != 0)
		return -1;
	p->options = (struct pump_options){
		.link = "test",
		.port = { .device = p->device, .baud = 115200, .stop_bits = 1 },
		.live.leading_end = TX_LEADING_END_NEVER,
		.uid = 65534,
		.gid = 65534,
	};
	pump_proc_init(&p->proc);
	*state = p;
	return 0;
}

int
pumps_teardown(void **state)
{
	struct pumps *p = *state;

	if (p->proc.pid > 0) {
		kill(p->proc.pid, SIGKILL);
		waitpid(p->proc.pid, NULL, 0);
		stats_page_free(p->proc.page);
	}
	pump_proc_close(&p->proc);
	close(p->master);
	if (p->interface >= 0)
		close(p->interface);
	free(p);
	return 0;
}

void
pumps_start(struct pumps *p)
{
	int tun[2];
	int rc;

	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, tun),
	    0);
	rc = pump_proc_start(&p->proc, &p->options, tun[1], &p->err);
	close(tun[1]);
	p->interface = tun[0];
	if (rc < 0)
		fail_msg("%s", p->err.text);
	assert_true(p->proc.pid > 0);
}

void
pumps_wait(struct pumps *p, bool (*condition)(struct pumps *p))
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	while (!condition(p)) {
		assert_true(clock_ms() < deadline_ms);
		poll(NULL, 0, 1);
	}
}

static bool
was_reaped(struct pumps *p)
{
	return pump_proc_reap(&p->proc, &p->ended, &p->err);
}

void
pumps_reap(struct pumps *p)
{
	pumps_wait(p, was_reaped);
	assert_int_equal(p->proc.pid, 0);
	assert_null(p->proc.page);
}

void
pumps_wait_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, DEADLINE_MS), 1);
}

struct pump_report
pumps_report(struct pumps *p)
{
	struct pump_report report;

	pumps_wait_readable(p->proc.sock);
	assert_int_equal(pump_proc_read(&p->proc, &report), 1);
	return report;
}

#include "cable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

int
cable_init(struct cable *c, const char *name_a, const char *name_b,
    const struct lane_settings *set, uint64_t seed, struct why *why)
{
	const char *names[CABLE_ENDS] = { name_a, name_b };
	unsigned i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < CABLE_ENDS; i++) {
		c->end[i].master = c->end[i].slave = -1;
		c->end[i].name = strdup(names[i]);
		if (lane_init(&c->lane[i], set, seed * CABLE_ENDS + i) < 0 ||
		    c->end[i].name == NULL)
			return why_set(why, "out of memory");
	}
	return 0;
}

void
cable_clear(struct cable *c)
{
	unsigned i;

	if (c->end[0].name == NULL)
		return;
	cable_cut(c);
	for (i = 0; i < CABLE_ENDS; i++) {
		free(c->end[i].name);
		lane_clear(&c->lane[i]);
	}
}

/* A fresh tty echoes, and so would noise go round for ever. */
static int
make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return -1;
	cfmakeraw(&t);
	return tcsetattr(fd, TCSANOW, &t);
}

static int
open_slave(int master)
{
	return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static int
open_pty(struct cable_end *e, mode_t mode, struct why *why)
{
	const int on = 1;

	e->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (e->master < 0)
		return why_errno(why, "open a pty");
	if (grantpt(e->master) < 0 || unlockpt(e->master) < 0 ||
	    ptsname_r(e->master, e->pts, sizeof(e->pts)) != 0)
		return why_errno(why, "unlock a pty");
	e->slave = open_slave(e->master);
	if (e->slave < 0)
		return why_errno(why, "open %s", e->pts);
	if (make_raw(e->slave) < 0 || fchmod(e->slave, mode) < 0 ||
	    ioctl(e->master, TIOCPKT, &on) < 0)
		return why_errno(why, "set up %s", e->pts);
	return 0;
}

static int
make_name(const struct cable_end *e, struct why *why)
{
	char half[4096];
	struct stat st;

	if (lstat(e->name, &st) == 0 && !S_ISLNK(st.st_mode))
		return why_set(why, "%s: exists and is no symlink", e->name);
	if (snprintf(half, sizeof(half), "%s.%ld", e->name, (long)getpid()) >=
	    (int)sizeof(half))
		return why_set(why, "%s: too long", e->name);
	if (symlink(e->pts, half) < 0)
		return why_errno(why, "symlink %s", half);
	if (rename(half, e->name) < 0) {
		why_errno(why, "rename to %s", e->name);
		unlink(half);
		return -1;
	}
	return 0;
}

static void
remove_name(const struct cable_end *e)
{
	char target[sizeof(e->pts)];
	ssize_t n = readlink(e->name, target, sizeof(target));

	if (n > 0 && (size_t)n == strlen(e->pts) &&
	    memcmp(target, e->pts, (size_t)n) == 0)
		unlink(e->name);
}

/* Only that it hung up is told of a slave, as EPOLLHUP always is. */
static int
watch_slave(struct cable *c, unsigned i)
{
	struct epoll_event ev = { .data.u64 = c->first_id + i };

	return epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->end[i].slave, &ev);
}

static bool
is_socket(const struct cable_end *e)
{
	return e->name[0] == '@';
}

static int
open_socket(struct cable_end *e, struct why *why)
{
	int fd = atoi(e->name + 1), flags;

	e->master = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (e->master < 0)
		return why_errno(why, "descriptor %d", fd);
	flags = fcntl(e->master, F_GETFL);
	if (fcntl(e->master, F_SETFL, flags | O_NONBLOCK) < 0)
		return why_errno(why, "descriptor %d", fd);
	return 0;
}

static int
open_end(struct cable_end *e, mode_t mode, struct why *why)
{
	if (is_socket(e))
		return open_socket(e, why);
	return open_pty(e, mode, why);
}

static int
plug_end(struct cable *c, unsigned i, struct why *why)
{
	struct cable_end *e = &c->end[i];
	struct epoll_event ev = {
		.events = EPOLLIN,
		.data.u64 = c->first_id + i,
	};

	if (open_end(e, c->mode, why) < 0)
		return -1;
	if (epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, e->master, &ev) < 0)
		return why_errno(why, "epoll_ctl");
	e->watched = ev.events;
	if (is_socket(e))
		return 0;
	if (watch_slave(c, i) < 0)
		return why_errno(why, "epoll_ctl");
	return make_name(e, why);
}

int
cable_plug(struct cable *c, int64_t now_ns, struct why *why)
{
	unsigned i;

	for (i = 0; i < CABLE_ENDS; i++) {
		if (plug_end(c, i, why) < 0) {
			cable_cut(c);
			return -1;
		}
	}
	for (i = 0; i < CABLE_ENDS; i++)
		lane_plug(&c->lane[i], c->end[i].master, c->end[i].slave,
		    c->end[!i].master, now_ns);
	return 0;
}

void
cable_cut(struct cable *c)
{
	unsigned i;

	for (i = 0; i < CABLE_ENDS; i++) {
		struct cable_end *e = &c->end[i];

		lane_cut(&c->lane[i]);
		if (e->master < 0)
			continue;
		if (!is_socket(e))
			remove_name(e);
		if (e->slave >= 0)
			close(e->slave);
		close(e->master);
		e->master = e->slave = -1;
	}
}

/*
 * Somebody hung up the tty beneath its users, as the end of a session does
 * that had it as its terminal.  A real port goes on, and so does this one.
 */
static void
revive(struct cable *c, unsigned i)
{
	struct cable_end *e = &c->end[i];
	struct termios t;
	int slave = open_slave(e->master);

	if (slave >= 0) {
		dup3(slave, e->slave, O_CLOEXEC);
		close(slave);
	}
	if (slave < 0 || watch_slave(c, i) < 0) {
		fprintf(stderr, "nullmodem: %s: hung up: %s\n", e->name,
		    strerror(errno));
		cable_cut(c);
		return;
	}
	if (tcgetattr(e->slave, &t) == 0 && (t.c_lflag & (ICANON | ECHO)))
		make_raw(e->slave);
	lane_restore_stop(&c->lane[i]);
}

void
cable_event(struct cable *c, unsigned end, uint32_t events, int64_t now_ns)
{
	if (!cable_plugged(c))
		return;
	if (events & ~(uint32_t)EPOLLOUT) {
		int result = lane_drain(&c->lane[end], now_ns);

		if (result > 0)
			lane_flush_backlog(&c->lane[!end]);
		if ((result < 0 || (events & EPOLLHUP)) &&
		    is_socket(&c->end[end]))
			cable_cut(c);
		else if (result < 0 || (events & EPOLLHUP))
			revive(c, end);
	}
	/* Last: what the receiver has just flushed must not reach it. */
	if ((events & EPOLLOUT) && cable_plugged(c))
		lane_deliver_backlog(&c->lane[!end], now_ns);
	cable_watch(c);
}

void
cable_run(struct cable *c, int64_t now_ns)
{
	unsigned i;

	for (i = 0; i < CABLE_ENDS; i++)
		if (lane_next_ns(&c->lane[i]) <= now_ns)
			lane_run(&c->lane[i], now_ns);
	cable_watch(c);
}

int64_t
cable_next_ns(const struct cable *c)
{
	int64_t a = lane_next_ns(&c->lane[0]);
	int64_t b = lane_next_ns(&c->lane[1]);

	return a < b ? a : b;
}

void
cable_watch(struct cable *c)
{
	unsigned i;

	if (!cable_plugged(c))
		return;
	for (i = 0; i < CABLE_ENDS; i++) {
		struct cable_end *e = &c->end[i];
		struct epoll_event ev = { .data.u64 = c->first_id + i };

		if (lane_room(&c->lane[i]) > 0)
			ev.events |= EPOLLIN;
		if (c->lane[!i].backlog.used > 0)
			ev.events |= EPOLLOUT;
		if (ev.events == e->watched)
			continue;
		e->watched = ev.events;
		epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, e->master, &ev);
	}
}

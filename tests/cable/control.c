#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

int
control_init(struct control *c, struct rack *rack, int epoll_fd, uint64_t id,
    struct why *why)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = id };

	memset(c, 0, sizeof(*c));
	c->rack = rack;
	c->epoll_fd = epoll_fd;
	c->id = id;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &ev) == 0)
		return 0;
	if (errno != EPERM)
		return why_errno(why, "standard input");
	c->always_ready = true;
	return 0;
}

static bool
answers_are_read(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) > 0;
}

/* While answers are not read, only their reader is waited for. */
static void
watch(struct control *c, bool blocked)
{
	struct epoll_event in = { .events = EPOLLIN, .data.u64 = c->id };
	struct epoll_event out = { .events = EPOLLOUT, .data.u64 = c->id };

	if (blocked == c->blocked)
		return;
	c->blocked = blocked;
	if (blocked) {
		epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
		epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, STDOUT_FILENO, &out);
		return;
	}
	epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, STDOUT_FILENO, NULL);
	epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &in);
}

static void
answer_line(struct control *c, size_t len, int64_t now_ns)
{
	char answer[COMMAND_ANSWER_BYTES + 1];
	size_t n;

	c->line[len] = '\0';
	if (c->skipping)
		strcpy(answer, "error: line too long");
	else if (strlen(c->line) != len)
		strcpy(answer, "error: a NUL in the line");
	else
		command_run(c->rack, c->line, now_ns, answer);
	n = strlen(answer);
	answer[n++] = '\n';
	if (write(STDOUT_FILENO, answer, n) != (ssize_t)n)
		c->done = true;
}

/* Answers the first line, where there is a whole one. */
static bool
take_line(struct control *c, int64_t now_ns)
{
	char *end = memchr(c->line, '\n', c->used);
	size_t len;

	if (end == NULL) {
		if (c->used == CONTROL_LINE_BYTES) {
			c->skipping = true;
			c->used = 0;
		}
		return false;
	}
	if (!answers_are_read()) {
		watch(c, true);
		return false;
	}
	watch(c, false);
	len = (size_t)(end - c->line);
	answer_line(c, len, now_ns);
	c->skipping = false;
	c->used -= len + 1;
	memmove(c->line, end + 1, c->used);
	return true;
}

static bool
nobody_asks(struct control *c)
{
	return c->done || c->rack->quit;
}

void
control_event(struct control *c, int64_t now_ns)
{
	bool ended = false;

	if (!c->blocked) {
		ssize_t n = read(STDIN_FILENO, c->line + c->used,
		    CONTROL_LINE_BYTES - c->used);

		if (n > 0)
			c->used += (size_t)n;
		ended = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	}
	while (!nobody_asks(c) && take_line(c, now_ns))
		;
	c->done |= ended;
}

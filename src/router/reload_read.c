/* The configuration file, read by a child process. */
#include "router/reload_read.h"

#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "router/reload_child.h"

/* A file server or a directory of users that does not answer. */
#define READ_S 30
/* More than the printed form of the largest configuration. */
#define BYTES_MAX (64 * 1024 * 1024)
#define STEP 65536

struct reload_reader {
	const struct state *state;
	reload_read_done *done;
	void *arg;
	pid_t pid; /* 0: there is none */
	int fd;
	struct event *readable;
	struct event *timer;
	char *bytes;
	size_t len, size;
	struct reload_reading reading;
};

static void
add_complaint(struct reload_reader *r, char *line, bool warning)
{
	struct reload_reading *reading = &r->reading;
	struct reload_complaint *list = reallocarray(
	    reading->complaints, reading->n_complaints + 1, sizeof(*list));
	char *colon = line;
	char *end;

	if (!list)
		return;
	reading->complaints = list;
	list += reading->n_complaints++;
	*list = (struct reload_complaint){
		.warning = warning, .file = r->state->file, .text = line
	};
	/* "FILE:LINE: TEXT" */
	while ((colon = strchr(colon, ':'))) {
		unsigned long number = strtoul(++colon, &end, 10);

		if (!isdigit((unsigned char)*colon) || end[0] != ':' ||
		    end[1] != ' ')
			continue;
		colon[-1] = '\0';
		list->file = line;
		list->line = number;
		list->text = end + 2;
		return;
	}
}

static void
take_conf(struct reload_reader *r, const char *text)
{
	r->reading.conf = conf_parse_untried(
	    text, r->state->file, NULL, NULL, &r->reading.error);
}

static void
take_record(struct reload_reader *r, char type, char *bytes, size_t len)
{
	struct reload_reading *reading = &r->reading;

	switch ((enum reload_record)type) {
	case RELOAD_WARNING:
		add_complaint(r, bytes, true);
		return;
	case RELOAD_MISTAKE:
		add_complaint(r, bytes, false);
		reading->invalid = true;
		return;
	case RELOAD_UNKEPT:
		reading->unkept = true;
		/* fall through */
	case RELOAD_ERROR:
		if (len == sizeof(reading->error))
			memcpy(&reading->error, bytes, len);
		return;
	case RELOAD_CONF:
		take_conf(r, bytes);
		return;
	}
}

/* Texts bring their own end along, and stay where they are.  The child is this
 * program, and as honest. */
static void
take_records(struct reload_reader *r)
{
	const size_t head = 1 + sizeof(uint32_t);
	char *at = r->bytes;
	char *end = r->bytes + r->len;
	uint32_t len;

	while ((size_t)(end - at) > head) {
		char type = *at;

		memcpy(&len, at + 1, sizeof(len));
		at += head;
		if (len == 0 || (size_t)(end - at) < len)
			return;
		take_record(r, type, at, len);
		at += len;
	}
}

static void
finish(struct reload_reader *r)
{
	struct reload_reading *reading = &r->reading;

	take_records(r);
	if (!reading->conf && !reading->error.code)
		error_set(&reading->error, EIO,
		    "%s: who was to read it died (memory?)", r->state->file);
	event_del(r->readable);
	event_del(r->timer);
	r->done(reading, r->arg);
}

static int
make_room(struct reload_reader *r)
{
	char *bytes;

	if (r->size - r->len >= STEP)
		return 0;
	if (r->size >= BYTES_MAX)
		return -1;
	bytes = realloc(r->bytes, 2 * r->size + STEP);
	if (!bytes)
		return -1;
	r->bytes = bytes;
	r->size = 2 * r->size + STEP;
	return 0;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct reload_reader *r = arg;
	ssize_t n;

	(void)what;
	if (make_room(r) < 0) {
		error_set(
		    &r->reading.error, ENOMEM, "%s: no memory", r->state->file);
		finish(r);
		return;
	}
	n = read(fd, r->bytes + r->len, STEP);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		r->len += n;
	else
		finish(r);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct reload_reader *r = arg;

	(void)fd;
	(void)what;
	r->len = 0;
	error_set(&r->reading.error, ETIMEDOUT,
	    "%s: not read within %d s: a file server, or a server of users, "
	    "that does not answer?",
	    r->state->file, READ_S);
	finish(r);
}

/* Signals wait until the child has got rid of our handlers. */
static pid_t
fork_child(struct reload_reader *r, const struct conf *confirmed, int fd)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		reload_child(r->state, confirmed, fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static int
start(struct reload_reader *r, struct event_base *base,
    const struct conf *confirmed, struct error *err)
{
	struct timeval limit = { .tv_sec = READ_S };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	r->fd = ends[0];
	r->pid = fork_child(r, confirmed, ends[1]);
	close(ends[1]);
	if (r->pid < 0) {
		r->pid = 0;
		return error_errno(err, "fork");
	}
	fcntl(r->fd, F_SETFL, O_NONBLOCK);
	r->readable = event_new(
	    base, r->fd, EV_READ | EV_PERSIST, on_readable, r);
	r->timer = evtimer_new(base, on_timer, r);
	if (!r->readable || !r->timer)
		return error_set(err, ENOMEM, "no memory");
	event_add(r->readable, NULL);
	event_add(r->timer, &limit);
	return 0;
}

struct reload_reader *
reload_read(struct event_base *base, const struct state *state,
    const struct conf *confirmed, reload_read_done *done, void *arg,
    pid_t *left, struct error *err)
{
	struct reload_reader *r = calloc(1, sizeof(*r));

	*left = 0;
	if (!r) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	r->state = state;
	r->done = done;
	r->arg = arg;
	r->fd = -1;
	if (start(r, base, confirmed, err) == 0)
		return r;
	*left = reload_reader_free(r);
	return NULL;
}

pid_t
reload_reader_free(struct reload_reader *r)
{
	pid_t pid;

	if (!r)
		return 0;
	if (r->readable)
		event_free(r->readable);
	if (r->timer)
		event_free(r->timer);
	if (r->fd >= 0)
		close(r->fd);
	pid = r->pid;
	/* It has said all, or is not to say it. */
	if (pid != 0)
		kill(pid, SIGKILL);
	conf_free(r->reading.conf);
	free(r->reading.complaints);
	free(r->bytes);
	free(r);
	return pid;
}

#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/unreachable.h"

#define CHUNK 65536

/* What is left until then, for poll(2). */
static int
left_ms(int64_t until_ms)
{
	int64_t left = until_ms - clock_ms();

	return left > 0 ? (int)left : 0;
}

static int
no_answer(const struct client *c, struct error *err)
{
	return error_set(err, ETIMEDOUT,
	    "%s: the daemon does not answer within %g s: is it stopped, or the "
	    "machine overloaded? (systemctl status serial-router)",
	    c->path, c->timeout_ms / 1000.0);
}

/* A full backlog makes connect() fail at once: the daemon is busy, or stopped,
 * so we try for as long as an answer may take. */
static int
connect_within(
    struct client *c, const struct sockaddr_un *address, struct error *err)
{
	int64_t until_ms = clock_ms() + c->timeout_ms;

	while (connect(c->fd, (const struct sockaddr *)address,
		   sizeof(*address)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return unreachable_explain(c->path, errno, err);
		if (left_ms(until_ms) == 0)
			return no_answer(c, err);
		poll(NULL, 0, 20);
	}
	return 0;
}

int
client_open(
    struct client *c, const char *path, int timeout_ms, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	*c = (struct client){
		.fd = -1, .path = path, .timeout_ms = timeout_ms
	};
	if (len >= sizeof(address.sun_path))
		return unreachable_explain(path, ENAMETOOLONG, err);
	memcpy(address.sun_path, path, len);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return error_errno(err, "socket");
	if (connect_within(c, &address, err) == 0)
		return 0;
	client_close(c);
	return -1;
}

void
client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->buf);
	*c = (struct client){ .fd = -1 };
}

static int
gone(const struct client *c, struct error *err)
{
	return error_set(err, ECONNRESET,
	    "%s: the daemon closed the connection: it ended, or had too many "
	    "clients (systemctl status serial-router)",
	    c->path);
}

int
client_send(struct client *c, const char *request, struct error *err)
{
	int64_t until_ms = clock_ms() + c->timeout_ms;
	char line[4097];
	size_t len = strlen(request), sent = 0;

	if (len + 1 >= sizeof(line))
		return error_set(err, EMSGSIZE, "the request is too long");
	memcpy(line, request, len);
	line[len++] = '\n';
	while (sent < len) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		ssize_t n = send(c->fd, line + sent, len - sent, MSG_NOSIGNAL);

		if (n >= 0) {
			sent += n;
			continue;
		}
		/* Why it was cut off may still be there to be read. */
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return error_errno(err, "%s", c->path);
		if (poll(&p, 1, left_ms(until_ms)) == 0)
			return no_answer(c, err);
	}
	return 0;
}

/* What was given out goes, and there is room for more. */
static int
make_room(struct client *c, struct error *err)
{
	char *buf;

	if (c->taken > 0) {
		memmove(c->buf, c->buf + c->taken, c->len - c->taken);
		c->len -= c->taken;
		c->taken = 0;
	}
	if (c->size - c->len > CHUNK)
		return 0;
	if (c->len > CLIENT_ANSWER_MAX)
		return error_set(err, EMSGSIZE,
		    "%s: an answer of more than %d MiB is refused", c->path,
		    CLIENT_ANSWER_MAX / 1024 / 1024);
	buf = realloc(c->buf, 2 * c->size + 2 * CHUNK);
	if (!buf)
		return error_set(err, ENOMEM, "no memory");
	c->buf = buf;
	c->size = 2 * c->size + 2 * CHUNK;
	return 0;
}

/* A line that is there, or NULL. */
static char *
take_line(struct client *c)
{
	char *line, *end;
	size_t from = c->taken + c->scanned;

	end = c->len > from ? memchr(c->buf + from, '\n', c->len - from) : NULL;
	if (!end) {
		c->scanned = c->len - c->taken;
		return NULL;
	}
	*end = '\0';
	line = c->buf + c->taken;
	c->taken = end + 1 - c->buf;
	c->scanned = 0;
	return line;
}

int
client_try_line(struct client *c, char **line, struct error *err)
{
	for (;;) {
		ssize_t n;

		*line = take_line(c);
		if (*line)
			return 1;
		if (make_room(c, err) < 0)
			return -1;
		n = recv(c->fd, c->buf + c->len, CHUNK, 0);
		if (n > 0) {
			c->len += n;
			continue;
		}
		if (n == 0 || errno == ECONNRESET)
			return gone(c, err);
		if (errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			return error_errno(err, "%s", c->path);
	}
}

char *
client_line(struct client *c, bool patient, struct error *err)
{
	int64_t until_ms = clock_ms() + c->timeout_ms;
	char *line;
	int result;

	while ((result = client_try_line(c, &line, err)) == 0) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		int ready = poll(&p, 1, patient ? -1 : left_ms(until_ms));

		if (ready < 0 && errno == EINTR) {
			error_set(err, EINTR, "interrupted");
			return NULL;
		}
		if (ready == 0) {
			no_answer(c, err);
			return NULL;
		}
	}
	return result > 0 ? line : NULL;
}

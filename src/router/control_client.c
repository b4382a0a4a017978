/* One client: what it sends, what waits for it, how long it may take. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "router/control_priv.h"

#define IDLE_MS 60000
#define HALF_MS 5000
/* Seconds without taking anything: with more than CONTROL_WAITING_MAX waiting,
 * and in any case. */
#define STALLED_MUCH_TICKS 5
#define STALLED_TICKS 60
#define MAKES_ROOM_MS 1000

#define WRITE_MAX (256 * 1024)

size_t
control_client_waiting(const struct control_client *client)
{
	return evbuffer_get_length(client->out);
}

/* Freed later: whoever cut it off may be at work with it. */
void
control_client_cut(struct control_client *client, const char *why)
{
	struct control *c = client->control;
	unsigned suppressed;

	if (client->fd < 0)
		return;
	if (why && log_bucket_take(&c->bucket, clock_ms(), &suppressed))
		log_info("serial-routerd: control client (pid %d, user %u) is "
			 "cut off: %s",
		    (int)client->peer.pid, client->peer.uid, why);
	event_del(client->readable);
	event_del(client->writable);
	/* A child that was just forked may have it, too. */
	shutdown(client->fd, SHUT_RDWR);
	close(client->fd);
	client->fd = -1;
	if (client->pending)
		reload_forget(c->env.reload, client);
	LIST_REMOVE(client, entry);
	LIST_INSERT_HEAD(&c->gone, client, entry);
	c->n_clients--;
	event_active(c->reap, 0, 0);
}

void
control_client_free(struct control_client *client)
{
	LIST_REMOVE(client, entry);
	if (client->readable)
		event_free(client->readable);
	if (client->writable)
		event_free(client->writable);
	if (client->out)
		evbuffer_free(client->out);
	control_peer_clear(&client->peer);
	free(client);
}

static void
flush_some(struct control_client *client)
{
	int taken;

	if (client->fd < 0 || control_client_waiting(client) == 0)
		return;
	taken = evbuffer_write_atmost(client->out, client->fd, WRITE_MAX);
	if (taken > 0)
		client->stalled = 0;
	else if (taken < 0 && errno != EAGAIN && errno != EINTR)
		control_client_cut(client, NULL);
}

/* Listens to what there is room for. */
static void
listen_on(struct control_client *client)
{
	bool wants = !client->ended && !client->closing &&
	    client->in_len < sizeof(client->in) &&
	    control_client_waiting(client) < CONTROL_WAITING_READ;

	if (client->fd < 0)
		return;
	if (wants)
		event_add(client->readable, NULL);
	else
		event_del(client->readable);
	if (control_client_waiting(client) > 0)
		event_add(client->writable, NULL);
	else
		event_del(client->writable);
}

static void
consume(struct control_client *client, size_t len)
{
	client->in_len -= len;
	memmove(client->in, client->in + len, client->in_len);
}

/* One request that is there whole; false: none is. */
static bool
serve_one(struct control_client *client)
{
	const char *newline = memchr(client->in, '\n', client->in_len);
	size_t len = newline ? (size_t)(newline - client->in) : client->in_len;

	if (!newline && !(client->ended && len > 0))
		return false;
	client->asked_ms = clock_ms();
	client->half_ms = 0;
	control_serve_request(client, client->in, len);
	consume(client, newline ? len + 1 : len);
	return true;
}

static void
serve(struct control_client *client)
{
	bool more = true;

	while (more && client->fd >= 0 && !client->closing &&
	    !client->pending &&
	    control_client_waiting(client) < CONTROL_WAITING_READ) {
		more = serve_one(client);
		flush_some(client);
	}
	/* What is left is no whole request. */
	if (client->fd >= 0 && !more && client->in_len == sizeof(client->in)) {
		control_send_error(client, CONTROL_TOO_LONG,
		    "the request is longer than 4096 bytes", NULL);
		client->closing = true;
	}
	if (!more && client->in_len > 0 && client->half_ms == 0)
		client->half_ms = clock_ms();
	if (!more && client->ended && !client->watches)
		client->closing = true;
}

/* What follows from what it has sent or taken. */
static void
go_on(struct control_client *client)
{
	serve(client);
	flush_some(client);
	if (client->fd >= 0 && client->closing &&
	    control_client_waiting(client) == 0)
		control_client_cut(client, NULL);
	listen_on(client);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct control_client *client = arg;
	ssize_t got = recv(fd, client->in + client->in_len,
	    sizeof(client->in) - client->in_len, MSG_DONTWAIT);

	(void)what;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		control_client_cut(client, NULL);
		return;
	}
	client->in_len += got;
	client->ended = got == 0;
	go_on(client);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush_some(arg);
	go_on(arg);
}

struct control_client *
control_client_new(struct control *c, int fd)
{
	struct control_client *client = calloc(1, sizeof(*client));
	struct event_base *base = c->env.base;
	struct error err;
	struct json j;

	if (!client)
		return NULL;
	LIST_INSERT_HEAD(&c->gone, client, entry);
	client->control = c;
	client->fd = -1;
	client->asked_ms = clock_ms();
	client->out = evbuffer_new();
	client->readable = event_new(
	    base, fd, EV_READ | EV_PERSIST, on_readable, client);
	client->writable = event_new(
	    base, fd, EV_WRITE | EV_PERSIST, on_writable, client);
	if (!client->out || !client->readable || !client->writable ||
	    control_peer_init(&client->peer, fd, &err) < 0) {
		control_client_free(client);
		return NULL;
	}
	LIST_REMOVE(client, entry);
	LIST_INSERT_HEAD(&c->clients, client, entry);
	client->fd = fd;
	c->n_clients++;
	json_init(&j, CONTROL_DOCUMENT_MAX);
	control_write_greeting(&j);
	control_client_send(client, &j);
	go_on(client);
	return client;
}

static void
append(struct control_client *client, const struct json *j)
{
	if (client->fd < 0)
		return;
	if (control_client_waiting(client) == 0) {
		client->stalled = 0;
		client->answers = 0;
		client->largest = 0;
	}
	if (j->failed || evbuffer_add(client->out, j->text, j->len) < 0) {
		control_client_cut(client, "no memory for its answer");
		return;
	}
	event_add(client->writable, NULL);
}

void
control_client_send(struct control_client *client, struct json *j)
{
	append(client, j);
	client->answers += j->len;
	json_clear(j);
}

void
control_client_send_event(struct control_client *client, const struct json *j)
{
	size_t most = CONTROL_WAITING_MAX + client->answers + client->largest;

	if (control_client_waiting(client) > most)
		control_client_cut(client, "too much waits for it");
	append(client, j);
	if (j->len > client->largest)
		client->largest = j->len;
}

bool
control_client_is_idle(const struct control_client *client, int64_t now_ms)
{
	int64_t since_ms = client->half_ms ? client->half_ms : client->asked_ms;

	return !client->watches && !client->pending &&
	    control_client_waiting(client) == 0 &&
	    now_ms - since_ms >= MAKES_ROOM_MS;
}

/* One that watches and has closed its half is not read from any more. */
static bool
is_gone(const struct control_client *client)
{
	struct pollfd p = { .fd = client->fd };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

void
control_client_tick(struct control_client *client, int64_t now_ms)
{
	size_t waiting = control_client_waiting(client);
	unsigned most = waiting > CONTROL_WAITING_MAX ? STALLED_MUCH_TICKS
						      : STALLED_TICKS;

	/* Not by the clock: a machine that was held up is no client's fault. */
	if (waiting > 0 && ++client->stalled > most)
		control_client_cut(client, "it takes nothing");
	else if (client->half_ms && now_ms - client->half_ms > HALF_MS)
		control_client_cut(client, "half a request, and not the rest");
	else if (waiting == 0 && !client->watches && !client->pending &&
	    now_ms - client->asked_ms > IDLE_MS)
		control_client_cut(client, "idle");
	else if (client->ended && is_gone(client))
		control_client_cut(client, NULL);
}

/* The control socket: clients are let in and seen off. */
#include "router/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "router/control_priv.h"

#define ACCEPTS_PER_TURN 16

struct control *
control_listen(const struct conf *conf, struct error *err)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	LIST_INIT(&c->clients);
	LIST_INIT(&c->gone);
	c->started_ms = clock_ms();
	if (control_socket_open(&c->socket, conf, err) < 0) {
		free(c);
		return NULL;
	}
	return c;
}

static void
reap(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;

	(void)fd;
	(void)what;
	while (!LIST_EMPTY(&c->gone))
		control_client_free(LIST_FIRST(&c->gone));
}

/* Each second, while somebody is there. */
static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	struct control_client *client, *next;
	int64_t now_ms = clock_ms();

	(void)fd;
	(void)what;
	/* Perhaps descriptors were short. */
	event_add(c->acceptable, NULL);
	control_watch_tick(c);
	for (client = LIST_FIRST(&c->clients); client; client = next) {
		next = LIST_NEXT(client, entry);
		control_client_tick(client, now_ms);
	}
	if (LIST_EMPTY(&c->clients))
		event_del(c->tick);
}

static void
start_ticking(struct control *c)
{
	struct timeval second = { .tv_sec = 1 };

	if (!event_pending(c->tick, EV_TIMEOUT, NULL))
		event_add(c->tick, &second);
}

static bool
make_room(struct control *c)
{
	struct control_client *client, *idle = NULL;
	int64_t now_ms = clock_ms();

	if (c->n_clients < CONTROL_CLIENTS_MAX)
		return true;
	LIST_FOREACH(client, &c->clients, entry) {
		if (control_client_is_idle(client, now_ms) &&
		    (!idle || client->asked_ms < idle->asked_ms))
			idle = client;
	}
	if (idle)
		control_client_cut(idle, NULL);
	return idle;
}

/* Most likely the buffer of a new socket takes it; else he hears nothing. */
static void
refuse(struct control *c, int fd)
{
	unsigned suppressed;
	struct json j;

	json_init(&j, CONTROL_DOCUMENT_MAX);
	control_write_greeting(&j);
	control_write_error(&j, CONTROL_BUSY, "32 clients are there already",
	    "try again in some seconds; ss -xp shows who they are");
	if (!j.failed)
		(void)!send(fd, j.text, j.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	json_clear(&j);
	close(fd);
	if (log_bucket_take(&c->bucket, clock_ms(), &suppressed))
		log_warn("serial-routerd: %s: %d clients are there already: "
			 "one more was refused (%u lines left out)",
		    c->socket.path, CONTROL_CLIENTS_MAX, suppressed);
}

static void
on_acceptable(evutil_socket_t listening, short what, void *arg)
{
	struct control *c = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(
		    listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			/* Short of descriptors: it would be called again and
			 * again. */
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ECONNABORTED)
				event_del(c->acceptable);
			break;
		}
		if (!make_room(c))
			refuse(c, fd);
		else if (!control_client_new(c, fd))
			close(fd);
	}
	start_ticking(c);
}

int
control_serve(
    struct control *c, const struct control_env *env, struct error *err)
{
	c->env = *env;
	c->acceptable = event_new(
	    env->base, c->socket.fd, EV_READ | EV_PERSIST, on_acceptable, c);
	c->tick = event_new(env->base, -1, EV_PERSIST, on_tick, c);
	c->reap = evtimer_new(env->base, reap, c);
	if (!c->acceptable || !c->tick || !c->reap ||
	    event_add(c->acceptable, NULL) < 0)
		return error_set(err, ENOMEM, "no memory");
	control_socket_set_group(&c->socket, reload_conf(env->reload));
	return 0;
}

void
control_end(struct control *c)
{
	if (c->acceptable)
		event_del(c->acceptable);
	if (c->tick)
		event_del(c->tick);
	while (!LIST_EMPTY(&c->clients))
		control_client_cut(LIST_FIRST(&c->clients), NULL);
}

void
control_free(struct control *c)
{
	if (!c)
		return;
	control_end(c);
	while (!LIST_EMPTY(&c->gone))
		control_client_free(LIST_FIRST(&c->gone));
	if (c->acceptable)
		event_free(c->acceptable);
	if (c->tick)
		event_free(c->tick);
	if (c->reap)
		event_free(c->reap);
	control_socket_close(&c->socket);
	free(c);
}

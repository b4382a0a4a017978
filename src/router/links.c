/* All links. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "router/leftover.h"
#include "router/links_priv.h"

/* For how long links are started before others are served. */
#define TURN_MS 20

static void
on_changed(struct link *changed, void *arg)
{
	struct links *ls = arg;

	if (!ls->stopping)
		look_soon(ls->look);
	for (size_t i = 0; i < ls->n; i++) {
		const struct link *l = ls->links[i];

		if (l->state == LINK_DOWN &&
		    (l->waiting || link_is_changing(l)))
			links_settle_soon(ls);
	}
	ls->changed(changed, ls->arg);
}

void
links_settle_soon(struct links *ls)
{
	struct timeval now = { .tv_sec = 0 };

	if (!ls->stopping && !evtimer_pending(ls->settle, NULL))
		evtimer_add(ls->settle, &now);
}

static const char *
claimed(const void *arg, const char *link, const struct port_info *port)
{
	const struct links *ls = arg;

	return look_claimed(ls->look, link, port);
}

/* Whether one that is to let go of a port or a name still has it. */
static bool
is_in_the_way(const struct link *other, const struct link *l)
{
	return other != l && link_is_changing(other) &&
	    (port_same(&other->conf->port, &l->conf->port) ||
		strcmp(other->conf->interface, l->conf->interface) == 0);
}

static bool
is_blocked(const struct links *ls, const struct link *l)
{
	for (size_t i = 0; i < ls->n; i++) {
		if (is_in_the_way(ls->links[i], l))
			return true;
	}
	return false;
}

static void
take_out(struct links *ls, size_t i)
{
	link_free(ls->links[i]);
	ls->n--;
	memmove(
	    &ls->links[i], &ls->links[i + 1], (ls->n - i) * sizeof(*ls->links));
	look_at(ls->look, ls->links, ls->n);
}

/* Whether that took its time, since the kernel removed an interface. */
static bool
settle(struct links *ls, size_t i)
{
	struct link *l = ls->links[i];
	bool slow = l->leaving || l->next.new_interface;

	/* One that does not run has no descriptor of it. */
	if (slow && l->interface.index == 0)
		leftover_remove_one(l->env->netif, l->conf->interface);
	link_settle(l);
	if (l->leaving)
		take_out(ls, i);
	return slow;
}

/* Starts links, as many as go in a short time: an interface that is made
 * takes some milliseconds. */
static void
go(struct links *ls)
{
	int64_t end_ms = clock_ms() + TURN_MS;

	for (size_t i = 0; i < ls->n; i++) {
		struct link *l = ls->links[i];

		if (!l->waiting || is_blocked(ls, l))
			continue;
		if (clock_ms() >= end_ms) {
			links_settle_soon(ls);
			return;
		}
		link_go(l);
	}
}

/* One after the other: links that run are served in between. */
static void
on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct links *ls = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < ls->n; i++) {
		struct link *l = ls->links[i];

		if (l->state != LINK_DOWN || !link_is_changing(l))
			continue;
		links_settle_soon(ls);
		if (settle(ls, i))
			return;
	}
	go(ls);
	ls->changed(NULL, ls->arg);
}

static int
make(struct links *ls, struct conf *conf, struct error *err)
{
	ls->settle = evtimer_new(ls->env.base, on_settle, ls);
	ls->links = calloc(conf->n_links + 1, sizeof(*ls->links));
	if (!ls->settle || !ls->links)
		return error_set(err, ENOMEM, "no memory");
	ls->look = look_new(ls->env.base, err);
	if (!ls->look)
		return -1;
	ls->env.usb = look_usb(ls->look);
	for (size_t i = 0; i < conf->n_links; i++) {
		ls->links[i] = link_new(&conf->links[i], conf, &ls->env);
		if (!ls->links[i])
			return error_set(err, ENOMEM, "no memory");
		ls->n++;
	}
	look_at(ls->look, ls->links, ls->n);
	return 0;
}

struct links *
links_new(const struct link_env *env, struct conf *conf, struct error *err)
{
	struct links *ls = calloc(1, sizeof(*ls));

	if (!ls) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	ls->env = *env;
	ls->env.changed = on_changed;
	ls->env.claimed = claimed;
	ls->env.arg = ls;
	ls->changed = env->changed;
	ls->arg = env->arg;
	if (make(ls, conf, err) < 0) {
		links_free(ls);
		return NULL;
	}
	return ls;
}

void
links_free(struct links *ls)
{
	if (!ls)
		return;
	for (size_t i = 0; i < ls->n; i++) {
		if (ls->links[i]->state == LINK_DOWN)
			link_free(ls->links[i]);
	}
	free(ls->links);
	look_free(ls->look);
	if (ls->settle)
		event_free(ls->settle);
	free(ls);
}

size_t
links_count(const struct links *ls)
{
	return ls->n;
}

struct link *
links_at(const struct links *ls, size_t i)
{
	return ls->links[i];
}

struct link *
links_find(const struct links *ls, const char *name)
{
	for (size_t i = 0; i < ls->n; i++) {
		struct link *l = ls->links[i];

		if (!l->leaving && strcmp(l->conf->name, name) == 0)
			return l;
	}
	return NULL;
}

void
links_tally(const struct links *ls, size_t *n, size_t *up)
{
	*n = 0;
	*up = 0;
	for (size_t i = 0; i < ls->n; i++) {
		*n += !ls->links[i]->leaving;
		*up += ls->links[i]->state == LINK_UP;
	}
}

size_t
links_start(struct links *ls)
{
	size_t started = 0;

	for (size_t i = 0; i < ls->n; i++) {
		if (!ls->links[i]->conf->enabled)
			continue;
		link_start(ls->links[i]);
		started++;
	}
	return started;
}

void
links_stop(struct links *ls)
{
	ls->stopping = true;
	evtimer_del(ls->settle);
	for (size_t i = 0; i < ls->n; i++)
		link_stop(ls->links[i]);
}

bool
links_are_down(const struct links *ls)
{
	for (size_t i = 0; i < ls->n; i++) {
		if (ls->links[i]->state != LINK_DOWN)
			return false;
	}
	return true;
}

void
links_reap(struct links *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		link_reap(ls->links[i]);
}

void
links_interface_event(struct links *ls, const struct netwatch_event *ev)
{
	for (size_t i = 0; i < ls->n; i++) {
		if (ev->kind == NETWATCH_RESYNC)
			link_interface_resync(ls->links[i]);
		else
			link_interface_event(ls->links[i], ev);
	}
}

/* Two configurations compared. */
#include "router/plan.h"

#include <stdlib.h>
#include <string.h>

/* What conf_compare_*() tells is taken down here. */
struct taker {
	struct plan *plan;
	struct plan_link *link; /* NULL: keys of the daemon */
	bool no_memory;
};

static bool
add_key(struct plan_keys *keys, const char *name)
{
	const char **names = reallocarray(
	    keys->names, keys->n + 1, sizeof(*names));

	if (!names)
		return false;
	names[keys->n++] = name;
	keys->names = names;
	return true;
}

static enum plan_change
change_of(enum conf_change change)
{
	switch (change) {
	case CONF_CHANGE_NONE:
	case CONF_CHANGE_DAEMON:
		break;
	case CONF_CHANGE_LIVE:
		return PLAN_LIVE;
	case CONF_CHANGE_PUMP:
		return PLAN_PUMP;
	case CONF_CHANGE_LINK:
		return PLAN_INTERFACE;
	}
	return PLAN_UNCHANGED;
}

static void
take_key(const char *key, enum conf_change change, void *arg)
{
	struct taker *t = arg;
	struct plan_keys *keys = &t->plan->waiting;

	if (t->link) {
		keys = &t->link->keys;
		if (change_of(change) > t->link->change)
			t->link->change = change_of(change);
	} else if (change == CONF_CHANGE_LIVE) {
		keys = &t->plan->live;
	}
	if (!add_key(keys, key))
		t->no_memory = true;
}

/* Mostly links stay in their places. */
static struct conf_link *
find(struct conf *conf, const char *name, size_t first)
{
	if (first < conf->n_links && strcmp(conf->links[first].name, name) == 0)
		return &conf->links[first];
	for (size_t i = 0; i < conf->n_links; i++) {
		if (strcmp(conf->links[i].name, name) == 0)
			return &conf->links[i];
	}
	return NULL;
}

/* seen: which links of from have one in to. */
static int
plan_to(struct plan *plan, struct conf *from, struct conf *to, bool *seen)
{
	for (size_t i = 0; i < to->n_links; i++) {
		struct plan_link *l = &plan->links[plan->n_links++];
		struct taker taker = { .plan = plan, .link = l };

		l->to = &to->links[i];
		l->name = l->to->name;
		l->from = find(from, l->name, i);
		if (!l->from) {
			l->change = PLAN_ADDED;
			continue;
		}
		seen[l->from - from->links] = true;
		if (conf_compare_links(l->from, l->to, take_key, &taker) < 0 ||
		    taker.no_memory)
			return -1;
	}
	return 0;
}

static void
plan_removed(struct plan *plan, struct conf *from, const bool *seen)
{
	for (size_t i = 0; i < from->n_links; i++) {
		if (seen[i])
			continue;
		plan->links[plan->n_links++] = (struct plan_link){
			.change = PLAN_REMOVED,
			.from = &from->links[i],
			.name = from->links[i].name,
		};
	}
}

static bool
is_evicted(const struct plan_link *l, const struct conf *to)
{
	for (size_t i = 0; i < to->n_links; i++) {
		const struct conf_link *other = &to->links[i];

		if (other != l->to &&
		    (port_same(&l->from->port, &other->port) ||
			strcmp(l->from->interface, other->interface) == 0))
			return true;
	}
	return false;
}

static void
plan_evictions(struct plan *plan, const struct conf *to)
{
	for (size_t i = 0; i < plan->n_links; i++) {
		struct plan_link *l = &plan->links[i];

		if (l->change == PLAN_PUMP || l->change == PLAN_INTERFACE)
			l->evicted = is_evicted(l, to);
	}
}

static int
plan_all(struct plan *plan, struct conf *from, struct conf *to)
{
	struct taker taker = { .plan = plan };
	bool *seen;
	int result;

	plan->links = calloc(
	    from->n_links + to->n_links + 1, sizeof(*plan->links));
	seen = calloc(from->n_links + 1, sizeof(*seen));
	result = plan->links && seen ? plan_to(plan, from, to, seen) : -1;
	if (result == 0)
		plan_removed(plan, from, seen);
	free(seen);
	if (result < 0 ||
	    conf_compare_daemons(from, to, take_key, &taker) < 0 ||
	    taker.no_memory)
		return -1;
	plan_evictions(plan, to);
	return 0;
}

struct plan *
plan_new(struct conf *from, struct conf *to)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (plan && plan_all(plan, from, to) < 0) {
		plan_free(plan);
		plan = NULL;
	}
	return plan;
}

void
plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_links; i++)
		free(plan->links[i].keys.names);
	free(plan->links);
	free(plan->live.names);
	free(plan->waiting.names);
	free(plan);
}

size_t
plan_count(const struct plan *plan, enum plan_change change)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_links; i++)
		n += plan->links[i].change == change;
	return n;
}

const char *
plan_change_name(enum plan_change change)
{
	switch (change) {
	case PLAN_UNCHANGED:
		return "unchanged";
	case PLAN_LIVE:
		return "live";
	case PLAN_PUMP:
		return "pump";
	case PLAN_INTERFACE:
		return "interface";
	case PLAN_ADDED:
		return "added";
	case PLAN_REMOVED:
		return "removed";
	}
	return "";
}

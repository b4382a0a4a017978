/* From one configuration to another. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "router/links_priv.h"

/* A plan being carried out; the arrays have an element for each of its
 * links. */
struct work {
	struct links *ls;
	struct plan *plan;
	struct conf *from, *to;
	struct link **links;
	struct interface_undo *undo;
	struct link **all; /* the links after this */
};

/* Mostly links are in the order of the configuration. */
static struct link *
find(const struct work *w, const struct plan_link *p)
{
	size_t i = p->from - w->from->links;
	struct link *l = i < w->ls->n ? w->ls->links[i] : NULL;

	if (l && !l->leaving && strcmp(l->conf->name, p->name) == 0)
		return l;
	return links_find(w->ls, p->name);
}

/* Whether something may be applied to its interface at once. */
static bool
is_tried(const struct plan_link *p, const struct link *l)
{
	return (p->change == PLAN_LIVE || p->change == PLAN_PUMP) &&
	    !link_is_changing(l);
}

static bool
stays_as_it_was(const struct plan_link *p)
{
	return p->refused.code && !p->evicted;
}

static void
clear(struct work *w)
{
	free(w->links);
	free(w->undo);
	free(w->all);
}

/* All memory that it takes, before anything is done. */
static int
prepare(struct work *w, struct error *err)
{
	const struct plan *plan = w->plan;

	w->links = calloc(plan->n_links + 1, sizeof(*w->links));
	w->undo = calloc(plan->n_links + 1, sizeof(*w->undo));
	w->all = calloc(w->ls->n + plan->n_links + 1, sizeof(*w->all));
	if (!w->links || !w->undo || !w->all)
		return error_set(err, ENOMEM, "no memory");
	for (size_t i = 0; i < plan->n_links; i++) {
		const struct plan_link *p = &plan->links[i];

		w->links[i] = p->change == PLAN_ADDED
		    ? link_new(p->to, w->to, &w->ls->env)
		    : find(w, p);
		if (!w->links[i])
			return error_set(err, ENOMEM, "no memory");
	}
	return 0;
}

static void
abandon(struct work *w)
{
	for (size_t i = 0; w->links && i < w->plan->n_links; i++) {
		if (w->plan->links[i].change == PLAN_ADDED)
			link_free(w->links[i]);
	}
	clear(w);
}

static void
yield(struct work *w)
{
	for (size_t i = 0; i < w->plan->n_links; i++) {
		const struct plan_link *p = &w->plan->links[i];

		if (is_tried(p, w->links[i]))
			link_yield(w->links[i], p->to);
		else if (p->change == PLAN_INTERFACE ||
		    p->change == PLAN_REMOVED)
			link_yield(w->links[i], NULL);
	}
}

/* Returns whether the kernel refused something. */
static bool
try(struct work *w)
{
	bool refused = false;

	for (size_t i = 0; i < w->plan->n_links; i++) {
		struct plan_link *p = &w->plan->links[i];

		if (!is_tried(p, w->links[i]) ||
		    link_try(w->links[i], p->to, &w->undo[i], &p->refused) == 0)
			continue;
		if (p->refused.code == 0)
			p->refused.code = EINVAL;
		refused = true;
	}
	return refused;
}

/* After all others have what they are to have. */
static void
undo(struct work *w)
{
	for (size_t i = 0; i < w->plan->n_links; i++) {
		const struct plan_link *p = &w->plan->links[i];

		if (stays_as_it_was(p))
			link_untry(w->links[i], p->to, &w->undo[i]);
	}
}

/* What links had that stay as they were becomes part of the configuration. */
static void
take_back(struct work *w)
{
	struct error err;
	struct conf *copy = conf_copy(w->from, &err);

	if (!copy) {
		log_warn("serial-routerd: %s", err.text);
		return;
	}
	for (size_t i = 0; i < w->plan->n_links; i++) {
		const struct plan_link *p = &w->plan->links[i];
		struct conf_link *was;
		struct conf_link other;

		if (!stays_as_it_was(p))
			continue;
		was = &copy->links[p->from - w->from->links];
		other = *p->to;
		*p->to = *was;
		*was = other;
	}
	conf_free(copy);
}

static void
go_on(struct work *w, struct link *l, const struct plan_link *p)
{
	l->refused.code = 0;
	switch (p->change) {
	case PLAN_UNCHANGED:
		link_keep(l, p->to, w->to);
		break;
	case PLAN_LIVE:
		link_change(l, p->to, w->to);
		break;
	case PLAN_PUMP:
	case PLAN_INTERFACE:
		link_replace(l, p->to, w->to, p->change == PLAN_INTERFACE);
		break;
	case PLAN_ADDED:
		l->wanted = p->to->enabled;
		l->waiting = l->wanted;
		break;
	case PLAN_REMOVED:
		link_remove(l);
		break;
	}
}

/* A refusal also concerns one that cannot stay. */
static void
finish(struct work *w)
{
	for (size_t i = 0; i < w->plan->n_links; i++) {
		const struct plan_link *p = &w->plan->links[i];
		struct link *l = w->links[i];

		if (stays_as_it_was(p)) {
			link_keep(l, p->to, w->to);
			l->refused = p->refused;
		} else {
			go_on(w, l, p);
		}
	}
}

/* In the order of the configuration.  Those that were leaving before this are
 * in no plan, and come last. */
static void
arrange(struct work *w)
{
	struct links *ls = w->ls;
	size_t n = 0;

	for (size_t i = 0; i < w->plan->n_links; i++)
		w->all[n++] = w->links[i];
	for (size_t i = 0; i < ls->n; i++) {
		if (ls->links[i]->leaving)
			w->all[n++] = ls->links[i];
	}
	free(ls->links);
	ls->links = w->all;
	ls->n = n;
	w->all = NULL;
	look_at(ls->look, ls->links, n);
}

int
links_apply(struct links *ls, struct plan *plan, struct conf *from,
    struct conf *to, struct error *err)
{
	struct work w = { .ls = ls, .plan = plan, .from = from, .to = to };

	if (prepare(&w, err) < 0) {
		abandon(&w);
		return -1;
	}
	arrange(&w);
	yield(&w);
	if (try(&w)) {
		undo(&w);
		take_back(&w);
	}
	finish(&w);
	clear(&w);
	links_settle_soon(ls);
	return 0;
}

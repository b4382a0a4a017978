/*
 * All links: made, found, started, and brought from one configuration to
 * another.
 */
#ifndef SR_ROUTER_LINKS_H
#define SR_ROUTER_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "os/netwatch.h"
#include "router/conf.h"
#include "router/link.h"
#include "router/plan.h"

struct links;

/* env is copied, what it points to is not; conf is held.  NULL: failed. */
struct links *links_new(
    const struct link_env *env, struct conf *conf, struct error *err);
/* Those that are not DOWN are left behind.  NULL is allowed. */
void links_free(struct links *ls);

/* In the order of the configuration, then those that are leaving. */
size_t links_count(const struct links *ls);
struct link *links_at(const struct links *ls, size_t i);
/* Not one that is leaving; NULL: there is none. */
struct link *links_find(const struct links *ls, const char *name);

/* How many are in the configuration, and UP of these. */
void links_tally(const struct links *ls, size_t *n, size_t *up);

size_t links_start(struct links *ls); /* those that are enabled: how many */
void links_stop(struct links *ls);    /* for good */
bool links_are_down(const struct links *ls);

void links_reap(struct links *ls); /* a child ended */
void links_interface_event(struct links *ls, const struct netwatch_event *ev);

/*
 * Carries out a plan from the configuration in force to to: settings of
 * interfaces at once, the rest as ports and names become free.  What the kernel
 * refuses of a link that keeps its interface is undone, its plan_link says why
 * in refused, and what it had becomes part of to, unless another link is to
 * have it (evicted).  -1: nothing was done.
 */
int links_apply(struct links *ls, struct plan *plan, struct conf *from,
    struct conf *to, struct error *err);

#endif

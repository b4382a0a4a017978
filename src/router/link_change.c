/* A link whose configuration changes. */
#include <errno.h>
#include <string.h>

#include "base/ip.h"
#include "base/log.h"
#include "router/link_priv.h"

void
link_yield(struct link *l, const struct conf_link *to)
{
	const struct interface *i = &l->interface;

	if (i->index != 0 && !i->as_is)
		netif_drop_routes(l->env->netif, i->index, &l->conf->netif,
		    to ? &to->netif : NULL);
}

int
link_try(struct link *l, const struct conf_link *to,
    struct interface_undo *undo, struct error *err)
{
	return interface_change(
	    &l->interface, l->conf, to, l->env->netif, undo, err);
}

void
link_untry(struct link *l, const struct conf_link *to,
    const struct interface_undo *undo)
{
	interface_undo(&l->interface, to, l->env->netif, undo);
}

static void
set_conf(struct link *l, const struct conf_link *to, struct conf *holder)
{
	/* Round trips to another peer say nothing of this one. */
	if (!ip_equal(
		&l->conf->live.liveness_probe, &to->live.liveness_probe))
		memset(&l->ended.round_trip, 0, sizeof(l->ended.round_trip));
	if (holder)
		conf_hold(holder);
	conf_free(l->holder);
	l->conf = to;
	l->holder = holder;
}

static void
set_next(struct link *l, const struct conf_link *to, struct conf *holder)
{
	if (holder)
		conf_hold(holder);
	conf_free(l->next.holder);
	l->next.conf = to;
	l->next.holder = holder;
}

void
link_keep(struct link *l, const struct conf_link *to, struct conf *holder)
{
	if (l->next.conf)
		set_next(l, to, holder);
	else
		set_conf(l, to, holder);
}

static bool
is_switched(const struct link *l, const struct conf_link *to)
{
	const struct conf_link *from = l->next.conf ? l->next.conf : l->conf;

	return from->enabled != to->enabled;
}

/* An operator's start and stop last until the configuration says otherwise. */
static bool
is_wanted(const struct link *l, const struct conf_link *to)
{
	return is_switched(l, to) ? to->enabled : l->wanted;
}

static void
tell_pump(struct link *l, const struct pump_live *before)
{
	struct pump_live live = link_live(l->conf);

	if (l->pump.pid <= 0 || l->state == LINK_CLOSING ||
	    memcmp(&live, before, sizeof(live)) == 0)
		return;
	/* One that does not read its orders is soon replaced by another. */
	if (!pump_proc_set(&l->pump, &live))
		log_debug("%s: the pump takes no orders", l->conf->name);
}

void
link_change(struct link *l, const struct conf_link *to, struct conf *holder)
{
	struct pump_live before = link_live(l->conf);
	bool wanted = is_wanted(l, to);
	bool other_retry = l->conf->retry_first_ms != to->retry_first_ms ||
	    l->conf->retry_max_ms != to->retry_max_ms;

	l->stopped = l->stopped && !is_switched(l, to);
	if (l->next.conf) {
		l->wanted = wanted;
		set_next(l, to, holder);
		return;
	}
	set_conf(l, to, holder);
	tell_pump(l, &before);
	if (other_retry && l->state == LINK_BACKOFF) {
		backoff_reset(&l->backoff);
		link_back_off(l);
	}
	if (wanted != l->wanted)
		(wanted ? link_start : link_stop)(l);
}

void
link_replace(struct link *l, const struct conf_link *to, struct conf *holder,
    bool new_interface)
{
	l->wanted = is_wanted(l, to);
	l->stopped = l->stopped && !is_switched(l, to);
	l->waiting = false;
	l->next.new_interface |= new_interface;
	set_next(l, to, holder);
	link_event(l, LINK_EV_STOP);
}

void
link_remove(struct link *l)
{
	l->wanted = false;
	l->waiting = false;
	l->leaving = true;
	link_event(l, LINK_EV_STOP);
}

bool
link_is_changing(const struct link *l)
{
	return l->leaving || l->next.conf;
}

/* What was found out about another port says nothing of this one. */
static void
forget_port(struct link *l)
{
	memset(&l->port, 0, sizeof(l->port));
	backoff_reset(&l->backoff);
	l->failures = 0;
	l->tried = 0;
	l->soon = 0;
	l->absent_told = false;
}

void
link_settle(struct link *l)
{
	if (l->leaving || l->next.new_interface)
		interface_delete(&l->interface, l->conf, l->env->netif);
	if (l->leaving)
		return;
	set_conf(l, l->next.conf, l->next.holder);
	conf_free(l->next.holder);
	memset(&l->next, 0, sizeof(l->next));
	forget_port(l);
	if (!l->wanted)
		interface_release(&l->interface);
	l->waiting = l->wanted && !l->interface.held_down;
}

void
link_go(struct link *l)
{
	l->waiting = false;
	link_event(l, LINK_EV_START);
}

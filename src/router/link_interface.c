/* What happens to the interface of a link beneath us. */
#include <errno.h>

#include "router/link_priv.h"

static void
interface_deleted(struct link *l)
{
	struct error err;

	interface_lost(&l->interface);
	error_set(&err, ENODEV, "interface %s was deleted", l->conf->interface);
	link_fail(l, &err);
	/* What somebody had set down is gone, and with it his wish. */
	if (l->state == LINK_DOWN ||
	    (l->state == LINK_CLOSING && l->after == LINK_DOWN))
		link_event(l, LINK_EV_START);
	else
		link_event(l, LINK_EV_FAILED);
}

static bool
is_deleted(const struct link *l)
{
	struct netif_state state;
	struct error err;

	return netif_get_index(
		   l->env->netif, l->interface.index, &state, &err) < 0 &&
	    err.code == ENODEV;
}

static void
interface_set_down(struct link *l)
{
	/* The kernel sets down what it deletes, and tells both. */
	if (is_deleted(l)) {
		interface_deleted(l);
		return;
	}
	l->interface.up = false;
	l->interface.held_down = true;
	link_say(l, LOG_LEVEL_WARN,
	    "interface %s was set down; the link pauses until: "
	    "ip link set %s up",
	    l->conf->interface, l->conf->interface);
	link_event(l, LINK_EV_STOP);
}

static void
interface_set_up(struct link *l)
{
	l->interface.up = true;
	if (!l->interface.held_down)
		return;
	l->interface.held_down = false;
	link_say(l, LOG_LEVEL_INFO, "interface %s was set up; the link goes on",
	    l->conf->interface);
	/* On the way, interface_make() puts back what the kernel took. */
	link_event(l, LINK_EV_START);
}

/* For the time when a link that is being changed runs again. */
static void
take_note(struct interface *i, const struct netwatch_event *ev)
{
	if (ev->kind == NETWATCH_DELETED) {
		interface_lost(i);
		return;
	}
	i->held_down = !ev->up && (i->up || i->held_down);
	i->up = ev->up;
}

void
link_interface_event(struct link *l, const struct netwatch_event *ev)
{
	if (l->interface.index == 0 || l->interface.index != ev->index)
		return;
	if (l->waiting || link_is_changing(l)) {
		take_note(&l->interface, ev);
		return;
	}
	if (!l->wanted)
		return;
	if (ev->kind == NETWATCH_DELETED)
		interface_deleted(l);
	else if (l->interface.up && !ev->up)
		interface_set_down(l);
	else if (!l->interface.up && ev->up)
		interface_set_up(l);
}

/* It may have been down and up again unseen: what the kernel took then is put
 * back. */
static void
put_settings_back(struct link *l)
{
	struct error err;

	if (!l->wanted || l->state == LINK_DOWN || l->interface.index == 0)
		return;
	if (interface_make(&l->interface, l->conf, l->env->netif, &err) < 0)
		log_debug("%s: %s", l->conf->name, err.text);
}

void
link_interface_resync(struct link *l)
{
	struct netwatch_event ev = { .kind = NETWATCH_CHANGED };
	struct netif_state state;
	struct error err;

	if (l->interface.index == 0)
		return;
	ev.index = l->interface.index;
	if (netif_get_index(l->env->netif, ev.index, &state, &err) < 0) {
		if (err.code != ENODEV) {
			log_debug("%s: %s", l->conf->name, err.text);
			return;
		}
		ev.kind = NETWATCH_DELETED;
	} else {
		ev.up = state.up;
	}
	link_interface_event(l, &ev);
	if (ev.up)
		put_settings_back(l);
}

/* What happens to the interface of a link beneath us. */
#include <errno.h>

#include "router/link_priv.h"

static void
interface_deleted(struct link *l)
{
	struct error err;

	interface_release(&l->interface);
	error_set(&err, ENODEV, "interface %s was deleted",
	    l->conf->interface);
	link_fail(l, &err);
	/* What somebody had set down is gone, and with it his wish. */
	if (l->state == LINK_DOWN ||
	    (l->state == LINK_CLOSING && l->after == LINK_DOWN))
		link_event(l, LINK_EV_START);
	else
		link_event(l, LINK_EV_FAILED);
}

static void
interface_set_down(struct link *l)
{
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

void
link_interface_event(struct link *l, const struct netwatch_event *ev)
{
	if (!l->wanted || l->interface.index == 0 ||
	    l->interface.index != ev->index)
		return;
	if (ev->kind == NETWATCH_DELETED)
		interface_deleted(l);
	else if (l->interface.up && !ev->up)
		interface_set_down(l);
	else if (!l->interface.up && ev->up)
		interface_set_up(l);
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
	if (netif_get(l->env->netif, l->conf->interface, &state, &err) < 0) {
		if (err.code != ENODEV) {
			log_debug("%s: %s", l->conf->name, err.text);
			return;
		}
		ev.kind = NETWATCH_DELETED;
	} else if (state.index != l->interface.index) {
		ev.kind = NETWATCH_DELETED;
	} else {
		ev.up = state.up;
	}
	link_interface_event(l, &ev);
}

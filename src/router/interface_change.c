/* An interface whose configuration changes while it is in use, or that goes. */
#include "base/log.h"
#include "os/tun.h"
#include "router/interface_priv.h"

static int
change_tun(struct interface *i, const struct conf_link *from,
    const struct conf_link *to, const struct netif_state *now,
    struct interface_undo *undo, struct error *err)
{
	if (from->persist != to->persist) {
		undo->persist = now->persist;
		if (tun_set_persist(i->fd, to->persist, err) < 0)
			return -1;
	}
	/* Nobody can be made the owner of nothing again. */
	if (from->owner != to->owner && to->owner != (uid_t)-1) {
		undo->owner = now->owner;
		if (tun_set_owner(i->fd, to->owner, err) < 0)
			return -1;
	}
	if (from->group != to->group && to->group != (gid_t)-1) {
		undo->group = now->group;
		if (tun_set_group(i->fd, to->group, err) < 0)
			return -1;
	}
	return 0;
}

int
interface_change(struct interface *i, const struct conf_link *from,
    const struct conf_link *to, struct netif *netif,
    struct interface_undo *undo, struct error *err)
{
	struct netif_state now;

	*undo = (struct interface_undo){ .done = true };
	if (i->index == 0)
		return 0;
	if (netif_get_index(netif, i->index, &now, err) < 0)
		return -1;
	if (i->as_is) {
		interface_tell_as_is(to, &now);
		return 0;
	}
	*undo = (struct interface_undo){ .netif = from->netif,
		.persist = to->persist,
		.owner = (uid_t)-1,
		.group = (gid_t)-1 };
	if (change_tun(i, from, to, &now, undo, err) < 0)
		return -1;
	if (netif_change(netif, i->index, &from->netif, &to->netif,
		&undo->netif, err) != 0)
		return -1;
	/* Perhaps that mended it. */
	if (i->degraded)
		interface_apply(i, to, netif, false);
	return 0;
}

void
interface_undo(struct interface *i, const struct conf_link *to,
    struct netif *netif, const struct interface_undo *undo)
{
	struct netif_settings was;
	struct error err;

	if (undo->done || i->index == 0)
		return;
	if (undo->persist != to->persist &&
	    tun_set_persist(i->fd, undo->persist, &err) < 0)
		log_debug("%s: undo: %s", to->name, err.text);
	if (undo->owner != (uid_t)-1 &&
	    tun_set_owner(i->fd, undo->owner, &err) < 0)
		log_debug("%s: undo: %s", to->name, err.text);
	if (undo->group != (gid_t)-1 &&
	    tun_set_group(i->fd, undo->group, &err) < 0)
		log_debug("%s: undo: %s", to->name, err.text);
	if (netif_change(
		netif, i->index, &to->netif, &undo->netif, &was, &err) != 0)
		log_warn("%s: not all could be undone: %s", to->name, err.text);
}

void
interface_delete(
    struct interface *i, const struct conf_link *conf, struct netif *netif)
{
	struct netif_state now;
	struct error err;

	if (i->index != 0 && !i->as_is &&
	    netif_get_index(netif, i->index, &now, &err) == 0 && now.ours) {
		if (netif_delete(netif, i->index, &err) == 0)
			log_info(
			    "%s: interface %s removed", conf->name, now.name);
		else
			log_warn("%s: %s", conf->name, err.text);
	}
	interface_release(i);
}

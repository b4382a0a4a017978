/* The interface of a link. */
#include "router/interface.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "os/privilege.h"
#include "os/tun.h"
#include "router/interface_priv.h"

void
interface_init(struct interface *i)
{
	memset(i, 0, sizeof(*i));
	i->fd = -1;
}

static int
explain_busy(struct interface *i, const char *name, struct error *err)
{
	char holder[64] = "another process";

	if (i->busy.code == 0) {
		tun_holder(name, holder, sizeof(holder));
		error_set(&i->busy, EBUSY, "interface %s is in use by %s", name,
		    holder);
	}
	*err = i->busy;
	return -1;
}

static int
explain_attach(struct interface *i, const char *name, struct error *err)
{
	if (err->code == EBUSY)
		return explain_busy(i, name, err);
	/* ip(8) gives none that exists to somebody else. */
	if (err->code == EPERM)
		return error_set(err, EPERM,
		    "interface %s does not belong to user %s: as root: ip "
		    "tuntap del mode tun dev %s && ip tuntap add mode tun user "
		    "%s dev %s && ip link set %s up",
		    name, privilege_user_name(), name, privilege_user_name(),
		    name, name);
	return -1;
}

/*
 * Whoever may open /dev/net/tun may attach to a persistent interface that
 * nobody owns, while we are away: one that we make is ours unless the
 * configuration gives it to somebody.
 */
static int
own(int fd, const struct conf_link *conf, const struct netif_state *before,
    struct error *err)
{
	if (before->index != 0 || conf->owner != (uid_t)-1 ||
	    conf->group != (gid_t)-1)
		return 0;
	return tun_set_owner(fd, geteuid(), err);
}

/* Another owner is corrected, and that is said. */
static int
set_owner(int fd, const struct conf_link *conf,
    const struct netif_state *before, struct error *err)
{
	if (conf->owner != (uid_t)-1 && before->owner != conf->owner) {
		if (tun_set_owner(fd, conf->owner, err) < 0)
			return -1;
		if (before->index != 0)
			log_info("%s: interface %s: owner changed to %u",
			    conf->name, conf->interface, conf->owner);
	}
	if (conf->group != (gid_t)-1 && before->group != conf->group) {
		if (tun_set_group(fd, conf->group, err) < 0)
			return -1;
		if (before->index != 0)
			log_info("%s: interface %s: group changed to %u",
			    conf->name, conf->interface, conf->group);
	}
	return 0;
}

static int
set_up_tun(int fd, const struct conf_link *conf,
    const struct netif_state *before, bool as_is, struct error *err)
{
	if (tun_set_carrier(fd, false, err) < 0)
		return -1;
	if (as_is)
		return 0;
	if (before->persist != conf->persist &&
	    tun_set_persist(fd, conf->persist, err) < 0)
		return -1;
	if (own(fd, conf, before, err) < 0)
		return -1;
	return set_owner(fd, conf, before, err);
}

void
interface_apply(struct interface *i, const struct conf_link *conf,
    struct netif *netif, bool set_up)
{
	struct error err;
	int refused;

	if (i->as_is)
		return;
	refused = netif_apply(netif, i->index, &conf->netif, set_up, &err);

	/* Told once, not at each try. */
	if (refused && (!i->degraded || strcmp(i->reason.text, err.text) != 0))
		log_warn("%s: degraded, %d setting%s refused: %s", conf->name,
		    refused, refused == 1 ? "" : "s", err.text);
	if (!refused && i->degraded)
		log_info("%s: all settings in place again", conf->name);
	i->degraded = refused > 0;
	if (refused)
		i->reason = err;
}

/* What there is before we attach; index 0: nothing. */
static int
look(const struct conf_link *conf, struct netif *netif,
    struct netif_state *state, struct error *err)
{
	if (netif_get(netif, conf->interface, state, err) < 0) {
		if (err->code != ENODEV)
			return -1;
		memset(state, 0, sizeof(*state));
		state->owner = (uid_t)-1;
		state->group = (gid_t)-1;
		return 0;
	}
	if (!state->tun)
		return error_set(err, EINVAL,
		    "interface %s exists and is not a TUN", conf->interface);
	return 0;
}

/* Which is not there; a descriptor of its own would make it go with us. */
static int
explain_missing(const char *name, struct error *err)
{
	const char *user = privilege_user_name();

	return error_set(err, EPERM,
	    "there is no interface %s, and making it takes CAP_NET_ADMIN: as "
	    "root: ip tuntap add mode tun user %s dev %s && ip link set %s up",
	    name, user, name, name);
}

/* What we made is marked when it is up: one of ours that is down later is so
 * by somebody's hand. */
static void
mark(const struct interface *i, const struct conf_link *conf,
    struct netif *netif)
{
	struct netif_state now;
	struct error err;

	if (netif_get(netif, conf->interface, &now, &err) < 0 ||
	    (now.up && netif_mark(netif, i->index, &err) < 0))
		log_warn("%s: %s", conf->name, err.text);
}

static int
open_tun(struct interface *i, const char *name, struct error *err)
{
	if (i->fd >= 0)
		return tun_attach(i->fd, name, err);
	i->fd = tun_open(name, err);
	return i->fd < 0 ? -1 : 0;
}

static void
close_tun(struct interface *i)
{
	if (i->fd >= 0)
		tun_close(i->fd);
	i->fd = -1;
}

static int
attach(struct interface *i, const struct conf_link *conf, struct netif *netif,
    struct error *err)
{
	bool as_is = !privilege_net_admin();
	struct netif_state before, now;

	if (look(conf, netif, &before, err) < 0)
		return -1;
	if (as_is && before.index == 0)
		return explain_missing(conf->interface, err);
	if (open_tun(i, conf->interface, err) < 0) {
		/* The capability may be for another network than this one. */
		if (err->code == EPERM && before.index == 0)
			return explain_missing(conf->interface, err);
		return explain_attach(i, conf->interface, err);
	}
	i->busy.code = 0;
	if (set_up_tun(i->fd, conf, &before, as_is, err) < 0 ||
	    netif_get(netif, conf->interface, &now, err) < 0) {
		close_tun(i);
		return -1;
	}
	i->index = now.index;
	i->up = before.index != 0 && before.up;
	i->carrier = false;
	i->degraded = false;
	i->as_is = as_is;

	i->held_down = (as_is || before.marked) && !before.up;
	if (as_is)
		interface_tell_as_is(conf, &now);
	interface_apply(i, conf, netif, !i->held_down);
	/* One that another daemon of ours made and lost goes on here. */
	if (before.index == 0 || (before.marked && !before.ours && !as_is))
		mark(i, conf, netif);
	log_debug("%s: %s interface %s, index %d", conf->name,
	    before.index == 0 ? "made" : "attached to", conf->interface,
	    i->index);
	return 0;
}

int
interface_make(struct interface *i, const struct conf_link *conf,
    struct netif *netif, struct error *err)
{
	if (i->index == 0)
		return attach(i, conf, netif, err);
	interface_apply(i, conf, netif, false);
	return 0;
}

void
interface_set_carrier(
    struct interface *i, const char *link, struct netif *netif, bool on)
{
	struct error err;

	if (i->index == 0 || i->carrier == on)
		return;
	if (tun_set_carrier(i->fd, on, &err) < 0) {
		log_debug("%s: %s", link, err.text);
		return;
	}
	i->carrier = on;
	if (!on && !i->as_is &&
	    netif_push_carrier_loss(netif, i->index, &err) < 0)
		log_debug("%s: %s", link, err.text);
}

void
interface_lost(struct interface *i)
{
	int fd;

	/* A pump may still have it; the next one comes after its end. */
	if (i->fd >= 0 && tun_attached(i->fd))
		close_tun(i);
	fd = i->fd;
	interface_init(i);
	i->fd = fd;
}

void
interface_release(struct interface *i)
{
	close_tun(i);
	interface_init(i);
}

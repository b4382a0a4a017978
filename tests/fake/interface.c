/* An interface without a kernel. */
#include "router/interface.h"

#include <errno.h>
#include <string.h>

#include "fake/fake.h"

struct fake_interface fake_interface;

void
interface_init(struct interface *i)
{
	memset(i, 0, sizeof(*i));
	i->fd = -1;
}

int
interface_make(struct interface *i, const struct conf_link *conf,
    struct netif *netif, struct error *err)
{
	(void)conf;
	(void)netif;
	if (fake_interface.refusal)
		return error_set(err, EBUSY, "%s", fake_interface.refusal);
	fake_interface.made++;
	i->fd = 0;
	i->index = 7;
	i->held_down = fake_interface.held_down;
	i->up = !i->held_down;
	return 0;
}

void
interface_set_carrier(
    struct interface *i, const char *link, struct netif *netif, bool on)
{
	(void)link;
	(void)netif;
	i->carrier = on;
	fake_interface.carrier = on;
}

void
interface_lost(struct interface *i)
{
	fake_interface.lost++;
	interface_init(i);
}

void
interface_release(struct interface *i)
{
	fake_interface.released++;
	interface_init(i);
}

int
interface_change(struct interface *i, const struct conf_link *from,
    const struct conf_link *to, struct netif *netif,
    struct interface_undo *undo, struct error *err)
{
	(void)i;
	(void)from;
	(void)to;
	(void)netif;
	undo->done = false;
	fake_interface.changed++;
	if (fake_interface.refusal)
		return error_set(err, EINVAL, "%s", fake_interface.refusal);
	return 0;
}

void
interface_undo(struct interface *i, const struct conf_link *to,
    struct netif *netif, const struct interface_undo *undo)
{
	(void)i;
	(void)to;
	(void)netif;
	(void)undo;
	fake_interface.undone++;
}

void
interface_delete(
    struct interface *i, const struct conf_link *conf, struct netif *netif)
{
	(void)conf;
	(void)netif;
	fake_interface.deleted++;
	interface_init(i);
}

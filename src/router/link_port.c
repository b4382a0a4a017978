/* The port of a link, as the supervisor sees it: is it there, is it what was
 * asked for. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "router/link_priv.h"

/* What has just appeared is tried again after so many ms: udev takes some to
 * set the owner and the mode of a node, and others look at it. */
static const unsigned soon_ms[] = { 10, 20, 50, 100, 200, 500, 1000, 2000 };
#define N_SOON (sizeof(soon_ms) / sizeof(soon_ms[0]))

uint64_t
link_port_sign(const struct link *l)
{
	const struct port_settings *port = &l->conf->port;

	if (port->device)
		return usb_node_sign(USB_SYSFS, port->device);
	usb_view_refresh(l->env->usb, clock_ms());
	return usb_view_sign(l->env->usb, &port->usb);
}

bool
link_fails_soon(const struct link *l, const struct error *err)
{
	if (l->soon == 0 || l->soon > N_SOON)
		return false;
	return err->code == EACCES || err->code == EPERM ||
	    err->code == EBUSY || err->code == EIO;
}

int64_t
link_soon_ms(struct link *l)
{
	return soon_ms[l->soon++ - 1];
}

bool
link_waits(const struct link *l)
{
	return l->state == LINK_ABSENT ||
	    (l->state == LINK_BACKOFF && l->port_failed);
}

void
link_look(struct link *l)
{
	uint64_t sign;

	if (!link_waits(l))
		return;
	sign = link_port_sign(l);
	if (sign == 0 && l->state == LINK_BACKOFF) {
		link_event(l, LINK_EV_ABSENT);
		return;
	}
	if (sign == 0 || sign == l->tried)
		return;
	/* A new one; what was there has become another. */
	if (l->state == LINK_ABSENT)
		l->soon = 1;
	link_event(l, LINK_EV_RETRY);
}

/* Without the name that the port has at the moment. */
static const char *
gist(const char *mismatch)
{
	const char *blank = strchr(mismatch, ' ');

	return blank ? blank : mismatch;
}

/* Once for each text: an adapter that comes back is what it was. */
void
link_warn_of_port(struct link *l)
{
	char text[sizeof(l->mismatch)];

	port_mismatch(&l->conf->port, &l->port, text, sizeof(text));
	if (text[0] && strcmp(gist(text), gist(l->mismatch)) != 0)
		link_say(l, LOG_LEVEL_WARN, "%s", text);
	memcpy(l->mismatch, text, sizeof(text));
}

/* What links wait for: watched, and looked at. */
#include "router/look.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "os/devwatch.h"

/* How often we look while a link waits: at the least; where nobody tells us of
 * changes; at the most, while something changes all the time. */
#define LOOK_MS 2000
#define UNTOLD_MS 500
#define GAP_MS 50

struct look {
	struct usb_view *usb;
	struct devwatch *devwatch;
	struct event *seen; /* NULL: nobody tells us of changes */
	struct event *timer;
	bool reason;       /* to look at everything */
	int64_t due_ms;    /* when the timer fires; 0: not pending */
	int64_t looked_ms; /* when we last looked */
	struct link *const *links;
	size_t n;
};

static void
look_within(struct look *l, int64_t delay_ms)
{
	struct timeval tv = { .tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000 };
	int64_t due_ms = clock_ms() + delay_ms;

	if (l->due_ms != 0 && l->due_ms <= due_ms)
		return;
	l->due_ms = due_ms;
	evtimer_add(l->timer, &tv);
}

void
look_soon(struct look *l)
{
	int64_t gap_ms = l->looked_ms + GAP_MS - clock_ms();

	l->reason = true;
	look_within(l, gap_ms > 0 ? gap_ms : 0);
}

static void
on_seen(evutil_socket_t fd, short what, void *arg)
{
	struct look *l = arg;

	(void)fd;
	(void)what;
	if (devwatch_read(l->devwatch))
		look_soon(l);
}

/* Has what links wait for watched. */
static void
watch(struct look *l)
{
	struct error err;
	bool usb = false;

	devwatch_begin(l->devwatch);
	for (size_t i = 0; i < l->n; i++) {
		struct link *link = l->links[i];
		const char *device = link->conf->port.device;

		if (!link_waits(link))
			continue;
		link->named = !device || devwatch_want(l->devwatch, device);
		usb |= !device;
	}
	if (usb)
		devwatch_want(l->devwatch, "/dev/tty");
	if (devwatch_end(l->devwatch, &err) < 0 && l->seen) {
		log_info("serial-routerd: ports are looked for twice a second: "
			 "%s (see fs.inotify in sysctl)",
		    err.text);
		event_free(l->seen);
		l->seen = NULL;
	}
}

static bool
any_waits(const struct look *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (link_waits(l->links[i]))
			return true;
	}
	return false;
}

/*
 * First what is watched, then what is there: nothing comes in between.  Without
 * a reason only names are looked at that are there and may have come to
 * something: hundreds that are not cost nothing.
 */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct look *l = arg;
	bool all = l->reason;

	(void)fd;
	(void)what;
	l->due_ms = 0;
	l->reason = false;
	l->looked_ms = clock_ms();
	if (!any_waits(l))
		return;
	look_within(l, l->seen ? LOOK_MS : UNTOLD_MS);
	all = devwatch_changed(l->devwatch) || all;
	if (all)
		watch(l);
	usb_view_expire(l->usb);
	for (size_t i = 0; i < l->n; i++) {
		if (all || l->links[i]->named)
			link_look(l->links[i]);
	}
}

struct look *
look_new(struct event_base *base, struct error *err)
{
	struct look *l = calloc(1, sizeof(*l));

	if (!l) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	l->usb = usb_view_new(USB_SYSFS);
	l->devwatch = devwatch_new();
	l->timer = evtimer_new(base, on_timer, l);
	if (l->devwatch)
		l->seen = event_new(base, devwatch_fd(l->devwatch),
		    EV_READ | EV_PERSIST, on_seen, l);
	if (!l->usb || !l->timer || !l->seen ||
	    (devwatch_fd(l->devwatch) >= 0 && event_add(l->seen, NULL) < 0)) {
		error_set(err, ENOMEM, "cannot watch devices");
		look_free(l);
		return NULL;
	}
	return l;
}

void
look_free(struct look *l)
{
	if (!l)
		return;
	if (l->seen)
		event_free(l->seen);
	if (l->timer)
		event_free(l->timer);
	devwatch_free(l->devwatch);
	usb_view_free(l->usb);
	free(l);
}

void
look_at(struct look *l, struct link *const *links, size_t n)
{
	l->links = links;
	l->n = n;
	look_soon(l);
}

struct usb_view *
look_usb(struct look *l)
{
	return l->usb;
}

static bool
asks_for(const struct port_settings *port, const struct port_info *info)
{
	char node[PATH_MAX];

	if (!port->device)
		return usb_match_meets(&port->usb, &info->adapter);
	return realpath(port->device, node) && strcmp(node, info->node) == 0;
}

/* Also one that is started right after this one. */
static bool
is_of_use(const struct link *l)
{
	return !l->leaving && (l->wanted || l->conf->enabled);
}

const char *
look_claimed(
    const struct look *l, const char *link, const struct port_info *port)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct link *other = l->links[i];

		if (is_of_use(other) && strcmp(other->conf->name, link) != 0 &&
		    asks_for(&other->conf->port, port))
			return other->conf->name;
	}
	return NULL;
}

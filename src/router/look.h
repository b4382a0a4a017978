/*
 * Looks at what links wait for: as soon as inotify(7) tells that something
 * changed there, and every two seconds besides.
 */
#ifndef SR_ROUTER_LOOK_H
#define SR_ROUTER_LOOK_H

#include <stddef.h>

#include "base/error.h"
#include "os/port.h"
#include "os/usb.h"
#include "router/link.h"

struct event_base;
struct look;

struct look *look_new(struct event_base *base, struct error *err);
void look_free(struct look *l); /* NULL is allowed */

/* Of these links from now on; the array is the caller's. */
void look_at(struct look *l, struct link *const *links, size_t n);

/* A link may have begun to wait, or something changed. */
void look_soon(struct look *l);

/* What the links share of what was seen. */
struct usb_view *look_usb(struct look *l);

/* A link other than that one, enabled or started, which asks for a port, too; NULL: there
 * is none.  Takes file system calls: for the pump's process. */
const char *look_claimed(
    const struct look *l, const char *link, const struct port_info *port);

#endif

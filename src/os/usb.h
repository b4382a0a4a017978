/*
 * Which terminal is which USB adapter, as sysfs tells it; see sysfs(5) and
 * Documentation/ABI/stable/sysfs-bus-usb.
 *
 * Opens no device.  What an adapter says of itself is hostile: strings are cut
 * and terminated, but hold whatever bytes it has sent.
 */
#ifndef SR_OS_USB_H
#define SR_OS_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define USB_SYSFS "/sys"

/* 126 UTF-16 units as UTF-8, the longest string a descriptor holds. */
#define USB_STRING_SIZE 379
#define USB_PLACE_SIZE 64
#define USB_NAME_SIZE 64

#define USB_ANY UINT32_MAX /* of a number: not asked for, or not known */

/* What an adapter is known by. */
struct usb_adapter {
	uint32_t vendor, product;     /* 0 to 0xffff */
	uint32_t function;            /* number of the interface, or USB_ANY */
	char place[USB_PLACE_SIZE];   /* "1-1.2": bus, ports; "": no USB */
	char serial[USB_STRING_SIZE]; /* "": it has none */
};

/* A terminal with a device behind it. */
struct usb_port {
	char name[USB_NAME_SIZE]; /* "ttyUSB0" */
	dev_t rdev;
	ino_t ino; /* of its directory in sysfs: another one after a replug */
	char driver[USB_NAME_SIZE]; /* "": none is named */
	struct usb_adapter adapter;
	char maker[USB_STRING_SIZE], model[USB_STRING_SIZE];
};

/* What is asked of an adapter: "" and USB_ANY ask nothing. */
struct usb_match {
	uint32_t vendor, product, function;
	char serial[USB_STRING_SIZE];
	char path[USB_PLACE_SIZE];
};

/* Whether anything is asked. */
bool usb_match_is_set(const struct usb_match *m);

/* Whether an adapter is what is asked for.  What is on no USB never is. */
bool usb_match_meets(const struct usb_match *m, const struct usb_adapter *a);

/* Whether whatever meets a meets b, too. */
bool usb_match_within(const struct usb_match *a, const struct usb_match *b);

/* "serial ABC, place 1-1.2" into buf; returns buf. */
const char *usb_match_text(const struct usb_match *m, char *buf, size_t size);

/* Whether text has the form of a place. */
bool usb_is_place(const char *text);

/* Takes one terminal; false: enough. */
typedef bool usb_take(void *arg, const struct usb_port *port);

/*
 * Tells of each terminal below sysfs that has a device, in no order.  Without
 * strings, serial, maker and model stay empty: the kernel may make whoever
 * reads them wait for a sick device.
 */
void usb_each(const char *sysfs, bool strings, usb_take *take, void *arg);

/*
 * The one terminal that is asked for.  -1, with err->code ENOENT where there is
 * none, ENOTUNIQ where there are several; the text then names two.
 */
int usb_find(const char *sysfs, const struct usb_match *m,
    struct usb_port *port, struct error *err);

/* What is known of the terminal with that device number; false: nothing. */
bool usb_look_up(const char *sysfs, dev_t rdev, struct usb_port *port);

/*
 * What of that the supervisor may look at again and again: without strings,
 * which take locks of the kernel.
 */
struct usb_view;

struct usb_view *usb_view_new(const char *sysfs); /* NULL: no memory */
void usb_view_free(struct usb_view *v);           /* NULL is allowed */

/* Looks, unless it has less than USB_VIEW_MS ago; after usb_view_expire() in
 * any case. */
#define USB_VIEW_MS 20
void usb_view_refresh(struct usb_view *v, int64_t now_ms);
void usb_view_expire(struct usb_view *v);

/*
 * A number for the terminals that may be what is asked for (serial numbers are
 * not looked at) and have a node in /dev: another one after a change of them or
 * of the right to open them.  0: there are none.
 */
uint64_t usb_view_sign(const struct usb_view *v, const struct usb_match *m);

/* The same of a node by its path; where it cannot be looked at, of the reason.
 * 0: it is not there, or sysfs knows of no device behind it. */
uint64_t usb_node_sign(const char *sysfs, const char *path);

#endif

/* Which node a port is: by its path, or by what its USB adapter is. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "os/port.h"

/* Unix98 pty slaves, Documentation/admin-guide/devices.txt. */
#define PTY_MAJOR_FIRST 136
#define PTY_MAJOR_LAST 143

const char *
port_text(const struct port_settings *s, char *buf, size_t size)
{
	char asked[128];

	if (s->device)
		snprintf(buf, size, "port %s", s->device);
	else
		snprintf(buf, size, "USB adapter with %s",
		    usb_match_text(&s->usb, asked, sizeof(asked)));
	return buf;
}

bool
port_same(const struct port_settings *a, const struct port_settings *b)
{
	if (a->device && b->device)
		return strcmp(a->device, b->device) == 0;
	return !a->device && !b->device &&
	    (usb_match_within(&a->usb, &b->usb) ||
		usb_match_within(&b->usb, &a->usb));
}

/* Looks before it opens: opening the wrong device may do things. */
static int
find_node(const char *device, struct port_info *info, struct error *err)
{
	char node[PATH_MAX];
	struct stat st;

	if (!realpath(device, node))
		return error_errno(err, "port %s", device);
	if (stat(node, &st) < 0)
		return error_errno(err, "port %s", node);
	if (!S_ISCHR(st.st_mode))
		return error_set(err, ENOTTY,
		    "port %s: not a serial port (not a character device)",
		    node);
	if (strlen(node) >= sizeof(info->node))
		return error_set(
		    err, ENAMETOOLONG, "port %s: path too long", node);
	strcpy(info->node, node);
	info->rdev = st.st_rdev;
	info->pty = major(st.st_rdev) >= PTY_MAJOR_FIRST &&
	    major(st.st_rdev) <= PTY_MAJOR_LAST;
	return 0;
}

static void
describe(struct port_info *info, const struct usb_port *port)
{
	memcpy(info->driver, port->driver, sizeof(info->driver));
	info->adapter = port->adapter;
}

static int
find_adapter(
    const struct usb_match *m, struct port_info *info, struct error *err)
{
	char path[sizeof("/dev/") + USB_NAME_SIZE];
	struct usb_port port;

	if (usb_find(USB_SYSFS, m, &port, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/dev/%s", port.name);
	if (find_node(path, info, err) < 0)
		return -1;
	/* Without udev, as in a container, a node may be somebody else's. */
	if (info->rdev != port.rdev)
		return error_set(err, ENODEV,
		    "port %s is not the node of device %u:%u, the USB adapter",
		    info->node, major(port.rdev), minor(port.rdev));
	describe(info, &port);
	return 0;
}

int
port_find(
    const struct port_settings *s, struct port_info *info, struct error *err)
{
	struct usb_port port;

	memset(info, 0, sizeof(*info));
	if (!s->device)
		return find_adapter(&s->usb, info, err);
	if (find_node(s->device, info, err) < 0)
		return -1;
	if (usb_look_up(USB_SYSFS, info->rdev, &port))
		describe(info, &port);
	return 0;
}

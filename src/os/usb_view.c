/* Which terminals there are, cheaply and without waiting. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "os/usb.h"

/* Unix98 pty slaves: they have no place in sysfs. */
#define PTY_MAJOR_FIRST 136
#define PTY_MAJOR_LAST 143

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

struct usb_view {
	const char *sysfs;
	struct usb_port *ports;
	size_t n, size;
	bool fresh;
	int64_t looked_ms;
};

struct usb_view *
usb_view_new(const char *sysfs)
{
	struct usb_view *v = calloc(1, sizeof(*v));

	if (v)
		v->sysfs = sysfs;
	return v;
}

void
usb_view_free(struct usb_view *v)
{
	if (!v)
		return;
	free(v->ports);
	free(v);
}

/* Without memory the rest waits for the next look. */
static bool
take_port(void *arg, const struct usb_port *port)
{
	struct usb_view *v = arg;
	size_t size = v->size ? 2 * v->size : 4;
	struct usb_port *more;

	if (!port->adapter.place[0])
		return true;
	if (v->n == v->size) {
		more = reallocarray(v->ports, size, sizeof(*more));
		if (!more)
			return false;
		v->ports = more;
		v->size = size;
	}
	v->ports[v->n++] = *port;
	return true;
}

void
usb_view_expire(struct usb_view *v)
{
	v->fresh = false;
}

void
usb_view_refresh(struct usb_view *v, int64_t now_ms)
{
	if (v->fresh && now_ms - v->looked_ms < USB_VIEW_MS)
		return;
	v->fresh = true;
	v->looked_ms = now_ms;
	v->n = 0;
	usb_each(v->sysfs, false, take_port, v);
}

static uint64_t
mix(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *byte = data;

	while (len-- > 0)
		hash = (hash ^ *byte++) * FNV_PRIME;
	return hash;
}

/* Who may open a node, and when that was changed. */
static uint64_t
sign_of_stat(const struct stat *st)
{
	uint64_t fields[] = { st->st_dev, st->st_ino, st->st_rdev, st->st_mode,
		st->st_uid, st->st_gid, st->st_ctim.tv_sec,
		st->st_ctim.tv_nsec };

	return mix(FNV_BASIS, fields, sizeof(fields)) | 1;
}

static uint64_t
sign_of_port(const struct usb_port *port)
{
	char path[sizeof("/dev/") + USB_NAME_SIZE];
	struct stat st;
	uint64_t sign;

	snprintf(path, sizeof(path), "/dev/%s", port->name);
	if (stat(path, &st) < 0)
		return 0;
	sign = sign_of_stat(&st);
	return mix(sign, &port->ino, sizeof(port->ino)) | 1;
}

/* In whatever order they come. */
uint64_t
usb_view_sign(const struct usb_view *v, const struct usb_match *m)
{
	struct usb_match maybe = *m;
	uint64_t sign = 0;
	bool found = false;

	maybe.serial[0] = '\0';
	for (size_t i = 0; i < v->n; i++) {
		uint64_t one;

		if (!usb_match_meets(&maybe, &v->ports[i].adapter))
			continue;
		one = sign_of_port(&v->ports[i]);
		sign += one;
		found |= one != 0;
	}
	/* Two odd numbers may add up to 0. */
	return found && sign == 0 ? 1 : sign;
}

/* A node that outlives its device, as in a container. */
static bool
is_vacant(const char *sysfs, const struct stat *st)
{
	unsigned number = major(st->st_rdev);
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/dev/char", sysfs);

	if (!S_ISCHR(st->st_mode) ||
	    (number >= PTY_MAJOR_FIRST && number <= PTY_MAJOR_LAST) ||
	    len >= (int)sizeof(path) - 32 || access(path, F_OK) < 0)
		return false;
	snprintf(path + len, sizeof(path) - len, "/%u:%u", number,
	    minor(st->st_rdev));
	return access(path, F_OK) < 0 && errno == ENOENT;
}

uint64_t
usb_node_sign(const char *sysfs, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return is_vacant(sysfs, &st) ? 0 : sign_of_stat(&st);
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return errno;
}

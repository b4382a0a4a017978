/* USB adapters, as sysfs tells of them. */
#include "os/usb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* More entries than any machine has terminals. */
#define ENTRIES_MAX 65536

bool
usb_match_is_set(const struct usb_match *m)
{
	return m->vendor != USB_ANY || m->product != USB_ANY ||
	    m->function != USB_ANY || m->serial[0] || m->path[0];
}

static bool
meets(uint32_t asked, uint32_t is)
{
	return asked == USB_ANY || asked == is;
}

static bool
meets_text(const char *asked, const char *is)
{
	return !asked[0] || strcmp(asked, is) == 0;
}

bool
usb_match_meets(const struct usb_match *m, const struct usb_adapter *a)
{
	return a->place[0] && meets(m->vendor, a->vendor) &&
	    meets(m->product, a->product) && meets(m->function, a->function) &&
	    meets_text(m->serial, a->serial) && meets_text(m->path, a->place);
}

bool
usb_match_within(const struct usb_match *a, const struct usb_match *b)
{
	return meets(b->vendor, a->vendor) && meets(b->product, a->product) &&
	    meets(b->function, a->function) &&
	    meets_text(b->serial, a->serial) && meets_text(b->path, a->path);
}

__attribute__((format(printf, 3, 4))) static void
append(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	if (len > 0)
		len += snprintf(buf + len, size - len, ", ");
	if (len >= size)
		return;
	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

const char *
usb_match_text(const struct usb_match *m, char *buf, size_t size)
{
	buf[0] = '\0';
	if (m->serial[0])
		append(buf, size, "serial %s", m->serial);
	if (m->path[0])
		append(buf, size, "place %s", m->path);
	if (m->vendor != USB_ANY)
		append(buf, size, "vendor 0x%04x", m->vendor);
	if (m->product != USB_ANY)
		append(buf, size, "product 0x%04x", m->product);
	if (m->function != USB_ANY)
		append(buf, size, "function %u", m->function);
	return buf;
}

bool
usb_is_place(const char *text)
{
	size_t n = strspn(text, "0123456789");
	const char *sign = "-";

	if (n == 0 || strlen(text) >= USB_PLACE_SIZE || text[n] != '-')
		return false;
	while (text[n]) {
		if (!strchr(sign, text[n]))
			return false;
		text += n + 1;
		n = strspn(text, "0123456789");
		if (n == 0)
			return false;
		sign = ".";
	}
	return true;
}

/* Reads an attribute as text, without the newline that the kernel puts behind
 * it.  Whatever else is there in its place is not opened for long. */
static bool
read_text(const char *directory, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t len = -1;
	int fd;

	buf[0] = '\0';
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) >=
	    sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		len = read(fd, buf, size - 1);
	close(fd);
	if (len <= 0) {
		buf[0] = '\0';
		return false;
	}
	buf[len] = '\0';
	if (buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return true;
}

/* A number of at most four digits: what a 16-bit attribute holds. */
static uint32_t
read_number(const char *directory, const char *name)
{
	char text[8];
	uint32_t n = 0;

	if (!read_text(directory, name, text, sizeof(text)) || !text[0] ||
	    strlen(text) > 4)
		return USB_ANY;
	for (const char *c = text; *c; c++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, *c);

		if (!digit)
			return USB_ANY;
		n = n << 4 | (uint32_t)(digit - digits);
	}
	return n;
}

static bool
read_rdev(const char *directory, dev_t *rdev)
{
	char text[32];
	unsigned major, minor;
	int end = 0;

	if (!read_text(directory, "dev", text, sizeof(text)) ||
	    sscanf(text, "%10u:%10u%n", &major, &minor, &end) != 2 || text[end])
		return false;
	*rdev = makedev(major, minor);
	return true;
}

/* The last component of a path; false: it is too long. */
static bool
copy_name(char *buf, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len;

	if (slash)
		path = slash + 1;
	len = strlen(path);
	if (len == 0 || len >= size)
		return false;
	memcpy(buf, path, len + 1);
	return true;
}

static void
read_driver(const char *device, struct usb_port *port)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	if (port->driver[0] ||
	    (size_t)snprintf(path, sizeof(path), "%s/driver", device) >=
		sizeof(path))
		return;
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = '\0';
	/* What newer kernels put between a UART and its driver. */
	if (strstr(target, "/serial-base/"))
		return;
	if (!copy_name(port->driver, sizeof(port->driver), target))
		port->driver[0] = '\0';
}

/* Whether the device is the whole adapter, and not a function of it. */
static bool
read_adapter(const char *device, bool strings, struct usb_port *port)
{
	struct usb_adapter *a = &port->adapter;
	uint32_t vendor = read_number(device, "idVendor");
	uint32_t product = read_number(device, "idProduct");

	if (vendor == USB_ANY || product == USB_ANY ||
	    !copy_name(a->place, sizeof(a->place), device) ||
	    !usb_is_place(a->place)) {
		a->place[0] = '\0';
		return false;
	}
	a->vendor = vendor;
	a->product = product;
	if (!strings)
		return true;
	read_text(device, "serial", a->serial, sizeof(a->serial));
	read_text(device, "manufacturer", port->maker, sizeof(port->maker));
	read_text(device, "product", port->model, sizeof(port->model));
	return true;
}

/* From the device of a terminal up to the adapter: port of a usb-serial
 * adapter, function, adapter.  device is cut on the way. */
static void
climb(char *device, size_t root_len, bool strings, struct usb_port *port)
{
	struct usb_adapter *a = &port->adapter;

	while (strlen(device) > root_len) {
		read_driver(device, port);
		if (a->function == USB_ANY)
			a->function = read_number(device, "bInterfaceNumber");
		if (read_adapter(device, strings, port))
			return;
		*strrchr(device, '/') = '\0';
	}
	a->function = USB_ANY;
}

/* A port of the kernel's list of 8250s that no hardware was found for. */
static bool
is_vacant(const char *directory)
{
	char text[16];

	return read_text(directory, "type", text, sizeof(text)) &&
	    strcmp(text, "0") == 0;
}

/* tty0, tty63: terminals of the screen, and there are many. */
static bool
is_screen(const char *name)
{
	return strncmp(name, "tty", 3) == 0 &&
	    !name[3 + strspn(name + 3, "0123456789")];
}

/* directory: that of the terminal itself, "/sys/class/tty/ttyUSB0". */
static bool
read_port(const char *root, const char *directory, const char *name,
    bool strings, struct usb_port *port)
{
	char path[PATH_MAX], device[PATH_MAX];
	size_t root_len = strlen(root);
	struct stat st;

	memset(port, 0, sizeof(*port));
	port->adapter.vendor = USB_ANY;
	port->adapter.product = USB_ANY;
	port->adapter.function = USB_ANY;
	if (!copy_name(port->name, sizeof(port->name), name) ||
	    (size_t)snprintf(path, sizeof(path), "%s/device", directory) >=
		sizeof(path))
		return false;
	/* Most have none: consoles.  What leads out of sysfs is none of its
	 * devices. */
	if (access(path, F_OK) < 0 || !realpath(path, device) ||
	    strncmp(device, root, root_len) != 0 || device[root_len] != '/')
		return false;
	if (!read_rdev(directory, &port->rdev) || is_vacant(directory) ||
	    stat(directory, &st) < 0)
		return false;
	port->ino = st.st_ino;
	climb(device, root_len, strings, port);
	return true;
}

void
usb_each(const char *sysfs, bool strings, usb_take *take, void *arg)
{
	char root[PATH_MAX], path[PATH_MAX];
	const struct dirent *entry;
	struct usb_port port;
	bool more = true;
	DIR *dir;

	if (!realpath(sysfs, root) ||
	    (size_t)snprintf(path, sizeof(path), "%s/class/tty", root) >=
		sizeof(path))
		return;
	dir = opendir(path);
	if (!dir)
		return;
	for (int i = 0; more && i < ENTRIES_MAX; i++) {
		entry = readdir(dir);
		if (!entry)
			break;
		if (entry->d_name[0] == '.' || is_screen(entry->d_name) ||
		    (size_t)snprintf(path, sizeof(path), "%s/class/tty/%s",
			root, entry->d_name) >= sizeof(path))
			continue;
		if (read_port(root, path, entry->d_name, strings, &port))
			more = take(arg, &port);
	}
	closedir(dir);
}

struct search {
	const struct usb_match *match;
	struct usb_port *first;
	char second[USB_NAME_SIZE];
	unsigned found;
};

static bool
take_match(void *arg, const struct usb_port *port)
{
	struct search *s = arg;

	if (!usb_match_meets(s->match, &port->adapter))
		return true;
	s->found++;
	if (s->found == 1)
		*s->first = *port;
	else
		memcpy(s->second, port->name, sizeof(s->second));
	return s->found < 2;
}

int
usb_find(const char *sysfs, const struct usb_match *m, struct usb_port *port,
    struct error *err)
{
	struct search s = { .match = m, .first = port };
	char text[128];

	usb_each(sysfs, true, take_match, &s);
	usb_match_text(m, text, sizeof(text));
	if (s.found == 0)
		return error_set(
		    err, ENOENT, "no port of a USB adapter with %s", text);
	if (s.found == 1)
		return 0;
	return error_set(err, ENOTUNIQ,
	    "both %s and %s are ports of a USB adapter with %s: say more of "
	    "the one, see serial-routerd --list-ports",
	    port->name, s.second, text);
}

bool
usb_look_up(const char *sysfs, dev_t rdev, struct usb_port *port)
{
	char root[PATH_MAX], path[PATH_MAX], directory[PATH_MAX];

	if (!realpath(sysfs, root) ||
	    (size_t)snprintf(path, sizeof(path), "%s/dev/char/%u:%u", root,
		major(rdev), minor(rdev)) >= sizeof(path) ||
	    !realpath(path, directory))
		return false;
	return read_port(root, directory, directory, true, port) &&
	    port->rdev == rdev;
}

/* The serial ports of this machine, listed. */
#include "router/ports.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/terminal.h"
#include "os/usb.h"

/* What a line can do with any adapter, an Arduino UNO too. */
#define BAUD 115200

struct ports {
	struct usb_port *list;
	size_t n, size;
	bool no_memory;
	const char *sysfs, *dev;
	const struct conf *conf;
	FILE *out;
};

/* Whether a name can be part of a path in a configuration. */
static bool
is_plain(const char *name)
{
	while (*name >= 0x20 && *name < 0x7f)
		name++;
	return !*name;
}

static bool
take(void *arg, const struct usb_port *port)
{
	struct ports *p = arg;
	size_t size = p->size ? 2 * p->size : 16;
	struct usb_port *more;

	if (!is_plain(port->name))
		return true;
	if (p->n == p->size) {
		more = reallocarray(p->list, size, sizeof(*more));
		if (!more) {
			p->no_memory = true;
			return false;
		}
		p->list = more;
		p->size = size;
	}
	p->list[p->n++] = *port;
	return true;
}

/* ttyUSB9 before ttyUSB10. */
static int
compare(const void *a, const void *b)
{
	const struct usb_port *pa = a, *pb = b;

	return strverscmp(pa->name, pb->name);
}

static void
put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			fputc(c, out);
		else
			fprintf(out, "\\x%02x", c);
	}
}

static size_t
count(const struct ports *p, const struct usb_match *m)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += usb_match_meets(m, &p->list[i].adapter);
	return n;
}

/* What finds this adapter and no other that is there: it by its serial number,
 * wherever it is plugged in; else whatever is in its place. */
static bool
choose(const struct ports *p, const struct usb_adapter *a, struct usb_match *m)
{
	static const struct usb_match any = {
		.vendor = USB_ANY, .product = USB_ANY, .function = USB_ANY
	};

	*m = any;
	m->vendor = a->vendor;
	m->product = a->product;
	memcpy(m->serial, a->serial, sizeof(m->serial));
	if (m->serial[0] && count(p, m) == 1)
		return true;
	m->function = a->function;
	if (m->serial[0] && count(p, m) == 1)
		return true;
	*m = any;
	memcpy(m->path, a->place, sizeof(m->path));
	if (count(p, m) == 1)
		return true;
	m->function = a->function;
	return count(p, m) == 1;
}

/* The name that udev made of what the adapter says, into name; "" where there
 * is none. */
static const char *
find_by_id(
    const struct ports *p, const struct usb_port *port, char *name, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	name[0] = '\0';
	snprintf(path, sizeof(path), "%s/serial/by-id", p->dev);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t len = readlinkat(
		    dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		const char *slash;

		if (len <= 0 || !is_plain(entry->d_name))
			continue;
		target[len] = '\0';
		slash = strrchr(target, '/');
		found = strcmp(slash ? slash + 1 : target, port->name) == 0;
		if (found)
			snprintf(name, size, PORTS_DEV "/serial/by-id/%s",
			    entry->d_name);
	}
	if (dir)
		closedir(dir);
	return name;
}

static bool
is_node(const char *device, const char *node)
{
	char real[PATH_MAX];

	return strcmp(device, node) == 0 ||
	    (realpath(device, real) && strcmp(real, node) == 0);
}

static bool
has(const struct conf_link *link, const struct usb_port *port,
    const char *by_id)
{
	char node[PATH_MAX];

	if (!link->port.device)
		return usb_match_meets(&link->port.usb, &port->adapter);
	snprintf(node, sizeof(node), PORTS_DEV "/%s", port->name);
	return is_node(link->port.device, node) ||
	    strcmp(link->port.device, by_id) == 0;
}

/* How many links have it. */
static size_t
put_links(const struct ports *p, const struct usb_port *port, const char *by_id)
{
	size_t n = 0;

	if (!p->conf)
		return 0;
	for (size_t i = 0; i < p->conf->n_links; i++) {
		const struct conf_link *link = &p->conf->links[i];

		if (has(link, port, by_id))
			fprintf(p->out, "%s %s",
			    n++ ? " and" : "\tlink:", link->name);
	}
	if (n > 1)
		fputs(": one of them has to ask for another", p->out);
	fputs(n ? "\n" : "\tlink: none\n", p->out);
	return n;
}

static void
put_match(const struct usb_match *m, FILE *out)
{
	fputs("usb = { ", out);
	if (m->vendor != USB_ANY)
		fprintf(out, "vendor = 0x%04x; product = 0x%04x; ", m->vendor,
		    m->product);
	if (m->serial[0]) {
		fputs("serial = \"", out);
		put_text(out, m->serial);
		fputs("\"; ", out);
	}
	if (m->path[0])
		fprintf(out, "path = \"%s\"; ", m->path);
	if (m->function != USB_ANY)
		fprintf(out, "function = %u; ", m->function);
	fputs("}; ", out);
}

static void
put_group(const struct ports *p, const struct usb_port *port, const char *by_id)
{
	struct usb_match m;

	fputs("port = { ", p->out);
	if (port->adapter.place[0] && choose(p, &port->adapter, &m)) {
		put_match(&m, p->out);
	} else {
		fputs("device = \"", p->out);
		put_text(p->out, by_id[0] ? by_id : PORTS_DEV "/");
		put_text(p->out, by_id[0] ? "" : port->name);
		fputs("\"; ", p->out);
	}
	fprintf(p->out, "baud = %u; };\n", BAUD);
}

static void
put_line(FILE *out, const char *key, const char *text)
{
	if (!text[0])
		return;
	fprintf(out, "\t%s: ", key);
	put_text(out, text);
	fputc('\n', out);
}

static void
put_adapter(FILE *out, const struct usb_port *port)
{
	const struct usb_adapter *a = &port->adapter;

	if (!a->place[0])
		return;
	fprintf(out, "\tusb: %04x:%04x\n", a->vendor, a->product);
	put_line(out, "maker", port->maker);
	put_line(out, "model", port->model);
	put_line(out, "serial", a->serial);
	put_line(out, "place", a->place);
	if (a->function != USB_ANY)
		fprintf(out, "\tfunction: %u\n", a->function);
}

/* Where the kernel writes its messages a link would be refused. */
static bool
is_console(const struct ports *p, const struct usb_port *port)
{
	char classes[PATH_MAX];

	snprintf(classes, sizeof(classes), "%s/class/tty", p->sysfs);
	return terminal_refuse_console(port->name, port->rdev, classes, NULL) <
	    0;
}

/* Whether it is one for a link, and has none. */
static bool
put_port(const struct ports *p, const struct usb_port *port)
{
	char by_id[PATH_MAX];
	bool idle;

	find_by_id(p, port, by_id, sizeof(by_id));
	fputs(PORTS_DEV "/", p->out);
	put_text(p->out, port->name);
	fputc('\n', p->out);
	put_line(p->out, "driver", port->driver);
	put_adapter(p->out, port);
	put_line(p->out, "by-id", by_id);
	idle = put_links(p, port, by_id) == 0;
	if (is_console(p, port)) {
		fputs(
		    "\tthe kernel's console: it can have no link\n\n", p->out);
		return false;
	}
	fputc('\t', p->out);
	put_group(p, port, by_id);
	fputc('\n', p->out);
	return idle;
}

static void
put_file(const struct ports *p, const struct usb_port *port)
{
	char by_id[PATH_MAX];

	find_by_id(p, port, by_id, sizeof(by_id));
	fputs("A whole file for ", p->out);
	put_text(p->out, port->name);
	fputs("; for the other end with its own port, and local and peer "
	      "exchanged:\n\nlinks = (\n\t{\n\t\tname = \"line0\";\n\t\t",
	    p->out);
	put_group(p, port, by_id);
	fputs("\t\tinterface = {\n\t\t\taddresses = ( { local = "
	      "\"10.64.0.1\"; peer = \"10.64.0.2\"; } );\n\t\t};\n\t}\n"
	      ");\n",
	    p->out);
}

int
ports_print(FILE *out, const char *sysfs, const char *dev,
    const struct conf *conf, struct error *err)
{
	struct ports p = {
		.sysfs = sysfs, .dev = dev, .conf = conf, .out = out
	};
	const struct usb_port *first = NULL;

	usb_each(sysfs, true, take, &p);
	if (p.no_memory) {
		free(p.list);
		return error_set(err, ENOMEM, "no memory");
	}
	if (p.n > 0)
		qsort(p.list, p.n, sizeof(*p.list), compare);
	else
		fputs("No serial port is there.\n", out);
	for (size_t i = 0; i < p.n; i++) {
		if (put_port(&p, &p.list[i]) && !first)
			first = &p.list[i];
	}
	if (first)
		put_file(&p, first);
	free(p.list);
	return 0;
}

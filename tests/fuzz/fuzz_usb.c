/*
 * Names and strings of sysfs: whatever is there, looking at it neither crashes
 * nor spins, what is told is terminated, and what is listed is printable and
 * comes back as a configuration.
 *
 * The input is a list of steps, each a byte that says what to make, a byte that
 * says where, a byte with a length, and so many bytes of content or of a name.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/usb.h"
#include "router/ports.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADAPTER "devices/usb1/1-1.2"
#define FUNCTION ADAPTER "/1-1.2:1.0"
#define TTY FUNCTION "/ttyUSB0/tty/ttyUSB0"

/* What the kernel would write there, and the input does instead. */
static const char *const files[] = { ADAPTER "/idVendor", ADAPTER "/idProduct",
	ADAPTER "/serial", ADAPTER "/manufacturer", ADAPTER "/product",
	FUNCTION "/bInterfaceNumber", TTY "/dev", TTY "/type" };

/* Whose target the input is. */
static const char *const links[] = { FUNCTION "/driver",
	FUNCTION "/ttyUSB0/driver", TTY "/device", "class/tty/x",
	"dev/char/188:0", "dev/serial/by-id/x" };

#define N_FILES (sizeof(files) / sizeof(files[0]))
#define N_LINKS (sizeof(links) / sizeof(links[0]))

enum { STEP_FILE, STEP_LINK, STEP_NAME, STEP_REMOVE, STEPS };

static char root[] = "/dev/shm/fuzz_usb.XXXXXX";
static char *made[64]; /* names in class/tty, to be removed */
static size_t n_made;

static void
write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	MUST(write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

static void
clean_up(void)
{
	char command[64];

	MUST(chdir("/") == 0);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	MUST(system(command) == 0);
}

/* The tree of an honest adapter. */
static void
restore(void)
{
	static const char *const texts[N_FILES] = { "0403\n", "6001\n", "A1\n",
		"FTDI\n", "USB\n", "00\n", "188:0\n", "4\n" };
	static const char *const targets[N_LINKS] = { "../../drivers/ftdi",
		"../../drivers/ftdi_sio", "../../../ttyUSB0", "../../devices",
		"../../" TTY, "../../ttyUSB0" };

	while (n_made > 0) {
		unlink(made[--n_made]);
		free(made[n_made]);
	}
	for (size_t i = 0; i < N_FILES; i++) {
		unlink(files[i]);
		write_file(files[i], texts[i], strlen(texts[i]));
	}
	for (size_t i = 0; i < N_LINKS; i++) {
		unlink(links[i]);
		MUST(symlink(targets[i], links[i]) == 0);
	}
	unlink("class/tty/ttyUSB0");
	MUST(symlink("../../" TTY, "class/tty/ttyUSB0") == 0);
}

static void
set_up(void)
{
	static const char *const directories[] = { "class", "class/tty",
		"devices", "devices/usb1", ADAPTER, FUNCTION,
		FUNCTION "/ttyUSB0", FUNCTION "/ttyUSB0/tty", TTY, "dev",
		"dev/char", "dev/serial", "dev/serial/by-id" };

	MUST(mkdtemp(root) && chdir(root) == 0);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]);
	     i++)
		MUST(mkdir(directories[i], 0700) == 0);
	atexit(clean_up);
}

/* As a name or a target: without what neither can have. */
static void
copy_text(char *out, const uint8_t *bytes, size_t len, bool name)
{
	for (size_t i = 0; i < len; i++) {
		char c = (char)bytes[i];

		out[i] = c == '\0' || (name && c == '/') ? '_' : c;
	}
	out[len] = '\0';
}

static void
step(unsigned what, unsigned where, const uint8_t *bytes, size_t len)
{
	char text[300], path[400];

	switch (what % STEPS) {
	case STEP_FILE:
		write_file(files[where % N_FILES], bytes, len);
		return;
	case STEP_LINK:
		copy_text(text, bytes, len, false);
		unlink(links[where % N_LINKS]);
		if (symlink(text, links[where % N_LINKS]) < 0)
			return;
		return;
	case STEP_NAME:
		copy_text(text, bytes, len, true);
		snprintf(path, sizeof(path), "%s/%s",
		    where & 1 ? "class/tty" : "dev/serial/by-id", text);
		if (n_made < sizeof(made) / sizeof(made[0]) &&
		    symlink("../../" TTY, path) == 0)
			made[n_made++] = strdup(path);
		return;
	case STEP_REMOVE:
		unlink(files[where % N_FILES]);
		return;
	}
}

static void
run_steps(const uint8_t *data, size_t size)
{
	while (size >= 3) {
		size_t len = data[2];

		if (len > size - 3)
			len = size - 3;
		step(data[0], data[1], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
}

static bool
is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

struct seen {
	size_t n;
	struct usb_port first;
};

static bool
see(void *arg, const struct usb_port *port)
{
	struct seen *seen = arg;

	MUST(port->name[0] && is_terminated(port->name, sizeof(port->name)));
	MUST(!strchr(port->name, '/'));
	MUST(is_terminated(port->driver, sizeof(port->driver)));
	MUST(is_terminated(port->adapter.serial, sizeof(port->adapter.serial)));
	MUST(is_terminated(port->maker, sizeof(port->maker)));
	MUST(is_terminated(port->model, sizeof(port->model)));
	if (port->adapter.place[0]) {
		MUST(usb_is_place(port->adapter.place));
		MUST(port->adapter.vendor <= 0xffff);
		MUST(port->adapter.product <= 0xffff);
	}
	if (seen->n++ == 0)
		seen->first = *port;
	return true;
}

static void
check_find(const struct usb_port *port)
{
	struct usb_match m = { .vendor = port->adapter.vendor,
		.product = port->adapter.product,
		.function = port->adapter.function };
	struct usb_port found;
	struct error err;

	memcpy(m.serial, port->adapter.serial, sizeof(m.serial));
	memcpy(m.path, port->adapter.place, sizeof(m.path));
	if (!port->adapter.place[0])
		return;
	MUST(usb_match_is_set(&m));
	MUST(usb_match_meets(&m, &port->adapter));
	if (usb_find(".", &m, &found, &err) == 0)
		MUST(strcmp(found.name, port->name) == 0);
	else
		MUST(err.text[0]);
}

/* What is printed is printable, and where it proposes a file it is one. */
static void
check_list(void)
{
	char *text = NULL, *file;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct conf *conf;
	struct error err;

	MUST(out && ports_print(out, ".", "dev", NULL, &err) == 0);
	MUST(fclose(out) == 0);
	for (size_t i = 0; i < len; i++)
		MUST((text[i] >= 0x20 && text[i] < 0x7f) || text[i] == '\n' ||
		    text[i] == '\t');
	file = strstr(text, "\nlinks = (");
	if (file) {
		conf = conf_parse_untried(file, "list", NULL, NULL, &err);
		MUST(conf && conf->n_links == 1);
		conf_free(conf);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen seen;
	struct usb_view *view;
	struct usb_port port;

	if (strstr(root, "XXXXXX"))
		set_up();
	restore();
	run_steps(data, size);
	seen.n = 0;
	usb_each(".", true, see, &seen);
	if (seen.n > 0)
		check_find(&seen.first);
	if (usb_look_up(".", (dev_t)0xbc00, &port))
		MUST(port.rdev == (dev_t)0xbc00);
	view = usb_view_new(".");
	MUST(view);
	usb_view_refresh(view, 0);
	usb_view_free(view);
	check_list();
	return 0;
}

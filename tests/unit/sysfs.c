/* A tree like /sys. */
#include "sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST "devices/pci0000:00/0000:00:14.0/usb1"

char sysfs_root[64];

int
sysfs_setup(void **state)
{
	(void)state;
	strcpy(sysfs_root, "/tmp/test_sysfs-XXXXXX");
	if (!mkdtemp(sysfs_root))
		return -1;
	sysfs_write("class/tty/x", "");
	sysfs_remove("class/tty/x");
	return 0;
}

int
sysfs_teardown(void **state)
{
	(void)state;
	sysfs_remove(".");
	return 0;
}

/* The path below the root; makes the directories that it is in. */
static const char *
below(const char *path)
{
	static char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", sysfs_root, path);
	for (char *slash = full + strlen(sysfs_root); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	return full;
}

void
sysfs_write_bytes(const char *path, const void *bytes, size_t len)
{
	int fd = open(
	    below(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

void
sysfs_write(const char *path, const char *text)
{
	sysfs_write_bytes(path, text, strlen(text));
}

void
sysfs_link(const char *path, const char *target)
{
	assert_int_equal(symlink(target, below(path)), 0);
}

void
sysfs_remove(const char *path)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'",
	    strcmp(path, ".") == 0 ? sysfs_root : below(path));
	assert_int_equal(system(command), 0);
}

__attribute__((format(printf, 2, 3))) static void
write_file(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	if (!text)
		return;
	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	sysfs_write(path, text);
}

__attribute__((format(printf, 2, 3))) static void
make_link(const char *target, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	sysfs_link(path, target);
}

void
sysfs_adapter(const struct sysfs_adapter *a)
{
	char number[16];

	snprintf(number, sizeof(number), "%04x\n", a->vendor);
	write_file(number, HOST "/%s/idVendor", a->place);
	snprintf(number, sizeof(number), "%04x\n", a->product);
	write_file(number, HOST "/%s/idProduct", a->place);
	write_file(a->serial, HOST "/%s/serial", a->place);
	write_file(a->maker, HOST "/%s/manufacturer", a->place);
	write_file(a->model, HOST "/%s/product", a->place);
}

/* directory: of the terminal, below the root. */
static void
add_tty(const char *directory, const char *name, const char *dev)
{
	char target[PATH_MAX], line[32];

	snprintf(line, sizeof(line), "%s\n", dev);
	write_file(line, "%s/dev", directory);
	snprintf(target, sizeof(target), "../../%s", directory);
	make_link(target, "class/tty/%s", name);
	make_link(target, "dev/char/%s", dev);
}

static void
add_function(const char *place, unsigned function, const char *driver)
{
	char number[16], target[PATH_MAX];

	snprintf(number, sizeof(number), "%02x\n", function);
	write_file(number, HOST "/%s/%s:1.%u/bInterfaceNumber", place, place,
	    function);
	snprintf(target, sizeof(target), "../../../../../bus/usb/drivers/%s",
	    driver);
	make_link(target, HOST "/%s/%s:1.%u/driver", place, place, function);
}

void
sysfs_usb_serial(const char *place, unsigned function, const char *name,
    const char *driver, const char *dev)
{
	char device[PATH_MAX / 2], directory[PATH_MAX], target[PATH_MAX];

	snprintf(device, sizeof(device), HOST "/%s/%s:1.%u/%s", place, place,
	    function, name);
	snprintf(directory, sizeof(directory), "%s/tty/%s", device, name);
	add_function(place, function, driver);
	add_tty(directory, name, dev);
	snprintf(target, sizeof(target), "../../../%s", name);
	make_link(target, "%s/device", directory);
	snprintf(target, sizeof(target),
	    "../../../../../../bus/usb-serial/drivers/%s", driver);
	make_link(target, "%s/driver", device);
}

void
sysfs_cdc_acm(
    const char *place, unsigned function, const char *name, const char *dev)
{
	char directory[PATH_MAX], target[PATH_MAX];

	snprintf(directory, sizeof(directory), HOST "/%s/%s:1.%u/tty/%s", place,
	    place, function, name);
	add_function(place, function, "cdc_acm");
	add_tty(directory, name, dev);
	snprintf(target, sizeof(target), "../../../%s:1.%u", place, function);
	make_link(target, "%s/device", directory);
}

void
sysfs_uart(const char *name, const char *type, const char *dev)
{
	char directory[PATH_MAX], target[PATH_MAX], line[32];

	snprintf(directory, sizeof(directory), "devices/pnp0/%s/%s:0.0/tty/%s",
	    name, name, name);
	add_tty(directory, name, dev);
	snprintf(line, sizeof(line), "%s\n", type);
	write_file(line, "%s/type", directory);
	snprintf(target, sizeof(target), "../../../%s:0.0", name);
	make_link(target, "%s/device", directory);
	make_link("../../../../bus/serial-base/drivers/port",
	    "devices/pnp0/%s/%s:0.0/driver", name, name);
	make_link(
	    "../../../bus/pnp/drivers/serial", "devices/pnp0/%s/driver", name);
}

void
sysfs_console(const char *name, const char *dev)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "devices/virtual/tty/%s", name);
	add_tty(directory, name, dev);
}

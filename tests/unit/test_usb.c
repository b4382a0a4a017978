/* usb: in a tree like /sys that the test makes. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/usb.h"
#include "sysfs.h"

#define UNO "devices/pci0000:00/0000:00:14.0/usb1/1-1.2"

static const struct usb_match any = {
	.vendor = USB_ANY, .product = USB_ANY, .function = USB_ANY
};

/* An UNO and a CH340, an FTDI with two ports, consoles and UARTs. */
static int
setup(void **state)
{
	if (sysfs_setup(state) < 0)
		return -1;
	sysfs_adapter(&(struct sysfs_adapter){ "1-1.2", 0x2341, 0x0043,
	    "75330303035351F0B1C1\n", "Arduino (www.arduino.cc)\n", "Uno\n" });
	sysfs_cdc_acm("1-1.2", 0, "ttyACM0", "166:0");
	sysfs_adapter(&(struct sysfs_adapter){
	    "1-1.4", 0x1a86, 0x7523, NULL, NULL, "USB Serial\n" });
	sysfs_usb_serial("1-1.4", 0, "ttyUSB0", "ch341-uart", "188:0");
	sysfs_adapter(&(struct sysfs_adapter){
	    "1-10", 0x0403, 0x6010, "FT1\n", "FTDI\n", "Dual RS232\n" });
	sysfs_usb_serial("1-10", 0, "ttyUSB1", "ftdi_sio", "188:1");
	sysfs_usb_serial("1-10", 1, "ttyUSB2", "ftdi_sio", "188:2");
	sysfs_uart("ttyS0", "4", "4:64");
	sysfs_uart("ttyS1", "0", "4:65");
	sysfs_console("tty1", "4:1");
	return 0;
}

struct seen {
	size_t n;
	struct usb_port ports[16];
};

static bool
see(void *arg, const struct usb_port *port)
{
	struct seen *seen = arg;

	assert_true(seen->n < 16);
	seen->ports[seen->n++] = *port;
	return true;
}

static const struct usb_port *
named(const struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n; i++) {
		if (strcmp(seen->ports[i].name, name) == 0)
			return &seen->ports[i];
	}
	return NULL;
}

static struct seen seen;

static void
look(bool strings)
{
	seen.n = 0;
	usb_each(sysfs_root, strings, see, &seen);
}

static void
knows_adapters_and_their_functions(void **state)
{
	const struct usb_port *p;

	(void)state;
	look(true);
	assert_int_equal(seen.n, 5);
	p = named(&seen, "ttyACM0");
	assert_non_null(p);
	assert_int_equal(p->rdev, makedev(166, 0));
	assert_string_equal(p->driver, "cdc_acm");
	assert_int_equal(p->adapter.vendor, 0x2341);
	assert_int_equal(p->adapter.product, 0x0043);
	assert_int_equal(p->adapter.function, 0);
	assert_string_equal(p->adapter.place, "1-1.2");
	assert_string_equal(p->adapter.serial, "75330303035351F0B1C1");
	assert_string_equal(p->maker, "Arduino (www.arduino.cc)");
	assert_string_equal(p->model, "Uno");
	p = named(&seen, "ttyUSB0");
	assert_string_equal(p->driver, "ch341-uart");
	assert_string_equal(p->adapter.serial, "");
	assert_string_equal(p->adapter.place, "1-1.4");
	p = named(&seen, "ttyUSB2");
	assert_string_equal(p->driver, "ftdi_sio");
	assert_int_equal(p->adapter.function, 1);
	assert_string_equal(p->adapter.serial, "FT1");
}

static void
knows_uarts_and_leaves_out_what_has_no_hardware(void **state)
{
	const struct usb_port *p;

	(void)state;
	look(true);
	p = named(&seen, "ttyS0");
	assert_non_null(p);
	assert_string_equal(p->driver, "serial");
	assert_string_equal(p->adapter.place, "");
	assert_int_equal(p->adapter.vendor, USB_ANY);
	assert_int_equal(p->adapter.function, USB_ANY);
	assert_null(named(&seen, "ttyS1"));
	assert_null(named(&seen, "tty1"));
}

static void
reads_no_strings_where_it_must_not_wait(void **state)
{
	(void)state;
	look(false);
	for (size_t i = 0; i < seen.n; i++) {
		assert_string_equal(seen.ports[i].adapter.serial, "");
		assert_string_equal(seen.ports[i].maker, "");
		assert_string_equal(seen.ports[i].model, "");
	}
	assert_int_equal(named(&seen, "ttyACM0")->adapter.product, 0x0043);
}

static bool
take_one(void *arg, const struct usb_port *port)
{
	size_t *n = arg;

	(void)port;
	++*n;
	return false;
}

static void
stops_when_it_is_told_enough(void **state)
{
	size_t n = 0;

	(void)state;
	usb_each(sysfs_root, true, take_one, &n);
	assert_int_equal(n, 1);
}

static void
assert_found(const struct usb_match *m, const char *name)
{
	struct usb_port port;
	struct error err = { 0 };

	if (usb_find(sysfs_root, m, &port, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	assert_string_equal(port.name, name);
}

static void
finds_by_any_of_it(void **state)
{
	struct usb_match m = any;

	(void)state;
	strcpy(m.serial, "75330303035351F0B1C1");
	assert_found(&m, "ttyACM0");
	m = any;
	strcpy(m.path, "1-1.4");
	assert_found(&m, "ttyUSB0");
	m = any;
	m.vendor = 0x2341;
	assert_found(&m, "ttyACM0");
	m.product = 0x0043;
	m.function = 0;
	strcpy(m.path, "1-1.2");
	strcpy(m.serial, "75330303035351F0B1C1");
	assert_found(&m, "ttyACM0");
	m = any;
	strcpy(m.path, "1-10");
	m.function = 1;
	assert_found(&m, "ttyUSB2");
}

static void
says_what_is_not_there(void **state)
{
	struct usb_match m = any;
	struct usb_port port;
	struct error err;

	(void)state;
	strcpy(m.serial, "nope");
	m.vendor = 0x2341;
	m.function = 3;
	assert_int_equal(usb_find(sysfs_root, &m, &port, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text,
	    "no port of a USB adapter with serial nope, vendor 0x2341, "
	    "function 3");
	/* "1-1" is not the begin of "1-1.2", nor of "1-10". */
	m = any;
	strcpy(m.path, "1-1");
	assert_int_equal(usb_find(sysfs_root, &m, &port, &err), -1);
	assert_int_equal(usb_find("/nonexistent", &any, &port, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

static void
names_two_where_there_are_several(void **state)
{
	struct usb_match m = any;
	struct usb_port port;
	struct error err;

	(void)state;
	strcpy(m.serial, "FT1");
	assert_int_equal(usb_find(sysfs_root, &m, &port, &err), -1);
	assert_int_equal(err.code, ENOTUNIQ);
	assert_non_null(strstr(err.text, "ttyUSB1"));
	assert_non_null(strstr(err.text, "ttyUSB2"));
	assert_non_null(strstr(err.text, "--list-ports"));
}

static void
looks_up_by_device_number(void **state)
{
	struct usb_port port;

	(void)state;
	assert_true(usb_look_up(sysfs_root, makedev(188, 2), &port));
	assert_string_equal(port.name, "ttyUSB2");
	assert_int_equal(port.adapter.function, 1);
	assert_true(usb_look_up(sysfs_root, makedev(4, 64), &port));
	assert_string_equal(port.adapter.place, "");
	assert_false(usb_look_up(sysfs_root, makedev(188, 77), &port));
	assert_false(usb_look_up(sysfs_root, makedev(4, 1), &port));
	assert_false(usb_look_up("/nonexistent", makedev(4, 64), &port));
}

/* The kernel passes on what an adapter says, as UTF-8 or worse. */
static void
takes_strings_as_they_are(void **state)
{
	static const char evil[] = "\x1b[2J\x01\xff\n\"\\\n";
	struct usb_match m = any;
	char big[4096];

	(void)state;
	sysfs_write(UNO "/serial", evil);
	look(true);
	assert_string_equal(
	    named(&seen, "ttyACM0")->adapter.serial, "\x1b[2J\x01\xff\n\"\\");
	strcpy(m.serial, "\x1b[2J\x01\xff\n\"\\");
	assert_found(&m, "ttyACM0");
	memset(big, 'x', sizeof(big));
	sysfs_write_bytes(UNO "/serial", big, sizeof(big));
	look(true);
	assert_int_equal(strlen(named(&seen, "ttyACM0")->adapter.serial),
	    USB_STRING_SIZE - 1);
	memset(big, 0, sizeof(big));
	sysfs_write_bytes(UNO "/serial", big, sizeof(big));
	look(true);
	assert_string_equal(named(&seen, "ttyACM0")->adapter.serial, "");
}

static void
assert_no_adapter(const char *why)
{
	look(true);
	if (named(&seen, "ttyACM0") &&
	    named(&seen, "ttyACM0")->adapter.place[0])
		fail_msg("%s", why);
	/* And the others are found in spite of it. */
	assert_non_null(named(&seen, "ttyUSB2"));
}

static void
takes_no_nonsense_for_a_number(void **state)
{
	static const char *const values[] = { "", "\n", "xyz\n", "0x2341\n",
		"2341 \n", "23411\n", "-1\n", "2341\n\n", "234\n1\n" };
	char fifo[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		sysfs_write(UNO "/idVendor", values[i]);
		assert_no_adapter(values[i]);
	}
	sysfs_remove(UNO "/idVendor");
	assert_no_adapter("none");
	/* What is no file is not waited for. */
	snprintf(fifo, sizeof(fifo), "%s/" UNO "/idVendor", sysfs_root);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_no_adapter("a FIFO");
	sysfs_remove(UNO "/idVendor");
	sysfs_link(UNO "/idVendor", "idProduct");
	assert_no_adapter("a symbolic link");
	sysfs_remove(UNO "/idVendor");
	sysfs_write(UNO "/idVendor/x", "");
	assert_no_adapter("a directory");
}

static void
ends_with_loops_and_with_links_that_lead_out(void **state)
{
	(void)state;
	sysfs_link("class/tty/loop", "loop");
	sysfs_link("class/tty/out", "/dev");
	sysfs_link("class/tty/up", "../../..");
	sysfs_link("class/tty/self", ".");
	sysfs_link("class/tty/root", "../..");
	sysfs_link("device", "../..");
	sysfs_write("class/tty/file", "x");
	sysfs_write("class/tty/dir/dev", "1:2\n");
	sysfs_link("class/tty/dir/device", "/proc");
	sysfs_write("class/tty/odd/dev", "1:2:3\n");
	sysfs_link("class/tty/odd/device", "../../../devices");
	look(true);
	assert_int_equal(seen.n, 5);
}

static void
knows_the_form_of_a_place(void **state)
{
	static const char *const good[] = { "1-1", "1-1.2", "12-10.4.3.2" };
	static const char *const bad[] = { "", "1", "1-", "-1", "1-1.", "1.1",
		"1-1-1", "usb1", "1-1.2:1.0", "1-1..2", "1-a", "1-1 " };
	char big[2 * USB_PLACE_SIZE] = "1-1";

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(usb_is_place(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(usb_is_place(bad[i]));
	while (strlen(big) < USB_PLACE_SIZE)
		strcat(big, ".1");
	assert_false(usb_is_place(big));
}

static void
tells_what_is_within_what(void **state)
{
	struct usb_match brand = any, one = any, place = any;

	(void)state;
	brand.vendor = 0x2341;
	one.vendor = 0x2341;
	strcpy(one.serial, "A");
	strcpy(place.path, "1-1");
	assert_true(usb_match_within(&one, &brand));
	assert_false(usb_match_within(&brand, &one));
	assert_true(usb_match_within(&one, &one));
	assert_false(usb_match_within(&one, &place));
	assert_false(usb_match_within(&place, &one));
	assert_false(usb_match_is_set(&any));
	assert_true(usb_match_is_set(&brand) && usb_match_is_set(&one) &&
	    usb_match_is_set(&place));
}

static void
a_view_changes_with_what_it_shows(void **state)
{
	struct usb_view *v = usb_view_new(sysfs_root);
	struct usb_match m = any;

	(void)state;
	assert_non_null(v);
	/* Without a node of that name nothing can be opened. */
	usb_view_refresh(v, 1000);
	strcpy(m.path, "1-1.2");
	if (access("/dev/ttyACM0", F_OK) < 0)
		assert_int_equal(usb_view_sign(v, &m), 0);
	/* A name that each /dev has. */
	sysfs_cdc_acm("1-1.2", 4, "null", "1:3");
	assert_int_equal(usb_view_sign(v, &m), 0);
	usb_view_refresh(v, 1001);
	assert_int_equal(usb_view_sign(v, &m), 0);
	usb_view_expire(v);
	usb_view_refresh(v, 1002);
	assert_int_not_equal(usb_view_sign(v, &m), 0);
	m.function = 5;
	assert_int_equal(usb_view_sign(v, &m), 0);
	/* A serial number may be ours, and does not count. */
	m.function = 4;
	strcpy(m.serial, "whatever");
	assert_int_not_equal(usb_view_sign(v, &m), 0);
	usb_view_free(v);
	usb_view_free(NULL);
}

static void
a_replug_changes_the_sign(void **state)
{
	struct usb_view *v = usb_view_new(sysfs_root);
	struct usb_match m = any;
	uint64_t before;

	(void)state;
	strcpy(m.path, "1-1.2");
	sysfs_cdc_acm("1-1.2", 4, "null", "1:3");
	usb_view_refresh(v, 0);
	before = usb_view_sign(v, &m);
	usb_view_refresh(v, 1000);
	assert_true(usb_view_sign(v, &m) == before);
	/* The old directory stays, so that the new one is another. */
	assert_int_equal(chdir(sysfs_root), 0);
	assert_int_equal(rename(UNO "/1-1.2:1.4", "old"), 0);
	sysfs_remove("class/tty/null");
	sysfs_remove("dev/char/1:3");
	sysfs_cdc_acm("1-1.2", 4, "null", "1:3");
	usb_view_refresh(v, 2000);
	assert_int_not_equal(usb_view_sign(v, &m), 0);
	assert_false(usb_view_sign(v, &m) == before);
	assert_int_equal(chdir("/"), 0);
	usb_view_free(v);
}

static void
a_node_without_a_device_is_as_good_as_none(void **state)
{
	uint64_t sign;
	char path[128];

	(void)state;
	assert_int_equal(usb_node_sign(sysfs_root, "/nonexistent"), 0);
	assert_int_equal(usb_node_sign(sysfs_root, "/dev/null/x"), 0);
	/* dev/char of the tree has no 1:3. */
	assert_int_equal(usb_node_sign(sysfs_root, "/dev/null"), 0);
	assert_int_not_equal(usb_node_sign("/nonexistent", "/dev/null"), 0);
	sysfs_write("dev/char/1:3", "");
	assert_int_not_equal(usb_node_sign(sysfs_root, "/dev/null"), 0);
	/* Others are told apart by the opening. */
	snprintf(path, sizeof(path), "%s/class", sysfs_root);
	assert_int_not_equal(usb_node_sign(sysfs_root, path), 0);
	sysfs_link("loop", "loop");
	snprintf(path, sizeof(path), "%s/loop", sysfs_root);
	assert_int_equal(usb_node_sign(sysfs_root, path), ELOOP);
	sysfs_write("node", "");
	snprintf(path, sizeof(path), "%s/node", sysfs_root);
	sign = usb_node_sign(sysfs_root, path);
	assert_true(usb_node_sign(sysfs_root, path) == sign);
	assert_int_equal(chmod(path, 0600), 0);
	assert_false(usb_node_sign(sysfs_root, path) == sign);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, sysfs_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(knows_adapters_and_their_functions),
		TEST(knows_uarts_and_leaves_out_what_has_no_hardware),
		TEST(reads_no_strings_where_it_must_not_wait),
		TEST(stops_when_it_is_told_enough),
		TEST(finds_by_any_of_it),
		TEST(says_what_is_not_there),
		TEST(names_two_where_there_are_several),
		TEST(looks_up_by_device_number),
		TEST(takes_strings_as_they_are),
		TEST(takes_no_nonsense_for_a_number),
		TEST(ends_with_loops_and_with_links_that_lead_out),
		TEST(knows_the_form_of_a_place),
		TEST(tells_what_is_within_what),
		TEST(a_view_changes_with_what_it_shows),
		TEST(a_replug_changes_the_sign),
		TEST(a_node_without_a_device_is_as_good_as_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

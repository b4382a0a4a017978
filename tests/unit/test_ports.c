/* ports: what is printed of a tree like /sys that the test makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "complaints.h"
#include "router/ports.h"
#include "sysfs.h"

#define ANOTHER_END \
	"; for the other end with its own port, and local and peer exchanged:" \
	"\n\n"

static char *text; /* what was printed last */

static int
setup(void **state)
{
	text = NULL;
	return sysfs_setup(state);
}

static int
teardown(void **state)
{
	free(text);
	return sysfs_teardown(state);
}

static struct conf *
parse(const char *conf)
{
	struct complaints said = { .n = 0 };
	struct error err;
	struct conf *c = conf_parse(
	    conf, "text", complaints_collect, &said, &err);

	if (!c)
		fail_msg("%s\n%s", said.text, conf);
	return c;
}

/* /dev is in the tree, too. */
static const char *
printed(const char *conf)
{
	struct conf *c = conf ? parse(conf) : NULL;
	char dev[128];
	struct error err;
	size_t len;
	FILE *out;

	free(text);
	out = open_memstream(&text, &len);
	assert_non_null(out);
	snprintf(dev, sizeof(dev), "%s/fake-dev", sysfs_root);
	assert_int_equal(ports_print(out, sysfs_root, dev, c, &err), 0);
	assert_int_equal(fclose(out), 0);
	conf_free(c);
	return text;
}

static void
add_uno(void)
{
	sysfs_adapter(&(struct sysfs_adapter){ "1-1.2", 0x2341, 0x0043,
	    "75330303035351F0B1C1\n", "Arduino (www.arduino.cc)\n", NULL });
	sysfs_cdc_acm("1-1.2", 0, "ttyACM0", "166:0");
	sysfs_link("fake-dev/serial/by-id/usb-Arduino__0043_7533-if00",
	    "../../ttyACM0");
	sysfs_link("fake-dev/serial/by-id/usb-other", "../../ttyACM10");
}

static void
add_ch340(const char *place, const char *name, const char *dev)
{
	sysfs_adapter(&(struct sysfs_adapter){
	    place, 0x1a86, 0x7523, NULL, NULL, "USB Serial\n" });
	sysfs_usb_serial(place, 0, name, "ch341-uart", dev);
}

static void
prints_all_that_is_known(void **state)
{
	(void)state;
	add_uno();
	add_ch340("1-1.4", "ttyUSB0", "188:0");
	sysfs_uart("ttyS0", "4", "4:64");
	sysfs_uart("ttyS1", "0", "4:65");
	sysfs_console("tty1", "4:1");
	assert_string_equal(
	    printed("links = (\n"
		    "{ name = \"com\"; port = { device = \"/dev/ttyS0\"; "
		    "baud = 9600; }; },\n"
		    "{ name = \"ch0\"; port = { usb = { path = \"1-1.4\"; }; "
		    "baud = 9600; }; } );\n"),
	    "/dev/ttyACM0\n"
	    "\tdriver: cdc_acm\n"
	    "\tusb: 2341:0043\n"
	    "\tmaker: Arduino (www.arduino.cc)\n"
	    "\tserial: 75330303035351F0B1C1\n"
	    "\tplace: 1-1.2\n"
	    "\tfunction: 0\n"
	    "\tby-id: /dev/serial/by-id/usb-Arduino__0043_7533-if00\n"
	    "\tlink: none\n"
	    "\tport = { usb = { vendor = 0x2341; product = 0x0043; "
	    "serial = \"75330303035351F0B1C1\"; }; baud = 115200; };\n"
	    "\n"
	    "/dev/ttyS0\n"
	    "\tdriver: serial\n"
	    "\tlink: com\n"
	    "\tport = { device = \"/dev/ttyS0\"; baud = 115200; };\n"
	    "\n"
	    "/dev/ttyUSB0\n"
	    "\tdriver: ch341-uart\n"
	    "\tusb: 1a86:7523\n"
	    "\tmodel: USB Serial\n"
	    "\tplace: 1-1.4\n"
	    "\tfunction: 0\n"
	    "\tlink: ch0\n"
	    "\tport = { usb = { path = \"1-1.4\"; }; baud = 115200; };\n"
	    "\n"
	    "A whole file for ttyACM0" ANOTHER_END "links = (\n"
	    "\t{\n"
	    "\t\tname = \"line0\";\n"
	    "\t\tport = { usb = { vendor = 0x2341; product = 0x0043; "
	    "serial = \"75330303035351F0B1C1\"; }; baud = 115200; };\n"
	    "\t\tinterface = {\n"
	    "\t\t\taddresses = ( { local = \"10.64.0.1\"; "
	    "peer = \"10.64.0.2\"; } );\n"
	    "\t\t};\n"
	    "\t}\n"
	    ");\n");
}

static void
says_that_there_is_none(void **state)
{
	(void)state;
	assert_string_equal(printed(NULL), "No serial port is there.\n");
	sysfs_remove(".");
	assert_string_equal(printed(NULL), "No serial port is there.\n");
}

static void
says_nothing_of_links_without_a_configuration(void **state)
{
	(void)state;
	add_uno();
	assert_null(strstr(printed(NULL), "link:"));
	assert_non_null(strstr(printed("links = ( );"), "link: none"));
}

static void
names_all_links_that_ask_for_one(void **state)
{
	(void)state;
	add_uno();
	assert_non_null(strstr(
	    printed("links = ( { name = \"a\"; port = { baud = 9600; usb = { "
		    "vendor = 0x2341; }; }; }, { name = \"b\"; port = { baud = "
		    "9600; usb = { path = \"1-1.2\"; }; }; }, { name = \"c\"; "
		    "port = { baud = 9600; device = \"/dev/serial/by-id/"
		    "usb-Arduino__0043_7533-if00\"; }; } );"),
	    "\tlink: a and b and c: one of them has to ask for another\n"));
	assert_null(strstr(text, "A whole file"));
}

static void
assert_group(const char *name, const char *group)
{
	char *place;

	place = strstr(text, name);
	if (!place || !strstr(place, group) ||
	    strstr(place, "port = {") != strstr(place, group))
		fail_msg("%s: not %s in\n%s", name, group, text);
}

/* Of two that say the same of themselves each is known by its place; of two
 * functions of one each by its number. */
static void
takes_what_tells_them_apart(void **state)
{
	(void)state;
	sysfs_adapter(&(struct sysfs_adapter){
	    "1-3", 0x10c4, 0xea60, "0001\n", NULL, NULL });
	sysfs_adapter(&(struct sysfs_adapter){
	    "1-4", 0x10c4, 0xea60, "0001\n", NULL, NULL });
	sysfs_adapter(&(struct sysfs_adapter){
	    "1-5", 0x0403, 0x6010, "FT1\n", NULL, NULL });
	sysfs_adapter(
	    &(struct sysfs_adapter){ "1-6", 0x0403, 0x6011, NULL, NULL, NULL });
	sysfs_usb_serial("1-3", 0, "ttyUSB0", "cp210x", "188:0");
	sysfs_usb_serial("1-4", 0, "ttyUSB1", "cp210x", "188:1");
	sysfs_usb_serial("1-5", 0, "ttyUSB2", "ftdi_sio", "188:2");
	sysfs_usb_serial("1-5", 1, "ttyUSB3", "ftdi_sio", "188:3");
	sysfs_usb_serial("1-6", 0, "ttyUSB9", "ftdi_sio", "188:9");
	sysfs_usb_serial("1-6", 1, "ttyUSB10", "ftdi_sio", "188:10");
	printed("links = ( );");
	assert_group("ttyUSB0", "port = { usb = { path = \"1-3\"; };");
	assert_group("ttyUSB1", "port = { usb = { path = \"1-4\"; };");
	assert_group("ttyUSB2",
	    "port = { usb = { vendor = 0x0403; product = 0x6010; "
	    "serial = \"FT1\"; function = 0; };");
	assert_group("ttyUSB3",
	    "port = { usb = { vendor = 0x0403; product = 0x6010; "
	    "serial = \"FT1\"; function = 1; };");
	assert_group(
	    "ttyUSB9", "port = { usb = { path = \"1-6\"; function = 0; };");
	assert_group(
	    "ttyUSB10", "port = { usb = { path = \"1-6\"; function = 1; };");
	assert_true(strstr(text, "ttyUSB9") < strstr(text, "ttyUSB10"));
}

/* Where nothing does, the name that they have now has to do. */
static void
falls_back_to_a_path(void **state)
{
	(void)state;
	sysfs_adapter(
	    &(struct sysfs_adapter){ "1-7", 0x9710, 0x7840, NULL, NULL, NULL });
	sysfs_usb_serial("1-7", 0, "ttyUSB0", "mos7840", "188:0");
	sysfs_write("devices/pci0000:00/0000:00:14.0/usb1/1-7/1-7:1.0/ttyUSB1/"
		    "tty/ttyUSB1/dev",
	    "188:1\n");
	sysfs_link("devices/pci0000:00/0000:00:14.0/usb1/1-7/1-7:1.0/ttyUSB1/"
		   "tty/ttyUSB1/device",
	    "../../../ttyUSB1");
	sysfs_link("class/tty/ttyUSB1",
	    "../../devices/pci0000:00/0000:00:14.0/usb1/1-7/1-7:1.0/ttyUSB1/"
	    "tty/ttyUSB1");
	printed("links = ( );");
	assert_group("ttyUSB0", "port = { device = \"/dev/ttyUSB0\";");
	assert_group("ttyUSB1", "port = { device = \"/dev/ttyUSB1\";");
}

/* The part of what was printed that begins there, to the end. */
static const char *
whole_file(void)
{
	const char *begin = strstr(text, "\nlinks = (");

	assert_non_null(begin);
	return begin;
}

/* Whatever an adapter says, nothing of it reaches a terminal, and what is
 * printed for it finds it. */
static void
writes_hostile_strings_so_that_they_come_back(void **state)
{
	static const char evil[] = "\x1b]0;x\a\"; };\n\xc3\x28\\ #\n";
	struct conf *conf;

	(void)state;
	sysfs_adapter(
	    &(struct sysfs_adapter){ "2-1", 0x0001, 0x0002, evil, evil, evil });
	sysfs_usb_serial("2-1", 0, "ttyUSB0", "ftdi_sio", "188:0");
	printed("links = ( );");
	for (const char *c = text; *c; c++)
		assert_true(
		    (*c >= 0x20 && *c < 0x7f) || *c == '\n' || *c == '\t');
	conf = parse(whole_file());
	assert_int_equal(conf->n_links, 1);
	assert_int_equal(
	    strlen(conf->links[0].port.usb.serial), strlen(evil) - 1);
	assert_memory_equal(
	    conf->links[0].port.usb.serial, evil, strlen(evil) - 1);
	conf_free(conf);
}

static void
proposes_no_console_of_the_kernel(void **state)
{
	(void)state;
	sysfs_uart("ttyS0", "4", "4:64");
	sysfs_write("class/tty/console/active", "tty0 ttyS0\n");
	printed("links = ( );");
	assert_non_null(strstr(text, "the kernel's console"));
	assert_null(strstr(text, "port = {"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(prints_all_that_is_known),
		TEST(says_that_there_is_none),
		TEST(says_nothing_of_links_without_a_configuration),
		TEST(names_all_links_that_ask_for_one),
		TEST(takes_what_tells_them_apart),
		TEST(falls_back_to_a_path),
		TEST(writes_hostile_strings_so_that_they_come_back),
		TEST(proposes_no_console_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

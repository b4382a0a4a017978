/* port_mismatch: what is known of drivers and adapters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "os/port.h"

static struct port_settings s;
static struct port_info info;
static char text[256];

/* A port that does all that is asked of it. */
static int
setup(void **state)
{
	(void)state;
	s = (struct port_settings){ .baud = 115200, .stop_bits = 1 };
	info = (struct port_info){ .node = "/dev/ttyX0", .baud = 115200 };
	return 0;
}

static const char *
said(void)
{
	port_mismatch(&s, &info, text, sizeof(text));
	return text;
}

static void
be_an_uno(uint32_t baud)
{
	strcpy(info.adapter.place, "1-1.2");
	strcpy(info.driver, "cdc_acm");
	info.adapter.vendor = 0x2341;
	info.adapter.product = 0x0043;
	info.baud = baud;
	s.baud = baud;
}

static void
says_nothing_of_a_port_that_does_what_it_should(void **state)
{
	(void)state;
	assert_string_equal(said(), "");
	s.parity = PORT_PARITY_EVEN;
	s.flow = PORT_FLOW_RTSCTS;
	info.parity = true;
	info.rtscts = true;
	info.baud = 116000;
	assert_string_equal(said(), "");
}

static void
names_the_rate_that_a_driver_kept(void **state)
{
	(void)state;
	s.baud = 921600;
	assert_string_equal(said(),
	    "/dev/ttyX0 cannot do 921600 baud, the driver made it 115200: set "
	    "baud = 115200 at both ends");
}

/* It says yes to every rate. */
static void
knows_the_clock_of_an_arduino(void **state)
{
	static const uint32_t good[] = { 9600, 19200, 38400, 57600, 115200,
		250000, 500000, 1000000, 2000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		be_an_uno(good[i]);
		assert_string_equal(said(), "");
	}
	be_an_uno(460800);
	assert_string_equal(said(),
	    "/dev/ttyX0 makes 500000 baud of 460800 (+8.5 %), which only "
	    "another Arduino understands: take 115200, or with other firmware "
	    "250000, 500000 or 1000000");
	be_an_uno(921600);
	assert_non_null(strstr(said(), "1000000 baud of 921600 (+8.5 %)"));
	be_an_uno(230400);
	assert_non_null(strstr(said(), "222222 baud of 230400 (-3.5 %)"));
	be_an_uno(16000000);
	assert_non_null(strstr(said(), "2000000 baud of 16000000"));
	be_an_uno(921600);
	info.adapter.vendor = 0x0403;
	assert_string_equal(said(), "");
	info.adapter.vendor = 0x2341;
	info.adapter.product = 0x8036; /* a Leonardo: no line behind it */
	assert_string_equal(said(), "");
}

static void
knows_drivers_without_flow_control(void **state)
{
	(void)state;
	s.flow = PORT_FLOW_RTSCTS;
	assert_string_equal(said(),
	    "/dev/ttyX0 has no RTS/CTS flow control: take flow = \"none\", or "
	    "\"xonxoff\" where both ends have it");
	/* They take the setting. */
	info.rtscts = true;
	assert_string_equal(said(), "");
	strcpy(info.driver, "ch341-uart");
	assert_non_null(strstr(said(), "in its driver ch341-uart"));
	strcpy(info.driver, "cdc_acm");
	assert_non_null(strstr(said(), "in its driver cdc_acm"));
	strcpy(info.driver, "ftdi_sio");
	assert_string_equal(said(), "");
}

static void
says_all_of_it_in_one_line(void **state)
{
	(void)state;
	be_an_uno(230400);
	s.parity = PORT_PARITY_ODD;
	s.flow = PORT_FLOW_RTSCTS;
	info.no_lines = true;
	said();
	assert_true(strncmp(text, "/dev/ttyX0 makes ", 17) == 0);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	setup(NULL);
	s.parity = PORT_PARITY_ODD;
	info.no_lines = true;
	assert_string_equal(
	    said(), "/dev/ttyX0 has no parity; has no DTR and RTS to set");
	/* A pty needs none. */
	info.pty = true;
	info.no_lines = false;
	assert_string_equal(said(), "");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_nothing_of_a_port_that_does_what_it_should),
		TEST(names_the_rate_that_a_driver_kept),
		TEST(knows_the_clock_of_an_arduino),
		TEST(knows_drivers_without_flow_control),
		TEST(says_all_of_it_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * conf: text to checked data.  Besides the tests this program prints the key
 * table (--keys), checks a file (--check FILE) for tests/check-docs, and
 * prints it (--print FILE).
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "complaints.h"
#include "router/conf.h"

#define LINK(more) \
	"links = ( { name = \"a\"; port = { device = \"/dev/ttyS0\"; " \
	"baud = 9600; }; " more " } );\n"

static struct conf *
good(const char *text)
{
	struct complaints c = { 0 };
	struct error err = { 0 };
	struct conf *conf = conf_parse(text, "x", complaints_collect, &c, &err);

	assert_string_equal(c.text, "");
	assert_non_null(conf);
	return conf;
}

static void
tests_file(char *path, const char *name)
{
	const char *srcdir = getenv("srcdir");

	snprintf(
	    path, PATH_MAX, "%s/tests/conf/%s", srcdir ? srcdir : ".", name);
}

static struct conf *
good_file(const char *name)
{
	char path[PATH_MAX];
	struct error err = { 0 };
	struct conf *conf;

	tests_file(path, name);
	conf = conf_read(path, complaints_print, NULL, &err);
	if (!conf)
		fail_msg("%s", err.text);
	return conf;
}

static void
assert_address(const struct netif_address *a, const char *local,
    const char *peer, unsigned prefix_len)
{
	char text[IP_TEXT_SIZE];

	assert_string_equal(ip_format(&a->local, text), local);
	assert_string_equal(ip_format(&a->peer, text), peer);
	assert_int_equal(a->prefix_len, prefix_len);
}

static void
assert_route(const struct netif_route *route, const char *to, const char *via,
    uint32_t metric, uint32_t table)
{
	char text[IP_TEXT_SIZE];

	assert_string_equal(
	    ip_format_prefix(&route->to, route->prefix_len, text), to);
	assert_string_equal(ip_format(&route->via, text), via);
	assert_int_equal(route->metric, metric);
	assert_int_equal(route->table, table);
}

static void
assert_usb(const struct port_settings *port)
{
	assert_null(port->device);
	assert_int_equal(port->usb.vendor, 0x2341);
	assert_int_equal(port->usb.product, 67);
	assert_string_equal(port->usb.serial, "75330303035351F0B1C1");
	assert_string_equal(port->usb.path, "1-1.2");
	assert_int_equal(port->usb.function, 2);
	assert_int_equal(port->rts, PORT_LINE_ON);
}

static void
reads_every_key(void **state)
{
	struct conf *conf = good_file("good/every-key.conf");
	const struct conf_link *link = conf->links;
	const struct netif_settings *netif = &link->netif;

	(void)state;
	assert_int_equal(conf->user, 0);
	assert_int_equal(conf->group, 65534);
	assert_int_equal(conf->n_links, 2);
	assert_string_equal(link->name, "a.b_c-9");
	assert_false(link->enabled);
	assert_string_equal(
	    link->port.device, "/dev/serial/by-id/usb-FTDI_TTL232R-if00-port0");
	assert_int_equal(link->port.baud, 921600);
	assert_int_equal(link->port.parity, PORT_PARITY_EVEN);
	assert_int_equal(link->port.stop_bits, 2);
	assert_int_equal(link->port.flow, PORT_FLOW_RTSCTS);
	assert_int_equal(link->port.dtr, PORT_LINE_PULSE);
	assert_int_equal(link->port.rts, PORT_LINE_KEEP);
	assert_int_equal(link->port.settle_ms, 1500);
	assert_string_equal(link->interface, "sr0");
	assert_false(link->persist);
	assert_int_equal(link->owner, 0);
	assert_int_equal(link->group, 0);
	assert_int_equal(netif->mtu, 9000);
	assert_int_equal(netif->txqueuelen, 10);
	assert_int_equal(netif->n_addresses, 2);
	assert_address(&netif->addresses[0], "10.64.0.1", "none", 24);
	assert_address(&netif->addresses[1], "fe80::1", "none", 64);
	assert_int_equal(netif->n_routes, 3);
	assert_route(&netif->routes[0], "10.65.0.0/16", "none", 0, 0);
	assert_route(&netif->routes[1], "10.66.0.0/16", "10.64.0.9", 0, 0);
	assert_route(&netif->routes[2], "0.0.0.0/0", "none", UINT32_MAX, 100);
	assert_int_equal(netif->forwarding, NETIF_ON);
	assert_int_equal(netif->rp_filter, NETIF_RP_FILTER_STRICT);
	assert_true(netif->ignore_linkdown);
	assert_int_equal(link->live.leading_end, TX_LEADING_END_NEVER);
	assert_int_equal(link->live.check, RX_CHECK_HEADER);
	assert_int_equal(link->retry_first_ms, 10);
	assert_int_equal(link->retry_max_ms, 600000);
	assert_usb(&conf->links[1].port);
	conf_free(conf);
}

static void
fills_in_the_defaults(void **state)
{
	struct conf *conf = good_file("good/minimal.conf");
	const struct conf_link *link = conf->links;
	const struct netif_settings *netif = &link->netif;

	(void)state;
	assert_true(conf->user == (uid_t)-1);
	assert_true(conf->group == (gid_t)-1);
	assert_int_equal(conf->n_links, 1);
	assert_string_equal(link->name, "uno0");
	assert_true(link->enabled);
	assert_string_equal(link->port.device, "/dev/ttyACM0");
	assert_int_equal(link->port.baud, 115200);
	assert_int_equal(link->port.parity, PORT_PARITY_NONE);
	assert_int_equal(link->port.stop_bits, 1);
	assert_int_equal(link->port.flow, PORT_FLOW_NONE);
	assert_int_equal(link->port.settle_ms, 0);
	assert_string_equal(link->interface, "uno0");
	assert_true(link->persist);
	assert_true(link->owner == (uid_t)-1);
	assert_true(link->group == (gid_t)-1);
	assert_int_equal(netif->mtu, 1280);
	assert_int_equal(netif->txqueuelen, 500);
	assert_int_equal(netif->n_addresses, 0);
	assert_int_equal(netif->n_routes, 0);
	assert_int_equal(netif->forwarding, NETIF_UNTOUCHED);
	assert_int_equal(netif->rp_filter, NETIF_RP_FILTER_LOOSE);
	assert_false(netif->ignore_linkdown);
	assert_int_equal(link->live.leading_end, TX_LEADING_END_IDLE);
	assert_int_equal(link->live.check, RX_CHECK_FULL);
	assert_int_equal(link->retry_first_ms, 100);
	assert_int_equal(link->retry_max_ms, 30000);
	conf_free(conf);
}

static void
takes_the_default_mtu_from_the_line(void **state)
{
	static const struct {
		unsigned baud;
		const char *more;
		unsigned mtu;
	} cases[] = {
		/* a packet of 1500 and 2 bytes takes 120 ms at 125167 baud */
		{ 125167, "", 1500 },
		{ 125166, "", 1280 },
		{ 106834, "", 1280 },
		{ 106833, "", 576 },
		{ 48167, "", 576 },
		{ 48166, "", 296 },
		{ 50, "", 296 },
		{ 9600, "addresses = ( \"fd00::1/64\" );", 1280 },
		{ 9600, "routes = ( \"fd00::/64\" );", 1280 },
		{ 9600, "mtu = 68;", 68 },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *conf;

		snprintf(text, sizeof(text),
		    "links = ( { name = \"a\"; port = { device = \"/d\"; "
		    "baud = %u; }; interface = { %s }; } );",
		    cases[i].baud, cases[i].more);
		conf = good(text);
		assert_int_equal(conf->links[0].netif.mtu, cases[i].mtu);
		conf_free(conf);
	}
	/* 8E2 makes 12 bits of a byte */
	struct conf *conf = good(
	    "links = ( { name = \"a\"; port = { device = \"/d\"; "
	    "parity = \"even\"; stop_bits = 2; baud = 125167; }; } );");
	assert_int_equal(conf->links[0].netif.mtu, 576);
	conf_free(conf);
}

static void
gives_a_default_route_its_family(void **state)
{
	struct conf *conf;

	(void)state;
	conf = good(LINK("interface = { routes = ( \"default\","
			 "{ to = \"default\"; via = \"fe80::2\"; } ); };"));
	assert_route(
	    &conf->links[0].netif.routes[0], "0.0.0.0/0", "none", 0, 0);
	assert_route(&conf->links[0].netif.routes[1], "::/0", "fe80::2", 0, 0);
	conf_free(conf);
	/* whichever comes first in the file */
	conf = good(LINK("interface = { routes = ( \"default\" );"
			 "addresses = ( \"fd00::1/64\" ); };"));
	assert_route(&conf->links[0].netif.routes[0], "::/0", "none", 0, 0);
	conf_free(conf);
	conf = good(LINK("interface = { routes = ( { to = \"default\"; } );"
			 "addresses = ( \"fd00::1/64\", \"10.0.0.1/8\" ); };"));
	assert_route(
	    &conf->links[0].netif.routes[0], "0.0.0.0/0", "none", 0, 0);
	conf_free(conf);
}

static void
counts_the_mistakes_for_who_does_not_listen(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_null(conf_parse("a = 1; b = 2;", "x", NULL, NULL, &err));
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.text, "x: 3 mistakes");
	assert_null(conf_parse("links = 1;", "x", NULL, NULL, &err));
	assert_string_equal(err.text, "x: 1 mistake");
	assert_null(conf_parse("(", "x", NULL, NULL, NULL));
	conf_free(NULL);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_key),
		cmocka_unit_test(fills_in_the_defaults),
		cmocka_unit_test(takes_the_default_mtu_from_the_line),
		cmocka_unit_test(gives_a_default_route_its_family),
		cmocka_unit_test(counts_the_mistakes_for_who_does_not_listen),
	};
	struct error err;
	struct conf *conf;

	if (argc == 2 && strcmp(argv[1], "--keys") == 0) {
		conf_print_keys(stdout);
		return 0;
	}
	if (argc == 3 &&
	    (strcmp(argv[1], "--check") == 0 ||
		strcmp(argv[1], "--print") == 0)) {
		conf = conf_read(argv[2], complaints_print, NULL, &err);
		if (!conf)
			fprintf(stderr, "%s\n", err.text);
		else if (strcmp(argv[1], "--print") == 0)
			conf_print(conf, stdout);
		conf_free(conf);
		return conf ? 0 : 78;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

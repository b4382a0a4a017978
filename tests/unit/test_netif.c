#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "netns.h"
#include "os/netif.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define ROOM 300 /* addresses or routes */

static struct netif *netif;

/* One TUN and what is asked for. */
struct fixture {
	int tun;
	int index;
	struct netif_settings want;
	struct netif_address addresses[ROOM];
	struct netif_route routes[ROOM];
	struct error err;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->tun = make_tun("uno0", IFF_TUN);
	f->index = if_nametoindex("uno0");
	f->want.mtu = 1500;
	f->want.txqueuelen = 500;
	f->want.addresses = f->addresses;
	f->want.routes = f->routes;
	f->want.forwarding = NETIF_UNTOUCHED;
	f->want.rp_filter = NETIF_RP_FILTER_LOOSE;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->tun >= 0)
		close(f->tun);
	free(f);
	return 0;
}

static struct ip
ip(const char *text)
{
	struct ip parsed = { .family = AF_UNSPEC };

	if (text)
		assert_true(ip_parse(text, &parsed));
	return parsed;
}

static void
want_address(
    struct fixture *f, const char *local, const char *peer, unsigned prefix_len)
{
	assert_true(f->want.n_addresses < ROOM);
	f->addresses[f->want.n_addresses++] = (struct netif_address){
		.local = ip(local),
		.peer = ip(peer),
		.prefix_len = prefix_len,
	};
}

static void
want_route(struct fixture *f, const char *to, const char *via, uint32_t metric,
    uint32_t table)
{
	struct netif_route r = { .metric = metric, .table = table };

	assert_true(f->want.n_routes < ROOM);
	assert_true(ip_parse_prefix(to, &r.to, &r.prefix_len));
	r.via = ip(via);
	f->routes[f->want.n_routes++] = r;
}

static void
want_nothing(struct fixture *f)
{
	f->want.n_addresses = 0;
	f->want.n_routes = 0;
}

static void
apply(struct fixture *f)
{
	f->err.text[0] = '\0';
	if (netif_apply(netif, f->index, &f->want, true, &f->err) != 0)
		fail_msg("refused: %s", f->err.text);
}

static void
want_all_kinds(struct fixture *f)
{
	f->want.mtu = 1280;
	f->want.txqueuelen = 20;
	f->want.forwarding = NETIF_ON;
	f->want.ignore_linkdown = true;
	want_address(f, "10.64.0.1", "10.64.0.2", 32);
	want_address(f, "10.66.0.1", NULL, 24);
	want_address(f, "fd00:64::1", NULL, 64);
	want_address(f, "fd00:65::1", "fd00:65::2", 128);
	want_address(f, "fe80::5", NULL, 64);
	want_route(f, "10.65.0.0/16", NULL, 0, 0);
	want_route(f, "10.67.0.0/16", "10.64.0.2", 50, 0);
	want_route(f, "0.0.0.0/0", NULL, 200, 0);
	want_route(f, "10.68.0.0/16", "fe80::1", 0, 0);
	want_route(f, "10.69.0.0/16", NULL, 0, 1000);
	want_route(f, "fd00:66::/64", NULL, 0, 0);
	want_route(f, "fd00:67::/64", "fd00:64::2", 77, 0);
	want_route(f, "::/0", "fe80::1", 0, 0);
	want_route(f, "fd00:68::/64", NULL, 0, 100000);
}

static int
notifications_open(void)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
		RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
		RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_IFINFO,
		RTNLGRP_IPV6_NETCONF };
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_true(fd >= 0);
	/* The kernel tells nothing to a socket without an address. */
	assert_int_equal(bind(fd, (struct sockaddr *)&self, sizeof(self)), 0);
	for (size_t i = 0; i < N(groups); i++)
		assert_int_equal(
		    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
			&groups[i], sizeof(groups[i])),
		    0);
	return fd;
}

static int
notifications_count(int fd)
{
	static char buf[32768];
	int n = 0;

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void
tells_of_a_tun(void **state)
{
	struct fixture *f = *state;
	struct netif_state s;

	assert_int_equal(ioctl(f->tun, TUNSETOWNER, 12), 0);
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_int_equal(s.index, f->index);
	assert_string_equal(s.name, "uno0");
	assert_true(s.tun);
	assert_false(s.up);
	assert_false(s.marked);
	assert_false(s.persist);
	assert_int_equal(s.owner, 12);
	assert_int_equal(s.group, (gid_t)-1);
	assert_int_equal(s.mtu, 1500);

	assert_int_equal(ioctl(f->tun, TUNSETGROUP, 0), 0);
	assert_int_equal(ioctl(f->tun, TUNSETPERSIST, 1), 0);
	run("ip link set uno0 up mtu 1400");
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_true(s.persist);
	assert_true(s.up);
	assert_int_equal(s.group, 0);
	assert_int_equal(s.mtu, 1400);
	assert_int_equal(ioctl(f->tun, TUNSETPERSIST, 0), 0);
}

static void
knows_what_is_no_tun(void **state)
{
	struct fixture *f = *state;
	struct netif_state s;
	int tap = make_tun("tap0", IFF_TAP);

	assert_int_equal(netif_get(netif, "tap0", &s, &f->err), 0);
	assert_false(s.tun);
	assert_int_equal(netif_get(netif, "lo", &s, &f->err), 0);
	assert_false(s.tun);
	assert_int_equal(s.owner, (uid_t)-1);
	close(tap);
}

static void
says_enodev_where_there_is_none(void **state)
{
	struct fixture *f = *state;
	struct netif_state s;

	assert_int_equal(netif_get(netif, "nothere", &s, &f->err), -1);
	assert_int_equal(f->err.code, ENODEV);
	assert_says(f->err.text, "interface nothere: ");
	assert_int_equal(
	    netif_get(netif, "a-name-that-is-too-long", &s, &f->err), -1);
	assert_int_equal(f->err.code, ENODEV);
	assert_int_equal(netif_get(netif, "", &s, &f->err), -1);
	assert_int_equal(f->err.code, ENODEV);
	/* The socket serves on. */
	assert_int_equal(netif_get(netif, "uno0", &s, NULL), 0);
}

static void
marks_its_interface(void **state)
{
	struct fixture *f = *state;
	struct netif_state s;

	assert_int_equal(netif_mark(netif, f->index, &f->err), 0);
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_true(s.marked);
	run("ip link set uno0 alias serial-routers");
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_false(s.marked);
	assert_int_equal(netif_mark(netif, 9999, &f->err), -1);
	assert_int_equal(f->err.code, ENODEV);
}

static void
marks_with_its_owner(void **state)
{
	struct fixture *f = *state;
	char path[NETIF_MARK_SIZE + 1];
	struct netif_state s;

	netif_set_owner(netif, "/etc/a.conf");
	assert_int_equal(netif_mark(netif, f->index, &f->err), 0);
	assert_says(
	    run("ip link show uno0"), "alias serial-router:/etc/a.conf");
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_true(s.marked);
	assert_true(s.ours);
	netif_set_owner(netif, "/etc/a.con");
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_true(s.marked);
	assert_false(s.ours);

	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	netif_set_owner(netif, path);
	assert_int_equal(netif_mark(netif, f->index, &f->err), 0);
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_true(s.marked);
	assert_false(s.ours);
	netif_set_owner(netif, NULL);
	assert_int_equal(netif_get(netif, "uno0", &s, &f->err), 0);
	assert_true(s.marked);
	assert_false(s.ours);
}

static void
lists_marked_tuns_and_removes_one(void **state)
{
	struct fixture *f = *state;
	struct netif_state *found;
	struct netif_state s;
	size_t n;

	assert_int_equal(netif_list_marked(netif, &found, &n, &f->err), 0);
	assert_int_equal(n, 0);
	assert_null(found);
	for (int i = 0; i < 40; i++)
		run("ip tuntap add mode tun dev m%d && "
		    "ip link set m%d alias serial-router%s",
		    i, i, i % 2 ? ":/x" : "");
	run("ip tuntap add mode tap dev tap1 && "
	    "ip link set tap1 alias serial-router");
	assert_int_equal(netif_list_marked(netif, &found, &n, &f->err), 0);
	assert_int_equal(n, 40);
	for (size_t i = 0; i < n; i++) {
		assert_true(found[i].marked);
		assert_int_equal(found[i].ours, i % 2 == 0);
		assert_int_equal(
		    netif_delete(netif, found[i].index, &f->err), 0);
	}
	assert_int_equal(netif_get(netif, "m0", &s, &f->err), -1);
	assert_int_equal(netif_delete(netif, found[0].index, &f->err), -1);
	assert_int_equal(f->err.code, ENODEV);
	free(found);
	run("ip tuntap del mode tap dev tap1");
}

/* Without duplicate address detection too the kernel makes an IPv6 address
 * good a moment later. */
static const char *
settled_addresses(void)
{
	int64_t begin = clock_ms();
	const char *out;

	do
		out = run("ip -o addr show dev uno0");
	while (strstr(out, "tentative") && wait_turn(begin, NETNS_DEADLINE_MS));
	return out;
}

static void
assert_all_kinds_addresses(void)
{
	const char *out = settled_addresses();

	assert_says(out, "inet 10.64.0.1 peer 10.64.0.2/32 scope global");
	assert_says(out, "inet 10.66.0.1/24 scope global");
	assert_says(out, "inet6 fd00:64::1/64 scope global nodad");
	assert_says(out, "inet6 fd00:65::1 peer fd00:65::2/128 scope global");
	assert_says(out, "inet6 fe80::5/64 scope link");
	assert_silent_on(out, "tentative");
	assert_silent_on(out, "dadfailed");
}

static void
assert_all_kinds_routes(void)
{
	const char *out = run("ip route show dev uno0 proto 83 table all;"
			      "ip -6 route show dev uno0 proto 83 table all");

	assert_says(out, "10.65.0.0/16 scope link");
	assert_says(out, "10.67.0.0/16 via 10.64.0.2 metric 50");
	assert_says(out, "default scope link metric 200");
	assert_says(out, "10.68.0.0/16 via inet6 fe80::1");
	assert_says(out, "10.69.0.0/16 table 1000 scope link");
	assert_says(out, "fd00:66::/64 metric 1024");
	assert_says(out, "fd00:67::/64 via fd00:64::2 metric 77");
	assert_says(out, "default via fe80::1 metric 1024");
	assert_says(out, "fd00:68::/64 table 100000 metric 1024");
}

static void
makes_all_that_is_asked_for(void **state)
{
	struct fixture *f = *state;
	const char *out;

	want_all_kinds(f);
	apply(f);
	assert_all_kinds_addresses();
	assert_all_kinds_routes();
	out = run("ip -d link show uno0");
	assert_says(out, "mtu 1280");
	assert_says(out, "qlen 20");
	assert_says(out, ",UP,");
	assert_says(out, "addrgenmode none");
	/* No other link-local address than the one asked for. */
	assert_silent_on(
	    run("ip -o -6 addr show dev uno0 scope link | grep -v fe80::5/ ; :"),
	    "fe80");
}

static void
sets_the_sysctls_of_the_interface(void **state)
{
	struct fixture *f = *state;
	const char *cat = "cd /proc/sys/net/ipv4/conf/uno0;"
			  "cat forwarding rp_filter ignore_routes_with_linkdown"
			  " | tr -d '\\n'";

	run("echo 1 >/proc/sys/net/ipv4/conf/uno0/forwarding");
	apply(f);
	assert_string_equal(run("%s", cat), "120");
	f->want.forwarding = NETIF_OFF;
	f->want.rp_filter = NETIF_RP_FILTER_STRICT;
	f->want.ignore_linkdown = true;
	apply(f);
	assert_string_equal(run("%s", cat), "011");
	f->want.forwarding = NETIF_ON;
	f->want.rp_filter = NETIF_RP_FILTER_OFF;
	f->want.ignore_linkdown = false;
	apply(f);
	assert_string_equal(run("%s", cat), "100");
}

/* The kernel may still have something to tell of the first time. */
static void
touches_nothing_that_is_right(void **state)
{
	struct fixture *f = *state;
	int64_t begin = clock_ms();
	int fd, n;

	want_all_kinds(f);
	fd = notifications_open();
	apply(f);
	assert_true(notifications_count(fd) > 10);
	do {
		notifications_count(fd);
		apply(f);
		n = notifications_count(fd);
	} while (n > 0 && wait_turn(begin, NETNS_DEADLINE_MS));
	assert_int_equal(n, 0);
	close(fd);
}

static void
changes_a_prefix_length(void **state)
{
	struct fixture *f = *state;
	const char *out;

	want_address(f, "10.64.0.1", NULL, 24);
	want_address(f, "fd00:64::1", NULL, 64);
	apply(f);
	f->addresses[0].prefix_len = 16;
	f->addresses[1].prefix_len = 48;
	apply(f);
	out = run("ip -o addr show dev uno0");
	assert_says(out, "inet 10.64.0.1/16 ");
	assert_says(out, "inet6 fd00:64::1/48 ");
	assert_silent_on(out, "/24");
	assert_silent_on(out, "fd00:64::1/64");

	f->addresses[0].peer = ip("10.64.0.9");
	f->addresses[0].prefix_len = 32;
	apply(f);
	out = run("ip -o -4 addr show dev uno0");
	assert_says(out, "inet 10.64.0.1 peer 10.64.0.9/32 ");
	assert_silent_on(out, "/16");
}

/* Deleting a primary address deletes its secondaries. */
static void
keeps_the_secondaries_of_a_primary_that_goes(void **state)
{
	struct fixture *f = *state;
	const char *out;

	run("echo 0 >/proc/sys/net/ipv4/conf/uno0/promote_secondaries");
	want_address(f, "10.64.0.1", NULL, 24);
	want_address(f, "10.64.0.2", NULL, 24);
	want_address(f, "10.64.0.3", NULL, 24);
	apply(f);
	f->addresses[0] = f->addresses[2];
	f->want.n_addresses = 2;
	apply(f);
	out = run("ip -o -4 addr show dev uno0");
	assert_silent_on(out, "10.64.0.1/");
	assert_says(out, "10.64.0.2/24");
	assert_says(out, "10.64.0.3/24");
	/* All of them stale, the secondaries going by themselves. */
	want_nothing(f);
	apply(f);
	assert_string_equal(run("ip -o -4 addr show dev uno0"), "");
}

static void
leaves_what_others_made(void **state)
{
	struct fixture *f = *state;
	const char *out;

	want_address(f, "10.64.0.1", NULL, 24);
	want_address(f, "fd00:64::1", NULL, 64);
	apply(f);
	run("ip addr add 10.99.0.1/24 dev uno0;"
	    "ip addr add fd00:99::1/64 dev uno0;"
	    "ip addr add fe80::99/64 dev uno0;"
	    "ip addr add 10.98.0.1/24 dev uno0 valid_lft 600 preferred_lft 600;"
	    "ip -6 addr add fd00:98::1/64 dev uno0 valid_lft 600"
	    " preferred_lft 600;"
	    "ip route add 10.97.0.0/16 dev uno0;"
	    "ip route add 10.96.0.0/16 dev uno0 proto 83;"
	    "ip route add 10.95.0.0/16 dev uno0 proto 83 table 77 tos 0x10;"
	    "ip -6 route add fd00:97::/64 dev uno0 proto babel;"
	    "ip -6 route add fd00:96::/64 dev uno0 proto 83;"
	    "ip link set lo up; ip route add 10.94.0.0/16 dev lo proto 83");
	apply(f);
	out = run("ip -o addr show dev uno0");
	assert_silent_on(out, "10.99.0.1");
	assert_silent_on(out, "fd00:99::1");
	assert_says(out, "fe80::99/64");
	assert_says(out, "10.98.0.1/24");
	assert_says(out, "fd00:98::1/64");
	out = run("ip route show table all; ip -6 route show table all");
	assert_says(out, "10.97.0.0/16 dev uno0");
	assert_says(out, "fd00:97::/64 dev uno0 proto babel");
	assert_says(out, "10.94.0.0/16 dev lo proto 83");
	assert_silent_on(out, "10.96.0.0/16");
	assert_silent_on(out, "10.95.0.0/16");
	assert_silent_on(out, "fd00:96::/64");
	run("ip route del 10.94.0.0/16 dev lo");
}

static void
makes_an_address_that_expires_its_own(void **state)
{
	struct fixture *f = *state;
	const char *out;

	run("ip link set uno0 up;"
	    "ip addr add 10.64.0.1/24 dev uno0 valid_lft 600 preferred_lft 600;"
	    "ip -6 addr add fd00:64::1/48 dev uno0 valid_lft 600"
	    " preferred_lft 600");
	want_address(f, "10.64.0.1", NULL, 24);
	want_address(f, "fd00:64::1", NULL, 64);
	apply(f);
	out = run("ip -o addr show dev uno0");
	assert_says(out, "10.64.0.1/24");
	assert_says(out, "fd00:64::1/64");
	assert_silent_on(out, "600sec");
	assert_silent_on(out, "599sec");
	assert_silent_on(out, "fd00:64::1/48");
}

static void
changes_routes(void **state)
{
	struct fixture *f = *state;
	const char *out;

	want_all_kinds(f);
	apply(f);
	f->routes[1].via = ip("10.66.0.9");
	f->routes[2].metric = 0;
	f->routes[4].table = 0;
	f->routes[6].metric = 0;
	f->routes[7].via = ip("fe80::2");
	f->want.n_routes--;
	apply(f);
	out = run("ip route show dev uno0 proto 83 table all;"
		  "ip -6 route show dev uno0 proto 83 table all");
	assert_says(out, "10.67.0.0/16 via 10.66.0.9 metric 50");
	assert_silent_on(out, "via 10.64.0.2");
	assert_silent_on(out, "metric 200");
	assert_says(out, "10.69.0.0/16 scope link");
	assert_silent_on(out, "table 1000");
	assert_silent_on(out, "metric 77");
	assert_says(out, "default via fe80::2 metric 1024");
	assert_silent_on(out, "fe80::1 metric 1024");
	assert_silent_on(out, "fd00:68::");
	want_nothing(f);
	apply(f);
	assert_string_equal(run("ip route show dev uno0 proto 83 table all;"
				"ip -6 route show dev uno0 proto 83 table all"),
	    "");
}

static void
makes_one_of_what_is_asked_for_twice(void **state)
{
	struct fixture *f = *state;

	want_address(f, "10.64.0.1", NULL, 24);
	want_address(f, "10.64.0.1", "10.64.0.1", 24);
	want_route(f, "10.65.0.0/16", NULL, 0, 0);
	want_route(f, "10.65.0.0/16", NULL, 0, 254);
	want_route(f, "fd00:66::/64", NULL, 0, 0);
	want_route(f, "fd00:66::/64", NULL, 1024, 0);
	apply(f);
	apply(f);
}

static void
puts_ipv6_back_after_a_small_mtu(void **state)
{
	struct fixture *f = *state;
	size_t n_addresses, n_routes;

	want_all_kinds(f);
	apply(f);
	n_addresses = f->want.n_addresses;
	n_routes = f->want.n_routes;
	f->want.mtu = 576;
	f->want.n_addresses = 2;
	f->want.n_routes = 3;
	apply(f);
	assert_string_equal(run("ip -o -6 addr show dev uno0"), "");
	assert_says(run("ip link show uno0"), "mtu 576");

	f->want.mtu = 1400;
	f->want.n_addresses = n_addresses;
	f->want.n_routes = n_routes;
	apply(f);
	assert_all_kinds_addresses();
	assert_all_kinds_routes();

	/* The same behind our back. */
	run("ip link set uno0 mtu 500; ip link set uno0 mtu 1400");
	apply(f);
	assert_all_kinds_addresses();
	assert_all_kinds_routes();
}

static void
an_ipv4_link_stays_without_ipv6_when_its_mtu_grows(void **state)
{
	struct fixture *f = *state;

	f->want.mtu = 296;
	want_address(f, "10.64.0.1", NULL, 24);
	apply(f);
	f->want.mtu = 1500;
	apply(f);
	assert_string_equal(run("ip -o -6 addr show dev uno0"), "");
	assert_says(run("ip -d link show uno0"), "addrgenmode none");
	run("ip link set uno0 down; ip link set uno0 up");
	assert_string_equal(run("ip -o -6 addr show dev uno0"), "");
}

static void
gives_ipv6_its_link_local_address_back(void **state)
{
	struct fixture *f = *state;

	want_address(f, "10.64.0.1", NULL, 24);
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, false, &f->err), 0);
	assert_says(run("ip -d link show uno0"), "addrgenmode none");
	want_address(f, "fd00:64::1", NULL, 64);
	apply(f);
	assert_says(run("ip -d link show uno0"), "addrgenmode random");
	assert_says(run("ip -o -6 addr show dev uno0"), "inet6 fe80::");
	f->want.n_addresses = 1;
	apply(f);
	assert_says(run("ip -d link show uno0"), "addrgenmode none");
}

/* Reads what the interface sends until an IPv6 packet (true), or one of IPv4
 * or nothing for too long (false). */
static bool
sends_ipv6(int tun)
{
	uint8_t packet[2000];
	struct pollfd p = { .fd = tun, .events = POLLIN };

	while (poll(&p, 1, NETNS_DEADLINE_MS) == 1) {
		if (read(tun, packet, sizeof(packet)) <= 0)
			break;
		if (packet[0] >> 4 == 4)
			return false;
		if (packet[0] >> 4 == 6)
			return true;
	}
	return false;
}

static void
send_a_packet_to(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 9 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
	assert_int_equal(
	    sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	close(fd);
}

/* Another TUN, as the kernel has it by itself, shows when the solicitation
 * would have come. */
static void
an_ipv4_link_sends_no_router_solicitation(void **state)
{
	struct fixture *f = *state;
	int other = make_tun("other", IFF_TUN);

	want_address(f, "10.64.0.1", "10.64.0.2", 32);
	apply(f);
	run("ip link set other up");
	assert_string_equal(run("ip -o -6 addr show dev uno0"), "");
	assert_true(sends_ipv6(other));
	send_a_packet_to("10.64.0.2");
	assert_false(sends_ipv6(f->tun));
	close(other);
}

static void
a_refusal_leaves_the_rest_in_place(void **state)
{
	struct fixture *f = *state;
	const char *out;
	int n;

	want_address(f, "10.64.0.1", "10.64.0.2", 32);
	want_route(f, "10.65.0.0/16", NULL, 0, 0);
	want_route(f, "10.66.0.0/16", "10.9.9.9", 0, 0);
	want_route(f, "10.67.0.0/16", "10.64.0.2", 0, 0);
	n = netif_apply(netif, f->index, &f->want, true, &f->err);
	assert_int_equal(n, 1);
	assert_string_equal(f->err.text,
	    "route 10.66.0.0/16 via 10.9.9.9: Nexthop has invalid gateway");
	assert_int_equal(f->err.code, ENETUNREACH);
	out = run("ip route show dev uno0 proto 83");
	assert_says(out, "10.65.0.0/16");
	assert_says(out, "10.67.0.0/16");
	assert_silent_on(out, "10.66.0.0/16");
	/* Nobody has to want to know why. */
	assert_int_equal(netif_apply(netif, f->index, &f->want, true, NULL), 1);
}

static void
counts_every_refusal_and_tells_the_first(void **state)
{
	struct fixture *f = *state;

	run("echo 1 >/proc/sys/net/ipv6/conf/uno0/disable_ipv6");
	f->want.mtu = 70000;
	f->want.txqueuelen = 30;
	want_address(f, "10.64.0.1", NULL, 24);
	want_address(f, "fd00:64::1", NULL, 64);
	want_address(f, "fd00:65::1", NULL, 64);
	want_route(f, "10.66.0.0/16", "fd00:9::9", 0, 0);
	want_route(f, "fd00:66::/64", "10.64.0.2", 0, 0);
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, true, &f->err), 5);
	assert_string_equal(
	    f->err.text, "MTU 70000: mtu greater than device maximum");
	assert_int_equal(f->err.code, EINVAL);
	assert_says(run("ip -o addr show dev uno0"), "10.64.0.1/24");
	assert_says(run("ip link show uno0"), "qlen 30");

	f->want.mtu = 1500;
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, true, &f->err), 4);
	assert_says(f->err.text, "address fd00:64::1/64: ");
	assert_int_equal(f->err.code, EACCES);
}

/* The kernel's word for it is the one for an interface that is gone. */
static void
a_route_for_which_there_is_no_ipv6_ends_nothing(void **state)
{
	struct fixture *f = *state;

	f->want.mtu = 1000;
	want_route(f, "fd00:66::/64", NULL, 0, 0);
	want_route(f, "fd00:67::/64", NULL, 0, 0);
	want_route(f, "10.65.0.0/16", NULL, 0, 0);
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, true, &f->err), 2);
	assert_says(f->err.text, "route fd00:66::/64: ");
	assert_int_equal(f->err.code, EAFNOSUPPORT);
	assert_says(run("ip route show dev uno0"), "10.65.0.0/16");
}

static void
does_not_take_the_place_of_a_foreign_route(void **state)
{
	struct fixture *f = *state;

	run("ip link set lo up; ip route add 10.65.0.0/16 dev lo;"
	    "ip -6 route add fd00:65::/64 dev lo");
	want_address(f, "10.64.0.1", NULL, 24);
	want_route(f, "10.65.0.0/16", NULL, 0, 0);
	want_route(f, "fd00:65::/64", NULL, 0, 0);
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, true, &f->err), 2);
	assert_string_equal(f->err.text, "route 10.65.0.0/16: File exists");
	assert_int_equal(f->err.code, EEXIST);
	assert_says(run("ip route show"), "10.65.0.0/16 dev lo");
	run("ip route del 10.65.0.0/16 dev lo;"
	    "ip -6 route del fd00:65::/64 dev lo");
	apply(f);
}

static void
a_link_that_is_down_gets_addresses_and_no_routes(void **state)
{
	struct fixture *f = *state;

	want_all_kinds(f);
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, false, &f->err), 0);
	assert_says(run("ip link show uno0"), "state DOWN");
	assert_says(run("ip -o addr show dev uno0"), "10.64.0.1");
	assert_says(run("ip -o addr show dev uno0"), "fd00:64::1");
	assert_string_equal(run("ip route show dev uno0 proto 83 table all;"
				"ip -6 route show dev uno0 proto 83 table all"),
	    "");
	run("ip link set uno0 up");
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, false, &f->err), 0);
	assert_all_kinds_addresses();
	assert_all_kinds_routes();
}

static void
puts_back_what_went_with_a_downed_link(void **state)
{
	struct fixture *f = *state;

	want_all_kinds(f);
	apply(f);
	run("ip link set uno0 down");
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, false, &f->err), 0);
	assert_says(run("ip link show uno0"), "state DOWN");
	run("ip link set uno0 up");
	apply(f);
	assert_all_kinds_addresses();
	assert_all_kinds_routes();
}

static void
works_without_a_carrier(void **state)
{
	struct fixture *f = *state;
	const char *out;

	set_carrier(f->tun, 0);
	want_all_kinds(f);
	apply(f);
	out = run("ip -o addr show dev uno0");
	assert_says(out, "10.64.0.1 peer");
	assert_says(out, "fd00:64::1/64");
	out = run("ip -4 route show dev uno0; ip -6 route show dev uno0");
	assert_says(out, "10.67.0.0/16 via 10.64.0.2");
	assert_says(out, "fd00:67::/64 via fd00:64::2");
	apply(f);
}

static void
removes_hundreds_of_stale_things(void **state)
{
	struct fixture *f = *state;
	char text[64];

	for (int i = 0; i < ROOM; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.1", i / 250, i % 250);
		want_address(f, text, NULL, 24);
		snprintf(text, sizeof(text),
		    i % 2 ? "fd00:%x::/64" : "11.%d.0.0/24", i % 256);
		want_route(f, text, NULL, 1 + i, 0);
	}
	apply(f);
	want_nothing(f);
	apply(f);
	assert_string_equal(
	    run("ip -o addr show dev uno0 scope global;"
		"ip route show dev uno0; ip -6 route show dev uno0 proto 83"),
	    "");
}

static void
an_interface_that_is_gone_is_one_refusal(void **state)
{
	struct fixture *f = *state;

	want_all_kinds(f);
	close(f->tun);
	f->tun = -1;
	assert_int_equal(
	    netif_apply(netif, f->index, &f->want, true, &f->err), 1);
	assert_int_equal(f->err.code, ENODEV);
	assert_int_equal(netif_push_carrier_loss(netif, f->index, &f->err), -1);
	assert_int_equal(f->err.code, ENODEV);
}

/* At some moment of an apply, another one each time. */
static void
survives_an_interface_that_goes_half_way(void **state)
{
	struct fixture *f = *state;
	int refused = 0;

	want_all_kinds(f);
	for (int i = 0; i < 15; i++) {
		int tun = make_tun("gone", IFF_TUN);
		int index = if_nametoindex("gone");
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			execlp("ip", "ip", "link", "del", "gone", NULL);
			_exit(1);
		}
		for (int64_t begin = clock_ms();
		     clock_ms() - begin < NETNS_DEADLINE_MS;) {
			if (netif_apply(
				netif, index, &f->want, true, &f->err) == 0)
				continue;
			refused++;
			/* The kernel takes down first, then away. */
			assert_true(f->err.code == ENODEV ||
			    f->err.code == ENETDOWN || f->err.code == EINVAL ||
			    f->err.code == ENETUNREACH ||
			    f->err.code == EHOSTUNREACH);
			if (f->err.code == ENODEV)
				break;
		}
		assert_int_equal(f->err.code, ENODEV);
		assert_int_equal(waitpid(child, NULL, 0), child);
		close(tun);
	}
	assert_true(refused >= 15);
	apply(f);
}

/* Dumps that others disturb, and notifications to everybody. */
static void
works_while_others_change_things(void **state)
{
	struct fixture *f = *state;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		execlp("sh", "sh", "-c",
		    "ip link set lo up; while :; do"
		    " for i in $(seq 1 200); do"
		    "  echo addr add 10.70.$i.1/32 dev lo;"
		    "  echo route add 10.71.$i.0/24 dev lo;"
		    "  echo addr del 10.70.$i.1/32 dev lo;"
		    "  echo route del 10.71.$i.0/24 dev lo;"
		    " done | ip -force -batch - 2>/dev/null; done",
		    NULL);
		_exit(1);
	}
	for (int i = 0; i < 100; i++) {
		want_all_kinds(f);
		apply(f);
		want_nothing(f);
		apply(f);
	}
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
}

/* Whether the kernel finds a way.  A question about the interface itself
 * would make newer kernels look at its carrier. */
static bool
has_a_way_to(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 9 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result;

	assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
	result = connect(fd, (struct sockaddr *)&to, sizeof(to));
	assert_true(result == 0 || errno == ENETUNREACH);
	close(fd);
	return result == 0;
}

static void
carrier_loss_is_seen_at_once(void **state)
{
	struct fixture *f = *state;
	int other = make_tun("other", IFF_TUN);
	int64_t begin;

	f->want.ignore_linkdown = true;
	want_address(f, "10.64.0.1", NULL, 24);
	want_route(f, "10.65.0.0/16", NULL, 0, 0);
	apply(f);
	f->addresses[0].local = ip("10.72.0.1");
	f->want.n_routes = 0;
	assert_int_equal(netif_apply(netif, if_nametoindex("other"), &f->want,
			     true, &f->err),
	    0);

	/* This loss takes the place of all that the kernel tells by itself
	 * within a second. */
	set_carrier(other, 0);
	begin = clock_ms();
	while (has_a_way_to("10.72.0.2"))
		assert_true(wait_turn(begin, NETNS_DEADLINE_MS));

	set_carrier(f->tun, 0);
	assert_int_equal(netif_push_carrier_loss(netif, f->index, &f->err), 0);
	begin = clock_ms();
	while (has_a_way_to("10.65.0.1"))
		assert_true(wait_turn(begin, 200));
	assert_int_equal(netif_push_carrier_loss(netif, f->index, &f->err), 0);

	set_carrier(f->tun, 1);
	begin = clock_ms();
	while (!has_a_way_to("10.65.0.1"))
		assert_true(wait_turn(begin, NETNS_DEADLINE_MS));
	assert_says(run("ip link show uno0"), "LOWER_UP");
	assert_silent_on(run("ip link show uno0"), "DORMANT");
	close(other);
}

static void
a_carrier_that_is_on_is_not_pushed_away(void **state)
{
	struct fixture *f = *state;

	apply(f);
	assert_int_equal(netif_push_carrier_loss(netif, f->index, &f->err), -1);
	assert_int_equal(f->err.code, EBUSY);
	assert_silent_on(run("ip link show uno0"), "DORMANT");
}

static void
its_socket_is_not_inherited(void **state)
{
	int sockets = 0;

	(void)state;
	for (int fd = 3; fd < 64; fd++) {
		int domain;
		socklen_t len = sizeof(domain);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
		    domain != AF_NETLINK)
			continue;
		sockets++;
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	assert_true(sockets > 0);
}

static void
knows_when_ipv6_is_wanted(void **state)
{
	struct fixture *f = *state;

	want_address(f, "10.64.0.1", NULL, 24);
	want_route(f, "10.65.0.0/16", NULL, 0, 0);
	assert_false(netif_wants_ipv6(&f->want));
	f->routes[0].via = ip("fe80::1");
	assert_true(netif_wants_ipv6(&f->want));
	want_nothing(f);
	want_route(f, "fd00::/64", NULL, 0, 0);
	assert_true(netif_wants_ipv6(&f->want));
	want_nothing(f);
	want_address(f, "fd00::1", NULL, 64);
	assert_true(netif_wants_ipv6(&f->want));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_of_a_tun),
		TEST(knows_what_is_no_tun),
		TEST(says_enodev_where_there_is_none),
		TEST(marks_its_interface),
		TEST(marks_with_its_owner),
		TEST(lists_marked_tuns_and_removes_one),
		TEST(makes_all_that_is_asked_for),
		TEST(sets_the_sysctls_of_the_interface),
		TEST(touches_nothing_that_is_right),
		TEST(changes_a_prefix_length),
		TEST(keeps_the_secondaries_of_a_primary_that_goes),
		TEST(leaves_what_others_made),
		TEST(makes_an_address_that_expires_its_own),
		TEST(changes_routes),
		TEST(makes_one_of_what_is_asked_for_twice),
		TEST(puts_ipv6_back_after_a_small_mtu),
		TEST(an_ipv4_link_stays_without_ipv6_when_its_mtu_grows),
		TEST(gives_ipv6_its_link_local_address_back),
		TEST(an_ipv4_link_sends_no_router_solicitation),
		TEST(a_refusal_leaves_the_rest_in_place),
		TEST(counts_every_refusal_and_tells_the_first),
		TEST(a_route_for_which_there_is_no_ipv6_ends_nothing),
		TEST(does_not_take_the_place_of_a_foreign_route),
		TEST(a_link_that_is_down_gets_addresses_and_no_routes),
		TEST(puts_back_what_went_with_a_downed_link),
		TEST(works_without_a_carrier),
		TEST(removes_hundreds_of_stale_things),
		TEST(an_interface_that_is_gone_is_one_refusal),
		TEST(survives_an_interface_that_goes_half_way),
		TEST(works_while_others_change_things),
		TEST(carrier_loss_is_seen_at_once),
		TEST(a_carrier_that_is_on_is_not_pushed_away),
		TEST(its_socket_is_not_inherited),
		TEST(knows_when_ipv6_is_wanted),
	};
	struct error err;
	int failed;

	netns_enter();
	netif = netif_new(&err);
	if (!netif) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netif_free(netif);
	netif_free(NULL);
	return failed;
}

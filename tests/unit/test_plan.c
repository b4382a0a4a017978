/* Two configurations, and what a reload has to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "router/conf_key.h"
#include "router/plan.h"

struct fixture {
	struct conf *from, *to;
	struct plan *plan;
};

static struct conf *
parse(const char *text)
{
	struct error err;
	struct conf *conf = conf_parse_untried(text, "test", NULL, NULL, &err);

	if (!conf)
		fail_msg("%s: %s", text, err.text);
	return conf;
}

static void
clear(struct fixture *f)
{
	plan_free(f->plan);
	conf_free(f->from);
	conf_free(f->to);
	*f = (struct fixture){ .plan = NULL };
}

static struct plan *
make(struct fixture *f, const char *from, const char *to)
{
	clear(f);
	f->from = parse(from);
	f->to = parse(to);
	f->plan = plan_new(f->from, f->to);
	assert_non_null(f->plan);
	return f->plan;
}

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	clear(*state);
	free(*state);
	return 0;
}

/* A link with more settings of its groups, and of its own. */
static const char *
link_of(
    const char *name, const char *device, const char *port, const char *more)
{
	static char texts[4][1024];
	static unsigned n;
	char *text = texts[n++ % 4];

	snprintf(text, sizeof(texts[0]),
	    "{ name = \"%s\"; port: { device = \"%s\"; baud = 921600; %s }; "
	    "%s }",
	    name, device, port, more);
	return text;
}

static const char *
links_of(const char *a, const char *b)
{
	static char texts[4][4096];
	static unsigned n;
	char *text = texts[n++ % 4];

	snprintf(text, sizeof(texts[0]), "links: ( %s%s%s );", a ? a : "",
	    b ? ", " : "", b ? b : "");
	return text;
}

static const char *
one(const char *port, const char *more)
{
	return links_of(link_of("a", "/dev/a", port, more), NULL);
}

static void
assert_link(const struct plan *plan, size_t i, const char *name,
    enum plan_change change, const char *key)
{
	const struct plan_link *l = &plan->links[i];

	assert_true(i < plan->n_links);
	assert_string_equal(l->name, name);
	assert_string_equal(
	    plan_change_name(l->change), plan_change_name(change));
	if (!key) {
		assert_int_equal(l->keys.n, 0);
		return;
	}
	assert_int_equal(l->keys.n, 1);
	assert_string_equal(l->keys.names[0], key);
}

static void
leaves_what_is_the_same_unchanged(void **state)
{
	struct fixture *f = *state;
	const char *long_way =
	    "links = ( { interface = { mtu = 1500; name = \"a\"; }; "
	    "port = { baud = 921600; device = \"/dev/a\"; parity = \"none\"; };"
	    " enabled = true; name = \"a\"; } );";
	struct plan *plan = make(f, one("", ""), long_way);

	assert_int_equal(plan->n_links, 1);
	assert_link(plan, 0, "a", PLAN_UNCHANGED, NULL);
	assert_ptr_equal(plan->links[0].from, &f->from->links[0]);
	assert_ptr_equal(plan->links[0].to, &f->to->links[0]);
	assert_int_equal(plan->live.n + plan->waiting.n, 0);
	assert_int_equal(plan_count(plan, PLAN_UNCHANGED), 1);
}

/* One value of each key that a link has, other than its default. */
static const struct {
	const char *key, *port, *more;
} others[] = {
	{ "enabled", "", "enabled = false;" },
	{ "port.parity", "parity = \"odd\";", "" },
	{ "port.stop_bits", "stop_bits = 2;", "" },
	{ "port.flow", "flow = \"rtscts\";", "" },
	{ "port.settle_ms", "settle_ms = 1;", "" },
	{ "port.dtr", "dtr = \"on\";", "" },
	{ "port.rts", "rts = \"off\";", "" },
	{ "port.low_latency", "low_latency = false;", "" },
	{ "interface.name", "", "interface: { name = \"b\"; };" },
	{ "interface.mtu", "", "interface: { mtu = 576; };" },
	{ "interface.txqueuelen", "", "interface: { txqueuelen = 7; };" },
	{ "interface.persist", "", "interface: { persist = false; };" },
	{ "interface.owner", "", "interface: { owner = 7; };" },
	{ "interface.group", "", "interface: { group = 7; };" },
	{ "interface.addresses", "",
	    "interface: { addresses = ( \"10.0.0.1/24\" ); };" },
	{ "interface.routes", "", "interface: { routes = ( \"default\" ); };" },
	{ "interface.forwarding", "", "interface: { forwarding = false; };" },
	{ "interface.rp_filter", "", "interface: { rp_filter = \"off\"; };" },
	{ "interface.ignore_linkdown", "",
	    "interface: { ignore_linkdown = true; };" },
	{ "framing.leading_end", "", "framing: { leading_end = \"never\"; };" },
	{ "receive.check", "", "receive: { check = \"header\"; };" },
	{ "queue.pace", "", "queue: { pace = false; };" },
	{ "queue.limit_ms", "", "queue: { limit_ms = 3000; };" },
	{ "retry.first_ms", "", "retry: { first_ms = 10; };" },
	{ "retry.max_ms", "", "retry: { max_ms = 200; };" },
};

static void
sees_another_adapter(void **state)
{
	const char *links =
	    "links: ( { name = \"a\"; port: { usb: { %s }; baud "
	    "= 921600; }; } );";
	struct {
		const char *from, *to;
	} cases[] = {
		{ "serial = \"A\";", "serial = \"B\";" },
		{ "vendor = 1;", "vendor = 2;" },
		{ "vendor = 1;", "vendor = 1; product = 2;" },
		{ "path = \"1-1\";", "path = \"1-2\";" },
		{ "path = \"1-1\";", "path = \"1-1\"; function = 2;" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char from[256], to[256];
		struct plan *plan;

		snprintf(from, sizeof(from), links, cases[i].from);
		snprintf(to, sizeof(to), links, cases[i].to);
		plan = make(*state, from, to);
		assert_int_equal(plan->links[0].change, PLAN_PUMP);
		assert_memory_equal(
		    plan->links[0].keys.names[0], "port.usb", 8);
		plan = make(*state, from, one("", ""));
		assert_int_equal(plan->links[0].change, PLAN_PUMP);
	}
}

static enum plan_change
change_of(const char *name)
{
	char path[128];
	const struct conf_key *key;

	snprintf(path, sizeof(path), "links[].%s", name);
	key = conf_key_find(path);
	assert_non_null(key);
	switch (key->change) {
	case CONF_CHANGE_LIVE:
		return PLAN_LIVE;
	case CONF_CHANGE_PUMP:
		return PLAN_PUMP;
	case CONF_CHANGE_LINK:
		return PLAN_INTERFACE;
	case CONF_CHANGE_NONE:
	case CONF_CHANGE_DAEMON:
		break;
	}
	fail_msg("%s: no change for a link", name);
	return PLAN_UNCHANGED;
}

static void
finds_each_key_and_takes_its_change_from_the_table(void **state)
{
	const size_t n = sizeof(others) / sizeof(others[0]);

	for (size_t i = 0; i < n; i++) {
		struct plan *plan = make(
		    *state, one("", ""), one(others[i].port, others[i].more));

		assert_link(
		    plan, 0, "a", change_of(others[i].key), others[i].key);
		plan = make(
		    *state, one(others[i].port, others[i].more), one("", ""));
		assert_link(
		    plan, 0, "a", change_of(others[i].key), others[i].key);
	}
}

static void
says_of_each_key_what_a_change_does(void **state)
{
	(void)state;
	for (const struct conf_key *key = conf_keys; key->path; key++) {
		bool is_list = strcmp(key->path, "links") == 0;

		if ((key->change == CONF_CHANGE_NONE) != is_list)
			fail_msg("%s: change \"%s\"", key->path,
			    conf_change_name(key->change));
		/* A change of the daemon does not come from a link. */
		if (strncmp(key->path, "links[]", 7) == 0)
			assert_int_not_equal(key->change, CONF_CHANGE_DAEMON);
	}
}

static void
sees_addresses_and_routes_within(void **state)
{
	const char *both = "interface: { addresses = ( { local = \"10.0.0.1\"; "
			   "peer = \"10.0.0.2\"; } ); routes = ( { to = "
			   "\"default\"; metric = 2; } ); };";
	struct {
		const char *more, *key;
	} cases[] = {
		{ "interface: { addresses = ( { local = \"10.0.0.1\"; peer = "
		  "\"10.0.0.3\"; } ); routes = ( { to = \"default\"; metric = "
		  "2; } ); };",
		    "interface.addresses" },
		{ "interface: { addresses = ( { local = \"10.0.0.1\"; peer = "
		  "\"10.0.0.2\"; } ); routes = ( { to = \"default\"; metric = "
		  "3; } ); };",
		    "interface.routes" },
		{ "interface: { addresses = ( { local = \"10.0.0.1\"; peer = "
		  "\"10.0.0.2\"; } ); routes = ( { to = \"default\"; table = "
		  "9; metric = 2; } ); };",
		    "interface.routes" },
	};

	for (size_t i = 0; i < 3; i++)
		assert_link(make(*state, one("", both), one("", cases[i].more)),
		    0, "a", PLAN_LIVE, cases[i].key);
}

static void
takes_the_strongest_change_of_several(void **state)
{
	struct plan *plan = make(*state, one("", ""),
	    one("parity = \"even\";", "retry: { max_ms = 100; };"));

	assert_int_equal(plan->links[0].change, PLAN_PUMP);
	assert_int_equal(plan->links[0].keys.n, 2);
	plan = make(*state, one("", ""),
	    one("parity = \"even\";", "interface: { name = \"x\"; };"));
	assert_int_equal(plan->links[0].change, PLAN_INTERFACE);
}

static void
matches_links_by_name_wherever_they_stand(void **state)
{
	const char *a = link_of("a", "/dev/a", "", "");
	const char *b = link_of("b", "/dev/b", "", "");
	const char *c = link_of("c", "/dev/c", "", "");
	struct plan *plan = make(*state, links_of(a, b), links_of(b, a));

	assert_link(plan, 0, "b", PLAN_UNCHANGED, NULL);
	assert_link(plan, 1, "a", PLAN_UNCHANGED, NULL);
	plan = make(*state, links_of(a, b), links_of(c, b));
	assert_int_equal(plan->n_links, 3);
	assert_link(plan, 0, "c", PLAN_ADDED, NULL);
	assert_null(plan->links[0].from);
	assert_link(plan, 1, "b", PLAN_UNCHANGED, NULL);
	assert_link(plan, 2, "a", PLAN_REMOVED, NULL);
	assert_null(plan->links[2].to);
}

static void
goes_from_no_links_to_some_and_back(void **state)
{
	const char *a = link_of("a", "/dev/a", "", "");
	struct plan *plan = make(
	    *state, links_of(NULL, NULL), links_of(a, NULL));

	assert_int_equal(plan->n_links, 1);
	assert_link(plan, 0, "a", PLAN_ADDED, NULL);
	plan = make(*state, links_of(a, NULL), links_of(NULL, NULL));
	assert_int_equal(plan->n_links, 1);
	assert_link(plan, 0, "a", PLAN_REMOVED, NULL);
	plan = make(*state, links_of(NULL, NULL), links_of(NULL, NULL));
	assert_int_equal(plan->n_links, 0);
}

static void
sees_who_loses_his_port_or_name_to_another(void **state)
{
	struct plan *plan = make(*state,
	    links_of(
		link_of("a", "/dev/a", "", ""), link_of("b", "/dev/b", "", "")),
	    links_of(link_of("a", "/dev/b", "", ""),
		link_of("b", "/dev/a", "", "")));

	assert_link(plan, 0, "a", PLAN_PUMP, "port.device");
	assert_true(plan->links[0].evicted);
	assert_true(plan->links[1].evicted);
	plan = make(*state,
	    links_of(
		link_of("a", "/dev/a", "", ""), link_of("b", "/dev/b", "", "")),
	    links_of(link_of("a", "/dev/c", "", ""),
		link_of("b", "/dev/b", "", "interface: { name = \"x\"; };")));
	assert_false(plan->links[0].evicted);
	assert_false(plan->links[1].evicted);
	plan = make(*state, links_of(link_of("a", "/dev/a", "", ""), NULL),
	    links_of(
		link_of("a", "/dev/a", "", "interface: { name = \"x\"; };"),
		link_of("a2", "/dev/b", "", "interface: { name = \"a\"; };")));
	assert_true(plan->links[0].evicted);
}

static void
keeps_keys_of_the_daemon_apart(void **state)
{
	struct plan *plan = make(*state, "links = ( );",
	    "user = 65534; group = 65533; links = ( );");

	assert_int_equal(plan->n_links, 0);
	assert_int_equal(plan->live.n, 0);
	assert_int_equal(plan->waiting.n, 2);
	assert_string_equal(plan->waiting.names[0], "user");
	assert_string_equal(plan->waiting.names[1], "group");
}

static void
plans_as_many_links_as_there_may_be(void **state)
{
	const size_t size = 256 * 1024;
	char *text = malloc(size);
	struct plan *plan;
	size_t len;

	assert_non_null(text);
	len = snprintf(text, size, "links: (");
	for (int i = 0; i < CONF_LINKS_MAX; i++)
		len += snprintf(text + len, size - len,
		    "%s { name = \"l%d\"; port: { device = \"/dev/p%d\"; baud "
		    "= 9600; }; }",
		    i > 0 ? "," : "", i, i);
	snprintf(text + len, size - len, ");");
	plan = make(*state, text, text);
	assert_int_equal(plan->n_links, CONF_LINKS_MAX);
	assert_int_equal(plan_count(plan, PLAN_UNCHANGED), CONF_LINKS_MAX);
	plan = make(*state, "links: ( );", text);
	assert_int_equal(plan_count(plan, PLAN_ADDED), CONF_LINKS_MAX);
	plan = make(*state, text, "links: ( );");
	assert_int_equal(plan_count(plan, PLAN_REMOVED), CONF_LINKS_MAX);
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(leaves_what_is_the_same_unchanged),
		TEST(finds_each_key_and_takes_its_change_from_the_table),
		TEST(says_of_each_key_what_a_change_does),
		TEST(sees_another_adapter),
		TEST(sees_addresses_and_routes_within),
		TEST(takes_the_strongest_change_of_several),
		TEST(matches_links_by_name_wherever_they_stand),
		TEST(goes_from_no_links_to_some_and_back),
		TEST(sees_who_loses_his_port_or_name_to_another),
		TEST(keeps_keys_of_the_daemon_apart),
		TEST(plans_as_many_links_as_there_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

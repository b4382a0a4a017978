#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ip.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static void
every_address_comes_back_as_text(void **state)
{
	static const char *const texts[] = { "10.64.0.1", "0.0.0.0",
		"255.255.255.255", "::", "::1", "fd00:64::1",
		"fe80::1234:5678:9abc:def0", "::ffff:10.0.0.1",
		"1111:2222:3333:4444:5555:6666:7777:8888" };
	char buf[IP_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct ip ip = ip_of(texts[i]);

		assert_string_equal(ip_format(&ip, buf), texts[i]);
	}
}

static void
an_ipv4_address_is_its_four_bytes_and_zeros(void **state)
{
	const uint8_t want[16] = { 10, 64, 0, 1 };
	struct ip ip;

	(void)state;
	memset(&ip, 0xff, sizeof(ip));
	assert_true(ip_parse("10.64.0.1", &ip));
	assert_int_equal(ip.family, AF_INET);
	assert_memory_equal(ip.bytes, want, sizeof(want));
}

static void
what_is_no_address_leaves_the_target_alone(void **state)
{
	static const char *const texts[] = { "", "10.0.0", "10.0.0.256",
		"10.0.0.1 ", " 10.0.0.1", "10.0.0.1/8", "010.0.0.1",
		"0x0a000001", "10.0.0.1.2", ":", "1::2::3", "fe80::1%eth0",
		"12345::", "host", "1:2:3:4:5:6:7:8:9", "::10.0.0.256" };
	struct ip ip, before;
	unsigned prefix_len = 77;

	(void)state;
	memset(&ip, 0x5a, sizeof(ip));
	before = ip;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(ip_parse(texts[i], &ip));
		assert_memory_equal(&ip, &before, sizeof(ip));
	}
	assert_false(ip_parse_prefix("10.0.0.0/33", &ip, &prefix_len));
	assert_memory_equal(&ip, &before, sizeof(ip));
	assert_int_equal(prefix_len, 77);
}

static void
a_prefix_comes_back_as_text(void **state)
{
	static const char *const texts[] = { "10.65.0.0/16", "0.0.0.0/0",
		"10.0.0.1/32", "fd00:64::/64", "::/0", "::1/128" };
	char buf[IP_TEXT_SIZE];
	unsigned len;
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_true(ip_parse_prefix(texts[i], &ip, &len));
		assert_string_equal(ip_format_prefix(&ip, len, buf), texts[i]);
	}
}

static void
what_is_no_prefix_is_refused(void **state)
{
	static const char *const texts[] = { "", "/", "/8", "10.0.0.0",
		"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8",
		"10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8x", "10.0.0.0/0x8",
		"10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "10.0.0/8", "::/129",
		"::/1000", "::/4294967360", "::/18446744073709551616",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:"
		"dddd/64" };
	unsigned len;
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(ip_parse_prefix(texts[i], &ip, &len));
}

static void
no_address_is_shown_as_none(void **state)
{
	const struct ip none = { .family = AF_UNSPEC };
	char buf[IP_TEXT_SIZE];

	(void)state;
	assert_string_equal(ip_format(&none, buf), "none");
	assert_int_equal(ip_size(&none), 0);
	assert_int_equal(ip_bits(&none), 0);
}

static void
the_longest_texts_fit(void **state)
{
	struct ip ip = ip_of("::ffff:255.255.255.255");
	char buf[IP_TEXT_SIZE];

	(void)state;
	assert_string_equal(
	    ip_format_prefix(&ip, 128, buf), "::ffff:255.255.255.255/128");
	ip = ip_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_string_equal(ip_format_prefix(&ip, 128, buf),
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void
addresses_are_equal_in_family_and_bytes(void **state)
{
	struct ip a = ip_of("10.0.0.1"), b = ip_of("10.0.0.1");
	struct ip c = ip_of("10.0.0.2"), d = ip_of("a00:1::");
	const struct ip none = { .family = AF_UNSPEC };

	(void)state;
	assert_true(ip_equal(&a, &b));
	assert_false(ip_equal(&a, &c));
	assert_false(ip_equal(&a, &d));
	assert_false(ip_equal(&a, &none));
	assert_true(ip_equal(&none, &none));
}

static void
a_prefix_compares_that_many_bits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned same; /* leading bits */
	} cases[] = {
		{ "10.0.0.0", "138.0.0.0", 0 },
		{ "10.0.0.0", "10.128.0.0", 8 },
		{ "10.64.0.1", "10.64.0.2", 30 },
		{ "10.64.0.1", "10.64.0.1", 32 },
		{ "fd00::", "fd00:0:0:1::", 63 },
		{ "fe80::", "febf::", 10 },
		{ "::1", "::1", 128 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip a = ip_of(cases[i].a), b = ip_of(cases[i].b);

		for (unsigned n = 0; n <= ip_bits(&a); n++) {
			assert_int_equal(
			    ip_equal_prefix(&a, &b, n), n <= cases[i].same);
		}
	}
}

static void
families_never_share_a_prefix(void **state)
{
	struct ip a = ip_of("0.0.0.0"), b = ip_of("::");

	(void)state;
	assert_false(ip_equal_prefix(&a, &b, 0));
}

static void
a_network_has_no_bits_behind_its_prefix(void **state)
{
	static const struct {
		const char *text;
		bool network;
	} cases[] = {
		{ "10.65.0.0/16", true },
		{ "10.65.0.1/16", false },
		{ "10.65.128.0/17", true },
		{ "10.65.128.0/16", false },
		{ "0.0.0.0/0", true },
		{ "128.0.0.0/0", false },
		{ "10.0.0.1/32", true },
		{ "fd00:64::/64", true },
		{ "fd00:64::1/64", false },
		{ "fd00:64::1/128", true },
		{ "::/0", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip;
		unsigned len;

		assert_true(ip_parse_prefix(cases[i].text, &ip, &len));
		assert_int_equal(ip_is_network(&ip, len), cases[i].network);
	}
}

static void
link_local_is_fe80_with_ten_bits(void **state)
{
	static const struct {
		const char *text;
		bool link_local;
	} cases[] = {
		{ "fe80::1", true },
		{ "febf:ffff::1", true },
		{ "fec0::1", false },
		{ "fe7f::1", false },
		{ "fd80::1", false },
		{ "254.128.0.1", false },
		{ "169.254.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip = ip_of(cases[i].text);

		assert_int_equal(ip_is_link_local(&ip), cases[i].link_local);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_comes_back_as_text),
		cmocka_unit_test(an_ipv4_address_is_its_four_bytes_and_zeros),
		cmocka_unit_test(what_is_no_address_leaves_the_target_alone),
		cmocka_unit_test(a_prefix_comes_back_as_text),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(no_address_is_shown_as_none),
		cmocka_unit_test(the_longest_texts_fit),
		cmocka_unit_test(addresses_are_equal_in_family_and_bytes),
		cmocka_unit_test(a_prefix_compares_that_many_bits),
		cmocka_unit_test(families_never_share_a_prefix),
		cmocka_unit_test(a_network_has_no_bits_behind_its_prefix),
		cmocka_unit_test(link_local_is_fe80_with_ten_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

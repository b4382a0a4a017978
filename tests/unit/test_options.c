#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "router/conf.h"
#include "router/options.h"

#define ARGS_MAX 64

static struct options o;
static char said[4096]; /* on standard error, or by the checker */

/* Parses words that are separated by blanks; keeps what it says. */
static int
parse(const char *words)
{
	static char copy[2048];
	static char *argv[ARGS_MAX];
	int argc = 0, saved = dup(2), pipes[2], status;
	char *rest = copy;
	ssize_t len;

	snprintf(copy, sizeof(copy), "serial-routerd %s", words);
	while (rest && argc < ARGS_MAX - 1)
		argv[argc++] = strsep(&rest, " ");
	argv[argc] = NULL;
	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], 2);
	optind = 0;
	status = options_parse(&o, argc, argv);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	close(pipes[1]);
	len = read(pipes[0], said, sizeof(said) - 1);
	said[len > 0 ? len : 0] = '\0';
	close(pipes[0]);
	return status;
}

static void
assert_refused(const char *words, const char *why)
{
	assert_int_equal(parse(words), EX_USAGE);
	if (!strstr(said, why))
		fail_msg("%s: no \"%s\" in: %s", words, why, said);
	assert_non_null(strstr(said, "usage: serial-routerd"));
}

static void
keep(const char *line, bool warning, void *arg)
{
	char text[512];

	(void)warning;
	(void)arg;
	strcat(said, options_complaint(line, text, sizeof(text)));
	strcat(said, "\n");
}

/* The configuration of the link that was parsed; what is wrong is in said. */
static struct conf *
configure(void)
{
	char *text = options_text(&o.link);
	struct conf *conf;
	struct error err;

	assert_non_null(text);
	said[0] = '\0';
	conf = conf_parse(text, OPTIONS_NAME, keep, NULL, &err);
	free(text);
	return conf;
}

static struct conf *
configure_good(const char *words)
{
	struct conf *conf;

	if (parse(words) != -1)
		fail_msg("%s: %s", words, said);
	conf = configure();
	if (!conf)
		fail_msg("%s: %s", words, said);
	return conf;
}

static void
assert_complains(const char *words, const char *line)
{
	if (parse(words) != -1)
		fail_msg("%s: %s", words, said);
	assert_null(configure());
	if (strncmp(said, line, strlen(line)) != 0)
		fail_msg("%s: not \"%s\" but: %s", words, line, said);
}

static void
nothing_given_means_the_installed_file(void **state)
{
	(void)state;
	assert_int_equal(parse("-t"), -1);
	assert_string_equal(o.file, SYSCONFDIR "/serial-router.conf");
	assert_null(o.link.interface);
	assert_true(o.check);
	assert_false(o.print || o.to_syslog || o.remove_interfaces);
	assert_int_equal(o.most, LOG_LEVEL_INFO);
}

static void
each_option_is_taken(void **state)
{
	(void)state;
	assert_int_equal(parse("--remove-interfaces"), -1);
	assert_true(o.remove_interfaces);
	assert_int_equal(parse("-tTv -c some.conf --syslog"), -1);
	assert_string_equal(o.file, "some.conf");
	assert_true(o.check && o.print && o.to_syslog);
	assert_int_equal(o.most, LOG_LEVEL_DEBUG);
	assert_int_equal(parse("--check --print --verbose --config=x"), -1);
	assert_string_equal(o.file, "x");
	assert_true(o.check && o.print);
}

static void
one_link_needs_no_file(void **state)
{
	struct conf *conf;

	(void)state;
	conf = configure_good("-i tun0 -p /dev/ttyUSB0 -b 921600");
	assert_int_equal(conf->n_links, 1);
	assert_string_equal(conf->links[0].name, "tun0");
	assert_string_equal(conf->links[0].interface, "tun0");
	assert_string_equal(conf->links[0].port.device, "/dev/ttyUSB0");
	assert_int_equal(conf->links[0].port.baud, 921600);
	assert_int_equal(conf->links[0].netif.mtu, 1500);
	assert_int_equal(conf->links[0].netif.n_addresses, 0);
	conf_free(conf);
}

static void
addresses_and_mtu_are_taken(void **state)
{
	char text[IP_TEXT_SIZE];
	struct netif_settings *s;
	struct conf *conf;

	(void)state;
	conf = configure_good(
	    "--interface=tun0 --port /dev/ttyUSB0 --baud 115200 "
	    "--mtu 1300 --address 10.64.0.1 --peer 10.64.0.2 "
	    "--address fd00:64::1/64");
	s = &conf->links[0].netif;
	assert_int_equal(s->mtu, 1300);
	assert_int_equal(s->n_addresses, 2);
	assert_string_equal(
	    ip_format(&s->addresses[0].peer, text), "10.64.0.2");
	assert_string_equal(ip_format_prefix(&s->addresses[1].local,
				s->addresses[1].prefix_len, text),
	    "fd00:64::1/64");
	conf_free(conf);
}

static void
what_is_missing_of_a_link_is_named(void **state)
{
	(void)state;
	assert_refused("-i tun0", "--interface without --port (-p)");
	assert_refused("-i tun0 -p /dev/x", "--interface without --baud (-b)");
	assert_refused("-i tun0 -b 9600", "--interface without --port (-p)");
	assert_refused("-p /dev/x -b 9600", "--port without --interface (-i)");
	assert_refused("-b 9600", "--baud without --interface (-i)");
	assert_refused("--mtu 576", "--mtu without --interface (-i)");
	assert_refused(
	    "--address 10.0.0.1/24", "--address without --interface (-i)");
}

static void
a_file_and_a_link_exclude_each_other(void **state)
{
	(void)state;
	assert_refused("-c some.conf -i tun0 -p /dev/x -b 9600",
	    "--config and --interface");
	assert_refused("-b 9600 -c some.conf", "--config and --baud");
}

static void
a_peer_belongs_to_the_address_before_it(void **state)
{
	(void)state;
	assert_refused("-i tun0 -p /dev/x -b 9600 --peer 10.0.0.2",
	    "--peer 10.0.0.2: of which --address?");
	assert_refused("-i tun0 -p /dev/x -b 9600 --address 10.0.0.1 "
		       "--peer 10.0.0.2 --peer 10.0.0.3",
	    "--peer 10.0.0.3: that --address has one already");
}

static void
too_many_addresses_are_refused(void **state)
{
	char words[2048] = "-i tun0 -p /dev/x -b 921600";

	(void)state;
	for (int i = 0; i < OPTIONS_ADDRESSES_MAX; i++)
		snprintf(
		    words + strlen(words), 40, " --address=10.64.%d.1/24", i);
	conf_free(configure_good(words));
	strcat(words, " --address=10.0.0.1/24");
	assert_refused(words, "more than 16 times --address");
}

static void
mistakes_are_told_in_terms_of_options(void **state)
{
	(void)state;
	assert_complains("-i tun0 -p /dev/x -b 7",
	    "--baud: expected 50 to 16000000, got 7\n");
	assert_complains("-i tun0 -p /dev/x -b -7",
	    "--baud: expected 50 to 16000000, got -7\n");
	assert_complains("-i tun0 -p /dev/x -b fast",
	    "--baud: expected 50 to 16000000, got a string \"fast\"\n");
	assert_complains("-i tun0 -p /dev/x -b 99999999999999999999999",
	    "--baud: 99999999999999999999999: the number is too large\n");
	assert_complains("-i tun0 -p ttyUSB0 -b 9600",
	    "--port: expected an absolute path, got \"ttyUSB0\"\n");
	assert_complains("-i thisnameistoolong -p /dev/x -b 9600",
	    "--interface: expected 1 to 15 letters");
	assert_complains("-i tun0 -p /dev/x -b 9600 --mtu 5",
	    "--mtu: expected 68 to 9000, got 5\n");
	assert_complains(
	    "-i tun0 -p /dev/x -b 9600 --mtu 576 --address fd00::1/64",
	    "--mtu: expected 1280 to 9000 with IPv6 addresses");
	assert_complains("-i tun0 -p /dev/x -b 9600 --address 10.0.0.1",
	    "--address: expected ");
	assert_complains("-i tun0 -p /dev/x -b 9600 --address 10.0.0.1/24 "
			 "--address nonsense/24",
	    "--address: expected ");
	assert_complains(
	    "-i tun0 -p /dev/x -b 9600 --address 10.0.0.1 --peer nonsense",
	    "--peer: expected ");
}

/* Quotes, comments, includes and what else could end a string. */
static void
no_text_becomes_syntax(void **state)
{
	static char evil[] =
	    "/dev/\"; }; @include \"x\" /* \\ \t\n\x01\x7f\xff";
	struct conf *conf;
	char *text;

	(void)state;
	assert_int_equal(parse("-i tun0 -p /dev/x -b 9600"), -1);
	o.link.port = evil;
	assert_null(configure());
	if (strncmp(said, "--port: expected an absolute path", 33) != 0)
		fail_msg("%s", said);
	o.link.port = "/dev/a \"b\" \\c; { } # // /* \xc3\xa4";
	conf = configure();
	if (!conf)
		fail_msg("%s", said);
	assert_string_equal(conf->links[0].port.device, o.link.port);
	conf_free(conf);
	o.link.baud = "9600; };";
	text = options_text(&o.link);
	assert_non_null(strstr(text, "baud = \"9600; };\";"));
	free(text);
}

static void
other_complaints_stay_as_they_are(void **state)
{
	char text[512];

	(void)state;
	assert_string_equal(
	    options_complaint("command line: 1 mistake", text, sizeof(text)),
	    "command line: 1 mistake");
	assert_string_equal(
	    options_complaint(
		"some.conf:3: links[0].port.baud: no", text, sizeof(text)),
	    "some.conf:3: links[0].port.baud: no");
	assert_string_equal(options_complaint("command line:1: links[0]: no",
				text, sizeof(text)),
	    "command line:1: links[0]: no");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_given_means_the_installed_file),
		cmocka_unit_test(each_option_is_taken),
		cmocka_unit_test(one_link_needs_no_file),
		cmocka_unit_test(addresses_and_mtu_are_taken),
		cmocka_unit_test(what_is_missing_of_a_link_is_named),
		cmocka_unit_test(a_file_and_a_link_exclude_each_other),
		cmocka_unit_test(a_peer_belongs_to_the_address_before_it),
		cmocka_unit_test(too_many_addresses_are_refused),
		cmocka_unit_test(mistakes_are_told_in_terms_of_options),
		cmocka_unit_test(no_text_becomes_syntax),
		cmocka_unit_test(other_complaints_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

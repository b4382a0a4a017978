/* The command line. */
#include "router/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/usage.h"
#include "os/sandbox.h"

enum {
	OPT_SYSLOG = 256,
	OPT_ADDRESS,
	OPT_PEER,
	OPT_MTU,
	OPT_REMOVE,
	OPT_LIST,
};

/* The lines of the text, so that a complaint finds back to its option. */
enum {
	LINE_LINK = 1,
	LINE_INTERFACE,
	LINE_PORT,
	LINE_BAUD,
	LINE_SETTINGS,
	LINE_MTU,
	LINE_ADDRESSES, /* and one for each address after it */
};

static void
print_synopsis(FILE *out)
{
	fprintf(out,
	    "usage: serial-routerd [-tTv] [-c file] [--syslog]\n"
	    "       serial-routerd [-tTv] -i interface -p port -b baud\n"
	    "           [--address address [--peer address]] [--mtu bytes] "
	    "[--syslog]\n"
	    "       serial-routerd --list-ports [-c file]\n"
	    "       serial-routerd --remove-interfaces\n"
	    "       serial-routerd -V | --help\n");
}

static void
print_help(void)
{
	print_synopsis(stdout);
	printf(
	    "\n"
	    "  -c, --config FILE  configuration, default\n"
	    "                     " SYSCONFDIR "/serial-router.conf\n"
	    "  -t, --check        check the configuration and exit\n"
	    "  -T, --print        check it, print it with all defaults, and "
	    "exit\n"
	    "  -v, --verbose      log debugging lines too\n"
	    "      --syslog       log to syslog instead of stderr\n"
	    "      --list-ports   print the serial ports that are there, "
	    "which link has which,\n"
	    "                     and what to write into the configuration "
	    "for each; exit\n"
	    "      --remove-interfaces\n"
	    "                     remove all interfaces that it made and that "
	    "are not in use,\n"
	    "                     and exit\n"
	    "  -V, --version      print the version and exit\n"
	    "  -h, --help         print this and exit\n"
	    "\n"
	    "One link without a file:\n"
	    "  -i, --interface NAME\n"
	    "  -p, --port PATH\n"
	    "  -b, --baud RATE\n"
	    "      --address ADDRESS  ADDRESS/LENGTH, or with --peer without "
	    "LENGTH; may be\n"
	    "                         repeated\n"
	    "      --peer ADDRESS     the other end's, of the --address "
	    "before it\n"
	    "      --mtu BYTES        default: by the line's speed\n"
	    "\n"
	    "It stays in the foreground.  SIGUSR1 logs each link's state "
	    "and counters.\n"
	    "See serial-routerd(8) and serial-router.conf(5).\n");
}

static int
add_address(struct options_link *link, const char *text)
{
	if (link->n_addresses == OPTIONS_ADDRESSES_MAX)
		return usage_error("more than %d times --address: use a file",
		    OPTIONS_ADDRESSES_MAX);
	link->addresses[link->n_addresses++].local = text;
	return -1;
}

static int
add_peer(struct options_link *link, const char *text)
{
	if (link->n_addresses == 0)
		return usage_error("--peer %s: of which --address? It goes "
				   "before it",
		    text);
	if (link->addresses[link->n_addresses - 1].peer)
		return usage_error(
		    "--peer %s: that --address has one already", text);
	link->addresses[link->n_addresses - 1].peer = text;
	return -1;
}

static int
take(struct options *o, int option, const char *argument)
{
	switch (option) {
	case 'c':
		o->file = argument;
		return -1;
	case 't':
		o->check = true;
		return -1;
	case 'T':
		o->print = true;
		return -1;
	case 'v':
		o->most = LOG_LEVEL_DEBUG;
		return -1;
	case 'i':
		o->link.interface = argument;
		return -1;
	case 'p':
		o->link.port = argument;
		return -1;
	case 'b':
		o->link.baud = argument;
		return -1;
	case OPT_ADDRESS:
		return add_address(&o->link, argument);
	case OPT_PEER:
		return add_peer(&o->link, argument);
	case OPT_MTU:
		o->link.mtu = argument;
		return -1;
	case OPT_SYSLOG:
		o->to_syslog = true;
		return -1;
	case OPT_LIST:
		o->list_ports = true;
		return -1;
	case OPT_REMOVE:
		o->remove_interfaces = true;
		return -1;
	case 'V':
		printf("serial-routerd %s\nsandbox: %s\n", PACKAGE_VERSION,
		    sandbox_kind());
		return EX_OK;
	case 'h':
		print_help();
		return EX_OK;
	}
	print_synopsis(stderr);
	return EX_USAGE;
}

static const char *
first_given(const struct options_link *l)
{
	if (l->interface)
		return "--interface";
	if (l->port)
		return "--port";
	if (l->baud)
		return "--baud";
	if (l->n_addresses > 0)
		return "--address";
	return l->mtu ? "--mtu" : NULL;
}

/* A link is all of interface, port and baud, or nothing of a link at all. */
static int
check_link(const struct options *o)
{
	const struct options_link *l = &o->link;
	const char *given = first_given(l);

	if (!given)
		return -1;
	if (o->file)
		return usage_error(
		    "--config and %s: a link is either in the file or on the "
		    "command line",
		    given);
	if (!l->interface)
		return usage_error("%s without --interface (-i): the name of "
				   "the link's interface is missing",
		    given);
	if (!l->port)
		return usage_error("%s without --port (-p): the path of the "
				   "serial port is missing",
		    given);
	if (!l->baud)
		return usage_error("%s without --baud (-b): the line's rate is "
				   "missing",
		    given);
	return -1;
}

int
options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 't' },
		{ "print", no_argument, NULL, 'T' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "interface", required_argument, NULL, 'i' },
		{ "port", required_argument, NULL, 'p' },
		{ "baud", required_argument, NULL, 'b' },
		{ "address", required_argument, NULL, OPT_ADDRESS },
		{ "peer", required_argument, NULL, OPT_PEER },
		{ "mtu", required_argument, NULL, OPT_MTU },
		{ "syslog", no_argument, NULL, OPT_SYSLOG },
		{ "list-ports", no_argument, NULL, OPT_LIST },
		{ "remove-interfaces", no_argument, NULL, OPT_REMOVE },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status;

	usage_init("serial-routerd", print_synopsis);
	*o = (struct options){ .most = LOG_LEVEL_INFO };
	while (
	    (c = getopt_long(argc, argv, "c:tTvVhi:p:b:", longs, NULL)) != -1) {
		status = take(o, c, optarg);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return usage_error("unexpected argument: %s", argv[optind]);
	status = check_link(o);
	if (!o->file)
		o->file = SYSCONFDIR "/serial-router.conf";
	return status;
}

static void
put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

/* What is no number is given as a string, for the checker to refuse. */
static void
put_number(FILE *out, const char *text)
{
	size_t sign = *text == '-' || *text == '+';

	if (isdigit((unsigned char)text[sign]) &&
	    !text[sign + strspn(text + sign, "0123456789")])
		fputs(text, out);
	else
		put_string(out, text);
}

static void
put_addresses(FILE *out, const struct options_link *link)
{
	for (size_t i = 0; i < link->n_addresses; i++) {
		fputs(i > 0 ? ",\n" : "\n", out);
		if (!link->addresses[i].peer) {
			put_string(out, link->addresses[i].local);
			continue;
		}
		fputs("{ local = ", out);
		put_string(out, link->addresses[i].local);
		fputs("; peer = ", out);
		put_string(out, link->addresses[i].peer);
		fputs("; }", out);
	}
}

char *
options_text(const struct options_link *link)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool failed;

	if (!out)
		return NULL;
	fputs("links = ( {\nname = ", out);
	put_string(out, link->interface);
	fputs("; port = {\ndevice = ", out);
	put_string(out, link->port);
	fputs(";\nbaud = ", out);
	put_number(out, link->baud);
	fputs("; };\ninterface = {\n", out);
	if (link->mtu) {
		fputs("mtu = ", out);
		put_number(out, link->mtu);
		fputs(";", out);
	}
	fputs("\naddresses = (", out);
	put_addresses(out, link);
	fputs(" ); }; } );\n", out);
	failed = ferror(out);
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}

static const char *
option_of(unsigned line, const char *path, size_t len)
{
	if (line == LINE_INTERFACE)
		return "--interface";
	if (line == LINE_PORT)
		return "--port";
	if (line == LINE_BAUD)
		return "--baud";
	if (line == LINE_MTU)
		return "--mtu";
	if (line <= LINE_ADDRESSES)
		return NULL;
	return len > 5 && strncmp(path + len - 5, ".peer", 5) == 0
	    ? "--peer"
	    : "--address";
}

const char *
options_complaint(const char *complaint, char *buf, size_t size)
{
	const char *option, *path;
	unsigned line;
	int begin = 0;
	size_t len;

	if (sscanf(complaint, OPTIONS_NAME ":%u: %n", &line, &begin) == 1 &&
	    begin > 0) {
		path = complaint + begin;
		len = strncmp(path, "links[", 6) == 0 ? strcspn(path, ":") : 0;
		option = option_of(line, path, len);
		if (strncmp(path + len, ": ", 2) == 0)
			path += len + 2;
		if (option) {
			snprintf(buf, size, "%s: %s", option, path);
			return buf;
		}
	}
	snprintf(buf, size, "%s", complaint);
	return buf;
}

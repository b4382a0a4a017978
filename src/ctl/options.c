#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/usage.h"

enum {
	OPT_TAB = 256,
	OPT_CONFIRM,
	OPT_TEXTFILE,
};

void
options_print(void)
{
	printf(
	    "  -s, --socket PATH      the daemon's control socket, default\n"
	    "                         " RUNSTATEDIR "/serial-router/control\n"
	    "  -t, --timeout SECONDS  how long an answer may take, default "
	    "10\n"
	    "  -j, --json             the answer as it was received\n"
	    "      --tab              a line a link, fields between tabs\n"
	    "  -r, --rates            what flows now: two snapshots\n"
	    "  -d, --delay SECONDS    between two snapshots, default 1\n"
	    "  -n, --count N          end after N snapshots\n"
	    "      --confirm SECONDS  back to the old configuration, unless "
	    "confirmed\n"
	    "      --textfile PATH    write there, at once or not at all\n"
	    "  -V, --version          the version of this program\n"
	    "  -h, --help             print this and exit\n");
}

int
options_number(const char *text, int least, int most)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	if (*end || errno || n < least || n > most)
		return -1;
	return (int)n;
}

const char *
options_name(unsigned given)
{
	static const char *const names[] = { "--json", "--tab", "--rates",
		"--delay", "--count", "--confirm", "--textfile" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (given & (1U << i))
			return names[i];
	}
	return "";
}

/* Returns -1, or EX_USAGE when the mistake was told. */
static int
take_number(int *to, int least, int most, int unit, const char *option,
    const char *text)
{
	int n = options_number(text, least, most);

	if (n < 0)
		return usage_error(
		    "%s: expected %d to %d, got %s", option, least, most, text);
	*to = n * unit;
	return -1;
}

/* Seconds with a fraction, in milliseconds. */
static int
take_delay(struct options *o, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (*text < '0' || *text > '9' || text[strspn(text, "0123456789.")] ||
	    *end || seconds < 0.1 || seconds > 3600)
		return usage_error(
		    "--delay: expected 0.1 to 3600, got %s", text);
	o->delay_ms = (int)(seconds * 1000);
	return -1;
}

static int
take(struct options *o, int option, const char *argument)
{
	switch (option) {
	case 's':
		o->socket = argument;
		return -1;
	case 'c':
		o->config = argument;
		return -1;
	case 't':
		return take_number(
		    &o->timeout_ms, 1, 3600, 1000, "--timeout", argument);
	case 'j':
		o->given |= OPTIONS_JSON;
		return -1;
	case OPT_TAB:
		o->given |= OPTIONS_TAB;
		return -1;
	case 'r':
		o->given |= OPTIONS_RATES;
		return -1;
	case 'd':
		o->given |= OPTIONS_DELAY;
		return take_delay(o, argument);
	case 'n':
		o->given |= OPTIONS_COUNT;
		return take_number(
		    &o->count, 1, 1000000000, 1, "--count", argument);
	case OPT_CONFIRM:
		o->given |= OPTIONS_CONFIRM;
		return take_number(
		    &o->confirm_s, 1, 3600, 1, "--confirm", argument);
	case OPT_TEXTFILE:
		o->given |= OPTIONS_TEXTFILE;
		o->textfile = argument;
		return -1;
	case 'V':
		o->version = true;
		return -1;
	case 'h':
		o->help = true;
		return -1;
	}
	return usage_error("what it can do says: serial-routerctl help");
}

int
options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "tab", no_argument, NULL, OPT_TAB },
		{ "rates", no_argument, NULL, 'r' },
		{ "delay", required_argument, NULL, 'd' },
		{ "count", required_argument, NULL, 'n' },
		{ "confirm", required_argument, NULL, OPT_CONFIRM },
		{ "textfile", required_argument, NULL, OPT_TEXTFILE },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*o = (struct options){
		.timeout_ms = 10000,
		.delay_ms = 1000,
	};
	while ((c = getopt_long(argc, argv, "s:c:t:jrd:n:Vh", longs, NULL)) !=
	    -1) {
		int status = take(o, c, optarg);

		if (status >= 0)
			return status;
	}
	while (optind < argc) {
		if (o->n_words == OPTIONS_WORDS_MAX)
			return usage_error(
			    "unexpected argument: %s", argv[optind]);
		o->words[o->n_words++] = argv[optind++];
	}
	return -1;
}

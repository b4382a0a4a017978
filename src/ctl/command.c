#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/usage.h"
#include "ctl/change.h"
#include "ctl/diff.h"
#include "ctl/locate.h"
#include "ctl/metrics.h"
#include "ctl/show.h"
#include "ctl/support.h"
#include "ctl/top.h"
#include "ctl/watch.h"
#include "router/conf.h"

struct command {
	const char *name;
	const char *arguments; /* as the help shows them */
	int least, most;       /* arguments */
	unsigned options;      /* that go with it: enum options_given */
	int (*run)(const struct options *o);
	const char *help;
};

static int help_run(const struct options *o);

static const struct command commands[] = {
	{ "show", "[LINK]", 0, 1,
	    OPTIONS_JSON | OPTIONS_TAB | OPTIONS_RATES | OPTIONS_DELAY,
	    show_run, "all links, or one in detail" },
	{ "top", "", 0, 0, OPTIONS_DELAY | OPTIONS_COUNT, top_run,
	    "all links, live" },
	{ "watch", "[SECONDS]", 0, 1, OPTIONS_JSON, watch_run,
	    "what happens, and rates in that interval" },
	{ "start", "LINK", 1, 1, OPTIONS_JSON, change_run, "bring a link up" },
	{ "stop", "LINK", 1, 1, OPTIONS_JSON, change_run, "take a link down" },
	{ "restart", "LINK", 1, 1, OPTIONS_JSON, change_run,
	    "close its port and open it again" },
	{ "config", "", 0, 0, OPTIONS_JSON, change_config_run,
	    "the running configuration, as a file" },
	{ "check", "[FILE]", 0, 1, 0, diff_check_run,
	    "whether a configuration is good" },
	{ "diff", "[FILE]", 0, 1, 0, diff_run,
	    "what reloading that file would do" },
	{ "reload", "[--confirm SECONDS]", 0, 0, OPTIONS_JSON | OPTIONS_CONFIRM,
	    change_reload_run, "read the configuration again" },
	{ "confirm", "", 0, 0, OPTIONS_JSON, change_run,
	    "keep what was reloaded" },
	{ "undo", "", 0, 0, OPTIONS_JSON, change_reload_run,
	    "back to what was before the reload" },
	{ "log", "LEVEL", 1, 1, OPTIONS_JSON, change_run,
	    "log up to err, warn, info or debug" },
	{ "metrics", "[--textfile PATH]", 0, 0, OPTIONS_TEXTFILE, metrics_run,
	    "counters for Prometheus" },
	{ "support", "", 0, 0, 0, support_run, "a text for a bug report" },
	{ "version", "", 0, 0, OPTIONS_JSON, change_version_run,
	    "of this program and of the daemon" },
	{ "help", "", 0, 0, 0, help_run, "this" },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

void
command_print_synopsis(FILE *out)
{
	fprintf(out,
	    "usage: serial-routerctl [-s PATH | -c FILE] [-t SECONDS] COMMAND "
	    "[OPTION...]\n"
	    "           [ARGUMENT]\n"
	    "       serial-routerctl help | --version\n");
}

static int
help_run(const struct options *o)
{
	(void)o;
	command_print_synopsis(stdout);
	printf("\nCommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *c = &commands[i];
		int width = 26 - (int)strlen(c->name);

		printf("  %s %-*s%s\n", c->name, width, c->arguments, c->help);
	}
	printf("\nOptions:\n");
	options_print();
	printf("\nSee serial-routerctl(8).\n");
	return EX_OK;
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* Returns -1 where command and command line go together. */
static int
check(const struct command *c, const struct options *o)
{
	unsigned foreign = o->given & ~c->options;
	int n = o->n_words - 1;

	if (foreign)
		return usage_error(
		    "%s does not go with %s", options_name(foreign), c->name);
	if (o->socket && o->config)
		return usage_error("--socket and --config: either the one or "
				   "the other");
	if ((o->given & OPTIONS_JSON) && (o->given & OPTIONS_TAB))
		return usage_error("--json and --tab: either the one or the "
				   "other");
	if (n < c->least)
		return usage_error("%s: %s is missing", c->name, c->arguments);
	if (n > c->most)
		return usage_error("%s: unexpected argument: %s", c->name,
		    o->words[c->most + 1]);
	return -1;
}

/* Output that could not be written is no success. */
static int
finish(int status)
{
	int bad = ferror(stdout);

	if (fflush(stdout) == 0 && !bad)
		return status;
	perror("serial-routerctl: standard output");
	return status == EX_OK ? EX_IOERR : status;
}

/* At the daemon that is meant. */
static int
run_at(const struct command *c, const struct options *o)
{
	struct options at = *o;
	char *located = NULL;
	int status;

	if (o->config) {
		located = locate_socket(o->config, &status);
		if (!located)
			return status;
		at.socket = located;
	} else if (!o->socket) {
		at.socket = CONF_CONTROL_PATH;
	}
	status = c->run(&at);
	free(located);
	return status;
}

int
command_run(const struct options *o)
{
	const struct command *c;
	int status;

	if (o->version) {
		printf("serial-routerctl " PACKAGE_VERSION "\n");
		return finish(EX_OK);
	}
	if (o->help)
		return finish(help_run(o));
	if (o->n_words == 0)
		return usage_error("which command? See: serial-routerctl help");
	c = find(o->words[0]);
	if (!c)
		return usage_error("%s is no command", o->words[0]);
	status = check(c, o);
	return status >= 0 ? status : finish(run_at(c, o));
}

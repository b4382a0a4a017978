/* The child that reads a configuration: it may wait, and it may die. */
#include "router/reload_child.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "os/privilege.h"
#include "os/sandbox.h"

static void
put(FILE *out, enum reload_record type, const void *bytes, size_t size)
{
	uint32_t len = size;

	fputc(type, out);
	fwrite(&len, sizeof(len), 1, out);
	fwrite(bytes, 1, len, out);
}

static void
complain(const char *line, bool warning, void *arg)
{
	put(arg, warning ? RELOAD_WARNING : RELOAD_MISTAKE, line,
	    strlen(line) + 1);
}

/* The parent's handlers would tell the parent. */
static void
reset_signals(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGCHLD, SIGHUP,
		SIGUSR1 };
	sigset_t none;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	/* A reload that is asked for by the terminal's group is the parent's
	 * affair, and so is the end. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* At the start root may have read it. */
static void
explain(const char *file, struct error *err)
{
	const struct group *group;
	char name[32];

	if (err->code != EACCES)
		return;
	group = getgrgid(getegid());
	if (group)
		snprintf(name, sizeof(name), "%s", group->gr_name);
	else
		snprintf(name, sizeof(name), "%u", (unsigned)getegid());
	error_set(err, EACCES,
	    "%.100s: Permission denied: the daemon reads it as user %.32s, "
	    "group %s: chgrp %s %.100s && chmod g+r %.100s",
	    file, privilege_user_name(), name, name, file, file);
}

static void
put_conf(FILE *out, const struct conf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	if (!memory)
		return;
	conf_print(conf, memory);
	if (fclose(memory) == 0)
		put(out, RELOAD_CONF, text, len + 1);
}

static void
put_error(FILE *out, enum reload_record type, const struct error *err)
{
	put(out, type, err, sizeof(*err));
}

static void
read_conf(const struct state *state, const struct conf *confirmed, FILE *out)
{
	char *sources = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&sources, &len);
	struct conf *conf;
	struct error err;

	/* That nothing is written tells as much. */
	if (!memory)
		return;
	conf = conf_read_sources(state->file, memory, complain, out, &err);
	if (fclose(memory) != 0)
		return;
	if (!conf) {
		explain(state->file, &err);
		put_error(out, RELOAD_ERROR, &err);
	} else if (confirmed &&
	    state_keep(state, sources, len, confirmed, &err) < 0) {
		put_error(out, RELOAD_UNKEPT, &err);
	} else {
		put_conf(out, conf);
	}
}

/* What it took is not given back: it ends. */
_Noreturn void
reload_child(const struct state *state, const struct conf *confirmed, int fd)
{
	const int keep[] = { fd, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	FILE *out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "reload");
	reset_signals();
	/* An interface that the parent lets go of is free then. */
	if (sandbox_close_others(keep, sizeof(keep) / sizeof(keep[0]), NULL) <
	    0)
		_exit(1);
	out = fdopen(fd, "w");
	if (!out)
		_exit(1);
	read_conf(state, confirmed, out);
	_exit(fflush(out) == 0 ? 0 : 1);
}

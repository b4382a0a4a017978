#include "ctl/diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/text.h"
#include "ctl/words.h"
#include "router/conf.h"
#include "router/plan.h"

#define DEFAULT_FILE SYSCONFDIR "/serial-router.conf"

static void
complain(const char *line, bool warning, void *arg)
{
	(void)arg;
	(void)warning; /* which the line says, too */
	fprintf(stderr, "%s\n", line);
}

/* What the daemon was warned of once is no news. */
static void
complain_of_mistakes(const char *line, bool warning, void *arg)
{
	if (!warning)
		complain(line, warning, arg);
}

static int
fail(const struct error *err)
{
	fputs("serial-routerctl: ", stderr);
	text_put(stderr, err->text);
	fputc('\n', stderr);
	return conf_exit_status(err);
}

int
diff_check_run(const struct options *o)
{
	const char *file = o->words[1] ? o->words[1] : DEFAULT_FILE;
	struct error err;
	struct conf *conf = conf_read(file, complain, NULL, &err);

	if (!conf)
		return fail(&err);
	text_put(stdout, file);
	printf(": good, %zu link%s\n", conf->n_links,
	    conf->n_links == 1 ? "" : "s");
	conf_free(conf);
	return EX_OK;
}

/* What runs, and which file the daemon would read, to be freed, where there is
 * one. */
static struct conf *
ask_running(const struct options *o, char **file, int *status)
{
	static const char *const none[] = { NULL };
	json_t *config = ask_once(o, "config", none, status), *show;
	const char *text = answer_text(config, "config"), *path;
	struct conf *conf = NULL;
	struct error err;

	if (!config)
		return NULL;
	show = ask_once(o, "show", none, status);
	path = answer_text(show, "daemon.file");
	*file = path ? text_printf("%s", path) : NULL;
	if (!text)
		error_set(
		    &err, EPROTO, "the answer has no configuration in it");
	else if (show)
		conf = conf_parse(text, "running configuration",
		    complain_of_mistakes, NULL, &err);
	/* Mistakes in what runs: the daemon is of another version. */
	if (show && !conf) {
		err.code = EPROTO;
		*status = answer_fail(&err);
	}
	json_decref(config);
	json_decref(show);
	return conf;
}

static int
compare(struct conf *from, struct conf *to)
{
	struct plan *plan = plan_new(from, to);

	if (!plan)
		text_no_memory();
	for (size_t i = 0; i < plan->n_links; i++) {
		const struct plan_link *l = &plan->links[i];

		words_put(l->name, plan_change_name(l->change), l->keys.names,
		    l->keys.n);
	}
	words_put_daemon(plan->live.names, plan->live.n);
	words_put_waiting(plan->waiting.names, plan->waiting.n);
	plan_free(plan);
	return EX_OK;
}

int
diff_run(const struct options *o)
{
	char *file = NULL;
	int status = EX_OK;
	struct conf *from = ask_running(o, &file, &status), *to;
	const char *path = o->words[1] ? o->words[1] : file;
	struct error err;

	if (!from) {
		free(file);
		return status;
	}
	to = conf_read(path ? path : DEFAULT_FILE, complain, NULL, &err);
	status = to ? compare(from, to) : fail(&err);
	conf_free(from);
	conf_free(to);
	free(file);
	return status;
}

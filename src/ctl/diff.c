#include "ctl/diff.h"

#include <stdio.h>
#include <sysexits.h>

#include "ctl/text.h"
#include "router/conf.h"

#define DEFAULT_FILE SYSCONFDIR "/serial-router.conf"

static void
complain(const char *line, bool warning, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s%s\n", warning ? "warning: " : "", line);
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

#include "ctl/locate.h"

#include <stdio.h>

#include "ctl/text.h"
#include "router/conf.h"

/* Of a file that is good there is nothing to say here. */
static void
complain(const char *line, bool warning, void *arg)
{
	(void)arg;
	if (!warning)
		fprintf(stderr, "%s\n", line);
}

char *
locate_socket(const char *file, int *status)
{
	struct error err;
	struct conf *conf = conf_read(file, complain, NULL, &err);
	char *path;

	if (!conf) {
		fputs("serial-routerctl: ", stderr);
		text_put(stderr, err.text);
		fputs("; the daemon was not asked, which -s PATH does without "
		      "the file\n",
		    stderr);
		*status = conf_exit_status(&err);
		return NULL;
	}
	path = text_printf(
	    "%s", conf->control.path ? conf->control.path : CONF_CONTROL_PATH);
	conf_free(conf);
	return path;
}

#include "ctl/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/exposition.h"
#include "ctl/text.h"

static int
complain(const char *path, int status)
{
	fprintf(stderr, "serial-routerctl: ");
	text_put(stderr, path);
	fprintf(stderr, ": %s\n", strerror(errno));
	return status;
}

/* Fills the file behind fd, which is closed, and lets everybody read it. */
static int
fill(int fd, const json_t *answer)
{
	FILE *out = fdopen(fd, "w");
	bool good;

	if (!out) {
		close(fd);
		return -1;
	}
	exposition_put(out, answer);
	good = fflush(out) == 0 && !ferror(out) && fchmod(fd, 0644) == 0;
	return fclose(out) == 0 && good ? 0 : -1;
}

/* A reader finds the old file, or the whole new one. */
static int
replace(const char *path, const json_t *answer)
{
	char *draft = text_printf("%s.XXXXXX", path);
	int fd = mkstemp(draft), status = EX_OK;

	if (fd < 0)
		status = complain(path, EX_CANTCREAT);
	else if (fill(fd, answer) < 0 || rename(draft, path) < 0) {
		status = complain(path, EX_IOERR);
		unlink(draft);
	}
	free(draft);
	return status;
}

/* A daemon that does not answer is worth an alarm, so that is written, too. */
int
metrics_run(const struct options *o)
{
	int status = EX_OK, written = EX_OK;
	json_t *answer = ask_once(o, "show", o->words + 1, &status);

	if (answer)
		status = EX_OK;
	if (o->textfile)
		written = replace(o->textfile, answer);
	else
		exposition_put(stdout, answer);
	json_decref(answer);
	return status != EX_OK ? status : written;
}

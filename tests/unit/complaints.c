#include "complaints.h"

#include <stdio.h>
#include <string.h>

void
complaints_collect(const char *line, bool warning, void *arg)
{
	struct complaints *c = arg;
	size_t len = strlen(c->text);

	c->n++;
	c->warnings += warning;
	snprintf(c->text + len, sizeof(c->text) - len, "%s\n", line);
}

void
complaints_print(const char *line, bool warning, void *arg)
{
	(void)warning;
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

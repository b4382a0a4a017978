#include "base/usage.h"

#include <stdarg.h>
#include <sysexits.h>

static const char *name;
static void (*synopsis)(FILE *out);

void
usage_init(const char *program, void (*print_synopsis)(FILE *out))
{
	name = program;
	synopsis = print_synopsis;
}

int
usage_error(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	synopsis(stderr);
	return EX_USAGE;
}

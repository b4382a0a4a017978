#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
fill(struct error *err, const char *fmt, va_list ap)
{
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

static void
append(struct error *err, const char *text)
{
	size_t len = strlen(err->text);

	snprintf(err->text + len, sizeof(err->text) - len, ": %s", text);
}

int
error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	va_start(ap, fmt);
	fill(err, fmt, ap);
	va_end(ap);
	return -1;
}

int
error_errno(struct error *err, const char *fmt, ...)
{
	int code = errno;
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	va_start(ap, fmt);
	fill(err, fmt, ap);
	va_end(ap);
	append(err, strerror(code));
	return -1;
}

int
error_prefix(struct error *err, const char *fmt, ...)
{
	char text[ERROR_TEXT_SIZE];
	va_list ap;

	if (!err)
		return -1;
	memcpy(text, err->text, sizeof(text));
	va_start(ap, fmt);
	fill(err, fmt, ap);
	va_end(ap);
	append(err, text);
	return -1;
}

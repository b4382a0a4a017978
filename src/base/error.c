#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
error_errno(struct error *err, const char *fmt, ...)
{
	int code = errno;
	size_t len;
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(
	    err->text + len, sizeof(err->text) - len, ": %s", strerror(code));
	return -1;
}

int
error_prefix(struct error *err, const char *fmt, ...)
{
	char text[ERROR_TEXT_SIZE];
	size_t len;
	va_list ap;

	if (!err)
		return -1;
	memcpy(text, err->text, sizeof(text));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", text);
	return -1;
}

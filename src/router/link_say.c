/* What a link says to the operator. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "router/link_priv.h"

/* A line that outsiders can provoke: an adapter that flaps, an interface that
 * somebody plays with. */
void
link_say(struct link *l, enum log_level level, const char *fmt, ...)
{
	char text[ERROR_TEXT_SIZE + 128];
	unsigned suppressed;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!log_bucket_take(&l->bucket, clock_ms(), &suppressed)) {
		log_debug("%s: %s", l->conf->name, text);
		return;
	}
	if (suppressed)
		log_line(level, "%s: (%u lines left out) %s", l->conf->name,
		    suppressed, text);
	else
		log_line(level, "%s: %s", l->conf->name, text);
}

/* The same failure again is for debugging only. */
void
link_fail(struct link *l, const struct error *err)
{
	bool news = l->failures == 0 ||
	    strcmp(l->last_error.text, err->text) != 0;

	l->last_error = *err;
	l->last_error_ms = clock_ms();
	if (link_fails_soon(l, err)) {
		log_debug("%s: not yet: %s", l->conf->name, err->text);
		return;
	}
	l->soon = 0;
	l->failures++;
	if (news)
		link_say(l, LOG_LEVEL_WARN, "%s; trying again", err->text);
	else
		log_debug(
		    "%s: try %u: %s", l->conf->name, l->failures, err->text);
}

const struct error *
link_degraded(const struct link *l)
{
	if (l->refused.code)
		return &l->refused;
	return l->interface.degraded ? &l->interface.reason : NULL;
}

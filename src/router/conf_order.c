/*
 * What may follow what: libconfig would only say "syntax error".
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "router/conf_scan.h"

static bool tell(struct conf_scan *s, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Always false. */
static bool
tell(struct conf_scan *s, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_faults_vadd(s->faults, line, fmt, ap);
	va_end(ap);
	return false;
}

/* Whether values stand here with commas between them. */
static bool
in_list(const struct conf_scan *s)
{
	char mark = s->open[s->depth].mark;

	return mark == '(' || mark == '[';
}

static bool
ends_value(enum conf_token token)
{
	return token == CONF_TOKEN_VALUE || token == CONF_TOKEN_STRING ||
	    token == CONF_TOKEN_CLOSE;
}

/* A name where a value must be. */
static bool
take_word(struct conf_scan *s, const char *text, size_t len)
{
	static const struct {
		const char *word, *meant;
	} booleans[] = { { "yes", "true" }, { "on", "true" }, { "no", "false" },
		{ "off", "false" } };
	int n = len < 40 ? len : 40;

	if (in_list(s) && ends_value(s->last))
		return tell(
		    s, s->line, "expected a comma before %.*s", n, text);
	if (in_list(s) || s->last == CONF_TOKEN_SIGN) {
		for (size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]);
		     i++) {
			const char *word = booleans[i].word;

			if (strlen(word) == len &&
			    strncasecmp(text, word, len) == 0)
				return tell(s, s->line,
				    "%.*s: expected a value, did you mean "
				    "%s or \"%s\"?",
				    n, text, booleans[i].meant, word);
		}
		return tell(s, s->line,
		    "%.*s: a word needs double quotes: \"%.*s\"", n, text, n,
		    text);
	}
	return true;
}

static bool
take_value(
    struct conf_scan *s, enum conf_token token, const char *text, size_t len)
{
	char what[48] = "the string";

	if (token == CONF_TOKEN_OPEN)
		snprintf(what, sizeof(what), "\"%c\"", *text);
	if (token == CONF_TOKEN_VALUE)
		snprintf(
		    what, sizeof(what), "%.*s", len < 40 ? (int)len : 40, text);
	if (s->last == CONF_TOKEN_SIGN ||
	    (token == CONF_TOKEN_STRING && s->last == CONF_TOKEN_STRING))
		return true;
	if (!in_list(s))
		return tell(s, s->line,
		    "expected a name without quotes and \"=\" before %s", what);
	if (ends_value(s->last))
		return tell(s, s->line, "expected a comma before %s", what);
	if (token == CONF_TOKEN_OPEN && s->open[s->depth].mark == '[')
		return tell(s, s->line,
		    "expected no %s between \"[\" and \"]\": groups and lists "
		    "are in \"(\" and \")\"",
		    what);
	return true;
}

static bool
take_close(struct conf_scan *s, char mark)
{
	const struct conf_open *open = &s->open[s->depth];
	char place[CONF_PLACE_SIZE];
	char begin = mark == ')' ? '(' : mark == ']' ? '[' : '{';

	if (s->depth == s->base)
		return tell(s, s->line, "there is no \"%c\" to this \"%c\"",
		    begin, mark);
	if (open->mark != begin)
		return tell(s, s->line, "\"%c\" cannot close the \"%c\" of %s",
		    mark, open->mark,
		    conf_faults_place(s->faults, open->line, s->line, place));
	if (s->last == CONF_TOKEN_SIGN)
		return tell(s, s->line, "expected a value before \"%c\"", mark);
	if (in_list(s) && s->last == CONF_TOKEN_COMMA)
		return tell(
		    s, s->line, "expected no comma before \"%c\"", mark);
	return true;
}

static bool
take_separator(struct conf_scan *s, char mark)
{
	if (in_list(s) && mark == ';')
		return tell(s, s->line,
		    "expected a comma between the values of a list, got "
		    "\";\"");
	if (!ends_value(s->last))
		return tell(s, s->line, "expected a value before \"%c\"", mark);
	return true;
}

static bool
take(struct conf_scan *s, enum conf_token token, const char *text, size_t len)
{
	switch (token) {
	case CONF_TOKEN_NONE:
		return true;
	case CONF_TOKEN_NAME:
		return take_word(s, text, len);
	case CONF_TOKEN_SIGN:
		return s->last == CONF_TOKEN_NAME ||
		    tell(s, s->line, "expected a name before \"%c\"", *text);
	case CONF_TOKEN_VALUE:
	case CONF_TOKEN_STRING:
	case CONF_TOKEN_OPEN:
		return take_value(s, token, text, len);
	case CONF_TOKEN_CLOSE:
		return take_close(s, *text);
	case CONF_TOKEN_COMMA:
	case CONF_TOKEN_SEMICOLON:
		return take_separator(s, *text);
	}
	return true;
}

static bool
tell_lonely_name(struct conf_scan *s)
{
	if (s->behind_value)
		return tell(s, s->last_line, "unexpected %s behind a value",
		    s->last_name);
	return tell(s, s->last_line, "%s: expected \"=\" and a value after it",
	    s->last_name);
}

bool
conf_order_take(
    struct conf_scan *s, enum conf_token token, const char *text, size_t len)
{
	if (s->last == CONF_TOKEN_NAME && token != CONF_TOKEN_SIGN)
		return tell_lonely_name(s);
	if (!take(s, token, text, len))
		return false;
	if (token == CONF_TOKEN_NAME) {
		s->behind_value =
		    s->last == CONF_TOKEN_VALUE && s->line == s->last_line;
		snprintf(
		    s->last_name, sizeof(s->last_name), "%.*s", (int)len, text);
	}
	s->last = token;
	s->last_line = s->line;
	return true;
}

bool
conf_order_end(struct conf_scan *s)
{
	if (s->last == CONF_TOKEN_NAME)
		return tell_lonely_name(s);
	if (s->last == CONF_TOKEN_SIGN)
		return tell(
		    s, s->last_line, "expected a value after \"=\" or \":\"");
	return true;
}

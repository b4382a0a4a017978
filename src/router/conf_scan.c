#include "router/conf_scan.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The tokens here are those of libconfig's scanner, exactly: if the two did
 * not agree on what is a string or a comment, an @include could hide. */

#define DIGITS "0123456789"
#define HEX_DIGITS "0123456789abcdefABCDEF"
#define INCLUDE "@include"

bool
conf_scan_reserve(struct conf_scan *s, size_t n)
{
	/* At most one "L" a number, a newline around what is included, one at
	 * the end, and the terminator. */
	size_t size = s->text->len + 2 * n + 8;
	char *text;

	if (size <= s->size)
		return true;
	if (size < 2 * s->size)
		size = 2 * s->size;
	text = realloc(s->text->text, size);
	if (!text) {
		s->faults->no_memory = true;
		return false;
	}
	s->text->text = text;
	s->size = size;
	return true;
}

void
conf_scan_put(struct conf_scan *s, char c)
{
	s->text->text[s->text->len++] = c;
	s->line += c == '\n';
}

static void
copy(struct conf_scan *s, size_t n)
{
	for (; n > 0 && *s->in; n--)
		conf_scan_put(s, *s->in++);
}

static bool
note_string(struct conf_scan *s)
{
	struct conf_text *t = s->text;
	size_t size = t->strings_size ? 2 * t->strings_size : 64;
	unsigned *lines = t->string_lines;

	if (s->last == CONF_TOKEN_STRING)
		return true;
	if (t->n_strings == t->strings_size) {
		lines = reallocarray(lines, size, sizeof(*lines));
		if (!lines) {
			s->faults->no_memory = true;
			return false;
		}
		t->string_lines = lines;
		t->strings_size = size;
	}
	lines[t->n_strings++] = s->line;
	return true;
}

static bool
scan_string(struct conf_scan *s)
{
	unsigned line = s->line;

	if (!note_string(s) || !conf_order_take(s, CONF_TOKEN_STRING, s->in, 1))
		return false;
	copy(s, 1);
	while (*s->in != '"') {
		/* libconfig takes lines into a string, which is never meant. */
		if (!*s->in || *s->in == '\n' ||
		    (s->in[0] == '\\' && strchr("\r\n", s->in[1]))) {
			conf_faults_add(s->faults, line,
			    "the string that begins here has no end");
			return false;
		}
		if (strncasecmp(s->in, "\\x00", 4) == 0)
			conf_faults_add(s->faults, s->line,
			    "\\x00 cannot be part of a string");
		copy(s, *s->in == '\\' ? 2 : 1);
	}
	copy(s, 1);
	return true;
}

static bool
scan_comment(struct conf_scan *s)
{
	unsigned line = s->line;

	if (s->in[0] == '#' || s->in[1] == '/') {
		copy(s, strcspn(s->in, "\n"));
		return true;
	}
	copy(s, 2);
	while (*s->in && (s->in[0] != '*' || s->in[1] != '/'))
		copy(s, 1);
	if (!*s->in) {
		conf_faults_add(
		    s->faults, line, "the comment that begins here has no end");
		return false;
	}
	copy(s, 2);
	return true;
}

/* The length of an exponent at p, 0 where there is none. */
static size_t
exponent(const char *p)
{
	size_t sign = p[0] != '\0' && (p[1] == '-' || p[1] == '+');
	size_t digits;

	if (*p != 'e' && *p != 'E')
		return 0;
	digits = strspn(p + 1 + sign, DIGITS);
	return digits ? 1 + sign + digits : 0;
}

static void
copy_integer(struct conf_scan *s, size_t len, int base)
{
	size_t suffix = 0;
	long long value;

	errno = 0;
	value = strtoll(s->in, NULL, base);
	if (errno == ERANGE)
		conf_faults_add(s->faults, s->line,
		    "%.*s%s: the number is too large", len < 40 ? (int)len : 40,
		    s->in, len < 40 ? "" : "...");
	copy(s, len);
	while (suffix < 2 && s->in[suffix] == 'L')
		suffix++;
	if (suffix == 0 && (value > INT_MAX || value < INT_MIN))
		conf_scan_put(s, 'L');
	copy(s, suffix);
}

static bool
scan_number(struct conf_scan *s)
{
	const char *p = s->in;
	size_t sign = *p == '-' || *p == '+';
	size_t len = sign + strspn(p + sign, DIGITS);
	size_t hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X')
	    ? strspn(p + 2, HEX_DIGITS)
	    : 0;

	if (!conf_order_take(s, CONF_TOKEN_VALUE, p, hex ? 2 + hex : len))
		return false;
	if (hex) {
		copy_integer(s, 2 + hex, 16);
		return true;
	}
	if (p[len] == '.') {
		len++;
		len += strspn(p + len, DIGITS);
		copy(s, len + exponent(p + len));
	} else if (exponent(p + len)) {
		copy(s, len + exponent(p + len));
	} else {
		copy_integer(s, len, 10);
	}
	return true;
}

static bool
begins_number(const char *p)
{
	if (*p == '-' || *p == '+')
		p++;
	return isdigit((unsigned char)*p) || *p == '.';
}

static bool
scan_word(struct conf_scan *s)
{
	size_t len = 1;
	bool boolean;

	while (isalnum((unsigned char)s->in[len]) ||
	    (s->in[len] && strchr("-_*", s->in[len])))
		len++;
	boolean = (len == 4 && strncasecmp(s->in, "true", 4) == 0) ||
	    (len == 5 && strncasecmp(s->in, "false", 5) == 0);
	if (!conf_order_take(
		s, boolean ? CONF_TOKEN_VALUE : CONF_TOKEN_NAME, s->in, len))
		return false;
	copy(s, len);
	return true;
}

static bool
begin_group(struct conf_scan *s)
{
	if (s->depth == CONF_TEXT_DEPTH_MAX) {
		conf_faults_add(s->faults, s->line,
		    "more than %d groups and lists within each other",
		    CONF_TEXT_DEPTH_MAX);
		return false;
	}
	s->open[++s->depth] = (struct conf_open){ .mark = *s->in,
		.line = s->line };
	return true;
}

/* libconfig's time grows with the square of both. */
static bool
count_setting(struct conf_scan *s)
{
	if (++s->open[s->depth].members <= CONF_TEXT_GROUP_MAX)
		return true;
	conf_faults_add(s->faults, s->line,
	    "more than %d settings in one group", CONF_TEXT_GROUP_MAX);
	return false;
}

static bool
count_value(struct conf_scan *s)
{
	char mark = s->open[s->depth].mark;

	if ((mark != '(' && mark != '[') ||
	    ++s->open[s->depth].members < CONF_TEXT_LIST_MAX)
		return true;
	conf_faults_add(s->faults, s->line, "more than %d values in one list",
	    CONF_TEXT_LIST_MAX);
	return false;
}

static bool
refuse(struct conf_scan *s)
{
	size_t n = 0;

	while (n < 12 && (unsigned char)s->in[n] >= 0x80)
		n++;
	if (n > 0)
		conf_faults_add(s->faults, s->line,
		    "%.*s: outside of strings and comments only ASCII is "
		    "understood",
		    (int)n, s->in);
	else
		conf_faults_add(
		    s->faults, s->line, "\"%c\" means nothing here", *s->in);
	return false;
}

static bool
scan_mark(struct conf_scan *s)
{
	bool fine = true;

	switch (*s->in) {
	case '(':
	case '{':
	case '[':
		fine = conf_order_take(s, CONF_TOKEN_OPEN, s->in, 1) &&
		    begin_group(s);
		break;
	case ')':
	case '}':
	case ']':
		fine = conf_order_take(s, CONF_TOKEN_CLOSE, s->in, 1);
		s->depth -= fine;
		break;
	case '=':
	case ':':
		fine = conf_order_take(s, CONF_TOKEN_SIGN, s->in, 1) &&
		    count_setting(s);
		break;
	case ',':
		fine = conf_order_take(s, CONF_TOKEN_COMMA, s->in, 1) &&
		    count_value(s);
		break;
	case ';':
		fine = conf_order_take(s, CONF_TOKEN_SEMICOLON, s->in, 1);
		break;
	default:
		return refuse(s);
	}
	if (fine)
		copy(s, 1);
	return fine;
}

/* A quoted path as libconfig reads it: a backslash guards what follows. */
static bool
scan_include(struct conf_scan *s)
{
	const char *p = s->in + strlen(INCLUDE);
	char path[PATH_MAX];
	size_t len = 0;

	p += strspn(p, " \t");
	if (!s->line_begins || *p++ != '"') {
		conf_faults_add(s->faults, s->line,
		    "expected " INCLUDE " \"PATH\" on a line of its own");
		return false;
	}
	for (; *p && !strchr("\"\r\n", *p) && len + 1 < sizeof(path); p++) {
		if (*p == '\\' && (p[1] == '\\' || p[1] == '"'))
			p++;
		path[len++] = *p;
	}
	path[len] = '\0';
	if (*p != '"' || len == 0) {
		conf_faults_add(s->faults, s->line,
		    INCLUDE ": expected a path in double quotes");
		return false;
	}
	s->in = p + 1;
	s->line_begins = false;
	return conf_scan_include(s, path);
}

/* Takes one token; false: no use to go on. */
static bool
scan_token(struct conf_scan *s)
{
	char c = *s->in;

	if (strchr(" \t\r\n\f", c)) {
		s->line_begins = c == '\n' ||
		    (s->line_begins && (c == ' ' || c == '\t'));
		copy(s, 1);
		return true;
	}
	if (strncmp(s->in, INCLUDE, strlen(INCLUDE)) == 0)
		return scan_include(s);
	s->line_begins = false;
	if (c == '#' || (c == '/' && (s->in[1] == '/' || s->in[1] == '*')))
		return scan_comment(s);
	if (c == '"')
		return scan_string(s);
	if (isalpha((unsigned char)c) || c == '*')
		return scan_word(s);
	if (begins_number(s->in))
		return scan_number(s);
	return scan_mark(s);
}

bool
conf_scan(struct conf_scan *s)
{
	while (*s->in) {
		if (!scan_token(s))
			return false;
	}
	return true;
}

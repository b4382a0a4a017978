#include "ctl/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <wchar.h>

/* The longest way to write one character: a sequence of UTF-8, \U0010ffff. */
#define GLYPH_SIZE 16

static bool utf8;

void
text_init(void)
{
	setlocale(LC_CTYPE, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* What turns the order of a line around, or breaks it. */
static bool
is_treacherous(wchar_t c)
{
	return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* How one character is to be written, into buf; returns how many bytes of s it
 * is. */
static size_t
glyph(const char *s, char *buf, size_t *columns)
{
	unsigned char c = *s;
	mbstate_t state = { 0 };
	wchar_t wide = 0;
	size_t n = 1;

	if (c >= 0x20 && c < 0x7f) {
		buf[0] = c;
		buf[1] = '\0';
		*columns = 1;
		return 1;
	}
	if (c >= 0x80 && utf8)
		n = mbrtowc(&wide, s, strlen(s), &state);
	if (n > 4 || wide == 0) {
		*columns = snprintf(buf, GLYPH_SIZE, "\\x%02x", c);
		return 1;
	}
	if (wcwidth(wide) > 0 && !is_treacherous(wide)) {
		memcpy(buf, s, n);
		buf[n] = '\0';
		*columns = wcwidth(wide);
		return n;
	}
	*columns = snprintf(buf, GLYPH_SIZE,
	    wide > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)wide);
	return n;
}

size_t
text_put(FILE *out, const char *s)
{
	char buf[GLYPH_SIZE];
	size_t columns, sum = 0;

	while (*s) {
		s += glyph(s, buf, &columns);
		fputs(buf, out);
		sum += columns;
	}
	return sum;
}

void
text_put_lines(FILE *out, const char *s)
{
	char buf[GLYPH_SIZE];
	size_t columns;

	while (*s) {
		if (*s == '\n' || *s == '\t') {
			fputc(*s++, out);
			continue;
		}
		s += glyph(s, buf, &columns);
		fputs(buf, out);
	}
}

size_t
text_columns(const char *s)
{
	char buf[GLYPH_SIZE];
	size_t columns, sum = 0;

	while (*s) {
		s += glyph(s, buf, &columns);
		sum += columns;
	}
	return sum;
}

/* Writes the characters of s that fit. */
static size_t
put_most(FILE *out, const char *s, size_t most)
{
	char buf[GLYPH_SIZE];
	size_t columns, sum = 0;

	while (*s) {
		s += glyph(s, buf, &columns);
		if (sum + columns > most)
			break;
		fputs(buf, out);
		sum += columns;
	}
	return sum;
}

static void
pad(FILE *out, size_t n)
{
	while (n-- > 0)
		fputc(' ', out);
}

static void
cut(FILE *out, const char *s, size_t all, size_t columns, enum text_side side)
{
	const char *mark = utf8 ? "\u2026" : "~";
	char buf[GLYPH_SIZE];
	size_t one;

	if (columns == 0)
		return;
	if (side != TEXT_PATH) {
		one = put_most(out, s, columns - 1);
		fputs(mark, out);
		pad(out, columns - 1 - one);
		return;
	}
	while (all > columns - 1) {
		s += glyph(s, buf, &one);
		all -= one;
	}
	fputs(mark, out);
	text_put(out, s);
	pad(out, columns - 1 - all);
}

void
text_cell(FILE *out, const char *s, size_t columns, enum text_side side)
{
	size_t all = text_columns(s);

	if (all > columns) {
		cut(out, s, all, columns, side);
		return;
	}
	if (side == TEXT_RIGHT)
		pad(out, columns - all);
	text_put(out, s);
	if (side != TEXT_RIGHT)
		pad(out, columns - all);
}

/* How many bytes of s go into a line: up to the last blank before it is full, of
 * a list rather the last one behind a comma, or what there is room for. */
static size_t
line_length(const char *s, size_t columns)
{
	char buf[GLYPH_SIZE];
	size_t one, used = 0, len = 0, blank = 0, comma = 0;

	while (s[len]) {
		size_t n = glyph(s + len, buf, &one);

		if (s[len] == ' ' && len > 0)
			blank = len;
		if (len > 0 && blank == len && used > columns / 2 &&
		    s[len - 1] == ',')
			comma = len;
		if (used + one > columns && comma > 0)
			return comma;
		if (used + one > columns)
			return blank > 0 ? blank : (len > 0 ? len : n);
		used += one;
		len += n;
	}
	return len;
}

void
text_wrap(
    FILE *out, const char *head, const char *s, size_t indent, size_t columns)
{
	size_t room = columns > indent + 10 ? columns - indent : 10;

	do {
		size_t len = line_length(s, room);
		char *line = text_printf("%.*s", (int)len, s);

		text_cell(out, head, indent, TEXT_LEFT);
		text_put(out, line);
		fputc('\n', out);
		free(line);
		head = "";
		s += len;
		s += strspn(s, " ");
	} while (*s);
}

void
text_field(FILE *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = *s, next = s[1];

		if (c == '\\')
			fputs("\\\\", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

void
text_no_memory(void)
{
	fprintf(stderr, "serial-routerctl: no memory\n");
	exit(EX_OSERR);
}

FILE *
text_open(char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	if (!out)
		text_no_memory();
	return out;
}

char *
text_printf(const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		text_no_memory();
	return text;
}

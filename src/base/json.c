/* A writer of JSON. */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void
json_init(struct json *j, size_t most)
{
	memset(j, 0, sizeof(*j));
	j->most = most;
}

void
json_clear(struct json *j)
{
	free(j->text);
	json_init(j, j->most);
}

static bool
make_room(struct json *j, size_t len)
{
	size_t size = j->size ? j->size : FIRST_SIZE;
	char *text;

	if (j->failed || len > j->most - j->len) {
		j->failed = true;
		return false;
	}
	if (len <= j->size - j->len)
		return true;
	while (size < j->len + len)
		size *= 2;
	text = realloc(j->text, size);
	if (!text) {
		j->failed = true;
		return false;
	}
	j->text = text;
	j->size = size;
	return true;
}

static void
add(struct json *j, const char *text, size_t len)
{
	if (!make_room(j, len))
		return;
	memcpy(j->text + j->len, text, len);
	j->len += len;
}

/*
 * The length of the character in UTF-8 at text, of which there are len bytes,
 * and its number in *code; 0: these bytes are none (cut off, overlong, half of
 * a surrogate, beyond U+10FFFF).
 */
static size_t
character(const unsigned char *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = 1;

	*code = text[0];
	if (*code < 0x80)
		return 1;
	while (n < 5 && (text[0] & (0x80 >> n)))
		n++;
	/* A byte that goes on another one has n of 1. */
	if (n < 2 || n > 4 || n > len)
		return 0;
	*code &= 0x7f >> n;
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

static void
add_escaped(struct json *j, uint32_t code)
{
	static const char letters[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	const char *letter = code ? strchr(letters, (int)code) : NULL;
	char text[8];

	if (letter)
		add(j, (char[]){ '\\', names[letter - letters] }, 2);
	else
		add(j, text, snprintf(text, sizeof(text), "\\u%04x", code));
}

static bool
is_plain(uint32_t code)
{
	return code >= 0x20 && code != '"' && code != '\\' &&
	    (code < 0x7f || code > 0x9f);
}

static void
add_quoted(struct json *j, const char *text, size_t len)
{
	size_t plain = 0; /* from here to i it is added as it is, later */
	size_t i = 0;

	add(j, "\"", 1);
	while (i < len) {
		uint32_t code;
		size_t n = character(
		    (const unsigned char *)text + i, len - i, &code);

		if (n > 0 && is_plain(code)) {
			i += n;
			continue;
		}
		add(j, text + plain, i - plain);
		if (n > 0)
			add_escaped(j, code);
		else
			add(j, REPLACEMENT, strlen(REPLACEMENT));
		i += n > 0 ? n : 1;
		plain = i;
	}
	add(j, text + plain, len - plain);
	add(j, "\"", 1);
}

/* What comes before each value. */
static void
begin(struct json *j, const char *name)
{
	bool in_object = j->depth > 0 && (j->objects >> (j->depth - 1) & 1);

	assert(in_object == (name != NULL));
	if (j->comma)
		add(j, ",", 1);
	j->comma = true;
	if (!name)
		return;
	add_quoted(j, name, strlen(name));
	add(j, ":", 1);
}

static void
open_one(struct json *j, const char *name, bool object)
{
	uint32_t bit = UINT32_C(1) << j->depth;

	assert(j->depth < JSON_DEPTH_MAX);
	begin(j, name);
	add(j, object ? "{" : "[", 1);
	j->objects = object ? j->objects | bit : j->objects & ~bit;
	j->depth++;
	j->comma = false;
}

static void
close_one(struct json *j, bool object)
{
	assert(j->depth > 0);
	j->depth--;
	assert((j->objects >> j->depth & 1) == object);
	add(j, object ? "}" : "]", 1);
	j->comma = true;
}

void
json_open_object(struct json *j, const char *name)
{
	open_one(j, name, true);
}

void
json_close_object(struct json *j)
{
	close_one(j, true);
}

void
json_open_array(struct json *j, const char *name)
{
	open_one(j, name, false);
}

void
json_close_array(struct json *j)
{
	close_one(j, false);
}

void
json_null(struct json *j, const char *name)
{
	begin(j, name);
	add(j, "null", 4);
}

void
json_bool(struct json *j, const char *name, bool value)
{
	begin(j, name);
	add(j, value ? "true" : "false", value ? 4 : 5);
}

void
json_int(struct json *j, const char *name, int64_t value)
{
	char text[24];

	begin(j, name);
	add(j, text, snprintf(text, sizeof(text), "%" PRId64, value));
}

void
json_uint(struct json *j, const char *name, uint64_t value)
{
	char text[24];

	begin(j, name);
	add(j, text, snprintf(text, sizeof(text), "%" PRIu64, value));
}

void
json_number(struct json *j, const char *name, double value)
{
	char text[40];
	int len;

	if (!isfinite(value)) {
		json_null(j, name);
		return;
	}
	begin(j, name);
	len = snprintf(text, sizeof(text), "%.15g", value);
	/* Whatever the locale has there. */
	for (int i = 0; i < len; i++) {
		if (!strchr("+-0123456789e", text[i]))
			text[i] = '.';
	}
	add(j, text, len);
}

void
json_bytes(struct json *j, const char *name, const char *value, size_t len)
{
	begin(j, name);
	add_quoted(j, value, len);
}

void
json_string(struct json *j, const char *name, const char *value)
{
	if (value)
		json_bytes(j, name, value, strlen(value));
	else
		json_null(j, name);
}

bool
json_end(struct json *j)
{
	assert(j->depth == 0);
	add(j, "\n", 1);
	j->comma = false;
	return !j->failed;
}

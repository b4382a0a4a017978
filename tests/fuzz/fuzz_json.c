/*
 * The writer of JSON: whatever values it is told to write, what comes out is
 * JSON in UTF-8, one document a line, and never longer than it may be.
 *
 * The first two bytes of the input are the bound; then each byte chooses a
 * call, and texts and numbers are the bytes after it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

struct input {
	const uint8_t *data;
	size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
take(struct input *in, void *to, size_t len)
{
	size_t n = in->size < len ? in->size : len;

	memset(to, 0, len);
	memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
	return n;
}

/* What is read here, as strictly as RFC 8259 has it. */
struct check {
	const uint8_t *at, *end;
	unsigned depth;
};

static bool
next_is(struct check *c, char wanted)
{
	if (c->at == c->end || *c->at != (uint8_t)wanted)
		return false;
	c->at++;
	return true;
}

static void
check_word(struct check *c, const char *word)
{
	for (; *word; word++)
		MUST(next_is(c, *word));
}

static void
check_digits(struct check *c)
{
	const uint8_t *begin = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
		c->at++;
	MUST(c->at > begin);
}

static void
check_number(struct check *c)
{
	next_is(c, '-');
	if (!next_is(c, '0'))
		check_digits(c);
	if (next_is(c, '.'))
		check_digits(c);
	if (next_is(c, 'e')) {
		MUST(next_is(c, '+') || next_is(c, '-'));
		check_digits(c);
	}
}

static void
check_escape(struct check *c)
{
	MUST(c->at < c->end);
	if (*c->at++ != 'u') {
		MUST(strchr("\"\\bfnrt", c->at[-1]));
		return;
	}
	for (int i = 0; i < 4; i++, c->at++)
		MUST(c->at < c->end && *c->at &&
		    strchr("0123456789abcdef", *c->at));
}

static void
check_character(struct check *c)
{
	uint8_t first = *c->at++;
	int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

	MUST(first >= 0x20 && first != 0x7f && first != '"');
	MUST(first < 0x80 || (first >= 0xc2 && first < 0xf5));
	for (int i = 0; i < more; i++, c->at++)
		MUST(c->at < c->end && (*c->at & 0xc0) == 0x80);
}

static void
check_string(struct check *c)
{
	MUST(next_is(c, '"'));
	while (!next_is(c, '"')) {
		MUST(c->at < c->end);
		if (next_is(c, '\\'))
			check_escape(c);
		else
			check_character(c);
	}
}

static void check_value(struct check *c);

static void
check_members(struct check *c, bool object, char end)
{
	c->at++;
	c->depth++;
	MUST(c->depth <= JSON_DEPTH_MAX);
	for (bool first = true; !next_is(c, end); first = false) {
		MUST(first || next_is(c, ','));
		if (object) {
			check_string(c);
			MUST(next_is(c, ':'));
		}
		check_value(c);
	}
	c->depth--;
}

static void
check_value(struct check *c)
{
	MUST(c->at < c->end);
	switch (*c->at) {
	case '{':
		check_members(c, true, '}');
		break;
	case '[':
		check_members(c, false, ']');
		break;
	case '"':
		check_string(c);
		break;
	case 'n':
		check_word(c, "null");
		break;
	case 't':
		check_word(c, "true");
		break;
	case 'f':
		check_word(c, "false");
		break;
	default:
		check_number(c);
	}
}

static bool
is_object(const struct json *j)
{
	return j->depth > 0 && (j->objects >> (j->depth - 1) & 1);
}

static void
put_number(struct json *j, const char *name, struct input *in, unsigned kind)
{
	uint64_t number;
	double real;

	take(in, &number, sizeof(number));
	memcpy(&real, &number, sizeof(real));
	if (kind == 0)
		json_int(j, name, (int64_t)number);
	else if (kind == 1)
		json_uint(j, name, number);
	else
		json_number(j, name, real);
}

/* One value; an object or array that is opened is closed by a later one. */
static void
put_one(struct json *j, struct input *in, uint8_t choice)
{
	char name[8] = "", text[256];
	size_t len;

	if (is_object(j))
		take(in, name, sizeof(name) - 1);
	switch (choice % 8) {
	case 0:
	case 1:
		if (j->depth == JSON_DEPTH_MAX)
			return;
		if (choice % 8)
			json_open_object(j, is_object(j) ? name : NULL);
		else
			json_open_array(j, is_object(j) ? name : NULL);
		return;
	case 2:
		json_null(j, is_object(j) ? name : NULL);
		return;
	case 3:
		json_bool(j, is_object(j) ? name : NULL, choice & 8);
		return;
	case 4:
	case 5:
	case 6:
		put_number(j, is_object(j) ? name : NULL, in, choice % 8 - 4);
		return;
	case 7:
		len = take(in, text, choice);
		json_bytes(j, is_object(j) ? name : NULL, text, len);
		return;
	}
}

static void
close_one(struct json *j)
{
	if (is_object(j))
		json_close_object(j);
	else
		json_close_array(j);
}

/* One document: until nothing is open any more, or nothing is left. */
static void
put_document(struct json *j, struct input *in)
{
	uint8_t choice;

	do {
		take(in, &choice, 1);
		if (j->depth > 0 && (choice >= 0xc0 || in->size == 0))
			close_one(j);
		else
			put_one(j, in, choice);
	} while (j->depth > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint16_t most;
	struct json j;
	size_t before;

	take(&in, &most, sizeof(most));
	json_init(&j, most);
	while (in.size > 0) {
		struct check c = { .depth = 0 };

		before = j.len;
		put_document(&j, &in);
		MUST(j.depth == 0);
		if (!json_end(&j))
			break;
		c.at = (const uint8_t *)j.text + before;
		c.end = (const uint8_t *)j.text + j.len;
		check_value(&c);
		MUST(next_is(&c, '\n') && c.at == c.end);
	}
	MUST(j.len <= most);
	json_clear(&j);
	return 0;
}

/*
 * A writer of JSON (RFC 8259), one document a line.  There is no parser: the
 * daemon reads none.
 *
 * Text may come from outside: what is no UTF-8 is replaced (U+FFFD), and
 * control characters, those of C1 too, are escaped, so that neither a reader
 * nor a terminal is led astray.
 */
#ifndef SR_BASE_JSON_H
#define SR_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 32

struct json {
	char *text; /* not terminated */
	size_t len;
	size_t size;    /* allocated */
	size_t most;    /* bytes that len may come to */
	bool failed;    /* no memory, or too long: what follows does nothing */
	bool comma;     /* a value came before in the open one */
	unsigned depth; /* of objects and arrays that are open */
	uint32_t objects; /* a bit for each depth: it is an object */
};

void json_init(struct json *j, size_t most);
void json_clear(struct json *j); /* frees the text */

/*
 * Each value has the name of its member where an object is open, and NULL in
 * an array and outside of everything.
 */
void json_open_object(struct json *j, const char *name);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *name);
void json_close_array(struct json *j);

void json_null(struct json *j, const char *name);
void json_bool(struct json *j, const char *name, bool value);
void json_int(struct json *j, const char *name, int64_t value);
void json_uint(struct json *j, const char *name, uint64_t value);
/* With 15 digits; what JSON has no number for (NaN, infinities) is null. */
void json_number(struct json *j, const char *name, double value);
/* NULL is null. */
void json_string(struct json *j, const char *name, const char *value);
/* The same of len bytes, NULs included. */
void json_bytes(
    struct json *j, const char *name, const char *value, size_t len);

/* Ends a document, in which nothing is open any more, with a newline; the next
 * one may follow.  Returns false where it failed: there is no whole text. */
bool json_end(struct json *j);

#endif

/*
 * The tokens of the configuration's files, in the order in which libconfig
 * gets to see them; what it would misread is put right or refused.
 */
#ifndef SR_ROUTER_CONF_SCAN_H
#define SR_ROUTER_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "router/conf_fault.h"
#include "router/conf_text.h"

enum conf_token {
	CONF_TOKEN_NONE, /* none yet */
	CONF_TOKEN_NAME,
	CONF_TOKEN_SIGN, /* = or : */
	CONF_TOKEN_VALUE,
	CONF_TOKEN_STRING,
	CONF_TOKEN_OPEN, /* one of ( { [ */
	CONF_TOKEN_CLOSE,
	CONF_TOKEN_COMMA,
	CONF_TOKEN_SEMICOLON,
};

struct conf_open {
	char mark;        /* one of ( { [; 0: the file itself */
	unsigned line;    /* flat, where it begins */
	unsigned members; /* settings or values in it so far */
};

struct conf_source; /* a file that is open, and those that include it */

struct conf_scan {
	const char *in; /* rest of the file; terminated, no NUL before */
	struct conf_text *text;
	size_t size; /* of the memory at text->text */
	struct conf_faults *faults;
	FILE *sources; /* NULL, or for each file that is read */
	const struct conf_source *source;
	size_t total;   /* bytes of all files read so far */
	unsigned files; /* read so far */

	unsigned line; /* flat, from 1 */
	bool line_begins;
	struct conf_open open[CONF_TEXT_DEPTH_MAX + 1];
	unsigned depth;
	unsigned base; /* the depth at which the file begins */

	enum conf_token last;
	unsigned last_line;
	char last_name[32]; /* of CONF_TOKEN_NAME, maybe cut */
	bool behind_value;  /* it follows one in the same line */
};

/* Takes all tokens up to the end of s->in; false: no use to go on. */
bool conf_scan(struct conf_scan *s);

/* Room in s->text for n more bytes of input; false: out of memory. */
bool conf_scan_reserve(struct conf_scan *s, size_t n);

/* Puts one byte into s->text, for which there is room. */
void conf_scan_put(struct conf_scan *s, char c);

/* Tells it where a token cannot follow what comes before it; then false. */
bool conf_order_take(
    struct conf_scan *s, enum conf_token token, const char *text, size_t len);

/* The same at the end of all. */
bool conf_order_end(struct conf_scan *s);

/* Scans the file at path (relative to the one being scanned) in the place of
 * an @include.  What is wrong is told; false: no use to go on. */
bool conf_scan_include(struct conf_scan *s, const char *path);

#endif

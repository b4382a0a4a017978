/*
 * What is nobody's business in a text that goes to somebody else: serial
 * numbers of adapters, also as part of a name in /dev/serial/by-id, and
 * addresses that are not private.  Each is replaced by a word with a number,
 * the same one wherever it occurs.
 */
#ifndef SR_CTL_REDACT_H
#define SR_CTL_REDACT_H

#include <jansson.h>
#include <stddef.h>

struct redact_list {
	char **texts;
	size_t n;
};

struct redact {
	struct redact_list serials, addresses, names;
};

void redact_init(struct redact *r);
void redact_clear(struct redact *r);

/* Finds the serial numbers in an answer, so that they are known everywhere. */
void redact_learn(struct redact *r, const json_t *answer);

/* The text without all that; to be freed. */
char *redact_text(struct redact *r, const char *text);

/* The same for each text in an answer, in place. */
void redact_answer(struct redact *r, json_t *answer);

#endif

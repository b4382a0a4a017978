/*
 * Answers of the daemon: serial-router-control(7).  Nothing of them is taken
 * for granted: what is missing or of another type is not known.
 */
#ifndef SR_CTL_ANSWER_H
#define SR_CTL_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* The answer in a line, an object, to be dropped with json_decref(); NULL: it
 * is none (err->code EPROTO). */
json_t *answer_parse(const char *line, struct error *err);

/* Whether it is the greeting of a daemon that we can talk to. */
int answer_greeting(const json_t *answer, struct error *err);

/* What a path of keys, "port.usb.vendor", leads to, or NULL; null is NULL. */
json_t *answer_get(const json_t *o, const char *path);

const char *answer_text(const json_t *o, const char *path); /* or NULL */
double answer_number(const json_t *o, const char *path);    /* or NAN */
bool answer_is_true(const json_t *o, const char *path);

/* The sum of the numbers in an object, or NAN where it is none. */
double answer_sum(const json_t *o, const char *path);

/* The link of that name in an answer to show, or NULL. */
json_t *answer_link(const json_t *answer, const char *name);

/* Where the answer is an error: tells it on standard error, each line safe for
 * a terminal, and returns the exit status; else -1. */
int answer_refused(const json_t *answer);

/* What is wrong in a file, "FILE:LINE: TEXT", a line each. */
void answer_tell_places(const json_t *list, FILE *out);

/* The exit status for what client.h and this room fail with. */
int answer_exit_status(const struct error *err);

/* "serial-routerctl: TEXT" to standard error, safe for a terminal.  Returns
 * that exit status. */
int answer_fail(const struct error *err);

#endif

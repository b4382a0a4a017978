/*
 * An error on its way from the place where it happened to the one that
 * decides: filled once, passed on, logged once.
 */
#ifndef SR_BASE_ERROR_H
#define SR_BASE_ERROR_H

#include <stdarg.h>

/* Longer texts are cut; always terminated. */
#define ERROR_TEXT_SIZE 320

struct error {
	int code; /* an errno value, 0 where none fits */
	char text[ERROR_TEXT_SIZE];
};

/* Fills *err (may be NULL).  Returns -1, so that a function can fail with
 * `return error_set(...)`. */
int error_set(struct error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the current errno as code, and ": " and its text appended. */
int error_errno(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "<prefix>: " before the text of an error that a callee has filled.
 * Returns -1. */
int error_prefix(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

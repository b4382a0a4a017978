/*
 * A command line that is not understood, told the same way by every program.
 */
#ifndef SR_BASE_USAGE_H
#define SR_BASE_USAGE_H

#include <stdio.h>

/* Before the other: the program's name and what prints its synopsis, both of
 * which stay the caller's. */
void usage_init(const char *program, void (*print_synopsis)(FILE *out));

/* "PROGRAM: TEXT" and the synopsis to standard error.  Returns EX_USAGE. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

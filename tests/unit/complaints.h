/*
 * What a configuration's reader complains of, collected.
 */
#ifndef SR_TESTS_COMPLAINTS_H
#define SR_TESTS_COMPLAINTS_H

#include <stdbool.h>
#include <stddef.h>

struct complaints {
	char text[16384]; /* one a line; what does not fit is left out */
	size_t n;
	size_t warnings; /* of them */
};

/* A conf_complain whose arg is a struct complaints. */
void complaints_collect(const char *line, bool warning, void *arg);

/* A conf_complain that prints to standard error. */
void complaints_print(const char *line, bool warning, void *arg);

#endif

/*
 * The text of a configuration file, made fit for libconfig: what that would
 * misread, hang on or not survive is put right or refused here.
 */
#ifndef SR_ROUTER_CONF_TEXT_H
#define SR_ROUTER_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "router/conf_fault.h"

#define CONF_TEXT_MAX (1024 * 1024) /* bytes of a file */
#define CONF_TEXT_DEPTH_MAX 32      /* groups and lists within each other */
#define CONF_TEXT_GROUP_MAX 256     /* settings in one group */

struct conf_text {
	char *text; /* same lines as the file */
	/* The line of each string value in order; parts that libconfig joins
	 * are one.  (It tells the line of what follows the string.) */
	unsigned *string_lines;
	size_t n_strings;
};

/*
 * Reads a regular file of at most CONF_TEXT_MAX bytes; never waits for a FIFO
 * and never touches a device.  Returns its bytes, terminated, to be freed with
 * free(), or NULL.
 */
char *conf_text_read(const char *path, size_t *len, struct error *err);

/*
 * Refuses NUL bytes, @include, what is not closed, what is too deep or too
 * much, and numbers beyond 64 bits; gives numbers beyond 32 bits the suffix
 * "L" without which libconfig would cut them.  All that is wrong goes to
 * faults.  Returns false where there was something; *t is to be cleared in
 * any case.
 */
bool conf_text_init(struct conf_text *t, const char *raw, size_t len,
    struct conf_faults *faults);
void conf_text_clear(struct conf_text *t);

#endif

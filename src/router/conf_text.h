/*
 * The text of a configuration, made fit for libconfig: one flat text of the
 * file and all that it includes, in which what that would misread, hang on or
 * not survive is put right or refused.
 */
#ifndef SR_ROUTER_CONF_TEXT_H
#define SR_ROUTER_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "router/conf_fault.h"
#include "router/conf_file.h"

#define CONF_TEXT_MAX (1024 * 1024) /* bytes of all files together */
#define CONF_TEXT_FILES_MAX 1024    /* included */
#define CONF_TEXT_LEVEL_MAX 10      /* files that include each other */
#define CONF_TEXT_DEPTH_MAX 32      /* groups and lists within each other */
#define CONF_TEXT_GROUP_MAX 256     /* settings in one group */
#define CONF_TEXT_LIST_MAX 8192     /* values in one list */

struct conf_text {
	char *text; /* terminated */
	size_t len;
	/* The flat line of each string value in order; parts that libconfig
	 * joins are one.  (It tells the line of what follows the string.) */
	unsigned *string_lines;
	size_t n_strings, strings_size;
};

/*
 * Makes the flat text of a file that was read, called name, and of all that it
 * includes with @include "PATH", relative to the directory of its own name.
 * Refuses NUL bytes, what is not closed or out of order, what is too deep or
 * too much, and numbers beyond 64 bits; gives numbers beyond 32 bits the
 * suffix "L" without which libconfig would cut them.  All that is wrong goes to
 * faults, whose map learns where each line comes from.  Returns false where
 * there was something; *t is to be cleared in any case.  sources (NULL: not)
 * gets each file as it was read, see conf_read_sources().
 */
bool conf_text_init(struct conf_text *t, const struct conf_file *file,
    const char *name, FILE *sources, struct conf_faults *faults);
void conf_text_clear(struct conf_text *t);

#endif

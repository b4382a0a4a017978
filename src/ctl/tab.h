/*
 * Links for scripts: a line each, fields between tabs, the first line says what
 * they are.  Fields are only ever added, at the end.
 */
#ifndef SR_CTL_TAB_H
#define SR_CTL_TAB_H

#include <jansson.h>
#include <stdio.h>

void tab_put(FILE *out, const json_t *answer);

#endif

/*
 * An answer to show in the text format of Prometheus, version 0.0.4.
 */
#ifndef SR_CTL_EXPOSITION_H
#define SR_CTL_EXPOSITION_H

#include <jansson.h>
#include <stdio.h>

/* NULL: the daemon did not answer; then it says that alone. */
void exposition_put(FILE *out, const json_t *answer);

#endif

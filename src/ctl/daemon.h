/*
 * What an answer to show says of the daemon itself, in words.
 */
#ifndef SR_CTL_DAEMON_H
#define SR_CTL_DAEMON_H

#include <jansson.h>
#include <stdio.h>

/* "serial-routerd 0.1.0, up 3d04h, 2 of 3 links up, FILE"; to be freed. */
char *daemon_summary(const json_t *answer);

/* What waits for the operator, to be freed, or NULL. */
char *daemon_pending(const json_t *answer);

/* Both as lines. */
void daemon_put(const json_t *answer, FILE *out);

#endif

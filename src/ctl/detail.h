/*
 * All that is known of one link, for people, with units.
 */
#ifndef SR_CTL_DETAIL_H
#define SR_CTL_DETAIL_H

#include <jansson.h>

/* To standard output. */
void detail_put(const json_t *link);

#endif

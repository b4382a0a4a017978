/*
 * The only time there is: CLOCK_MONOTONIC, which does not jump when somebody
 * sets the date.
 */
#ifndef SR_BASE_CLOCK_H
#define SR_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S INT64_C(1000000000)

int64_t clock_ns(void); /* nanoseconds since some moment in the past */
int64_t clock_ms(void); /* milliseconds since the same moment */

#endif

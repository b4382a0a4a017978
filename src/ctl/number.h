/*
 * Numbers for people: three digits that matter, and a unit.  NAN, what is
 * infinite and what is below 0 stand for "not known" and become "-".
 */
#ifndef SR_CTL_NUMBER_H
#define SR_CTL_NUMBER_H

#include <stdbool.h>

#define NUMBER_SIZE 24

/* Each writes into buf, NUMBER_SIZE bytes, and returns it. */
const char *number_bytes(char *buf, double bytes); /* "12.3 kB", by 1000 */
const char *number_rate(char *buf, double bytes);  /* "12.3 kB/s" */
const char *number_age(char *buf, double seconds); /* "12 s", "3h04m" */
const char *number_ms(char *buf, double ms);       /* "3.1 ms", "1.2 s" */
const char *number_bound(char *buf, double ms, bool above); /* "<16 ms" */
const char *number_share(char *buf, double of_one);         /* 0.97: "97 %" */
const char *number_count(char *buf, double count);          /* "1234567" */

#endif

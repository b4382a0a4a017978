/*
 * Pumps of a test as the supervisor has them: forked by router/pump_proc, and
 * none left behind.
 */
#ifndef SR_TESTS_UNIT_PUMPS_H
#define SR_TESTS_UNIT_PUMPS_H

#include <stdbool.h>

#include "router/pump_proc.h"

struct pumps {
	struct pump_options options;
	struct pump_proc proc;
	struct stats ended;
	struct error err;
	char device[64];
	int master;    /* the other end of the line */
	int interface; /* the other end of the TUN; -1 before the start */
};

/* For cmocka. */
int pumps_setup(void **state);
int pumps_teardown(void **state);

/* Each fails the test where it cannot. */
void pumps_start(struct pumps *p);
void pumps_reap(struct pumps *p);
struct pump_report pumps_report(struct pumps *p);

/* Waits until condition() is true. */
void pumps_wait(struct pumps *p, bool (*condition)(struct pumps *p));

/* Waits until fd is readable, or at its end. */
void pumps_wait_readable(int fd);

#endif

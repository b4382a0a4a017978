/*
 * A test's child process: does what cannot be undone, and tells which of its
 * checks failed.  One at a time (child_start, child_wait), without a
 * descriptor of its own.
 */
#ifndef SR_TESTS_UNIT_CHILD_H
#define SR_TESTS_UNIT_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* In memory shared by both. */
struct child {
	volatile int32_t trapped; /* -1 before each start */
	struct error err;         /* for what the child calls */
	int failed_errno;
	char failed[160]; /* the first check that failed, "" if none */
};

extern struct child *child;

/* Forks; the child calls body, and exits 0 where that returns.  It does not
 * live for more than 20 seconds. */
pid_t child_start(void (*body)(const void *arg), const void *arg);

/* Returns the status as of wait(2). */
int child_wait(pid_t pid);

int child_run(void (*body)(const void *arg), const void *arg);

/* Fails the test, and tells why, unless the child exited 0. */
void child_assert_passed(int status);

/* Ends the test: skipped for want of root, or failed where SR_CI is set. */
void child_need_root(void);

/* In the child. */
void child_fail(const char *file, int line, const char *text)
    __attribute__((noreturn));

#define CHILD_CHECK(condition) \
	do { \
		if (!(condition)) \
			child_fail(__FILE__, __LINE__, #condition); \
	} while (0)

#endif

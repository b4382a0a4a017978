/*
 * Mistakes found in a configuration: collected as they are found, told in the
 * order of the file's lines.
 */
#ifndef SR_ROUTER_CONF_FAULT_H
#define SR_ROUTER_CONF_FAULT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Is told one complaint, a line without newline. */
typedef void conf_complain(const char *line, bool warning, void *arg);

/* Longer complaints are cut; the size includes the terminator. */
#define CONF_COMPLAINT_SIZE 301

struct conf_fault {
	unsigned line; /* 0: none */
	size_t order;  /* in which they were found */
	char *text;
};

struct conf_faults {
	const char *name; /* of the file; the caller's */
	struct conf_fault *list;
	size_t n;
	size_t size;
	bool no_memory; /* something is missing: the result cannot be used */
};

void conf_faults_init(struct conf_faults *f, const char *name);
void conf_faults_clear(struct conf_faults *f);

void conf_faults_add(struct conf_faults *f, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void conf_faults_vadd(struct conf_faults *f, unsigned line, const char *fmt,
    va_list ap) __attribute__((format(printf, 3, 0)));

/*
 * Tells all of them to complain (NULL: to nobody), as "FILE:LINE: TEXT" in
 * printable ASCII: what is not is written \xNN, since both a file's name and
 * its text may hold what a terminal obeys.
 */
void conf_faults_tell(
    struct conf_faults *f, conf_complain *complain, void *arg);

#endif

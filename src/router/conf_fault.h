/*
 * Mistakes found in a configuration: collected as they are found, told in the
 * order of the file's lines.
 */
#ifndef SR_ROUTER_CONF_FAULT_H
#define SR_ROUTER_CONF_FAULT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "router/conf_map.h"

/* Is told one complaint, a line without newline. */
typedef void conf_complain(const char *line, bool warning, void *arg);

/* Longer complaints are cut; the size includes the terminator. */
#define CONF_COMPLAINT_SIZE 301

/* Of more mistakes only how many they are is told. */
#define CONF_FAULTS_MAX 1000

/* Room for what conf_faults_place() writes. */
#define CONF_PLACE_SIZE 256

struct conf_fault {
	unsigned line; /* flat; 0: none */
	size_t order;  /* in which they were found */
	bool warning;
	char *text;
};

struct conf_faults {
	const char *name; /* of the file; the caller's */
	/* Where the lines of the flat text come from; without, all are of that
	 * file. */
	struct conf_map map;
	struct conf_fault *list;
	size_t n_list, size;
	size_t n;        /* mistakes, those beyond CONF_FAULTS_MAX too */
	size_t warnings; /* no mistakes, the same */
	bool no_memory;  /* something is missing: the result cannot be used */
};

void conf_faults_init(struct conf_faults *f, const char *name);
void conf_faults_clear(struct conf_faults *f);

void conf_faults_add(struct conf_faults *f, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What is no mistake, but hurts. */
void conf_faults_warn(struct conf_faults *f, unsigned line, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
void conf_faults_vadd(struct conf_faults *f, unsigned line, const char *fmt,
    va_list ap) __attribute__((format(printf, 3, 0)));

/* Whether further mistakes are only counted: their text need not be made. */
bool conf_faults_full(const struct conf_faults *f);

/* "line 7", or "FILE:7" where that is not the file of the line seen_from; into
 * buf, CONF_PLACE_SIZE bytes; returns buf. */
const char *conf_faults_place(
    const struct conf_faults *f, unsigned line, unsigned seen_from, char *buf);

/*
 * Tells all of them to complain (NULL: to nobody), as "FILE:LINE: TEXT" in
 * printable ASCII: what is not is written \xNN, since both a file's name and
 * its text may hold what a terminal obeys.
 */
void conf_faults_tell(
    struct conf_faults *f, conf_complain *complain, void *arg);

#endif

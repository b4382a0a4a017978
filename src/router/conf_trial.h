/*
 * libconfig tried on a text in a child process: it leaks on mistakes, and
 * what makes it hang or exit must not do so to the daemon.
 */
#ifndef SR_ROUTER_CONF_TRIAL_H
#define SR_ROUTER_CONF_TRIAL_H

#include <libconfig.h>
#include <stdbool.h>

#include "base/error.h"
#include "router/conf_fault.h"

/* How long libconfig may take, in milliseconds. */
#define CONF_TRIAL_MS 5000

/* The parser: fills *line and text (size bytes) where it finds a mistake, and
 * then returns false. */
typedef bool conf_trial_parse(
    const char *input, unsigned *line, char *text, size_t size);

/* libconfig, whose result is thrown away. */
conf_trial_parse conf_trial_libconfig;

/*
 * Parses input in a child, for which it waits (at most limit_ms).  Returns 0:
 * it is in order; 1: it is not, which faults was told; -1: nobody knows.
 */
int conf_trial(const char *input, conf_trial_parse *parse, int limit_ms,
    struct conf_faults *faults, struct error *err);

#endif

/*
 * The serial ports of this machine, for people who write a configuration.
 * Opens none of them.
 */
#ifndef SR_ROUTER_PORTS_H
#define SR_ROUTER_PORTS_H

#include <stdio.h>

#include "router/conf.h"

#define PORTS_DEV "/dev"

/*
 * Prints each port with what is known of it, which link of conf (NULL: not
 * known) has it, and the group `port` to write for it; at the end a whole file
 * for the first one that no link has.  In printable ASCII, whatever adapters
 * say of themselves.  -1: no memory.
 */
int ports_print(FILE *out, const char *sysfs, const char *dev,
    const struct conf *conf, struct error *err);

#endif

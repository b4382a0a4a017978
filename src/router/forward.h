/*
 * Whether this machine passes packets on, where its links are there for that.
 */
#ifndef SR_ROUTER_FORWARD_H
#define SR_ROUTER_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "router/conf.h"

#define FORWARD_SYSCTLS "/proc/sys/net"

/*
 * Writes to buf, as one sentence, what of the kernel's settings keeps the
 * enabled links from passing packets on:
 * IPv6, where a link with IPv6 has `forwarding = true`, or two links have
 * IPv6 routes;
 * IPv4, where two links have IPv4 routes and one of them does not forward;
 * IPv4, where one link has `forwarding = true` and no interface besides it.
 * `forwarding = false` on a link takes it out of this.  sysctls is
 * FORWARD_SYSCTLS; what cannot be read there is no hindrance.  false, and
 * buf "": nothing.
 */
bool forward_hindrance(
    const struct conf *conf, const char *sysctls, char *buf, size_t size);

/* Says so in the log, where there is something. */
void forward_warn(const struct conf *conf);

#endif

/*
 * A link's state and counters as lines of key=value pairs in the log.
 */
#ifndef SR_ROUTER_LINK_LOG_H
#define SR_ROUTER_LINK_LOG_H

#include "router/link.h"

/* Three lines at level info: the link, "to-line" and "from-line". */
void link_log_status(const struct link *l);

#endif

/*
 * What the files of the room `interface` share: interface.c,
 * interface_as_is.c and interface_change.c.  Nobody else includes this.
 */
#ifndef SR_ROUTER_INTERFACE_PRIV_H
#define SR_ROUTER_INTERFACE_PRIV_H

#include "router/interface.h"

/* Makes all settings equal to the configuration's, and tells a change of what
 * the kernel refuses. */
void interface_apply(struct interface *i, const struct conf_link *conf,
    struct netif *netif, bool set_up);

/* Says that the interface in that state is not touched, and with which
 * commands it would be what the configuration wants. */
void interface_tell_as_is(
    const struct conf_link *conf, const struct netif_state *state);

#endif

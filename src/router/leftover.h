/*
 * Interfaces that serial-router made and that have no link any more.
 */
#ifndef SR_ROUTER_LEFTOVER_H
#define SR_ROUTER_LEFTOVER_H

#include <stddef.h>

#include "router/conf.h"

/*
 * For netif_set_owner(): whose interfaces those of a daemon with this
 * configuration file are.  NULL for the default file; else the file's absolute
 * path, not without symbolic links, made in buf where it was relative.
 */
const char *leftover_owner(const char *file, char *buf, size_t size);

/*
 * Removes the interfaces of that owner that no link of the configuration,
 * enabled or not, has, and that no process is attached to; tells each.  Does
 * nothing without CAP_NET_ADMIN.  To be called before the links are started:
 * routes of a leftover would be in the way of theirs.
 */
void leftover_remove(const struct conf *conf, const char *owner);

/* The same of one interface, where there is one of that name: of a link that
 * was taken out of the configuration and does not run. */
void leftover_remove_one(struct netif *netif, const char *interface);

/*
 * Removes the interfaces of all owners that no process is attached to, for the
 * removal of the program; prints them.  Returns the status to exit with: 1
 * where some are left.
 */
int leftover_remove_all(void);

#endif

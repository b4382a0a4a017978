/*
 * What holds between keys: defaults that depend on other keys, and rules
 * within a link and across links.
 */
#ifndef SR_ROUTER_CONF_CHECK_H
#define SR_ROUTER_CONF_CHECK_H

#include <libconfig.h>

#include "router/conf_key.h"

/* Completes and checks one link that was read from group. */
void conf_check_link(struct conf_reader *r, const config_setting_t *group,
    struct conf_link *link);

/* The part of that which is about the port. */
void conf_check_port(struct conf_reader *r, const config_setting_t *group,
    const struct conf_link *link);

/* Whether link i asks for what an earlier one asks for. */
void conf_check_claims(
    struct conf_reader *r, const config_setting_t *list, size_t i);

/* Checks all links of r->conf, read from list, against each other. */
void conf_check_links(struct conf_reader *r, const config_setting_t *list);

/* Warns of routes that the kernel will refuse. */
void conf_check_routes(struct conf_reader *r, const config_setting_t *list);

/* Checks liveness of one link against the rest of it. */
void conf_check_life(struct conf_reader *r, const config_setting_t *group,
    const struct conf_link *link);

/* Whether the link has an address, or a route of its own, to the host. */
bool conf_reaches(const struct netif_settings *netif, const struct ip *host);

/* The setting at path ("port.device") below group, or the nearest of the
 * groups that would contain it. */
const config_setting_t *conf_nearest(
    const config_setting_t *group, const char *path);

#endif

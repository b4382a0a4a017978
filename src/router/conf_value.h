/*
 * The values that are more than a number or a choice: what the key table
 * calls for its CONF_OTHER keys.  Each reads one setting into base + offset
 * and tells what is wrong with it.
 */
#ifndef SR_ROUTER_CONF_VALUE_H
#define SR_ROUTER_CONF_VALUE_H

#include <libconfig.h>
#include <stdbool.h>
#include <stdint.h>

#include "router/conf_key.h"

#define CONF_LIST_MAX 4096 /* addresses, and routes, of a link */

typedef void conf_set(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base);

conf_set conf_set_control_path; /* char *, allocated */
conf_set conf_set_admins;    /* struct conf: control.admins */
conf_set conf_set_links;     /* struct conf: links, n_links */
conf_set conf_set_name;      /* char[IFNAMSIZ] */
conf_set conf_set_device;    /* char *, allocated */
conf_set conf_set_usb;       /* struct conf_link: port.usb */
conf_set conf_set_serial;    /* char[USB_STRING_SIZE] */
conf_set conf_set_place;     /* char[USB_PLACE_SIZE] */
conf_set conf_set_owner;     /* uid_t */
conf_set conf_set_group;     /* gid_t */
conf_set conf_set_addresses; /* struct conf_link: netif.addresses */
conf_set conf_set_routes;    /* struct conf_link: netif.routes */
conf_set conf_set_host;      /* struct ip: an address that a host can have */
conf_set conf_set_prefix;    /* struct netif_route: to and prefix_len */

/*
 * The user or group that a setting names by text (its string, or the end of
 * it; NULL: it is no string) or by a number, into *id.  false: there is none,
 * which was told.
 */
bool conf_account(struct conf_reader *r, const config_setting_t *s,
    const char *text, bool group, const char *expected, uint32_t *id);

#endif

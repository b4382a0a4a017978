/*
 * From plain data back to the file's syntax, by the table of keys.
 */
#ifndef SR_ROUTER_CONF_PRINT_H
#define SR_ROUTER_CONF_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "router/conf_key.h"

struct conf_printer {
	FILE *out;
	unsigned indent; /* tabs */
	bool in_line;    /* settings follow each other in one line */
};

/* The name of the setting of a key, and the sign behind it. */
void conf_print_name(struct conf_printer *p, const struct conf_key *key);

/* Prints the setting of one key from base, without what ends it; false: there
 * is nothing to say. */
bool conf_put_setting(
    struct conf_printer *p, const struct conf_key *key, const void *base);

/* Prints all settings of a scope, "links[]", from base. */
void conf_put_scope(
    struct conf_printer *p, const char *scope, const void *base);

/*
 * The values that are more than a number or a choice: what the key table
 * calls for its CONF_OTHER keys.  Each prints the setting from base + offset
 * without what ends it, or returns false before it prints anything: there is
 * nothing to say.
 */
typedef bool conf_put(
    struct conf_printer *p, const struct conf_key *key, const void *base);

conf_put conf_put_control_path; /* char * */
conf_put conf_put_admins;    /* struct conf */
conf_put conf_put_links;     /* struct conf */
conf_put conf_put_name;      /* char[] */
conf_put conf_put_device;    /* char * */
conf_put conf_put_text;      /* char[] */
conf_put conf_put_usb;       /* struct conf_link */
conf_put conf_put_owner;     /* uid_t */
conf_put conf_put_group;     /* gid_t */
conf_put conf_put_addresses; /* struct conf_link */
conf_put conf_put_routes;    /* struct conf_link */
conf_put conf_put_host;      /* struct ip */
conf_put conf_put_prefix;    /* struct netif_route */

#endif

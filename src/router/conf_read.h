/*
 * From libconfig's tree to plain data, by the table of keys.
 */
#ifndef SR_ROUTER_CONF_READ_H
#define SR_ROUTER_CONF_READ_H

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

#include "router/conf_key.h"

/* Room for what conf_got() writes. */
#define CONF_GOT_SIZE 96

/*
 * Fills base (the struct of conf_link, netif_address, ...) with the defaults
 * of the keys of a scope, "links[]", and then with what the group says.
 * Unknown and missing keys are faults.
 */
void conf_read_group(struct conf_reader *r, const config_setting_t *group,
    const char *scope, void *base);

/* Counts the elements of a list (or array) of at most max; -1: it is no list,
 * or too long, and that is told. */
int conf_list_length(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, int max);

/* A mistake at this setting: "links[2].port.baud: " and the text. */
void conf_fault(struct conf_reader *r, const config_setting_t *s,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same of what is no mistake, but hurts. */
void conf_warn(struct conf_reader *r, const config_setting_t *s,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* "expected <what>, got <the value>"; want_string: a string is of the right
 * type, and only its value is wrong. */
void conf_expected(struct conf_reader *r, const config_setting_t *s,
    const char *what, bool want_string);

/* "links[2].port.baud"; returns buf. */
const char *conf_path(const config_setting_t *s, char *buf, size_t size);

/* The flat line of a setting: of its name, or of the value in a list. */
unsigned conf_line(const config_setting_t *s);

/* Where that is, as a mistake at seen_from would say it: "line 7"; into buf,
 * CONF_PLACE_SIZE bytes; returns buf. */
const char *conf_place(const struct conf_reader *r, const config_setting_t *s,
    const config_setting_t *seen_from, char *buf);

/* NULL where the setting is no string. */
const char *conf_string(const config_setting_t *s);

#endif

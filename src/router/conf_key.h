/*
 * The table of keys: what there is, what it may be, what it is by default,
 * what a change of it does; and the reading of a group by that table.
 */
#ifndef SR_ROUTER_CONF_KEY_H
#define SR_ROUTER_CONF_KEY_H

#include <libconfig.h>
#include <stddef.h>
#include <stdint.h>

#include "router/conf.h"
#include "router/conf_fault.h"

#define CONF_PATH_SIZE 128

struct conf_reader {
	struct conf *conf; /* being filled */
	struct conf_faults faults;
};

struct conf_printer;

#define CONF_UNSET UINT32_MAX

enum conf_kind {
	CONF_BOOL,   /* bool */
	CONF_SWITCH, /* enum netif_switch: on, off, or untouched by default */
	CONF_INT,    /* unsigned; min to max */
	CONF_MAYBE,  /* the same, or CONF_UNSET by default */
	CONF_CHOICE, /* an enum; one of choices */
	CONF_OTHER,  /* what set makes of it */
};

struct conf_choice {
	const char *name; /* NULL: the end of the list */
	int value;
};

struct conf_key {
	const char *path; /* "links[].port.baud" */
	enum conf_kind kind;
	enum conf_change change;
	/* The default as the file would say it, or in words where it depends
	 * on something; NULL: the key is required. */
	const char *preset;
	size_t offset; /* in the struct of the innermost list element */
	int64_t min, max;
	const struct conf_choice *choices;
	/* CONF_OTHER: what is expected, in words, what reads it (conf_value.h)
	 * and what prints it (conf_print.h). */
	const char *expected;
	void (*set)(struct conf_reader *r, const struct conf_key *key,
	    const config_setting_t *s, void *base);
	bool (*put)(struct conf_printer *p, const struct conf_key *key,
	    const void *base);
};

/* Ends with a path of NULL. */
extern const struct conf_key conf_keys[];

/* NULL: there is no such key. */
const struct conf_key *conf_key_find(const char *path);

/* What is left of the path of a key of a scope ("port.baud" of "links[]"),
 * and not of a list in it; NULL: it belongs elsewhere. */
const char *conf_key_within(const struct conf_key *key, const char *scope);

/* Whether a key belongs to a group that another key reads and prints. */
bool conf_key_is_inner(const struct conf_key *key, const char *scope);

/* What a value of this key may be, in words, into buf; returns buf. */
const char *conf_key_type(const struct conf_key *key, char *buf, size_t size);

/* "live", "pump", ...; "" for CONF_CHANGE_NONE. */
const char *conf_change_name(enum conf_change change);

/* The nearest known key of a group, for one that is unknown: its name, or
 * where nothing is near a sentence about the group.  Into buf; returns buf. */
const char *conf_key_suggest(
    const char *scope, const char *name, char *buf, size_t size);

/* The choice of a CONF_CHOICE key that is nearest to a text; NULL: none. */
const char *conf_choice_suggest(const struct conf_key *key, const char *text);

#endif

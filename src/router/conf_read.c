#include "router/conf_read.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned
conf_line(const config_setting_t *s)
{
	/* See conf_text.h: a list's strings are marked with their line. */
	if (!s->name && config_setting_type(s) == CONFIG_TYPE_STRING &&
	    config_setting_get_hook(s))
		return (uintptr_t)config_setting_get_hook(s);
	return config_setting_source_line(s);
}

const char *
conf_place(const struct conf_reader *r, const config_setting_t *s,
    const config_setting_t *seen_from, char *buf)
{
	return conf_faults_place(
	    &r->faults, conf_line(s), conf_line(seen_from), buf);
}

const char *
conf_path(const config_setting_t *s, char *buf, size_t size)
{
	const config_setting_t *parent = config_setting_parent(s);
	const char *name = config_setting_name(s);
	size_t len;

	buf[0] = '\0';
	if (!parent)
		return buf;
	len = strlen(conf_path(parent, buf, size));
	if (name)
		snprintf(buf + len, size - len, "%s%s", len ? "." : "", name);
	else
		snprintf(
		    buf + len, size - len, "[%d]", config_setting_index(s));
	return buf;
}

void
conf_fault(
    struct conf_reader *r, const config_setting_t *s, const char *fmt, ...)
{
	char path[CONF_PATH_SIZE];
	char text[CONF_COMPLAINT_SIZE] = "";
	va_list ap;

	path[0] = '\0';
	if (!conf_faults_full(&r->faults)) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		conf_path(s, path, sizeof(path));
	}
	conf_faults_add(&r->faults, conf_line(s), "%s: %s", path, text);
}

void
conf_warn(
    struct conf_reader *r, const config_setting_t *s, const char *fmt, ...)
{
	char path[CONF_PATH_SIZE];
	char text[CONF_COMPLAINT_SIZE];
	va_list ap;

	if (conf_faults_full(&r->faults))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_faults_warn(&r->faults, conf_line(s), "%s: %s",
	    conf_path(s, path, sizeof(path)), text);
}

/* What the file says there, in CONF_GOT_SIZE bytes at buf. */
static const char *
got(const config_setting_t *s, bool want_string, char *buf)
{
	const char *text = conf_string(s);
	const char *kind = "nothing";

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		snprintf(buf, CONF_GOT_SIZE, "%s\"%.60s%s\"",
		    want_string ? "" : "a string ", text,
		    strlen(text) > 60 ? "..." : "");
		return buf;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(
		    buf, CONF_GOT_SIZE, "%lld", config_setting_get_int64(s));
		return buf;
	case CONFIG_TYPE_FLOAT:
		snprintf(buf, CONF_GOT_SIZE, "%g", config_setting_get_float(s));
		/* 1500.0 is no 1500. */
		if (!buf[strcspn(buf, ".en")])
			strcat(buf, ".0");
		return buf;
	case CONFIG_TYPE_BOOL:
		kind = config_setting_get_bool(s) ? "true" : "false";
		break;
	case CONFIG_TYPE_GROUP:
		kind = "a group";
		break;
	case CONFIG_TYPE_LIST:
		kind = "a list";
		break;
	case CONFIG_TYPE_ARRAY:
		kind = "an array";
		break;
	}
	snprintf(buf, CONF_GOT_SIZE, "%s", kind);
	return buf;
}

void
conf_expected(struct conf_reader *r, const config_setting_t *s,
    const char *what, bool want_string)
{
	char buf[CONF_GOT_SIZE];

	conf_fault(r, s, "expected %s, got %s", what, got(s, want_string, buf));
}

const char *
conf_string(const config_setting_t *s)
{
	return config_setting_get_string(s);
}

int
conf_list_length(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, int max)
{
	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		conf_expected(r, s, key->expected, false);
		return -1;
	}
	if (config_setting_length(s) > max) {
		conf_fault(r, s, "expected at most %d elements, got %d", max,
		    config_setting_length(s));
		return -1;
	}
	return config_setting_length(s);
}

static void
wrong(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, bool want_string)
{
	char type[160];

	conf_expected(
	    r, s, conf_key_type(key, type, sizeof(type)), want_string);
}

static void
set_bool(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *field)
{
	bool on = config_setting_get_bool(s);

	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		wrong(r, key, s, false);
	else if (key->kind == CONF_BOOL)
		*(bool *)field = on;
	else
		*(enum netif_switch *)field = on ? NETIF_ON : NETIF_OFF;
}

static void
set_int(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *field)
{
	int type = config_setting_type(s);
	long long n = config_setting_get_int64(s);

	if ((type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) ||
	    n < key->min || n > key->max)
		wrong(r, key, s, false);
	else
		*(unsigned *)field = n;
}

/* A choice that there is not: what somebody may have meant. */
static void
wrong_choice(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s)
{
	const char *text = conf_string(s);
	const char *near = text ? conf_choice_suggest(key, text) : NULL;
	char type[160];

	if (!near)
		wrong(r, key, s, true);
	else
		conf_fault(r, s,
		    "expected %s, got \"%.60s\", did you mean \"%s\"?",
		    conf_key_type(key, type, sizeof(type)), text, near);
}

static const struct conf_choice *
find_choice(const struct conf_key *key, const char *name)
{
	const struct conf_choice *choice = key->choices;

	while (choice->name && strcmp(choice->name, name) != 0)
		choice++;
	return choice->name ? choice : NULL;
}

static void
set_choice(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *field)
{
	const char *name = conf_string(s);
	const struct conf_choice *choice = name ? find_choice(key, name) : NULL;

	if (choice)
		*(int *)field = choice->value;
	else
		wrong_choice(r, key, s);
}

static void
set(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	void *field = (char *)base + key->offset;

	switch (key->kind) {
	case CONF_BOOL:
	case CONF_SWITCH:
		set_bool(r, key, s, field);
		break;
	case CONF_INT:
	case CONF_MAYBE:
		set_int(r, key, s, field);
		break;
	case CONF_CHOICE:
		set_choice(r, key, s, field);
		break;
	case CONF_OTHER:
		key->set(r, key, s, base);
		break;
	}
}

/* Where a default depends on something, its owner fills it in afterwards:
 * numbers are then 0. */
static void
preset(const struct conf_key *key, void *base)
{
	void *field = (char *)base + key->offset;

	if (!key->preset)
		return;
	switch (key->kind) {
	case CONF_BOOL:
		*(bool *)field = strcmp(key->preset, "true") == 0;
		break;
	case CONF_SWITCH:
		*(enum netif_switch *)field = NETIF_UNTOUCHED;
		break;
	case CONF_INT:
		*(unsigned *)field = strtoul(key->preset, NULL, 10);
		break;
	case CONF_MAYBE:
		*(unsigned *)field = CONF_UNSET;
		break;
	case CONF_CHOICE:
		*(int *)field = find_choice(key, key->preset)->value;
		break;
	case CONF_OTHER:
		break;
	}
}

/* Tells that rest ("port.baud") is missing below the group, if it is. */
static void
require(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *group, const char *rest)
{
	char path[CONF_PATH_SIZE], type[160];
	size_t len;

	for (;;) {
		char name[CONF_PATH_SIZE];
		size_t n = strcspn(rest, ".");
		const config_setting_t *member;

		snprintf(name, sizeof(name), "%.*s", (int)n, rest);
		member = config_setting_get_member(group, name);
		if (!member)
			break;
		if (!rest[n] || !config_setting_is_group(member))
			return;
		group = member;
		rest += n + 1;
	}
	len = strlen(conf_path(group, path, sizeof(path)));
	snprintf(path + len, sizeof(path) - len, "%s%s", len ? "." : "", rest);
	conf_faults_add(&r->faults, conf_line(group),
	    "%s: missing, expected %s", path,
	    conf_key_type(key, type, sizeof(type)));
}

static bool
is_group_of(const char *path)
{
	size_t len = strlen(path);

	for (const struct conf_key *key = conf_keys; key->path; key++) {
		if (strncmp(key->path, path, len) == 0 && key->path[len] == '.')
			return true;
	}
	return false;
}

static void
read_members(struct conf_reader *r, const config_setting_t *group,
    const char *scope, void *base)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, i);
		const char *name = config_setting_name(s);
		char path[CONF_PATH_SIZE], hint[200];
		const struct conf_key *key;

		snprintf(path, sizeof(path), "%s%s%s", scope, *scope ? "." : "",
		    name);
		key = conf_key_find(path);
		if (key)
			set(r, key, s, base);
		else if (!is_group_of(path))
			conf_fault(r, s, "unknown key, %s",
			    conf_faults_full(&r->faults)
				? ""
				: conf_key_suggest(
				      scope, name, hint, sizeof(hint)));
		else if (!config_setting_is_group(s))
			conf_expected(r, s, "a group { ... }", false);
		else
			read_members(r, s, path, base);
	}
}

void
conf_read_group(struct conf_reader *r, const config_setting_t *group,
    const char *scope, void *base)
{
	for (const struct conf_key *key = conf_keys; key->path; key++) {
		if (conf_key_within(key, scope))
			preset(key, base);
	}
	read_members(r, group, scope, base);
	for (const struct conf_key *key = conf_keys; key->path; key++) {
		const char *rest = conf_key_within(key, scope);

		if (rest && !key->preset)
			require(r, key, group, rest);
	}
}

#include "router/conf.h"

#include <errno.h>
#include <libconfig.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "router/conf_check.h"
#include "router/conf_read.h"
#include "router/conf_text.h"
#include "router/conf_trial.h"
#include "router/conf_value.h"

void
conf_set_links(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	struct conf *conf = base;
	int n = conf_list_length(r, key, s, CONF_LINKS_MAX);

	if (n <= 0)
		return;
	conf->links = calloc(n, sizeof(*conf->links));
	if (!conf->links) {
		r->faults.no_memory = true;
		return;
	}
	conf->n_links = n;
	for (int i = 0; i < n; i++) {
		const config_setting_t *group = config_setting_get_elem(s, i);
		struct conf_link *link = &conf->links[i];

		link->owner = (uid_t)-1;
		link->group = (gid_t)-1;
		if (!config_setting_is_group(group)) {
			conf_expected(r, group, "a group { ... }", false);
			continue;
		}
		conf_read_group(r, group, "links[]", link);
		conf_check_link(r, group, link);
	}
	conf_check_links(r, s);
}

/* Gives each string its line, in the order in which the text has them. */
static void
mark_strings(
    const config_setting_t *s, const struct conf_text *text, size_t *next)
{
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *member = config_setting_get_elem(s, i);

		if (config_setting_type(member) == CONFIG_TYPE_STRING &&
		    *next < text->n_strings)
			config_setting_set_hook(member,
			    (void *)(uintptr_t)text->string_lines[(*next)++]);
		if (config_setting_is_aggregate(member))
			mark_strings(member, text, next);
	}
}

static void
read_tree(struct conf_reader *r, const struct conf_text *text)
{
	config_t tree;
	size_t next = 0;

	config_init(&tree);
	if (config_read_string(&tree, text->text)) {
		mark_strings(config_root_setting(&tree), text, &next);
		conf_read_group(r, config_root_setting(&tree), "", r->conf);
	} else {
		conf_faults_add(&r->faults, config_error_line(&tree), "%s",
		    config_error_text(&tree));
	}
	config_destroy(&tree);
}

/* -1: it is not known whether there are mistakes, err says why. */
static int
read_text(struct conf_reader *r, const struct conf_file *file, FILE *sources,
    bool trial, struct error *err)
{
	struct conf_text text;
	int result = 0;

	if (conf_text_init(&text, file, r->faults.name, sources, &r->faults)) {
		if (trial)
			result = conf_trial(text.text, conf_trial_libconfig,
			    CONF_TRIAL_MS, &r->faults, err);
		if (result == 0)
			read_tree(r, &text);
	}
	conf_text_clear(&text);
	return result < 0 ? error_prefix(err, "%s", r->faults.name) : 0;
}

static struct conf *
conf_new(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		return NULL;
	conf->user = (uid_t)-1;
	conf->group = (gid_t)-1;
	conf->control.group = (gid_t)-1;
	conf->holders = 1;
	return conf;
}

static struct conf *
parse(const struct conf_file *file, const char *name, FILE *sources, bool trial,
    conf_complain *complain, void *arg, struct error *err)
{
	struct conf_reader r = { .conf = conf_new() };
	bool good;

	conf_faults_init(&r.faults, name);
	if (!r.conf) {
		error_set(err, ENOMEM, "%s: out of memory", name);
		return NULL;
	}
	good = read_text(&r, file, sources, trial, err) == 0;
	conf_faults_tell(&r.faults, complain, arg);
	if (r.faults.n > 0)
		error_set(err, EINVAL, "%s: %zu mistake%s", name, r.faults.n,
		    r.faults.n == 1 ? "" : "s");
	if (r.faults.no_memory)
		error_set(err, ENOMEM, "%s: out of memory", name);
	if (!good || r.faults.n > 0 || r.faults.no_memory) {
		conf_free(r.conf);
		r.conf = NULL;
	}
	conf_faults_clear(&r.faults);
	return r.conf;
}

/* A text in memory is like a file that is none. */
static struct conf *
parse_memory(const char *text, const char *name, bool trial,
    conf_complain *complain, void *arg, struct error *err)
{
	struct conf_file file = { .bytes = strdup(text), .len = strlen(text) };
	struct conf *conf;

	if (!file.bytes) {
		error_set(err, ENOMEM, "%s: out of memory", name);
		return NULL;
	}
	conf = parse(&file, name, NULL, trial, complain, arg, err);
	conf_file_clear(&file);
	return conf;
}

struct conf *
conf_parse(const char *text, const char *name, conf_complain *complain,
    void *arg, struct error *err)
{
	return parse_memory(text, name, true, complain, arg, err);
}

struct conf *
conf_parse_untried(const char *text, const char *name, conf_complain *complain,
    void *arg, struct error *err)
{
	return parse_memory(text, name, false, complain, arg, err);
}

struct conf *
conf_read_sources(const char *path, FILE *sources, conf_complain *complain,
    void *arg, struct error *err)
{
	struct conf *conf;
	struct conf_file file;

	if (conf_file_read(&file, path, CONF_TEXT_MAX, err) < 0)
		return NULL;
	conf = parse(&file, path, sources, true, complain, arg, err);
	conf_file_clear(&file);
	return conf;
}

struct conf *
conf_read(
    const char *path, conf_complain *complain, void *arg, struct error *err)
{
	return conf_read_sources(path, NULL, complain, arg, err);
}

struct conf *
conf_copy(const struct conf *conf, struct error *err)
{
	struct conf *copy = NULL;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		conf_print(conf, out);
		if (fclose(out) == 0)
			copy = conf_parse_untried(
			    text, "copy", NULL, NULL, err);
		else
			error_errno(err, "copy of the configuration");
	} else {
		error_errno(err, "copy of the configuration");
	}
	free(text);
	return copy;
}

struct conf *
conf_hold(struct conf *conf)
{
	conf->holders++;
	return conf;
}

void
conf_free(struct conf *conf)
{
	if (!conf || --conf->holders > 0)
		return;
	for (size_t i = 0; i < conf->n_links; i++) {
		struct conf_link *link = &conf->links[i];

		free(link->port.device);
		free(link->netif.addresses);
		free(link->netif.routes);
	}
	free(conf->links);
	free(conf->control.path);
	free(conf->control.admins);
	free(conf);
}

#include "router/conf.h"

#include <errno.h>
#include <libconfig.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "router/conf_check.h"
#include "router/conf_read.h"
#include "router/conf_text.h"
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

static struct conf *
parse(const char *raw, size_t len, const char *name, conf_complain *complain,
    void *arg, struct error *err)
{
	struct conf_reader r = { .conf = calloc(1, sizeof(struct conf)) };
	struct conf_text text;

	conf_faults_init(&r.faults, name);
	if (!r.conf)
		r.faults.no_memory = true;
	else if (conf_text_init(&text, raw, len, &r.faults))
		read_tree(&r, &text);
	if (r.conf)
		conf_text_clear(&text);
	conf_faults_tell(&r.faults, complain, arg);
	if (r.faults.n > 0)
		error_set(err, EINVAL, "%s: %zu mistake%s", name, r.faults.n,
		    r.faults.n == 1 ? "" : "s");
	if (r.faults.no_memory)
		error_set(err, ENOMEM, "%s: out of memory", name);
	if (r.faults.n > 0 || r.faults.no_memory) {
		conf_free(r.conf);
		r.conf = NULL;
	}
	conf_faults_clear(&r.faults);
	return r.conf;
}

struct conf *
conf_parse(const char *text, const char *name, conf_complain *complain,
    void *arg, struct error *err)
{
	return parse(text, strlen(text), name, complain, arg, err);
}

struct conf *
conf_read(
    const char *path, conf_complain *complain, void *arg, struct error *err)
{
	struct conf *conf;
	size_t len;
	char *text = conf_text_read(path, &len, err);

	if (!text)
		return NULL;
	conf = parse(text, len, path, complain, arg, err);
	free(text);
	return conf;
}

void
conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->n_links; i++) {
		struct conf_link *link = &conf->links[i];

		free(link->port.device);
		free(link->netif.addresses);
		free(link->netif.routes);
	}
	free(conf->links);
	free(conf);
}

/*
 * The control socket in the configuration: where it is, and who may change
 * things over it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "router/conf_print.h"
#include "router/conf_read.h"
#include "router/conf_value.h"

#define ADMINS_MAX 256

void
conf_set_control_path(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	char **path = (char **)((char *)base + key->offset);
	const char *text = conf_string(s);
	size_t len = text ? strlen(text) : 0;

	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)text[i]))
			len = 0;
	}
	/* Below a directory: "/" alone is none, nor is what ends in one. */
	if (len < 2 || text[0] != '/' || text[len - 1] == '/' ||
	    len >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		conf_expected(r, s, key->expected, true);
		return;
	}
	*path = strdup(text);
	if (!*path)
		r->faults.no_memory = true;
}

bool
conf_put_control_path(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const struct conf *conf = base;

	return conf->control.path && conf_put_device(p, key, base);
}

static void
set_admin(
    struct conf_reader *r, const config_setting_t *s, struct conf_admin *admin)
{
	const char *text = conf_string(s);

	admin->is_group = text && *text == '@';
	conf_account(r, s, text ? text + admin->is_group : NULL,
	    admin->is_group, "a user or \"@GROUP\"", &admin->id);
}

void
conf_set_admins(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	struct conf *conf = base;
	int n = conf_list_length(r, key, s, ADMINS_MAX);

	if (n <= 0)
		return;
	conf->control.admins = calloc(n, sizeof(*conf->control.admins));
	if (!conf->control.admins) {
		r->faults.no_memory = true;
		return;
	}
	conf->control.n_admins = n;
	for (int i = 0; i < n; i++)
		set_admin(
		    r, config_setting_get_elem(s, i), &conf->control.admins[i]);
}

bool
conf_put_admins(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const struct conf *conf = base;

	if (conf->control.n_admins == 0)
		return false;
	conf_print_name(p, key);
	fputs("( ", p->out);
	for (size_t i = 0; i < conf->control.n_admins; i++) {
		const struct conf_admin *admin = &conf->control.admins[i];

		fprintf(p->out, "%s\"%s%u\"", i ? ", " : "",
		    admin->is_group ? "@" : "", admin->id);
	}
	fputs(" )", p->out);
	return true;
}

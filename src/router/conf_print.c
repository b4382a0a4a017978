#include "router/conf_print.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/ip.h"

#define SCOPE "links[].interface."

static void
indent(struct conf_printer *p)
{
	for (unsigned i = 0; i < p->indent && !p->in_line; i++)
		fputc('\t', p->out);
}

void
conf_print_name(struct conf_printer *p, const struct conf_key *key)
{
	const char *dot = strrchr(key->path, '.');

	indent(p);
	fprintf(p->out, "%s = ", dot ? dot + 1 : key->path);
}

static void
put_string(struct conf_printer *p, const char *text)
{
	fputc('"', p->out);
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '"' || c == '\\')
			fprintf(p->out, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			fputc(c, p->out);
		else
			fprintf(p->out, "\\x%02x", c);
	}
	fputc('"', p->out);
}

/* The suffix is for libconfig, which would cut such a number without it. */
static void
put_number(struct conf_printer *p, uint32_t n)
{
	fprintf(p->out, "%" PRIu32 "%s", n, n > INT_MAX ? "L" : "");
}

static const char *
choice_name(const struct conf_key *key, int value)
{
	const struct conf_choice *choice = key->choices;

	while (choice->name && choice->value != value)
		choice++;
	return choice->name ? choice->name : "";
}

bool
conf_put_setting(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const void *field = (const char *)base + key->offset;

	if (key->kind == CONF_OTHER)
		return key->put(p, key, base);
	if (key->kind == CONF_SWITCH &&
	    *(const enum netif_switch *)field == NETIF_UNTOUCHED)
		return false;
	if (key->kind == CONF_MAYBE && *(const unsigned *)field == CONF_UNSET)
		return false;
	conf_print_name(p, key);
	switch (key->kind) {
	case CONF_BOOL:
		fputs(*(const bool *)field ? "true" : "false", p->out);
		break;
	case CONF_SWITCH:
		fputs(*(const enum netif_switch *)field == NETIF_ON ? "true"
								    : "false",
		    p->out);
		break;
	case CONF_INT:
	case CONF_MAYBE:
		put_number(p, *(const unsigned *)field);
		break;
	case CONF_CHOICE:
		put_string(p, choice_name(key, *(const int *)field));
		break;
	case CONF_OTHER:
		break;
	}
	return true;
}

static void
open_group(struct conf_printer *p, const char *name, size_t len)
{
	indent(p);
	fprintf(p->out, "%.*s = {\n", (int)len, name);
	p->indent++;
}

static void
close_group(struct conf_printer *p)
{
	p->indent--;
	indent(p);
	fputs("};\n", p->out);
}

/* How many bytes of whole names two paths have in common at their begin. */
static size_t
common(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t same = 0;

	for (size_t i = 0; i <= a_len && i <= b_len; i++) {
		char ca = i < a_len ? a[i] : '.';
		char cb = i < b_len ? b[i] : '.';

		if (ca != cb)
			break;
		if (ca == '.')
			same = i;
	}
	return same;
}

/* From the groups of the path open to those of path. */
static void
change_group(struct conf_printer *p, const char *open, size_t open_len,
    const char *path, size_t path_len)
{
	size_t at = common(open, open_len, path, path_len);

	for (size_t i = at; i < open_len; i++) {
		if (i == 0 || open[i] == '.')
			close_group(p);
	}
	while (at < path_len) {
		size_t n;

		at += path[at] == '.';
		n = strcspn(path + at, ".");
		open_group(p, path + at, n);
		at += n;
	}
}

void
conf_put_scope(struct conf_printer *p, const char *scope, const void *base)
{
	const char *open = "";
	size_t open_len = 0;

	for (const struct conf_key *key = conf_keys; key->path; key++) {
		const char *rest = conf_key_within(key, scope);
		const char *name = rest ? strrchr(rest, '.') : NULL;
		size_t len = name ? (size_t)(name - rest) : 0;

		if (!rest || conf_key_is_inner(key, scope))
			continue;
		change_group(p, open, open_len, rest, len);
		open = rest;
		open_len = len;
		if (conf_put_setting(p, key, base)) {
			fputs(p->in_line ? "; " : ";\n", p->out);
		} else if (!p->in_line) {
			indent(p);
			fprintf(p->out, "# %s: %s\n", name ? name + 1 : rest,
			    key->preset ? key->preset : "none");
		}
	}
	change_group(p, open, open_len, "", 0);
}

/* One element of a list, a group in one line. */
static void
put_line(struct conf_printer *p, const char *scope, const void *base)
{
	p->in_line = true;
	fputs("{ ", p->out);
	conf_put_scope(p, scope, base);
	fputs("}", p->out);
	p->in_line = false;
}

/* Ends an element of a list; i of n. */
static void
end_element(struct conf_printer *p, size_t i, size_t n)
{
	fputs(i + 1 < n ? ",\n" : "\n", p->out);
}

static void
begin_list(struct conf_printer *p, const struct conf_key *key, size_t n)
{
	conf_print_name(p, key);
	fputs(n > 0 ? "(\n" : "( ", p->out);
	p->indent++;
}

static void
end_list(struct conf_printer *p, size_t n)
{
	p->indent--;
	if (n > 0)
		indent(p);
	fputs(")", p->out);
}

bool
conf_put_links(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const struct conf *conf = base;

	begin_list(p, key, conf->n_links);
	for (size_t i = 0; i < conf->n_links; i++) {
		indent(p);
		fputs("{\n", p->out);
		p->indent++;
		conf_put_scope(p, "links[]", &conf->links[i]);
		p->indent--;
		indent(p);
		fputs("}", p->out);
		end_element(p, i, conf->n_links);
	}
	end_list(p, conf->n_links);
	return true;
}

bool
conf_put_name(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	conf_print_name(p, key);
	put_string(p, (const char *)base + key->offset);
	return true;
}

bool
conf_put_device(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const void *field = (const char *)base + key->offset;
	const char *device = *(char *const *)field;

	if (!device)
		return false;
	conf_print_name(p, key);
	put_string(p, device);
	return true;
}

/* "" is no value. */
bool
conf_put_text(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const char *text = (const char *)base + key->offset;

	if (!text[0])
		return false;
	conf_print_name(p, key);
	put_string(p, text);
	return true;
}

bool
conf_put_usb(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const struct conf_link *link = base;

	if (link->port.device)
		return false;
	conf_print_name(p, key);
	put_line(p, key->path, base);
	return true;
}

bool
conf_put_owner(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const void *field = (const char *)base + key->offset;
	uid_t uid = *(const uid_t *)field;

	if (uid == (uid_t)-1)
		return false;
	conf_print_name(p, key);
	put_number(p, uid);
	return true;
}

bool
conf_put_group(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const void *field = (const char *)base + key->offset;
	gid_t gid = *(const gid_t *)field;

	if (gid == (gid_t)-1)
		return false;
	conf_print_name(p, key);
	put_number(p, gid);
	return true;
}

bool
conf_put_host(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const void *field = (const char *)base + key->offset;
	const struct ip *ip = field;
	char text[IP_TEXT_SIZE];

	if (!ip_size(ip))
		return false;
	conf_print_name(p, key);
	put_string(p, ip_format(ip, text));
	return true;
}

bool
conf_put_prefix(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const struct netif_route *route = base;
	char text[IP_TEXT_SIZE];

	conf_print_name(p, key);
	put_string(p, ip_format_prefix(&route->to, route->prefix_len, text));
	return true;
}

bool
conf_put_addresses(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const struct conf_link *link = base;
	size_t n = link->netif.n_addresses;
	char text[IP_TEXT_SIZE];

	begin_list(p, key, n);
	for (size_t i = 0; i < n; i++) {
		const struct netif_address *a = &link->netif.addresses[i];

		indent(p);
		if (ip_size(&a->peer))
			put_line(p, SCOPE "addresses[]", a);
		else
			put_string(p,
			    ip_format_prefix(&a->local, a->prefix_len, text));
		end_element(p, i, n);
	}
	end_list(p, n);
	return true;
}

bool
conf_put_routes(
    struct conf_printer *p, const struct conf_key *key, const void *base)
{
	const struct conf_link *link = base;
	size_t n = link->netif.n_routes;

	begin_list(p, key, n);
	for (size_t i = 0; i < n; i++) {
		indent(p);
		put_line(p, SCOPE "routes[]", &link->netif.routes[i]);
		end_element(p, i, n);
	}
	end_list(p, n);
	return true;
}

void
conf_print(const struct conf *conf, FILE *out)
{
	struct conf_printer p = { .out = out };

	conf_put_scope(&p, "", conf);
}

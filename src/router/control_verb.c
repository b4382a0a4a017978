/* What each request does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/sandbox.h"
#include "router/control_priv.h"
#include "router/link.h"
#include "router/links.h"

#define TEXT_SIZE 512

#define VERBS \
	"requests: show, watch, start, stop, restart, config, reload, confirm, " \
	"undo, log, version"

static void
begin(struct json *j)
{
	json_init(j, CONTROL_DOCUMENT_MAX);
	json_open_object(j, NULL);
}

static void
finish(struct control_client *client, struct json *j)
{
	json_close_object(j);
	json_end(j);
	control_client_send(client, j);
}

void
control_write_greeting(struct json *j)
{
	json_open_object(j, NULL);
	json_string(j, "serial-router", VERSION);
	json_int(j, "protocol", CONTROL_PROTOCOL);
	json_int(j, "pid", getpid());
	json_close_object(j);
	json_end(j);
}

void
control_write_error(
    struct json *j, enum control_code code, const char *text, const char *next)
{
	json_open_object(j, NULL);
	json_open_object(j, "error");
	json_string(j, "code", control_code_name(code));
	json_string(j, "text", text);
	json_string(j, "next", next);
	json_close_object(j);
	json_close_object(j);
	json_end(j);
}

void
control_send_error(struct control_client *client, enum control_code code,
    const char *text, const char *next)
{
	struct json j;

	json_init(&j, CONTROL_DOCUMENT_MAX);
	control_write_error(&j, code, text, next);
	control_client_send(client, &j);
}

static void
begin_ok(struct json *j, const char *text)
{
	begin(j);
	json_bool(j, "ok", true);
	json_string(j, "text", text);
}

/* "links: uno0, uno1, ..." as far as there is room. */
static const char *
list_links(const struct links *links, char *buf, size_t size)
{
	size_t len = snprintf(buf, size, "links:");
	size_t n = 0;

	for (size_t i = 0; i < links_count(links); i++) {
		const char *name = links_at(links, i)->conf->name;

		if (links_at(links, i)->leaving)
			continue;
		if (len + strlen(name) + 8 > size) {
			snprintf(buf + len, size - len, " ...");
			return buf;
		}
		len += snprintf(
		    buf + len, size - len, "%s %s", n++ ? "," : "", name);
	}
	return n ? buf : "the configuration has no link";
}

static struct link *
find_link(struct control_client *client, const char *name)
{
	const struct links *links = client->control->env.links;
	struct link *l = links_find(links, name);
	char text[64], next[TEXT_SIZE];

	if (l)
		return l;
	snprintf(text, sizeof(text), "there is no link \"%s\"", name);
	control_send_error(client, CONTROL_UNKNOWN_LINK, text,
	    list_links(links, next, sizeof(next)));
	return NULL;
}

static void
show(struct control_client *client, const struct control_request *r)
{
	struct link *only = NULL;
	struct json j;

	if (*r->link) {
		only = find_link(client, r->link);
		if (!only)
			return;
	}
	begin(&j);
	control_write_show(&j, client->control, only);
	finish(client, &j);
}

static void
steer(struct control_client *client, const struct control_request *r,
    void (*act)(struct link *), const char *done)
{
	struct link *l = find_link(client, r->link);
	char text[64];
	struct json j;

	if (!l)
		return;
	log_info("%s: %s by user %u (pid %d)", r->link, done, client->peer.uid,
	    (int)client->peer.pid);
	act(l);
	snprintf(text, sizeof(text), "%s: %s", r->link, done);
	begin_ok(&j, text);
	json_string(&j, "link", l->conf->name);
	control_write_state(&j, l);
	finish(client, &j);
}

static void
config(struct control_client *client)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct json j;

	if (out)
		conf_print(reload_conf(client->control->env.reload), out);
	if (!out || ferror(out) || fclose(out) != 0) {
		free(text);
		control_send_error(
		    client, CONTROL_FAILED, strerror(ENOMEM), NULL);
		return;
	}
	begin(&j);
	json_bytes(&j, "config", text, len);
	finish(client, &j);
	free(text);
}

static void
set_level(struct control_client *client, const struct control_request *r)
{
	const char *name = log_level_name(r->level);
	char text[64];
	struct json j;

	/* Said before it may be hidden. */
	log_info("serial-routerd: logging up to %s by user %u (pid %d)", name,
	    client->peer.uid, (int)client->peer.pid);
	log_set_level(r->level);
	snprintf(text, sizeof(text), "logging up to %s", name);
	begin_ok(&j, text);
	json_string(&j, "log", name);
	finish(client, &j);
}

static void
version(struct control_client *client)
{
	struct json j;

	begin(&j);
	json_string(&j, "version", VERSION);
	json_int(&j, "protocol", CONTROL_PROTOCOL);
	json_string(&j, "build", sandbox_kind());
	finish(client, &j);
}

static void
act(struct control_client *client, const struct control_request *r)
{
	switch (r->verb) {
	case CONTROL_SHOW:
		show(client, r);
		break;
	case CONTROL_WATCH:
		control_watch(client, r->seconds);
		break;
	case CONTROL_START:
		steer(client, r, link_start, "started");
		break;
	case CONTROL_STOP:
		steer(client, r, link_pause, "stopped");
		break;
	case CONTROL_RESTART:
		steer(client, r, link_restart, "restarted");
		break;
	case CONTROL_CONFIG:
		config(client);
		break;
	case CONTROL_RELOAD:
		control_reload(client, r->seconds);
		break;
	case CONTROL_CONFIRM:
		control_confirm(client);
		break;
	case CONTROL_UNDO:
		control_undo(client);
		break;
	case CONTROL_LOG:
		set_level(client, r);
		break;
	case CONTROL_VERSION:
		version(client);
		break;
	case CONTROL_VERBS:
		break;
	}
}

static void
deny(struct control_client *client, enum control_right right,
    const struct error *err)
{
	unsigned suppressed;

	control_send_error(client, CONTROL_DENIED, err->text,
	    right == CONTROL_CHANGE
		? "ask as root, or have control.admins name you or a group of "
		  "yours, and reload; a new group counts after a new login"
		: "ask as root, or join the group: usermod -aG GROUP USER, and "
		  "log in again");
	if (log_bucket_take(&client->control->bucket, clock_ms(), &suppressed))
		log_info("serial-routerd: control client (pid %d): %s",
		    (int)client->peer.pid, err->text);
}

void
control_serve_request(
    struct control_client *client, const char *line, size_t len)
{
	struct control_request request;
	enum control_code code;
	enum control_right right;
	struct error err;

	if (control_request_parse(line, len, &request, &code, &err) < 0) {
		control_send_error(client, code, err.text,
		    code == CONTROL_UNKNOWN_VERB ? VERBS : NULL);
		return;
	}
	right = control_verb_right(request.verb);
	if (control_check_access(&client->peer, right,
		reload_conf(client->control->env.reload), geteuid(), &err) < 0) {
		deny(client, right, &err);
		return;
	}
	act(client, &request);
}

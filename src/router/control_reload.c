/* A reload asked for, and what comes of it. */
#include <errno.h>
#include <stdio.h>

#include "router/control_priv.h"

static void
write_keys(struct json *j, const char *name, const struct plan_keys *keys)
{
	json_open_array(j, name);
	for (size_t i = 0; i < keys->n; i++)
		json_string(j, NULL, keys->names[i]);
	json_close_array(j);
}

static void
write_link(struct json *j, const struct plan_link *l)
{
	json_open_object(j, NULL);
	json_string(j, "name", l->name);
	json_string(j, "change", plan_change_name(l->change));
	write_keys(j, "keys", &l->keys);
	json_string(j, "refused", l->refused.code ? l->refused.text : NULL);
	json_close_object(j);
}

static void
write_complaints(struct json *j, const char *name,
    const struct reload_answer *a, bool warnings)
{
	json_open_array(j, name);
	for (size_t i = 0; i < a->n_complaints; i++) {
		const struct reload_complaint *c = &a->complaints[i];

		if (c->warning != warnings)
			continue;
		json_open_object(j, NULL);
		json_string(j, "file", c->file);
		if (c->line)
			json_uint(j, "line", c->line);
		else
			json_null(j, "line");
		json_string(j, "text", c->text);
		json_close_object(j);
	}
	json_close_array(j);
}

static void
write_applied(struct json *j, const struct reload_answer *a)
{
	json_open_object(j, "reload");
	json_string(j, "file", a->file);
	json_open_array(j, "links");
	for (size_t i = 0; i < a->plan->n_links; i++)
		write_link(j, &a->plan->links[i]);
	json_close_array(j);
	write_keys(j, "live", &a->plan->live);
	write_keys(j, "daemon", &a->plan->waiting);
	if (a->confirm_s)
		json_uint(j, "confirm_s", a->confirm_s);
	else
		json_null(j, "confirm_s");
	write_complaints(j, "warnings", a, true);
	json_close_object(j);
}

static enum control_code
code_of(enum reload_outcome outcome)
{
	switch (outcome) {
	case RELOAD_INVALID:
		return CONTROL_INVALID;
	case RELOAD_BUSY:
		return CONTROL_BUSY;
	case RELOAD_REFUSED:
		return CONTROL_UNAVAILABLE;
	case RELOAD_APPLIED:
	case RELOAD_FAILED:
		break;
	}
	return CONTROL_FAILED;
}

static void
write_refused(struct json *j, const struct reload_answer *a)
{
	bool invalid = a->outcome == RELOAD_INVALID;

	json_open_object(j, "error");
	json_string(j, "code", control_code_name(code_of(a->outcome)));
	json_string(j, "text", a->error.text);
	json_string(j, "next",
	    invalid ? "correct the file, and reload again; the configuration "
		      "in force stays"
		    : NULL);
	if (invalid)
		write_complaints(j, "errors", a, false);
	json_close_object(j);
}

static void
on_answer(const struct reload_answer *a, void *arg)
{
	struct control_client *client = arg;
	struct json j;

	client->pending = false;
	json_init(&j, CONTROL_DOCUMENT_MAX);
	json_open_object(&j, NULL);
	if (a->outcome == RELOAD_APPLIED)
		write_applied(&j, a);
	else
		write_refused(&j, a);
	json_close_object(&j);
	json_end(&j);
	/* What it has asked since is served as soon as it takes this: now the
	 * reload is not over. */
	control_client_send(client, &j);
}

void
control_reload(struct control_client *client, unsigned confirm_s)
{
	log_info("serial-routerd: reload asked for by user %u (pid %d)",
	    client->peer.uid, (int)client->peer.pid);
	client->pending = true;
	reload_start(client->control->env.reload, confirm_s, on_answer, client);
}

void
control_undo(struct control_client *client)
{
	log_info("serial-routerd: undo asked for by user %u (pid %d)",
	    client->peer.uid, (int)client->peer.pid);
	client->pending = true;
	reload_undo(client->control->env.reload, on_answer, client);
}

static enum control_code
code_of_confirm(const struct error *err)
{
	switch (err->code) {
	case EBUSY:
		return CONTROL_BUSY;
	case ENOENT:
		return CONTROL_UNAVAILABLE;
	}
	return CONTROL_FAILED;
}

void
control_confirm(struct control_client *client)
{
	static const char text[] = "the configuration is confirmed";
	struct control *c = client->control;
	struct error err;
	struct json j;

	if (reload_confirm(c->env.reload, &err) < 0) {
		control_send_error(
		    client, code_of_confirm(&err), err.text, NULL);
		return;
	}
	json_init(&j, CONTROL_DOCUMENT_MAX);
	json_open_object(&j, NULL);
	json_bool(&j, "ok", true);
	json_string(&j, "text", text);
	json_close_object(&j);
	json_end(&j);
	control_client_send(client, &j);
	control_tell_reload(c, "confirmed", text);
}

void
control_reloaded(struct control *c, const struct reload_answer *a)
{
	const struct plan *p = a->plan;
	char text[200];

	if (a->outcome != RELOAD_APPLIED) {
		control_tell_reload(c, "refused", a->error.text);
		return;
	}
	control_socket_set_group(&c->socket, reload_conf(c->env.reload));
	snprintf(text, sizeof(text),
	    "links: %zu unchanged, %zu live, %zu pump, %zu interface, "
	    "%zu added, %zu removed",
	    plan_count(p, PLAN_UNCHANGED), plan_count(p, PLAN_LIVE),
	    plan_count(p, PLAN_PUMP), plan_count(p, PLAN_INTERFACE),
	    plan_count(p, PLAN_ADDED), plan_count(p, PLAN_REMOVED));
	control_watch_reloaded(c);
	control_tell_reload(
	    c, a->cause == RELOAD_ASKED ? "applied" : "undone", text);
}

/* What happens, told to who watches. */
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "router/control_priv.h"
#include "router/link.h"
#include "router/links.h"

/* FNV-1a, to tell whether an event says anything new. */
static uint64_t
digest(const struct json *j)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < j->len; i++)
		sum = (sum ^ (uint8_t)j->text[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static void
write_state(struct json *j, const struct link *l)
{
	json_string(j, "link", l->conf->name);
	control_write_state(j, l);
}

/* What watchers would be told of it, but for when. */
static uint64_t
state_digest(const struct link *l)
{
	uint64_t sum;
	struct json j;

	json_init(&j, CONTROL_DOCUMENT_MAX);
	json_open_object(&j, NULL);
	write_state(&j, l);
	json_close_object(&j);
	sum = digest(&j);
	json_clear(&j);
	return sum;
}

static void
begin_event(struct json *j, const char *name)
{
	json_init(j, CONTROL_DOCUMENT_MAX);
	json_open_object(j, NULL);
	json_string(j, "event", name);
	control_write_time(j, "time", control_wall_ms());
	json_number(j, "monotonic_s", clock_ms() / 1000.0);
}

static void
end_event(struct json *j)
{
	json_close_object(j);
	json_end(j);
}

static void
state_event(struct json *j, const struct link *l)
{
	begin_event(j, "state");
	write_state(j, l);
	end_event(j);
}

static void
show_event(struct json *j, const struct control *c)
{
	json_init(j, CONTROL_DOCUMENT_MAX);
	json_open_object(j, NULL);
	json_string(j, "event", "show");
	control_write_show(j, c, NULL);
	end_event(j);
}

/* To all who watch. */
static void
tell(struct control *c, const struct json *j)
{
	struct control_client *client, *next;

	for (client = LIST_FIRST(&c->clients); client; client = next) {
		next = LIST_NEXT(client, entry);
		if (client->watches)
			control_client_send_event(client, j);
	}
}

static bool
is_watched(const struct control *c)
{
	struct control_client *client;

	LIST_FOREACH(client, &c->clients, entry) {
		if (client->watches)
			return true;
	}
	return false;
}

void
control_link_changed(struct control *c, struct link *l)
{
	uint64_t sum;
	struct json j;

	if (!is_watched(c))
		return;
	sum = state_digest(l);
	if (sum == l->told)
		return;
	l->told = sum;
	state_event(&j, l);
	tell(c, &j);
	json_clear(&j);
}

void
control_tell_reload(struct control *c, const char *what, const char *text)
{
	struct json j;

	begin_event(&j, "reload");
	json_string(&j, "what", what);
	json_string(&j, "text", text);
	end_event(&j);
	tell(c, &j);
	json_clear(&j);
}

void
control_watch(struct control_client *client, unsigned interval_s)
{
	struct links *links = client->control->env.links;
	struct json j;

	for (size_t i = 0; i < links_count(links); i++) {
		struct link *l = links_at(links, i);

		if (l->leaving)
			continue;
		l->told = state_digest(l);
		state_event(&j, l);
		control_client_send(client, &j);
	}
	client->watches = true;
	client->interval_s = interval_s;
	client->ticks = interval_s;
	if (interval_s == 0)
		return;
	show_event(&j, client->control);
	control_client_send(client, &j);
}

/* The right was looked at when it began to watch. */
static void
cut_off_strangers(struct control *c)
{
	const struct conf *conf = reload_conf(c->env.reload);
	struct control_client *client, *next;
	struct error err;

	for (client = LIST_FIRST(&c->clients); client; client = next) {
		next = LIST_NEXT(client, entry);
		if (!client->watches ||
		    control_check_access(&client->peer, CONTROL_READ, conf,
			geteuid(), &err) == 0)
			continue;
		client->watches = false;
		client->interval_s = 0;
		client->closing = true;
		control_send_error(client, CONTROL_DENIED, err.text, NULL);
	}
}

void
control_watch_reloaded(struct control *c)
{
	cut_off_strangers(c);
	for (size_t i = 0; i < links_count(c->env.links); i++) {
		struct link *l = links_at(c->env.links, i);

		if (!l->leaving)
			control_link_changed(c, l);
	}
}

void
control_watch_tick(struct control *c)
{
	struct control_client *client, *next;
	struct json j;
	bool written = false;

	json_init(&j, CONTROL_DOCUMENT_MAX);
	for (client = LIST_FIRST(&c->clients); client; client = next) {
		next = LIST_NEXT(client, entry);
		if (!client->interval_s || --client->ticks > 0)
			continue;
		client->ticks = client->interval_s;
		/* Written once, however many watch. */
		if (!written)
			show_event(&j, c);
		written = true;
		control_client_send_event(client, &j);
	}
	json_clear(&j);
}

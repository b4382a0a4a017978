#include "ctl/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/usage.h"
#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/link.h"
#include "ctl/rates.h"
#include "ctl/text.h"

static void
put_time(const json_t *event)
{
	const char *time = answer_text(event, "time");

	text_put(stdout, time ? time : "-");
	fputc(' ', stdout);
}

static void
put_remark(void *arg, const char *text)
{
	(void)arg;
	fputs("; ", stdout);
	text_put(stdout, text);
}

static void
put_state(const json_t *event)
{
	const char *name = answer_text(event, "link");

	put_time(event);
	text_put(stdout, name ? name : "?");
	fputs(": ", stdout);
	terminal_colour(stdout, link_colour(event));
	text_put(stdout, link_state(event));
	terminal_colour(stdout, COLOUR_NONE);
	link_remarks(event, put_remark, NULL);
	fputc('\n', stdout);
}

static void
put_rates(const json_t *before, const json_t *now)
{
	struct table t;

	rates_table(&t, before, now);
	table_put(&t, stdout);
	table_clear(&t);
}

/* An event that is new to this program is told by its name and text. */
static void
put_other(const json_t *event, const char *kind)
{
	const char *what = answer_text(event, "what");
	const char *text = answer_text(event, "text");

	put_time(event);
	text_put(stdout, kind);
	if (what) {
		fputc(' ', stdout);
		text_put(stdout, what);
	}
	if (text) {
		fputs(": ", stdout);
		text_put(stdout, text);
	}
	fputc('\n', stdout);
}

/* *before is the last event of the kind show. */
static void
put_event(json_t *event, json_t **before)
{
	const char *kind = answer_text(event, "event");

	if (!kind)
		return;
	if (strcmp(kind, "state") == 0)
		put_state(event);
	else if (strcmp(kind, "show") != 0)
		put_other(event, kind);
	else {
		put_rates(*before, event);
		json_decref(*before);
		*before = json_incref(event);
	}
}

/* Returns an exit status when there is no more, or -1. */
static int
next_event(struct client *c, const struct options *o, json_t **before)
{
	struct error err;
	const char *line = client_line(c, true, &err);
	json_t *event = line ? answer_parse(line, &err) : NULL;
	int status;

	if (!event)
		return answer_fail(&err);
	if (o->given & OPTIONS_JSON)
		ask_put_line(line);
	status = answer_refused(event);
	if (status < 0 && !(o->given & OPTIONS_JSON))
		put_event(event, before);
	json_decref(event);
	if (status < 0 && fflush(stdout) != 0)
		status = EX_IOERR;
	return status;
}

int
watch_run(const struct options *o)
{
	json_t *before = NULL;
	struct client c;
	struct error err;
	char *request;
	int status;

	if (o->words[1] && options_number(o->words[1], 1, 3600) < 0)
		return usage_error(
		    "watch: expected 1 to 3600 seconds, got %s", o->words[1]);
	request = ask_request("watch", o->words + 1, &status);
	if (!request)
		return status;
	if (ask_open(&c, o, &err) < 0) {
		free(request);
		return answer_fail(&err);
	}
	status = client_send(&c, request, &err) < 0 ? answer_fail(&err) : -1;
	free(request);
	while (status < 0)
		status = next_event(&c, o, &before);
	json_decref(before);
	client_close(&c);
	return status;
}

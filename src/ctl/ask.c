#include "ctl/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/usage.h"
#include "ctl/answer.h"
#include "ctl/text.h"

static json_t *
next_answer(struct client *c, const char **line, struct error *err)
{
	const char *received = client_line(c, false, err);
	json_t *answer;

	if (!received)
		return NULL;
	if (line)
		*line = received;
	answer = answer_parse(received, err);
	if (!answer)
		error_prefix(err, "%s", c->path);
	return answer;
}

/* 0, -1, or where it was refused, with the reason, the same as -1. */
static int
greet(struct client *c, struct error *err)
{
	json_t *greeting = next_answer(c, NULL, err);
	const char *refusal = answer_text(greeting, "error.text");
	int result;

	if (!greeting)
		return -1;
	if (refusal)
		result = error_set(err, 0, "%s: %s", c->path, refusal);
	else
		result = answer_greeting(greeting, err);
	if (result < 0 && !refusal)
		error_prefix(err, "%s", c->path);
	json_decref(greeting);
	return result;
}

int
ask_open(struct client *c, const struct options *o, struct error *err)
{
	if (client_open(c, o->socket, o->timeout_ms, err) < 0)
		return -1;
	if (greet(c, err) == 0)
		return 0;
	client_close(c);
	return -1;
}

json_t *
ask(struct client *c, const char *request, const char **line, struct error *err)
{
	if (client_send(c, request, err) < 0)
		return NULL;
	return next_answer(c, line, err);
}

char *
ask_request(const char *verb, const char *const *words, int *status)
{
	char *request = text_printf("%s", verb);

	for (; *words; words++) {
		const unsigned char *c = (const unsigned char *)*words;
		char *longer;

		while (*c > ' ' && *c != 0x7f)
			c++;
		if (*c || c == (const unsigned char *)*words) {
			free(request);
			*status = usage_error("\"%s\": blanks and control "
					      "characters are in no name",
			    *words);
			return NULL;
		}
		longer = text_printf("%s %s", request, *words);
		free(request);
		request = longer;
	}
	return request;
}

void
ask_put_line(const char *line)
{
	fputs(line, stdout);
	fputc('\n', stdout);
}

static json_t *
converse(const struct options *o, const char *request, int *status)
{
	struct client c;
	struct error err;
	json_t *answer;
	const char *line;

	if (ask_open(&c, o, &err) < 0) {
		*status = answer_fail(&err);
		return NULL;
	}
	answer = ask(&c, request, &line, &err);
	if (!answer)
		*status = answer_fail(&err);
	else if (o->given & OPTIONS_JSON)
		ask_put_line(line);
	client_close(&c);
	return answer;
}

json_t *
ask_once(const struct options *o, const char *verb, const char *const *words,
    int *status)
{
	char *request = ask_request(verb, words, status);
	json_t *answer;

	if (!request)
		return NULL;
	answer = converse(o, request, status);
	free(request);
	if (!answer)
		return NULL;
	*status = answer_refused(answer);
	if (*status < 0)
		return answer;
	json_decref(answer);
	return NULL;
}

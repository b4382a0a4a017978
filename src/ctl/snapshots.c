#include "ctl/snapshots.h"

#include <errno.h>

#include "base/clock.h"
#include "ctl/answer.h"

void
snapshots_init(struct snapshots *s, const struct options *o)
{
	*s = (struct snapshots){ .options = o, .client.fd = -1 };
	s->next_ms = clock_ms();
}

void
snapshots_clear(struct snapshots *s)
{
	client_close(&s->client);
	json_decref(s->before);
	json_decref(s->now);
	*s = (struct snapshots){ .client.fd = -1 };
}

static bool
is_waiting(const struct snapshots *s)
{
	return s->state == SNAPSHOTS_GREETING || s->state == SNAPSHOTS_ASKED;
}

int
snapshots_fd(const struct snapshots *s)
{
	return is_waiting(s) ? s->client.fd : -1;
}

int
snapshots_wait_ms(const struct snapshots *s)
{
	int64_t until_ms = is_waiting(s) ? s->deadline_ms : s->next_ms;
	int64_t left_ms = until_ms - clock_ms();

	return left_ms > 0 ? (int)left_ms : 0;
}

/* The last snapshot stays, to be looked at. */
static bool
fail(struct snapshots *s)
{
	client_close(&s->client);
	s->state = SNAPSHOTS_APART;
	s->next_ms = clock_ms() + s->options->delay_ms;
	return true;
}

static bool
connect_now(struct snapshots *s)
{
	const struct options *o = s->options;

	if (client_open(&s->client, o->socket, o->timeout_ms, &s->err) < 0)
		return fail(s);
	s->state = SNAPSHOTS_GREETING;
	s->deadline_ms = clock_ms() + o->timeout_ms;
	return false;
}

static bool
ask_now(struct snapshots *s)
{
	if (client_send(&s->client, "show", &s->err) < 0)
		return fail(s);
	s->state = SNAPSHOTS_ASKED;
	s->deadline_ms = clock_ms() + s->options->timeout_ms;
	/* From the one before, not from now, unless that is too late. */
	s->next_ms += s->options->delay_ms;
	if (s->next_ms < clock_ms())
		s->next_ms = clock_ms() + s->options->delay_ms;
	return false;
}

static bool
take_answer(struct snapshots *s, json_t *answer)
{
	const char *refusal = answer_text(answer, "error.text");

	if (refusal) {
		error_set(&s->err, 0, "%s", refusal);
		json_decref(answer);
		return fail(s);
	}
	if (s->state == SNAPSHOTS_GREETING) {
		int result = answer_greeting(answer, &s->err);

		json_decref(answer);
		return result < 0 ? fail(s) : ask_now(s);
	}
	json_decref(s->before);
	s->before = s->now;
	s->now = answer;
	s->n++;
	s->err = (struct error){ 0 };
	s->state = SNAPSHOTS_RESTING;
	return true;
}

static bool
receive(struct snapshots *s)
{
	json_t *answer;
	char *line;
	int result = client_try_line(&s->client, &line, &s->err);

	if (result < 0)
		return fail(s);
	if (result > 0) {
		answer = answer_parse(line, &s->err);
		return answer ? take_answer(s, answer) : fail(s);
	}
	if (clock_ms() < s->deadline_ms)
		return false;
	error_set(&s->err, ETIMEDOUT, "%s: the daemon does not answer",
	    s->options->socket);
	return fail(s);
}

bool
snapshots_step(struct snapshots *s)
{
	switch (s->state) {
	case SNAPSHOTS_APART:
		return clock_ms() >= s->next_ms && connect_now(s);
	case SNAPSHOTS_GREETING:
	case SNAPSHOTS_ASKED:
		return receive(s);
	case SNAPSHOTS_RESTING:
		return clock_ms() >= s->next_ms && ask_now(s);
	}
	return false;
}

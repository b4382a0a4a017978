#include "ctl/top.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl/answer.h"
#include "ctl/daemon.h"
#include "ctl/screen.h"
#include "ctl/snapshots.h"
#include "ctl/text.h"
#include "ctl/top_view.h"

/* The first of them has nothing to be compared with. */
static bool
is_enough(const struct snapshots *s)
{
	const struct options *o = s->options;

	return (o->given & OPTIONS_COUNT) && s->n > (unsigned)o->count;
}

static void
wait_for(const struct snapshots *s, struct pollfd *p, const sigset_t *mask)
{
	int ms = snapshots_wait_ms(s);
	struct timespec left = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L };

	p[0] = (struct pollfd){ .fd = snapshots_fd(s), .events = POLLIN };
	if (ppoll(p, 2, &left, mask) < 0)
		p[1].revents = 0;
}

static void
put_plain(const struct snapshots *s)
{
	struct table t;

	daemon_put(s->now, stdout);
	rates_table(&t, s->before, s->now);
	table_put(&t, stdout);
	table_clear(&t);
	fputc('\n', stdout);
	fflush(stdout);
}

/* Where standard output is no terminal: a table after the other. */
static int
run_plain(struct snapshots *s)
{
	struct pollfd p[2] = { 0 };

	while (!is_enough(s) && !ferror(stdout)) {
		p[1].fd = -1;
		wait_for(s, p, NULL);
		if (!snapshots_step(s))
			continue;
		if (s->err.text[0])
			return answer_fail(&s->err);
		if (s->n > 1)
			put_plain(s);
	}
	return EX_OK;
}

/* At once, so that nothing flickers. */
static void
draw(struct top_view *v, const struct snapshots *s)
{
	char *text;
	size_t len;
	FILE *out = text_open(&text, &len);

	top_view_put(v, s, out, screen_lines(), terminal_columns());
	fclose(out);
	fwrite(text, 1, len, stdout);
	fflush(stdout);
	free(text);
}

/* Returns false when it is to end. */
static bool
take_keys(struct top_view *v, const struct snapshots *s)
{
	enum screen_key key;

	while ((key = screen_key()) != SCREEN_KEY_NONE) {
		if (key == SCREEN_KEY_QUIT)
			return false;
		top_view_key(v, s, key, screen_lines(), terminal_columns());
	}
	return true;
}

static void
run_live(struct snapshots *s, struct top_view *v)
{
	bool go_on = true;

	while (go_on && !is_enough(s)) {
		struct pollfd p[2] = { 0 };
		bool changed;

		p[1].fd = STDIN_FILENO;
		p[1].events = POLLIN;
		wait_for(s, p, screen_mask());
		changed = snapshots_step(s);
		if (p[1].revents & (POLLHUP | POLLERR | POLLNVAL))
			go_on = false;
		else if (p[1].revents) {
			go_on = take_keys(v, s);
			changed = true;
		}
		if (screen_is_spoilt() || changed)
			draw(v, s);
	}
}

int
top_run(const struct options *o)
{
	struct snapshots s;
	struct top_view v;
	struct error err;
	int status = EX_OK;

	snapshots_init(&s, o);
	if (!screen_possible())
		status = run_plain(&s);
	else if (screen_open(&err) < 0)
		status = answer_fail(&err);
	else {
		top_view_init(&v);
		run_live(&s, &v);
		screen_close();
		top_view_clear(&v);
		/* What was on the screen last is gone with it. */
		if (s.err.text[0])
			status = answer_fail(&s.err);
	}
	snapshots_clear(&s);
	return status;
}

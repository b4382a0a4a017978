#include "command.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "options.h"

#define BLANKS " \t\r"

/* Of what a command speaks. */
enum target { TARGET_NONE, TARGET_CABLE, TARGET_END, TARGET_EITHER };

#define BOTH_ENDS CABLE_ENDS

struct call {
	struct rack *rack;
	struct cable *cable;
	unsigned end; /* 0, 1 or BOTH_ENDS */
	char *rest;   /* further words, for strtok_r(3) */
	int64_t now_ns;
	char *answer; /* what follows "ok" */
	struct why *why;
};

static int
no_more_words(struct call *call)
{
	const char *word = strtok_r(NULL, BLANKS, &call->rest);

	if (word != NULL)
		return why_set(call->why, "unexpected: %.80s", word);
	return 0;
}

static int
run_cut(struct call *call)
{
	if (no_more_words(call) < 0)
		return -1;
	if (!cable_plugged(call->cable))
		return why_set(call->why, "already cut");
	cable_cut(call->cable);
	return 0;
}

static int
run_plug(struct call *call)
{
	if (no_more_words(call) < 0)
		return -1;
	if (cable_plugged(call->cable))
		return why_set(call->why, "already plugged");
	return cable_plug(call->cable, call->now_ns, call->why);
}

static bool
concerns(const struct call *call, unsigned end)
{
	return call->end == BOTH_ENDS || call->end == end;
}

static int
run_set(struct call *call)
{
	struct lane *lane = call->cable->lane;
	struct lane_settings set[CABLE_ENDS] = { lane[0].set, lane[1].set };
	unsigned i, words = 0;
	const char *word;

	while ((word = strtok_r(NULL, BLANKS, &call->rest)) != NULL) {
		for (i = 0; i < CABLE_ENDS; i++)
			if (options_parse(word, &set[i], call->why) < 0)
				return -1;
		words++;
	}
	if (words == 0)
		return why_set(call->why, "expected key=value");
	for (i = 0; i < CABLE_ENDS; i++)
		if (concerns(call, i) &&
		    lane_set(&lane[i], &set[i], call->now_ns) < 0)
			return why_set(call->why, "out of memory");
	return 0;
}

static int
run_stall(struct call *call)
{
	if (no_more_words(call) < 0)
		return -1;
	lane_stall(&call->cable->lane[call->end], true, call->now_ns);
	return 0;
}

static int
run_flow(struct call *call)
{
	if (no_more_words(call) < 0)
		return -1;
	lane_stall(&call->cable->lane[call->end], false, call->now_ns);
	return 0;
}

/* In place; -1: not pairs of hexadecimal digits. */
static ssize_t
unhex(char *text)
{
	uint8_t *bytes = (uint8_t *)text;
	size_t len = strlen(text), i;

	if (len == 0 || len % 2 != 0)
		return -1;
	for (i = 0; i < len; i += 2) {
		char pair[3] = { text[i], text[i + 1], '\0' };

		if (!isxdigit((unsigned char)pair[0]) ||
		    !isxdigit((unsigned char)pair[1]))
			return -1;
		bytes[i / 2] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return (ssize_t)len / 2;
}

static int
run_inject(struct call *call)
{
	char *word = strtok_r(NULL, BLANKS, &call->rest);
	ssize_t n = word == NULL ? -1 : unhex(word);

	if (n < 0)
		return why_set(call->why, "expected pairs of hex digits");
	if (no_more_words(call) < 0)
		return -1;
	if (!cable_plugged(call->cable))
		return why_set(call->why, "cut");
	lane_arrive(
	    &call->cable->lane[!call->end], (const uint8_t *)word, (size_t)n);
	return 0;
}

static int
stat_lane(const struct lane *l, char end, char *to, size_t size)
{
	return snprintf(to, size,
	    " %1$c_sent=%2$" PRIu64 " %1$c_dropped=%3$" PRIu64
	    " %1$c_flipped=%4$" PRIu64 " %1$c_overrun=%5$" PRIu64
	    " %1$c_garbage=%6$" PRIu64 " %1$c_flushed=%7$" PRIu64
	    " %1$c_queued=%8$zu %1$c_backlog=%9$zu %1$c_stopped=%10$d"
	    " %1$c_stalled=%11$d",
	    end, l->count.sent, l->damage.dropped, l->damage.flipped,
	    l->count.overrun, l->count.garbage, l->count.flushed, l->queue.used,
	    l->backlog.used, l->stopped, l->stalled);
}

static int
run_stat(struct call *call)
{
	struct cable *c = call->cable;
	char *to = call->answer;
	size_t size = COMMAND_ANSWER_BYTES / 2;
	unsigned i;

	if (no_more_words(call) < 0)
		return -1;
	for (i = 0; i < CABLE_ENDS; i++)
		cable_event(c, i, EPOLLIN, call->now_ns);
	to += snprintf(to, size, " plugged=%d", cable_plugged(c));
	for (i = 0; i < CABLE_ENDS; i++) {
		lane_run(&c->lane[i], call->now_ns);
		to += stat_lane(&c->lane[i], "ab"[i], to, size);
	}
	return 0;
}

static int
run_quit(struct call *call)
{
	if (no_more_words(call) < 0)
		return -1;
	call->rack->quit = true;
	return 0;
}

static const struct command {
	const char *name;
	enum target target;
	int (*run)(struct call *call);
} commands[] = {
	{ "cut", TARGET_CABLE, run_cut },
	{ "plug", TARGET_CABLE, run_plug },
	{ "set", TARGET_EITHER, run_set },
	{ "stall", TARGET_END, run_stall },
	{ "flow", TARGET_END, run_flow },
	{ "inject", TARGET_END, run_inject },
	{ "stat", TARGET_CABLE, run_stat },
	{ "quit", TARGET_NONE, run_quit },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int
find_target(struct call *call, enum target target)
{
	const char *word = strtok_r(NULL, BLANKS, &call->rest);
	unsigned long n;
	char *end;

	if (word == NULL || !isdigit((unsigned char)word[0]))
		return why_set(call->why, "expected the number of a cable%s",
		    target == TARGET_END ? " and .a or .b" : "");
	n = strtoul(word, &end, 10);
	if (n >= call->rack->n)
		return why_set(call->why, "no cable %.80s", word);
	call->cable = &call->rack->cables[n];
	call->end = BOTH_ENDS;
	if (strcmp(end, ".a") == 0)
		call->end = 0;
	else if (strcmp(end, ".b") == 0)
		call->end = 1;
	else if (*end != '\0')
		return why_set(call->why, "no such end: %.80s", word);

	if (target == TARGET_END && call->end == BOTH_ENDS)
		return why_set(call->why, "expected %lu.a or %lu.b", n, n);
	if (target == TARGET_CABLE && call->end != BOTH_ENDS)
		return why_set(call->why, "expected %lu without an end", n);
	return 0;
}

static int
run_line(struct call *call, char *line)
{
	const char *word = strtok_r(line, BLANKS, &call->rest);
	size_t i;

	if (word == NULL)
		return why_set(call->why, "empty line");
	for (i = 0; i < N_COMMANDS; i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->name, word) != 0)
			continue;
		if (c->target != TARGET_NONE &&
		    find_target(call, c->target) < 0)
			return -1;
		if (c->run(call) < 0)
			return -1;
		if (call->cable != NULL)
			cable_watch(call->cable);
		return 0;
	}
	return why_set(call->why, "unknown command %.80s", word);
}

void
command_run(struct rack *rack, char *line, int64_t now_ns,
    char answer[COMMAND_ANSWER_BYTES])
{
	struct why why = { "" };
	struct call call = {
		.rack = rack,
		.now_ns = now_ns,
		.answer = answer + strlen("ok"),
		.why = &why,
	};

	strcpy(answer, "ok");
	if (run_line(&call, line) < 0)
		snprintf(answer, COMMAND_ANSWER_BYTES, "error: %s", why.text);
}

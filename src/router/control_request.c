/* A request of the control socket, taken apart. */
#include "router/control_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "router/reload.h"

#define WORDS_MAX 3
/* No word that means something is longer. */
#define WORD_SIZE 24

enum rest {
	NOTHING,
	MAYBE_LINK,
	LINK,
	MAYBE_SECONDS,
	MAYBE_CONFIRM,
	LEVEL,
};

struct words {
	char word[WORDS_MAX][WORD_SIZE];
	size_t n; /* may be more than there is room for */
};

static const struct {
	const char *name;
	const char *usage;
	enum rest rest;
	enum control_right right;
} verbs[CONTROL_VERBS] = {
	[CONTROL_SHOW] = { "show", "show [LINK]", MAYBE_LINK, CONTROL_READ },
	[CONTROL_WATCH] = { "watch", "watch [SECONDS], 1 to 3600",
	    MAYBE_SECONDS, CONTROL_READ },
	[CONTROL_START] = { "start", "start LINK", LINK, CONTROL_CHANGE },
	[CONTROL_STOP] = { "stop", "stop LINK", LINK, CONTROL_CHANGE },
	[CONTROL_RESTART] = { "restart", "restart LINK", LINK, CONTROL_CHANGE },
	[CONTROL_CONFIG] = { "config", "config", NOTHING, CONTROL_READ },
	[CONTROL_RELOAD] = { "reload", "reload [confirm SECONDS], 1 to 86400",
	    MAYBE_CONFIRM, CONTROL_CHANGE },
	[CONTROL_CONFIRM] = { "confirm", "confirm", NOTHING, CONTROL_CHANGE },
	[CONTROL_UNDO] = { "undo", "undo", NOTHING, CONTROL_CHANGE },
	[CONTROL_LOG] = { "log", "log err|warn|info|debug", LEVEL,
	    CONTROL_CHANGE },
	[CONTROL_VERSION] = { "version", "version", NOTHING, CONTROL_ANYBODY },
};

const char *
control_verb_usage(enum control_verb verb)
{
	return verbs[verb].usage;
}

enum control_right
control_verb_right(enum control_verb verb)
{
	return verbs[verb].right;
}

const char *
control_code_name(enum control_code code)
{
	static const char *const names[CONTROL_CODES] = {
		[CONTROL_SYNTAX] = "syntax",
		[CONTROL_UNKNOWN_VERB] = "unknown-verb",
		[CONTROL_UNKNOWN_LINK] = "unknown-link",
		[CONTROL_DENIED] = "denied",
		[CONTROL_BUSY] = "busy",
		[CONTROL_INVALID] = "invalid",
		[CONTROL_FAILED] = "failed",
		[CONTROL_TOO_LONG] = "too-long",
		[CONTROL_UNAVAILABLE] = "unavailable",
	};

	return names[code];
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* false: there is something in the line that is no text. */
static bool
split(const char *line, size_t len, struct words *words)
{
	size_t i = 0;

	memset(words, 0, sizeof(*words));
	for (;;) {
		size_t begin;

		while (i < len && is_blank(line[i]))
			i++;
		if (i == len)
			return true;
		for (begin = i; i < len && !is_blank(line[i]); i++) {
			if (line[i] <= 0x20 || line[i] >= 0x7f)
				return false;
		}
		if (words->n < WORDS_MAX)
			snprintf(words->word[words->n], WORD_SIZE, "%.*s",
			    (int)(i - begin), line + begin);
		words->n++;
	}
}

static bool
read_seconds(const char *word, unsigned most, unsigned *seconds)
{
	unsigned n = 0;

	for (const char *c = word; *c; c++) {
		if (*c < '0' || *c > '9' || n > most)
			return false;
		n = 10 * n + (*c - '0');
	}
	*seconds = n;
	return n >= 1 && n <= most;
}

static bool
read_level(const char *word, enum log_level *level)
{
	for (int i = LOG_LEVEL_ERR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(word, log_level_name(i)) == 0) {
			*level = i;
			return true;
		}
	}
	return false;
}

/* Longer than any link's name: what is left of it is nobody's. */
static bool
read_link(const char *word, char *link)
{
	snprintf(link, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, word);
	return strlen(word) < IFNAMSIZ;
}

static bool
read_rest(const struct words *words, enum rest rest, struct control_request *r)
{
	size_t n = words->n - 1;

	switch (rest) {
	case NOTHING:
		return n == 0;
	case MAYBE_LINK:
		return n == 0 || (n == 1 && read_link(words->word[1], r->link));
	case LINK:
		return n == 1 && read_link(words->word[1], r->link);
	case MAYBE_SECONDS:
		return n == 0 ||
		    (n == 1 &&
			read_seconds(words->word[1], CONTROL_WATCH_MAX_S,
			    &r->seconds));
	case MAYBE_CONFIRM:
		return n == 0 ||
		    (n == 2 && strcmp(words->word[1], "confirm") == 0 &&
			read_seconds(words->word[2], RELOAD_CONFIRM_MAX_S,
			    &r->seconds));
	case LEVEL:
		return n == 1 && read_level(words->word[1], &r->level);
	}
	return false;
}

static bool
find_verb(const char *word, enum control_verb *verb)
{
	for (int i = 0; i < CONTROL_VERBS; i++) {
		if (strcmp(word, verbs[i].name) == 0) {
			*verb = i;
			return true;
		}
	}
	return false;
}

int
control_request_parse(const char *line, size_t len,
    struct control_request *request, enum control_code *code, struct error *err)
{
	struct words words;

	memset(request, 0, sizeof(*request));
	*code = CONTROL_SYNTAX;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (!split(line, len, &words))
		return error_set(
		    err, EINVAL, "a request is words in printable ASCII");
	if (words.n == 0)
		return error_set(err, EINVAL, "the line is empty");
	if (!find_verb(words.word[0], &request->verb)) {
		*code = CONTROL_UNKNOWN_VERB;
		return error_set(
		    err, EINVAL, "there is no request \"%s\"", words.word[0]);
	}
	if (!read_rest(&words, verbs[request->verb].rest, request))
		return error_set(
		    err, EINVAL, "expected: %s", verbs[request->verb].usage);
	return 0;
}

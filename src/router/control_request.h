/*
 * A request of the control socket: one line of words, taken apart.
 *
 * Pure: no I/O, no clock, no log, no allocation.
 */
#ifndef SR_ROUTER_CONTROL_REQUEST_H
#define SR_ROUTER_CONTROL_REQUEST_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "router/control_access.h"

#define CONTROL_REQUEST_MAX 4096 /* bytes, with the newline */
#define CONTROL_WATCH_MAX_S 3600

enum control_verb {
	CONTROL_SHOW,
	CONTROL_WATCH,
	CONTROL_START,
	CONTROL_STOP,
	CONTROL_RESTART,
	CONTROL_CONFIG,
	CONTROL_RELOAD,
	CONTROL_CONFIRM,
	CONTROL_UNDO,
	CONTROL_LOG,
	CONTROL_VERSION,
	CONTROL_VERBS,
};

struct control_request {
	enum control_verb verb;
	char link[IFNAMSIZ]; /* "": none is named */
	unsigned seconds;    /* of watch, reload confirm; 0: none are named */
	enum log_level level;
};

/* What became of a request, as an answer names it. */
enum control_code {
	CONTROL_SYNTAX,
	CONTROL_UNKNOWN_VERB,
	CONTROL_UNKNOWN_LINK,
	CONTROL_DENIED,
	CONTROL_BUSY,
	CONTROL_INVALID,
	CONTROL_FAILED,
	CONTROL_TOO_LONG,
	CONTROL_UNAVAILABLE,
	CONTROL_CODES,
};

const char *control_code_name(enum control_code code); /* "unknown-verb" */

/* "show [LINK]", and what it takes. */
const char *control_verb_usage(enum control_verb verb);
enum control_right control_verb_right(enum control_verb verb);

/*
 * Takes a line of len bytes without its newline apart.  -1: it is none; *code
 * and the text say what is wrong, in printable ASCII.
 */
int control_request_parse(const char *line, size_t len,
    struct control_request *request, enum control_code *code,
    struct error *err);

#endif

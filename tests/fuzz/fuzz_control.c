/*
 * Requests of the control socket: whatever bytes a client sends, each line is
 * a request within its bounds, or is refused with a printable text.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "router/control_request.h"
#include "router/reload.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_refusal(enum control_code code, const struct error *err)
{
	MUST(code == CONTROL_SYNTAX || code == CONTROL_UNKNOWN_VERB);
	MUST(*err->text);
	for (const char *c = err->text; *c; c++)
		MUST(isprint((unsigned char)*c));
}

static void
check_request(const struct control_request *r)
{
	MUST(r->verb < CONTROL_VERBS);
	MUST(strlen(r->link) < sizeof(r->link));
	for (const char *c = r->link; *c; c++)
		MUST(isgraph((unsigned char)*c));
	MUST(r->seconds <= RELOAD_CONFIRM_MAX_S);
	MUST(r->level <= LOG_LEVEL_DEBUG);
}

static void
parse(const uint8_t *line, size_t len)
{
	/* In memory of its own, so that reading beyond it is seen. */
	char *copy = malloc(len ? len : 1);
	struct control_request r;
	enum control_code code;
	struct error err;

	MUST(copy);
	memcpy(copy, line, len);
	if (control_request_parse(copy, len, &r, &code, &err) < 0)
		check_refusal(code, &err);
	else
		check_request(&r);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size > 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t len = newline ? (size_t)(newline - data) : size;

		parse(data, len);
		len += newline ? 1 : 0;
		data += len;
		size -= len;
	}
	return 0;
}

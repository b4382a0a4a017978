#include "ctl/answer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/client.h"
#include "ctl/text.h"

json_t *
answer_parse(const char *line, struct error *err)
{
	json_error_t why;
	json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, &why);

	if (json_is_object(answer))
		return answer;
	if (answer)
		error_set(err, EPROTO, "the answer is no JSON object");
	else
		error_set(err, EPROTO, "the answer is no JSON: %s", why.text);
	json_decref(answer);
	return NULL;
}

int
answer_greeting(const json_t *answer, struct error *err)
{
	const char *version = answer_text(answer, "serial-router");
	double protocol = answer_number(answer, "protocol");

	if (!version || isnan(protocol))
		return error_set(
		    err, EPROTO, "what listens there is no serial-routerd");
	if (protocol == CLIENT_PROTOCOL)
		return 0;
	return error_set(err, EPROTO,
	    "serial-routerd %s speaks protocol %.0f, this is "
	    "serial-routerctl " PACKAGE_VERSION " with protocol %d: use those "
	    "of one version",
	    version, protocol, CLIENT_PROTOCOL);
}

json_t *
answer_get(const json_t *o, const char *path)
{
	json_t *value = NULL;

	while (json_is_object(o)) {
		size_t len = strcspn(path, ".");

		value = json_object_getn(o, path, len);
		if (json_is_null(value))
			return NULL;
		if (!path[len])
			return value;
		o = value;
		path += len + 1;
	}
	return NULL;
}

const char *
answer_text(const json_t *o, const char *path)
{
	return json_string_value(answer_get(o, path));
}

double
answer_number(const json_t *o, const char *path)
{
	const json_t *value = answer_get(o, path);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

bool
answer_is_true(const json_t *o, const char *path)
{
	return json_is_true(answer_get(o, path));
}

double
answer_sum(const json_t *o, const char *path)
{
	json_t *value = answer_get(o, path), *each;
	const char *key;
	double sum = 0;

	if (!json_is_object(value))
		return NAN;
	json_object_foreach(value, key, each) sum += json_number_value(each);
	return sum;
}

json_t *
answer_link(const json_t *answer, const char *name)
{
	json_t *links = answer_get(answer, "links"), *link;
	const char *is;
	size_t i;

	json_array_foreach(links, i, link)
	{
		is = answer_text(link, "name");
		if (is && strcmp(is, name) == 0)
			return link;
	}
	return NULL;
}

static int
status_of(const char *code)
{
	static const struct {
		const char *code;
		int status;
	} table[] = {
		{ "syntax", EX_USAGE },
		{ "unknown-verb", EX_USAGE },
		{ "unknown-link", EX_USAGE },
		{ "too-long", EX_USAGE },
		{ "denied", EX_NOPERM },
		{ "invalid", EX_CONFIG },
		{ "busy", EX_TEMPFAIL },
		{ "unavailable", EX_UNAVAILABLE },
		{ "failed", EXIT_FAILURE },
	};

	for (size_t i = 0; code && i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(code, table[i].code) == 0)
			return table[i].status;
	}
	return EXIT_FAILURE;
}

static void
tell_place(const json_t *fault, FILE *out)
{
	const char *file = answer_text(fault, "file");
	const char *text = answer_text(fault, "text");
	double line = answer_number(fault, "line");

	if (!text)
		return;
	if (file) {
		text_put(out, file);
		if (line > 0 && line < 1e9)
			fprintf(out, ":%.0f", line);
		fputs(": ", out);
	}
	text_put(out, text);
	fputc('\n', out);
}

void
answer_tell_places(const json_t *list, FILE *out)
{
	const json_t *fault;
	size_t i;

	json_array_foreach(list, i, fault) tell_place(fault, out);
}

int
answer_refused(const json_t *answer)
{
	const json_t *error = answer_get(answer, "error");
	const char *text, *next;

	if (!error)
		return -1;
	answer_tell_places(answer_get(error, "errors"), stderr);
	text = answer_text(error, "text");
	next = answer_text(error, "next");
	fputs("serial-routerctl: ", stderr);
	text_put(
	    stderr, text ? text : "refused, and the daemon says no reason");
	if (next) {
		fputs("; ", stderr);
		text_put(stderr, next);
	}
	fputc('\n', stderr);
	return status_of(answer_text(error, "code"));
}

int
answer_exit_status(const struct error *err)
{
	switch (err->code) {
	case EPROTO:
	case EMSGSIZE:
		return EX_PROTOCOL;
	case ENOMEM:
		return EX_OSERR;
	}
	return EX_UNAVAILABLE;
}

int
answer_fail(const struct error *err)
{
	fputs("serial-routerctl: ", stderr);
	text_put(stderr, err->text);
	fputc('\n', stderr);
	return answer_exit_status(err);
}

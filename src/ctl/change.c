#include "ctl/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/text.h"
#include "ctl/words.h"

/* Reading a configuration may wait for a directory of users. */
#define RELOAD_MS 60000

int
change_run(const struct options *o)
{
	int status;
	json_t *answer = ask_once(o, o->words[0], o->words + 1, &status);
	const char *text = answer_text(answer, "text");

	if (!answer)
		return status;
	if (!(o->given & OPTIONS_JSON)) {
		text_put(stdout, text ? text : "done");
		fputc('\n', stdout);
	}
	json_decref(answer);
	return EX_OK;
}

int
change_reload_run(const struct options *o)
{
	struct options patient = *o;
	const char *words[] = { NULL, NULL, NULL };
	char seconds[16];
	json_t *answer;
	int status;

	if (o->given & OPTIONS_CONFIRM) {
		snprintf(seconds, sizeof(seconds), "%d", o->confirm_s);
		words[0] = "confirm";
		words[1] = seconds;
	}
	if (patient.timeout_ms < RELOAD_MS)
		patient.timeout_ms = RELOAD_MS;
	answer = ask_once(&patient, o->words[0], words, &status);
	if (!answer)
		return status;
	if (!(o->given & OPTIONS_JSON))
		words_put_answer(answer);
	json_decref(answer);
	return EX_OK;
}

int
change_config_run(const struct options *o)
{
	int status;
	json_t *answer = ask_once(o, "config", o->words + 1, &status);
	const char *text = answer_text(answer, "config");

	if (!answer)
		return status;
	if (!(o->given & OPTIONS_JSON) && text)
		text_put_lines(stdout, text);
	json_decref(answer);
	if (text)
		return EX_OK;
	fputs("serial-routerctl: the answer has no configuration in it\n",
	    stderr);
	return EX_PROTOCOL;
}

int
change_version_run(const struct options *o)
{
	const char *version, *build;
	json_t *answer;
	int status;

	if (!(o->given & OPTIONS_JSON)) {
		printf("serial-routerctl " PACKAGE_VERSION "\n");
		fflush(stdout);
	}
	answer = ask_once(o, "version", o->words + 1, &status);
	if (!answer)
		return status;
	version = answer_text(answer, "version");
	build = answer_text(answer, "build");
	if (!(o->given & OPTIONS_JSON)) {
		fputs("serial-routerd ", stdout);
		text_put(stdout, version ? version : "?");
		if (build) {
			fputs(", ", stdout);
			text_put(stdout, build);
		}
		fputc('\n', stdout);
	}
	json_decref(answer);
	return EX_OK;
}

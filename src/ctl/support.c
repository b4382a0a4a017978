#include "ctl/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>

#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/redact.h"
#include "ctl/text.h"

static void
put_kernel(void)
{
	struct utsname name;

	/* Not the name of the host. */
	if (uname(&name) == 0)
		printf("kernel: %s %s %s\n", name.sysname, name.release,
		    name.machine);
}

static void
put_system(void)
{
	static const char key[] = "PRETTY_NAME=";
	char line[256];
	FILE *in = fopen("/etc/os-release", "re");

	while (in && fgets(line, sizeof(line), in)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		fputs("system: ", stdout);
		text_put(stdout, line + strlen(key));
		fputc('\n', stdout);
	}
	if (in)
		fclose(in);
}

static void
put_head(void)
{
	printf("serial-router, for a bug report\n"
	       "taken out: serial numbers of adapters, names in "
	       "/dev/serial/by-id,\n"
	       "addresses that are not private; the same number is the same "
	       "thing\n"
	       "to be added: journalctl -u serial-router -n 200, and what was "
	       "expected\n\n"
	       "serial-routerctl: " PACKAGE_VERSION "\n");
	put_kernel();
	put_system();
}

static void
put_answer(struct redact *r, const char *request, json_t *answer)
{
	const char *config;
	char *text;

	redact_answer(r, answer);
	printf("\n== %s\n", request);
	config = answer_text(answer, "config");
	if (config) {
		text_put_lines(stdout, config);
		return;
	}
	text = json_dumps(answer, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	if (!text)
		text_no_memory();
	text_put_lines(stdout, text);
	fputc('\n', stdout);
	free(text);
}

int
support_run(const struct options *o)
{
	static const char *const requests[] = { "version", "show", "config" };
	static const char *const none[] = { NULL };
	json_t *answers[3] = { NULL };
	struct redact r;
	int worst = EX_OK, status;

	put_head();
	fflush(stdout);
	redact_init(&r);
	/* All are known before the first is shown: so are their secrets. */
	for (size_t i = 0; i < 3 && worst != EX_UNAVAILABLE; i++) {
		answers[i] = ask_once(o, requests[i], none, &status);
		if (!answers[i])
			worst = status;
		redact_learn(&r, answers[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		if (answers[i])
			put_answer(&r, requests[i], answers[i]);
		else
			printf("\n== %s\nnot to be had\n", requests[i]);
		json_decref(answers[i]);
	}
	redact_clear(&r);
	return worst;
}

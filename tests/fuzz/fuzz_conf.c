/*
 * The text of a configuration: whatever it is, reading it neither crashes nor
 * spins; where it is refused, something is said, and where it is accepted,
 * what is printed of it is accepted too, and prints the same.
 *
 * What is behind the first NUL byte is in a file "x" that may be included.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "router/conf.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 leaks the string that it was reading when it meets an error of
 * syntax; the daemon has that happen in a child process. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_strbuf_append\n";
}

struct said {
	size_t mistakes;
	size_t warnings;
};

static char dir[] = "/tmp/fuzz_conf.XXXXXX";
static char main_name[64], other_name[64];

static void
clean_up(void)
{
	unlink(other_name);
	rmdir(dir);
}

static void
set_up(void)
{
	MUST(mkdtemp(dir));
	snprintf(main_name, sizeof(main_name), "%s/main", dir);
	snprintf(other_name, sizeof(other_name), "%s/x", dir);
	atexit(clean_up);
}

static void
complain(const char *line, bool warning, void *arg)
{
	struct said *said = arg;

	MUST(strlen(line) < CONF_COMPLAINT_SIZE);
	for (const char *p = line; *p; p++)
		MUST(*p >= 0x20 && *p < 0x7f);
	*(warning ? &said->warnings : &said->mistakes) += 1;
}

static struct conf *
parse(const char *text)
{
	struct said said = { 0 };
	struct error err = { 0 };
	struct conf *conf = conf_parse_untried(
	    text, main_name, complain, &said, &err);

	MUST(!conf == (said.mistakes > 0));
	MUST(conf || err.text[0]);
	return conf;
}

static char *
printed(const struct conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	MUST(f);
	conf_print(conf, f);
	MUST(fclose(f) == 0);
	return text;
}

static void
write_other(const char *bytes, size_t len)
{
	int fd = open(other_name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0);
	MUST(write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct conf *conf;
	size_t len;

	if (!main_name[0])
		set_up();
	MUST(text);
	memcpy(text, data, size);
	len = strlen(text);
	if (len < size)
		write_other(text + len + 1, size - len - 1);
	else
		unlink(other_name);
	conf = parse(text);
	if (conf) {
		char *first = printed(conf);
		struct conf *again = parse(first);
		char *second;

		MUST(again);
		second = printed(again);
		MUST(strcmp(first, second) == 0);
		conf_free(again);
		free(first);
		free(second);
	}
	conf_free(conf);
	free(text);
	return 0;
}

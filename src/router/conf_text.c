#include "router/conf_text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/conf_scan.h"

#define BOM "\xef\xbb\xbf" /* what some editors put before UTF-8 */

struct conf_source {
	const struct conf_source *parent; /* what includes it, or NULL */
	const char *name;
	const struct conf_file *file;
	size_t number; /* in the map */
	unsigned level;
};

static unsigned
count_lines(const char *from, const char *to)
{
	unsigned n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

/* What makes of a file no text, or hides all behind a comment. */
static bool
is_text(struct conf_scan *s, const struct conf_file *file)
{
	const char *end = file->bytes + file->len;
	const char *bad = memchr(file->bytes, '\0', file->len);
	const char *why = "a NUL byte: this is no text file";

	if (!bad) {
		bad = strchr(file->bytes, '\r');
		while (bad && bad + 1 < end && bad[1] == '\n')
			bad = strchr(bad + 1, '\r');
		why = "a carriage return without a line feed ends no line";
	}
	if (bad)
		conf_faults_add(s->faults,
		    s->line + count_lines(file->bytes, bad), "%s", why);
	return !bad;
}

static bool
close_all(struct conf_scan *s)
{
	const struct conf_open *open = &s->open[s->depth];

	if (s->depth == s->base)
		return true;
	conf_faults_add(s->faults, open->line,
	    "the \"%c\" that begins here has no end", open->mark);
	return false;
}

static bool
scan_source(struct conf_scan *s, struct conf_source *source)
{
	int number = conf_map_file(&s->faults->map, source->name);
	const char *in = source->file->bytes;

	if (number < 0 || !conf_map_add(&s->faults->map, s->line, number, 1)) {
		s->faults->no_memory = true;
		return false;
	}
	source->number = number;
	if (s->sources) {
		fprintf(
		    s->sources, "%s\n%zu\n", source->name, source->file->len);
		fwrite(source->file->bytes, 1, source->file->len, s->sources);
	}
	if (!is_text(s, source->file))
		return false;
	s->total += source->file->len;
	s->source = source;
	s->in = strncmp(in, BOM, strlen(BOM)) == 0 ? in + strlen(BOM) : in;
	s->base = s->depth;
	s->line_begins = true;
	return conf_scan_reserve(s, strlen(s->in)) && conf_scan(s) &&
	    close_all(s);
}

/* "conf.d/a" as "/etc/x.conf" means it: "/etc/conf.d/a"; NULL: no memory. */
static char *
resolve(const char *path, const char *from)
{
	const char *slash = strrchr(from, '/');
	char *full;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&full, "%.*s/%s", (int)(slash - from), from, path) < 0)
		return NULL;
	return full;
}

static bool
is_open(const struct conf_source *source, const struct conf_file *file)
{
	for (; source; source = source->parent) {
		if (source->file->inode == file->inode &&
		    source->file->device == file->device)
			return true;
	}
	return false;
}

static int
read_included(struct conf_scan *s, const char *path, struct conf_file *file)
{
	unsigned line = s->line;
	struct error err;

	if (s->source->level == CONF_TEXT_LEVEL_MAX)
		conf_faults_add(s->faults, line,
		    "@include: more than %d levels of included files",
		    CONF_TEXT_LEVEL_MAX);
	else if (s->files > CONF_TEXT_FILES_MAX)
		conf_faults_add(s->faults, line,
		    "@include: more than %d included files",
		    CONF_TEXT_FILES_MAX);
	else if (conf_file_read(file, path, CONF_TEXT_MAX - s->total, &err) ==
	    0)
		return 0;
	else if (err.code == EFBIG)
		conf_faults_add(s->faults, line,
		    "@include: %s: all files together are larger than %d "
		    "bytes",
		    path, CONF_TEXT_MAX);
	else
		conf_faults_add(s->faults, line, "@include: %s", err.text);
	return -1;
}

/* Scans an included file between two newlines, so that each line of the flat
 * text is of one file. */
static bool
scan_included(
    struct conf_scan *s, const char *path, const struct conf_file *file)
{
	const struct conf_source *parent = s->source;
	struct conf_source source = { .parent = parent,
		.name = path,
		.file = file,
		.level = parent->level + 1 };
	const char *in = s->in;
	unsigned base = s->base;
	unsigned line = 0;

	conf_map_find(&s->faults->map, s->line, &line);
	conf_scan_put(s, '\n');
	if (!scan_source(s, &source))
		return false;
	s->in = in;
	s->base = base;
	s->source = parent;
	if (!conf_scan_reserve(s, strlen(in)) ||
	    !conf_map_add(&s->faults->map, s->line + 1, parent->number, line)) {
		s->faults->no_memory = true;
		return false;
	}
	conf_scan_put(s, '\n');
	s->line_begins = false;
	return true;
}

bool
conf_scan_include(struct conf_scan *s, const char *path)
{
	char *full = resolve(path, s->source->name);
	struct conf_file file;
	bool result;

	if (!full) {
		s->faults->no_memory = true;
		return false;
	}
	s->files++;
	if (read_included(s, full, &file) < 0) {
		free(full);
		/* One is enough where each would say the same. */
		return s->files <= CONF_TEXT_FILES_MAX;
	}
	if (is_open(s->source, &file)) {
		conf_faults_add(s->faults, s->line,
		    "@include: %s: this file includes itself", full);
		result = true;
	} else {
		result = scan_included(s, full, &file);
	}
	conf_file_clear(&file);
	free(full);
	return result;
}

bool
conf_text_init(struct conf_text *t, const struct conf_file *file,
    const char *name, FILE *sources, struct conf_faults *faults)
{
	struct conf_scan s = {
		.text = t, .faults = faults, .sources = sources, .line = 1
	};
	struct conf_source source = { .name = name, .file = file };
	size_t before = faults->n;

	*t = (struct conf_text){ 0 };
	if (!scan_source(&s, &source) || !conf_order_end(&s))
		return false;
	/* libconfig does not know a comment without it. */
	conf_scan_put(&s, '\n');
	t->text[t->len] = '\0';
	return faults->n == before && !faults->no_memory;
}

void
conf_text_clear(struct conf_text *t)
{
	free(t->text);
	free(t->string_lines);
	*t = (struct conf_text){ 0 };
}

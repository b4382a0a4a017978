#include "router/conf_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
conf_faults_init(struct conf_faults *f, const char *name)
{
	*f = (struct conf_faults){ .name = name };
}

void
conf_faults_clear(struct conf_faults *f)
{
	for (size_t i = 0; i < f->n_list; i++)
		free(f->list[i].text);
	free(f->list);
	conf_map_clear(&f->map);
	conf_faults_init(f, NULL);
}

static bool
make_room(struct conf_faults *f)
{
	size_t size = f->size ? 2 * f->size : 16;
	struct conf_fault *list;

	if (f->n_list < f->size)
		return true;
	list = reallocarray(f->list, size, sizeof(*list));
	if (!list)
		return false;
	f->list = list;
	f->size = size;
	return true;
}

bool
conf_faults_full(const struct conf_faults *f)
{
	return f->n_list >= CONF_FAULTS_MAX;
}

static void add(struct conf_faults *f, unsigned line, bool warning,
    const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static void
add(struct conf_faults *f, unsigned line, bool warning, const char *fmt,
    va_list ap)
{
	char *text;

	*(warning ? &f->warnings : &f->n) += 1;
	if (conf_faults_full(f))
		return;
	if (!make_room(f) || vasprintf(&text, fmt, ap) < 0) {
		f->no_memory = true;
		return;
	}
	f->list[f->n_list] = (struct conf_fault){ .line = line,
		.order = f->n_list,
		.warning = warning,
		.text = text };
	f->n_list++;
}

void
conf_faults_vadd(
    struct conf_faults *f, unsigned line, const char *fmt, va_list ap)
{
	add(f, line, false, fmt, ap);
}

void
conf_faults_warn(struct conf_faults *f, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, line, true, fmt, ap);
	va_end(ap);
}

void
conf_faults_add(struct conf_faults *f, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_faults_vadd(f, line, fmt, ap);
	va_end(ap);
}

static int
compare(const void *va, const void *vb)
{
	const struct conf_fault *a = va;
	const struct conf_fault *b = vb;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* Appends text at out[len], as far as CONF_COMPLAINT_SIZE goes; returns the
 * new length. */
static size_t
put(char *out, size_t len, const char *text)
{
	const size_t room = CONF_COMPLAINT_SIZE - 1;

	for (; *text; text++) {
		unsigned char c = *text;
		bool plain = c >= 0x20 && c < 0x7f;

		if (len + (plain ? 1 : 4) > room) {
			len = len > room - 3 ? room - 3 : len;
			memcpy(out + len, "...", 4);
			return len + 3;
		}
		if (plain)
			out[len++] = *text;
		else
			len += snprintf(out + len, 5, "\\x%02x", c);
	}
	out[len] = '\0';
	return len;
}

/* The file of a flat line, and the line there. */
static const char *
find(const struct conf_faults *f, unsigned flat, unsigned *line)
{
	const char *name = conf_map_find(&f->map, flat, line);

	if (name)
		return name;
	*line = flat;
	return f->name;
}

const char *
conf_faults_place(
    const struct conf_faults *f, unsigned line, unsigned seen_from, char *buf)
{
	unsigned own, other;
	const char *file = find(f, line, &own);

	if (strcmp(file, find(f, seen_from, &other)) == 0)
		snprintf(buf, CONF_PLACE_SIZE, "line %u", own);
	else
		snprintf(buf, CONF_PLACE_SIZE, "%.230s:%u", file, own);
	return buf;
}

static void
tell(const struct conf_faults *f, const struct conf_fault *fault,
    conf_complain *complain, void *arg)
{
	char out[CONF_COMPLAINT_SIZE];
	char place[16];
	unsigned line;
	size_t len = put(out, 0, find(f, fault->line, &line));

	snprintf(place, sizeof(place), ":%u: ", line);
	len = put(out, len, line ? place : ": ");
	len = put(out, len, fault->warning ? "warning: " : "");
	put(out, len, fault->text);
	complain(out, fault->warning, arg);
}

void
conf_faults_tell(struct conf_faults *f, conf_complain *complain, void *arg)
{
	char rest[64];
	size_t more = f->n + f->warnings - f->n_list;

	if (!complain || f->n_list == 0)
		return;
	qsort(f->list, f->n_list, sizeof(*f->list), compare);
	for (size_t i = 0; i < f->n_list; i++)
		tell(f, &f->list[i], complain, arg);
	if (more == 0)
		return;
	snprintf(rest, sizeof(rest), "and %zu more", more);
	complain(rest, false, arg);
}

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
	for (size_t i = 0; i < f->n; i++)
		free(f->list[i].text);
	free(f->list);
	conf_faults_init(f, NULL);
}

static bool
make_room(struct conf_faults *f)
{
	size_t size = f->size ? 2 * f->size : 16;
	struct conf_fault *list;

	if (f->n < f->size)
		return true;
	list = reallocarray(f->list, size, sizeof(*list));
	if (!list)
		return false;
	f->list = list;
	f->size = size;
	return true;
}

void
conf_faults_vadd(
    struct conf_faults *f, unsigned line, const char *fmt, va_list ap)
{
	char *text;

	if (!make_room(f) || vasprintf(&text, fmt, ap) < 0) {
		f->no_memory = true;
		return;
	}
	f->list[f->n] = (struct conf_fault){
		.line = line, .order = f->n, .text = text
	};
	f->n++;
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

void
conf_faults_tell(struct conf_faults *f, conf_complain *complain, void *arg)
{
	char out[CONF_COMPLAINT_SIZE];
	char place[16];

	if (!complain || f->n == 0)
		return;
	qsort(f->list, f->n, sizeof(*f->list), compare);
	for (size_t i = 0; i < f->n; i++) {
		const struct conf_fault *fault = &f->list[i];
		size_t len = put(out, 0, f->name);

		snprintf(place, sizeof(place), ":%u: ", fault->line);
		len = put(out, len, fault->line ? place : ": ");
		put(out, len, fault->text);
		complain(out, false, arg);
	}
}

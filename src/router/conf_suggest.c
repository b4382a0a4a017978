/*
 * What somebody may have meant who wrote a key or a value that there is not.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "router/conf_key.h"

#define NAME_MAX_LEN 31 /* longer names are like none of ours */

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters must be added, dropped, changed or swapped with their
 * neighbour to make one name of the other. */
static unsigned
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];

	for (size_t i = 0; i <= a_len; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			unsigned change = a[i - 1] != b[j - 1];

			d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1,
			    d[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(
				    d[i][j], d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a_len][b_len];
}

/* The name right below scope in a path, or NULL where the path lies
 * elsewhere. */
static const char *
child(const char *path, const char *scope, size_t *len)
{
	size_t n = strlen(scope);

	if (strncmp(path, scope, n) != 0)
		return NULL;
	if (n > 0 && path[n] != '.')
		return NULL;
	path += n + (n > 0);
	*len = strcspn(path, ".[");
	return *len <= NAME_MAX_LEN ? path : NULL;
}

static bool
is_child(const char *path, const char *name, size_t len)
{
	return path && strncmp(path, name, len) == 0 &&
	    (path[len] == '\0' || strchr(".[", path[len]));
}

static void
list_children(const char *scope, char *buf, size_t size)
{
	size_t len = snprintf(buf, size, "known here:");
	const char *last = NULL;
	size_t last_len = 0;

	for (const struct conf_key *k = conf_keys; k->path; k++) {
		size_t n;
		const char *name = child(k->path, scope, &n);

		if (!name || len >= size)
			continue;
		/* Keys of one group stand together in the table. */
		if (last && is_child(name, last, last_len))
			continue;
		len += snprintf(buf + len, size - len, "%s %.*s",
		    last ? "," : "", (int)n, name);
		last = name;
		last_len = n;
	}
}

const char *
conf_key_suggest(const char *scope, const char *name, char *buf, size_t size)
{
	size_t len = strlen(name);
	unsigned best = 1 + (len + 1) / 3; /* no likeness from here on */

	list_children(scope, buf, size);
	if (len > NAME_MAX_LEN)
		return buf;
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		const char *end = strrchr(k->path, '.');

		if (end && strcmp(end + 1, name) == 0)
			snprintf(buf, size, "did you mean %s?", k->path);
	}
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		size_t n;
		const char *known = child(k->path, scope, &n);
		unsigned d;

		if (!known)
			continue;
		d = distance(name, len, known, n);
		if (len >= 3 && strncmp(name, known, len) == 0)
			d = 1;
		if (d < best && d < len) {
			snprintf(
			    buf, size, "did you mean \"%.*s\"?", (int)n, known);
			best = d;
		}
	}
	return buf;
}

const char *
conf_choice_suggest(const struct conf_key *key, const char *text)
{
	size_t len = strlen(text);
	unsigned best = 1 + (len + 1) / 3;
	const char *found = NULL;
	char lower[NAME_MAX_LEN + 1];

	if (len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i <= len; i++)
		lower[i] = tolower((unsigned char)text[i]);
	for (const struct conf_choice *c = key->choices; c->name; c++) {
		unsigned d = distance(lower, len, c->name, strlen(c->name));

		if (d < best && d < len) {
			found = c->name;
			best = d;
		}
	}
	return found;
}

/* Two configurations compared along the table of keys, by what is printed. */
#include <stdlib.h>
#include <string.h>

#include "router/conf_key.h"
#include "router/conf_print.h"

/* A value, or all values, as text; used again and again. */
struct sheet {
	struct conf_printer p;
	char *text;
	size_t len;
};

static bool
sheet_init(struct sheet *s)
{
	*s = (struct sheet){ .text = NULL };
	s->p.out = open_memstream(&s->text, &s->len);
	return s->p.out;
}

static void
sheet_clear(struct sheet *s)
{
	if (s->p.out)
		fclose(s->p.out);
	free(s->text);
}

/* What was printed since the last call; false: no memory for it.  A text has
 * at least one byte, since not every libc tells of none. */
static bool
sheet_take(struct sheet *s)
{
	bool good;

	fputc('\n', s->p.out);
	good = fflush(s->p.out) == 0 && !ferror(s->p.out);
	rewind(s->p.out);
	return good;
}

static bool
same(const struct sheet *a, const struct sheet *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static int
compare_keys(struct sheet sheets[2], const char *scope, const void *a,
    const void *b, conf_differs *differs, void *arg)
{
	for (const struct conf_key *key = conf_keys; key->path; key++) {
		const char *name = conf_key_within(key, scope);

		if (!name || key->change == CONF_CHANGE_NONE ||
		    strcmp(name, "name") == 0)
			continue;
		conf_put_setting(&sheets[0].p, key, a);
		conf_put_setting(&sheets[1].p, key, b);
		if (!sheet_take(&sheets[0]) || !sheet_take(&sheets[1]))
			return -1;
		if (!same(&sheets[0], &sheets[1]))
			differs(name, key->change, arg);
	}
	return 0;
}

/* Most links of most reloads are the same, which one look at all shows. */
static int
compare_scope(struct sheet sheets[2], const char *scope, const void *a,
    const void *b, conf_differs *differs, void *arg)
{
	if (*scope) {
		conf_put_scope(&sheets[0].p, scope, a);
		conf_put_scope(&sheets[1].p, scope, b);
		if (!sheet_take(&sheets[0]) || !sheet_take(&sheets[1]))
			return -1;
		if (same(&sheets[0], &sheets[1]))
			return 0;
	}
	return compare_keys(sheets, scope, a, b, differs, arg);
}

static int
compare(const char *scope, const void *a, const void *b, conf_differs *differs,
    void *arg)
{
	struct sheet sheets[2];
	bool good = sheet_init(&sheets[0]);
	int result = -1;

	good = sheet_init(&sheets[1]) && good;
	if (good)
		result = compare_scope(sheets, scope, a, b, differs, arg);
	sheet_clear(&sheets[0]);
	sheet_clear(&sheets[1]);
	return result;
}

int
conf_compare_links(const struct conf_link *a, const struct conf_link *b,
    conf_differs *differs, void *arg)
{
	return compare("links[]", a, b, differs, arg);
}

int
conf_compare_daemons(const struct conf *a, const struct conf *b,
    conf_differs *differs, void *arg)
{
	return compare("", a, b, differs, arg);
}

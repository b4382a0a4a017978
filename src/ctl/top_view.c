#include "ctl/top_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/daemon.h"
#include "ctl/link.h"
#include "ctl/text.h"

/* Lines that are no rows of links: the daemon, what waits or is wrong, and the
 * titles; what there is to say about the chosen link, and the keys. */
#define NEWS_LINES_MAX 3
#define CHOSEN_LINES 2

struct entry {
	const json_t *link;
	struct rates rates;
	double by;
	size_t place; /* in the answer */
};

struct list {
	struct entry *entries;
	size_t n;
	size_t chosen;
};

void
top_view_init(struct top_view *v)
{
	*v = (struct top_view){ .by = RATES_LINK };
}

void
top_view_clear(struct top_view *v)
{
	free(v->chosen);
	*v = (struct top_view){ 0 };
}

/* The largest first, what is not known last. */
static int
compare(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	bool no_a = isnan(a->by), no_b = isnan(b->by);

	if (no_a != no_b)
		return no_a ? 1 : -1;
	if (!no_a && a->by != b->by)
		return a->by > b->by ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

static void
list_init(struct list *l, const struct top_view *v, const struct snapshots *s)
{
	const json_t *links = answer_get(s->now, "links"), *link;
	double seconds = rates_seconds(s->before, s->now);
	size_t i;

	*l = (struct list){ .n = json_array_size(links) };
	l->entries = calloc(l->n + 1, sizeof(*l->entries));
	if (!l->entries)
		text_no_memory();
	json_array_foreach(links, i, link)
	{
		struct entry *e = &l->entries[i];

		e->link = link;
		e->place = i;
		rates_between(&e->rates,
		    answer_link(s->before, link_name(link)), link, seconds);
		e->by = rates_value(&e->rates, v->by);
	}
	qsort(l->entries, l->n, sizeof(*l->entries), compare);
	for (i = 0; v->chosen && i < l->n; i++) {
		if (strcmp(link_name(l->entries[i].link), v->chosen) == 0)
			l->chosen = i;
	}
}

/* What waits for the operator or is wrong, in lines; to be freed. */
static char *
news(const struct snapshots *s, size_t columns)
{
	char *pending = daemon_pending(s->now), *lines;
	const char *text = s->err.text[0] ? s->err.text : pending;
	size_t len;
	FILE *out = text_open(&lines, &len);

	text_wrap(out, "", text ? text : "", 0, columns);
	fclose(out);
	free(pending);
	return lines;
}

static size_t
count_lines(const char *lines)
{
	size_t n = 0;

	while ((lines = strchr(lines, '\n'))) {
		lines++;
		n++;
	}
	return n < NEWS_LINES_MAX ? n : NEWS_LINES_MAX;
}

static size_t
rows_of(const struct snapshots *s, size_t lines, size_t columns)
{
	char *text = news(s, columns);
	size_t taken = 1 + count_lines(text) + 1 + CHOSEN_LINES + 1;

	free(text);
	return lines > taken ? lines - taken : 1;
}

static void
choose(struct top_view *v, const struct snapshots *s, long by)
{
	struct list l;
	long to;

	list_init(&l, v, s);
	to = (long)l.chosen + by;
	if (to > (long)l.n - 1)
		to = (long)l.n - 1;
	if (to < 0)
		to = 0;
	if (l.n > 0) {
		free(v->chosen);
		v->chosen = text_printf("%s", link_name(l.entries[to].link));
	}
	free(l.entries);
}

void
top_view_key(struct top_view *v, const struct snapshots *s, enum screen_key key,
    size_t lines, size_t columns)
{
	long page = (long)rows_of(s, lines, columns);

	switch (key) {
	case SCREEN_KEY_UP:
		choose(v, s, -1);
		break;
	case SCREEN_KEY_DOWN:
		choose(v, s, 1);
		break;
	case SCREEN_KEY_PAGE_UP:
		choose(v, s, -page);
		break;
	case SCREEN_KEY_PAGE_DOWN:
		choose(v, s, page);
		break;
	case SCREEN_KEY_HOME:
		choose(v, s, -1000000);
		break;
	case SCREEN_KEY_END:
		choose(v, s, 1000000);
		break;
	case SCREEN_KEY_LEFT:
		v->by = v->by == RATES_LINK ? RATES_COLUMNS - 1 : v->by - 1;
		if (v->by == RATES_STATE)
			v->by = RATES_LINK;
		break;
	case SCREEN_KEY_RIGHT:
		v->by = v->by == RATES_COLUMNS - 1 ? RATES_LINK : v->by + 1;
		if (v->by == RATES_STATE)
			v->by = RATES_OUT;
		break;
	case SCREEN_KEY_NONE:
	case SCREEN_KEY_QUIT:
		break;
	}
}

/* The next line begins; nothing of what was there is left. */
static void
end_line(FILE *out)
{
	fputs("\033[K\r\n", out);
}

static void
put_text(FILE *out, const char *text, size_t columns)
{
	text_cell(out, text, columns, TEXT_LEFT);
	end_line(out);
}

/* So many of the lines, empty ones where there are not as many. */
static void
put_lines(FILE *out, char *lines, size_t n, size_t columns)
{
	while (n-- > 0) {
		size_t len = strcspn(lines, "\n");
		bool more = lines[len];

		lines[len] = '\0';
		put_text(out, lines, columns);
		lines += len + more;
	}
}

static void
put_head(const struct snapshots *s, FILE *out, size_t columns)
{
	char *summary = daemon_summary(s->now), *lines = news(s, columns);

	put_text(out, s->now ? summary : "serial-routerctl top", columns);
	terminal_colour(out, s->err.text[0] ? COLOUR_BAD : COLOUR_CARE);
	put_lines(out, lines, count_lines(lines), columns);
	terminal_colour(out, COLOUR_NONE);
	free(summary);
	free(lines);
}

static void
put_row(const struct table *t, size_t row, const size_t *widths, bool chosen,
    FILE *out)
{
	struct table_row plain = t->rows[row];

	if (!chosen) {
		table_put_row(t, &plain, widths, out);
		end_line(out);
		return;
	}
	for (size_t k = 0; k < t->n_columns; k++)
		plain.cells[k].colour = COLOUR_NONE;
	/* No colour, and so not in question. */
	fputs("\033[7m", out);
	table_put_row(t, &plain, widths, out);
	fputs("\033[0m", out);
	end_line(out);
}

static void
put_links(struct top_view *v, const struct list *l, FILE *out, size_t rows,
    size_t columns)
{
	size_t widths[TABLE_COLUMNS_MAX], i;
	struct table t;

	table_init(&t, rates_columns);
	for (i = 0; i < l->n; i++)
		rates_row(&t, l->entries[i].link, &l->entries[i].rates);
	table_fit(&t, columns, widths);
	table_put_titles(&t, widths, out);
	end_line(out);
	if (v->first > l->chosen)
		v->first = l->chosen;
	if (l->chosen >= v->first + rows)
		v->first = l->chosen - rows + 1;
	for (i = v->first; i < v->first + rows; i++) {
		if (i < l->n)
			put_row(&t, i, widths, i == l->chosen, out);
		else
			end_line(out);
	}
	table_clear(&t);
}

static void
add_remark(void *arg, const char *text)
{
	char **all = arg, *longer = text_printf("%s; %s", *all, text);

	free(*all);
	*all = longer;
}

static void
put_chosen(const struct list *l, FILE *out, size_t columns)
{
	const json_t *link = l->entries[l->chosen].link;
	char *port = link_port(link);
	char *text = text_printf("%s: %s", link_name(link), port), *lines;
	size_t len;
	FILE *wrapped = text_open(&lines, &len);

	link_remarks(link, add_remark, &text);
	text_wrap(wrapped, "", text, 0, columns);
	fclose(wrapped);
	put_lines(out, lines, CHOSEN_LINES, columns);
	free(port);
	free(text);
	free(lines);
}

void
top_view_put(struct top_view *v, const struct snapshots *s, FILE *out,
    size_t lines, size_t columns)
{
	struct list l;
	char *keys;

	list_init(&l, v, s);
	fputs("\033[H", out);
	put_head(s, out, columns);
	put_links(v, &l, out, rows_of(s, lines, columns), columns);
	if (l.n > 0)
		put_chosen(&l, out, columns);
	else
		put_lines(out, (char[]){ "" }, CHOSEN_LINES, columns);
	keys = text_printf("q quit  up, down: link  left, right: order, now %s",
	    v->by == RATES_LINK ? "as configured" : rates_columns[v->by].title);
	terminal_colour(out, COLOUR_FAINT);
	text_cell(out, keys, columns - 1, TEXT_LEFT);
	terminal_colour(out, COLOUR_NONE);
	fputs("\033[J", out);
	free(keys);
	free(l.entries);
}

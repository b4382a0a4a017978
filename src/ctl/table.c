#include "ctl/table.h"

#include <stdlib.h>
#include <string.h>

void
table_init(struct table *t, const struct table_column *columns)
{
	*t = (struct table){ .columns = columns };
	while (columns[t->n_columns].title)
		t->n_columns++;
}

void
table_clear(struct table *t)
{
	for (size_t i = 0; i < t->n_rows; i++) {
		struct table_row *row = &t->rows[i];

		for (size_t k = 0; k < t->n_columns; k++)
			free(row->cells[k].text);
		for (size_t k = 0; k < row->n_remarks; k++)
			free(row->remarks[k]);
		free(row->remarks);
	}
	free(t->rows);
	*t = (struct table){ 0 };
}

static void *
grow(void *old, size_t n, size_t size)
{
	void *more = reallocarray(old, n + 1, size);

	if (!more)
		text_no_memory();
	return more;
}

void
table_row(struct table *t)
{
	t->rows = grow(t->rows, t->n_rows, sizeof(*t->rows));
	memset(&t->rows[t->n_rows++], 0, sizeof(*t->rows));
}

void
table_cell(struct table *t, size_t column, enum colour colour, const char *text)
{
	struct table_cell *cell = &t->rows[t->n_rows - 1].cells[column];

	cell->text = text_printf("%s", text);
	cell->colour = colour;
}

void
table_remark(struct table *t, const char *text)
{
	struct table_row *row = &t->rows[t->n_rows - 1];

	row->remarks = grow(
	    row->remarks, row->n_remarks, sizeof(*row->remarks));
	row->remarks[row->n_remarks++] = text_printf("%s", text);
}

static const char *
text_of(const struct table_row *row, size_t column)
{
	return row->cells[column].text ? row->cells[column].text : "";
}

void
table_fit(const struct table *t, size_t room, size_t *widths)
{
	size_t sum = t->n_columns - 1;

	for (size_t k = 0; k < t->n_columns; k++) {
		widths[k] = strlen(t->columns[k].title);
		for (size_t i = 0; i < t->n_rows; i++) {
			size_t n = text_columns(text_of(&t->rows[i], k));

			if (n > widths[k])
				widths[k] = n;
		}
		if (widths[k] > t->columns[k].most)
			widths[k] = t->columns[k].most;
		sum += widths[k];
	}
	for (size_t k = 0; k < t->n_columns && sum > room; k++) {
		size_t least = t->columns[k].least, spare;

		if (least == 0 || widths[k] <= least)
			continue;
		spare = widths[k] - least;
		if (spare > sum - room)
			spare = sum - room;
		widths[k] -= spare;
		sum -= spare;
	}
}

void
table_put_titles(const struct table *t, const size_t *widths, FILE *out)
{
	terminal_colour(out, COLOUR_TITLE);
	for (size_t k = 0; k < t->n_columns; k++) {
		if (k > 0)
			fputc(' ', out);
		text_cell(
		    out, t->columns[k].title, widths[k], t->columns[k].side);
	}
	terminal_colour(out, COLOUR_NONE);
}

void
table_put_row(const struct table *t, const struct table_row *row,
    const size_t *widths, FILE *out)
{
	for (size_t k = 0; k < t->n_columns; k++) {
		enum colour colour = row->cells[k].colour;

		if (k > 0)
			fputc(' ', out);
		if (colour != COLOUR_NONE)
			terminal_colour(out, colour);
		text_cell(out, text_of(row, k), widths[k], t->columns[k].side);
		if (colour != COLOUR_NONE)
			terminal_colour(out, COLOUR_NONE);
	}
}

void
table_put(const struct table *t, FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX], room = terminal_columns();

	table_fit(t, room, widths);
	table_put_titles(t, widths, out);
	fputc('\n', out);
	for (size_t i = 0; i < t->n_rows; i++) {
		table_put_row(t, &t->rows[i], widths, out);
		fputc('\n', out);
		for (size_t k = 0; k < t->rows[i].n_remarks; k++)
			text_wrap(out, "", t->rows[i].remarks[k], 2, room);
	}
}

/*
 * A table for people: as wide as its contents, at most as wide as there is
 * room, with remarks below its rows.
 */
#ifndef SR_CTL_TABLE_H
#define SR_CTL_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "ctl/terminal.h"
#include "ctl/text.h"

#define TABLE_COLUMNS_MAX 10

struct table_column {
	const char *title; /* NULL: the end of the list */
	enum text_side
	    side;     /* what is too long is cut there, see text_cell() */
	size_t most;  /* columns of the terminal */
	size_t least; /* gives way down to that; 0: does not */
};

struct table_cell {
	char *text;
	enum colour colour;
};

struct table_row {
	struct table_cell cells[TABLE_COLUMNS_MAX];
	char **remarks;
	size_t n_remarks;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	struct table_row *rows;
	size_t n_rows;
};

/* columns stay the caller's. */
void table_init(struct table *t, const struct table_column *columns);
void table_clear(struct table *t);

/* Begins a row; what follows goes to it. */
void table_row(struct table *t);
/* The cell of a column of the row; each one once, in any order. */
void table_cell(
    struct table *t, size_t column, enum colour colour, const char *text);
/* A line, or several, below the row. */
void table_remark(struct table *t, const char *text);

/* How wide each column is where there are so many columns of the terminal. */
void table_fit(const struct table *t, size_t room, size_t *widths);
void table_put_titles(const struct table *t, const size_t *widths, FILE *out);
/* Without its newline and its remarks. */
void table_put_row(const struct table *t, const struct table_row *row,
    const size_t *widths, FILE *out);

/* All of it. */
void table_put(const struct table *t, FILE *out);

#endif

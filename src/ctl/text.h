/*
 * Texts on their way to a terminal.  What comes from a daemon may hold names of
 * hardware and files: whatever a terminal would obey, or would show as nothing,
 * is written as \xNN or \uNNNN.  What the locale cannot show is, too.
 */
#ifndef SR_CTL_TEXT_H
#define SR_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Takes the locale for characters from the environment; before the others. */
void text_init(void);

/* Writes s, UTF-8, and returns how many columns that took. */
size_t text_put(FILE *out, const char *s);

/* The same for several lines: newlines and tabs stay what they are. */
void text_put_lines(FILE *out, const char *s);

/* How many columns text_put() would take. */
size_t text_columns(const char *s);

enum text_side {
	TEXT_LEFT,
	TEXT_RIGHT,
	TEXT_PATH, /* on the left; the end of it says most */
};

/* Writes s into exactly so many columns, on that side of them.  What is too
 * long loses its end, a path its beginning. */
void text_cell(FILE *out, const char *s, size_t columns, enum text_side side);

/* Writes s as lines of at most `columns`, broken at blanks and ended: the first
 * behind head, which fits into indent columns, the others behind blanks. */
void text_wrap(
    FILE *out, const char *head, const char *s, size_t indent, size_t columns);

/* Writes s as one field of a tab-separated line: backslash, tab, newline and
 * what a terminal obeys are escaped, in every locale the same. */
void text_field(FILE *out, const char *s);

/* Without memory the program ends. */
_Noreturn void text_no_memory(void);

/* A stream into *text, to be freed after the stream was closed. */
FILE *text_open(char **text, size_t *len);

/* A text of its own, to be freed. */
char *text_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

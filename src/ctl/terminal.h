/*
 * The terminal that standard output is, or is not.
 */
#ifndef SR_CTL_TERMINAL_H
#define SR_CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum colour {
	COLOUR_NONE,
	COLOUR_GOOD,
	COLOUR_CARE, /* look at this */
	COLOUR_BAD,
	COLOUR_FAINT,
	COLOUR_TITLE,
};

/* Asks for it: before the others. */
void terminal_init(void);

/* 80 where it is no terminal. */
size_t terminal_columns(void);

/* What follows has that colour, until the next call; COLOUR_NONE ends it.
 * Writes nothing where standard output is no terminal, or one without colours,
 * or NO_COLOR is in the environment. */
void terminal_colour(FILE *out, enum colour colour);

#endif

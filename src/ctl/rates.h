/*
 * What flows: the difference of two snapshots.
 */
#ifndef SR_CTL_RATES_H
#define SR_CTL_RATES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "ctl/table.h"

/* NAN where it is not known; out is to the line. */
struct rates {
	double out, in; /* bytes of IP a second */
	double out_share,
	    in_share; /* of what the line carries at most; 1: all */
	/* 95 % of the packets waited less than that in the queue; with more
	 * set, longer.  NAN: none was sent. */
	double delay_ms;
	bool delay_more;
	double round_trip_ms;
	double damage; /* of the frames, 1: all */
};

/* Of one link that may not have been there before (NULL), in two answers to
 * show that are so many seconds apart. */
void rates_between(
    struct rates *r, const json_t *before, const json_t *now, double seconds);

/* How many seconds apart two answers of the same daemon are, or NAN. */
double rates_seconds(const json_t *before, const json_t *now);

/* The columns of the table, in order; a list may be sorted by them. */
enum rates_column {
	RATES_LINK,
	RATES_STATE,
	RATES_OUT,
	RATES_OUT_SHARE,
	RATES_IN,
	RATES_IN_SHARE,
	RATES_DELAY,
	RATES_ROUND_TRIP,
	RATES_DAMAGE,
	RATES_COLUMNS,
};

/* For table_init(). */
extern const struct table_column rates_columns[];
void rates_row(struct table *t, const json_t *link, const struct rates *r);

/* What a column of numbers is sorted by, or NAN. */
double rates_value(const struct rates *r, enum rates_column column);

/* Makes a table with a row for each link of now, to be cleared. */
void rates_table(struct table *t, const json_t *before, const json_t *now);
void rates_put_tab(FILE *out, const json_t *before, const json_t *now);

#endif

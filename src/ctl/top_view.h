/*
 * What top shows, and what its keys do to that.
 */
#ifndef SR_CTL_TOP_VIEW_H
#define SR_CTL_TOP_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "ctl/rates.h"
#include "ctl/screen.h"
#include "ctl/snapshots.h"

struct top_view {
	enum rates_column by; /* RATES_LINK: in the order of the daemon */
	char *chosen;         /* the name of a link; NULL: the first */
	size_t first;         /* row that is shown, of all */
};

void top_view_init(struct top_view *v);
void top_view_clear(struct top_view *v);

/* Moves the choice, or the column that is sorted by. */
void top_view_key(struct top_view *v, const struct snapshots *s,
    enum screen_key key, size_t lines, size_t columns);

/* Draws all of it onto a terminal of so many lines and columns. */
void top_view_put(struct top_view *v, const struct snapshots *s, FILE *out,
    size_t lines, size_t columns);

#endif

/*
 * What can be set of a cable: key=value.
 */
#ifndef CABLE_OPTIONS_H
#define CABLE_OPTIONS_H

#include "lane.h"
#include "why.h"

extern const struct lane_settings options_default;

/* "key=value" into *set, which is untouched where it fails. */
int options_parse(const char *pair, struct lane_settings *set, struct why *why);

#endif

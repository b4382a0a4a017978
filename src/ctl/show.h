/*
 * serial-routerctl show: all links as a table, one in detail, or tab-separated.
 */
#ifndef SR_CTL_SHOW_H
#define SR_CTL_SHOW_H

#include "ctl/options.h"

int show_run(const struct options *o); /* returns an exit status */

#endif

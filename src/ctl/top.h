/*
 * serial-routerctl top: what flows, redrawn in place.
 */
#ifndef SR_CTL_TOP_H
#define SR_CTL_TOP_H

#include "ctl/options.h"

int top_run(const struct options *o); /* returns an exit status */

#endif

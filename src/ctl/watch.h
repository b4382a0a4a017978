/*
 * serial-routerctl watch: what happens, as it happens.
 */
#ifndef SR_CTL_WATCH_H
#define SR_CTL_WATCH_H

#include "ctl/options.h"

int watch_run(const struct options *o); /* returns an exit status */

#endif

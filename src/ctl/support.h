/*
 * serial-routerctl support: one text for a bug report, without what is nobody's
 * business.
 */
#ifndef SR_CTL_SUPPORT_H
#define SR_CTL_SUPPORT_H

#include "ctl/options.h"

int support_run(const struct options *o); /* returns an exit status */

#endif

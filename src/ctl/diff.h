/*
 * A configuration before it is reloaded: whether it is good, and what it would
 * do.  Files are read with the rights of whoever asks.
 */
#ifndef SR_CTL_DIFF_H
#define SR_CTL_DIFF_H

#include "ctl/options.h"

/* Each returns an exit status, that of serial-routerd -t where a file is bad. */
int diff_check_run(const struct options *o);
int diff_run(const struct options *o);

#endif

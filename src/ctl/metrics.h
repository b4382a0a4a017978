/*
 * serial-routerctl metrics: the counters as text for Prometheus, to standard
 * output or into a file that the node_exporter reads.
 */
#ifndef SR_CTL_METRICS_H
#define SR_CTL_METRICS_H

#include "ctl/options.h"

int metrics_run(const struct options *o); /* returns an exit status */

#endif

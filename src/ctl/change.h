/*
 * What changes something, or is answered with a sentence: start, stop, restart,
 * log, config, version, reload, confirm, undo.
 */
#ifndef SR_CTL_CHANGE_H
#define SR_CTL_CHANGE_H

#include "ctl/options.h"

/* Each returns an exit status. */
int change_run(const struct options *o);        /* the command is the request */
int change_reload_run(const struct options *o); /* reload, undo */
int change_config_run(const struct options *o);
int change_version_run(const struct options *o);

#endif

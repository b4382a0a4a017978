/*
 * The table of subcommands.
 */
#ifndef SR_CTL_COMMAND_H
#define SR_CTL_COMMAND_H

#include <stdio.h>

#include "ctl/options.h"

void command_print_synopsis(FILE *out);

/* Runs what the command line asks for; returns an exit status. */
int command_run(const struct options *o);

#endif

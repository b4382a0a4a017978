/*
 * Why a control socket cannot be reached, and what to do about it.
 */
#ifndef SR_CTL_UNREACHABLE_H
#define SR_CTL_UNREACHABLE_H

#include "base/error.h"

/* Fills err for a connect(2) to that path that failed with that errno.
 * Returns -1. */
int unreachable_explain(const char *path, int code, struct error *err);

#endif

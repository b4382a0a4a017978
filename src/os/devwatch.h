/*
 * Whether something may have appeared where devices are looked for: cheaper
 * than to look for each of them.
 *
 * Looks at the directories that they would be in, and does not wait.  What a
 * symbolic link in one of them points to, it does not see.
 */
#ifndef SR_OS_DEVWATCH_H
#define SR_OS_DEVWATCH_H

#include <stdbool.h>

#include "base/error.h"

struct devwatch;

struct devwatch *devwatch_new(struct error *err); /* NULL: failed */
void devwatch_free(struct devwatch *w);           /* NULL is allowed */

/* From now on also the directory of that path, which need not exist. */
int devwatch_add(struct devwatch *w, const char *path, struct error *err);

/*
 * Whether a directory has changed since the last call: a name came or went, or
 * the directory itself did.  Now and then true without reason; the first call
 * is.
 */
bool devwatch_changed(struct devwatch *w);

#endif

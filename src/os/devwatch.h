/*
 * Something has changed where devices are waited for: inotify(7) on the nearest
 * directory that exists, and on those that symbolic links lead to.
 *
 * It tells that there is a reason to look, not what is there.  A node comes
 * into being and only then gets its owner and mode: both are told.
 */
#ifndef SR_OS_DEVWATCH_H
#define SR_OS_DEVWATCH_H

#include <stdbool.h>

#include "base/error.h"

struct devwatch;

/* NULL: no memory.  Where the system has no inotify left for us, it is one
 * that has to be asked (devwatch_changed()). */
struct devwatch *devwatch_new(void);
void devwatch_free(struct devwatch *w); /* NULL is allowed */

/* Readable when something was seen; -1: never. */
int devwatch_fd(const struct devwatch *w);

/* Takes what was seen.  Whether there was anything. */
bool devwatch_read(struct devwatch *w);

/*
 * Says anew what is waited for: begin, each path, end.  Look for what is waited
 * for afterwards: what came before was not seen.
 */
void devwatch_begin(struct devwatch *w);
/* Whether the path is there, though perhaps as a link that leads nowhere. */
bool devwatch_want(struct devwatch *w, const char *path);

/* -1: not all of it is watched, and *err says which limit was met; from now on
 * it has to be asked. */
int devwatch_end(struct devwatch *w, struct error *err);

/*
 * Asks the directories themselves: whether a name came or went, or a directory
 * itself did, since they were first wanted or last asked.  Now and then true
 * without reason.
 */
bool devwatch_changed(struct devwatch *w);

#endif

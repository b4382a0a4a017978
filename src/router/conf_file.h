/*
 * A file of the configuration as it is on disk: read once, and only where it
 * is safe to.
 */
#ifndef SR_ROUTER_CONF_FILE_H
#define SR_ROUTER_CONF_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct conf_file {
	char *bytes; /* terminated */
	size_t len;
	dev_t device; /* which file it was, with inode; 0, 0: none */
	ino_t inode;
};

/*
 * Reads a regular file of at most max bytes that others may not write to;
 * never waits for a FIFO and never touches a device.  err->code is EFBIG where
 * it is larger.  On success f is to be cleared.
 */
int conf_file_read(
    struct conf_file *f, const char *path, size_t max, struct error *err);
void conf_file_clear(struct conf_file *f);

#endif

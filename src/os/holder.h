/*
 * Who has a device or a lock that we want, as proc(5) shows it: "pppd (pid
 * 812)".  For messages only; what another user's process does may stay hidden.
 */
#ifndef SR_OS_HOLDER_H
#define SR_OS_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A process other than this one, in this network namespace, that has the file
 * open; where iff is not NULL, with that TUN interface attached (the line
 * "iff:" of its fdinfo).  false: none is shown.
 */
bool holder_of_file(const char *path, const char *iff, char *buf, size_t size);

/* The process that holds a flock(2) on the file behind fd. */
bool holder_of_lock(int fd, char *buf, size_t size);

#endif

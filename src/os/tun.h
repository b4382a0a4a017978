/*
 * A TUN interface as a file descriptor: one read(2) is one packet, one
 * write(2) is one packet, without any header.  Linux:
 * Documentation/networking/tuntap.rst.
 */
#ifndef SR_OS_TUN_H
#define SR_OS_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Attaches to the interface of that name, or makes it where there is none.
 * Returns a non-blocking descriptor with close-on-exec, or -1; err->code is
 * EBUSY where another process is attached, EINVAL where the name belongs to
 * what is no TUN, EPERM where the right is missing.
 */
int tun_open(const char *name, struct error *err);

/* Whether the interface stays when its last descriptor is closed. */
int tun_set_persist(int fd, bool on, struct error *err);

/* Who may attach without CAP_NET_ADMIN. */
int tun_set_owner(int fd, uid_t uid, struct error *err);
int tun_set_group(int fd, gid_t gid, struct error *err);

int tun_set_carrier(int fd, bool on, struct error *err);

/*
 * Writes who is attached to the interface, as "pppd (pid 812)", to buf.
 * Returns false where /proc does not show it.
 */
bool tun_holder(const char *name, char *buf, size_t size);

#endif

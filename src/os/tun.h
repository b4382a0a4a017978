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
 * what is no TUN, EPERM where the right is missing.  Uses the reserve first.
 */
int tun_open(const char *name, struct error *err);

/*
 * The same with a descriptor that there is already, whose interface was
 * deleted.  No other process may still use it.  It stays open on failure.
 */
int tun_attach(int fd, const char *name, struct error *err);

/* Whether it has an interface, in whatever network namespace. */
bool tun_attached(int fd);

/*
 * Closes a descriptor of tun_open().  Where there is a reserve, one without an
 * interface goes back to it; no other process may still have it.
 */
void tun_close(int fd);

/*
 * Whether TUN descriptors can be had: reserved ones, or /dev/net/tun may be
 * opened.  err->code is EACCES or EPERM where the right is missing; the text
 * names the remedy.
 */
int tun_check(struct error *err);

/*
 * Opens n descriptors of /dev/net/tun in advance, for a process that will not
 * have the right to do so later.  0, or -1 with none opened.
 */
int tun_reserve(size_t n, struct error *err);
void tun_reserve_clear(void); /* closes what is left of it */
/* Whether this process may open /dev/net/tun, without the reserve. */
bool tun_may_open(void);

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

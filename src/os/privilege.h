/*
 * What the daemon may do: CAP_NET_ADMIN and nothing else where it was started
 * as root and has a user to become, nothing where a plain user started it.
 * capabilities(7).
 */
#ifndef SR_OS_PRIVILEGE_H
#define SR_OS_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* Whether CAP_NET_ADMIN is in the effective set now. */
bool privilege_net_admin(void);

/*
 * The name of the effective user, or its number where it has none; for
 * commands that are shown.  Looked up once in a process, which can ask the
 * network, and kept; the text is static.
 */
const char *privilege_user_name(void);

/* The step of both wings: real, effective and saved ids, and whether they are
 * what was asked for.  Supplementary groups and capabilities are the caller's
 * affair. */
int privilege_become(uid_t uid, gid_t gid, struct error *err);

/*
 * Makes a root process the user uid for ever, with CAP_NET_ADMIN (as far as
 * root has it) as its only capability: permitted and effective, the bounding
 * set cut to it, nothing inheritable or ambient, no new privileges.  gid is
 * its group, (gid_t)-1 the one in the user's entry; supplementary groups are
 * those of the user's entry, or none where there is no entry.  Looks the user
 * up, which can ask the network.
 *
 * err->code is EINVAL where uid is root or there is no group to be had.  After
 * a failure the process may be half of each: it should end.
 */
int privilege_drop(uid_t uid, gid_t gid, struct error *err);

#endif

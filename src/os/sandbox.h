/*
 * How a pump gives up everything it does not need before it reads one byte
 * from the line: descriptors, user, capabilities, resources, system calls.
 * capabilities(7), seccomp(2), libseccomp.
 */
#ifndef SR_OS_SANDBOX_H
#define SR_OS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* The exit status of a process whose system call was refused. */
#define SANDBOX_EXIT_TRAPPED 111

/* Whether this is a build with a sanitizer, whose sandbox is wider. */
#if defined(SANITIZER) || defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZER 1
#endif
#endif
#ifndef SANDBOX_SANITIZER
#define SANDBOX_SANITIZER 0
#endif

/*
 * Closes every descriptor but those n (and 2, in a build with a sanitizer,
 * which has nowhere else to say what it found).  The n are in any order;
 * negative ones are passed over.
 */
int sandbox_close_others(const int *keep, size_t n, struct error *err);

/*
 * false for a root that has no such user and group to become (a user namespace
 * that does not map them) or may not become anybody (a container without
 * CAP_SETUID or CAP_SETGID): *why says so.  Without /proc it hopes for the
 * best.
 */
bool sandbox_can_become(uid_t uid, gid_t gid, const char **why);

/*
 * Gives up user and group (setres[ug]id(2) to uid and gid, no supplementary
 * groups) where the process is root, unless sandbox_can_become() says that it
 * cannot: then it stays who it is; all capabilities in all sets, the ambient
 * and bounding ones too; new privileges for ever; being dumped and traced; and
 * the right to make files, processes or core dumps (rlimits; a write to a
 * regular file ends the process by SIGXFSZ, except in a build with a
 * sanitizer).  Open descriptors keep working, ppoll(2) takes 16 of them.
 */
int sandbox_drop(uid_t uid, gid_t gid, struct error *err);

/*
 * From here on only: read, write, close, ppoll, the clock, exit, the return
 * from a signal, and ioctl with the requests TIOCOUTQ, TIOCNXCL, TCFLSH
 * and TCXONC.  Any other call is not made: its number goes to *trapped
 * (in memory shared with the parent) and the process exits with
 * SANDBOX_EXIT_TRAPPED.  A call of another ABI of this machine (i386, x32)
 * ends the process by SIGSYS.  A build with a sanitizer allows what the
 * sanitizer needs besides.  Built --without-seccomp, this does nothing and
 * returns 0.
 *
 * To be called after sandbox_drop, which sets no_new_privs.  The process then
 * ends by _exit(2): what exit(3) runs may be refused, and so may malloc(3).
 */
int sandbox_filter(volatile int32_t *trapped, struct error *err);

/* The name of a system call of this machine, or its number, into buf. */
const char *sandbox_call_name(int32_t number, char *buf, size_t size);

/* For -V and the log: "seccomp", "seccomp (with a sanitizer's calls)" or
 * "no seccomp". */
const char *sandbox_kind(void);

#endif

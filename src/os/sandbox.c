#include "os/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/privilege.h"

#if SANDBOX_SANITIZER
#define ALWAYS_KEPT STDERR_FILENO
#else
#define ALWAYS_KEPT (-1)
#endif

/* ppoll(2) refuses more entries than this: more than a pump waits for. */
#define NOFILE_MAX 16

/* The smallest descriptor to keep that is not below from; -1: none. */
static int
next_kept(const int *keep, size_t n, int from)
{
	int next = ALWAYS_KEPT >= from ? ALWAYS_KEPT : -1;

	for (size_t i = 0; i < n; i++)
		if (keep[i] >= from && (next < 0 || keep[i] < next))
			next = keep[i];
	return next;
}

static int
close_gap(unsigned first, unsigned last)
{
#ifdef SYS_close_range
	return syscall(SYS_close_range, first, last, 0);
#else
	(void)first;
	(void)last;
	errno = ENOSYS;
	return -1;
#endif
}

static int
close_gaps(const int *keep, size_t n)
{
	int from = 0;
	int fd;

	while ((fd = next_kept(keep, n, from)) >= 0) {
		if (fd > from && close_gap(from, fd - 1) < 0)
			return -1;
		from = fd + 1;
	}
	return close_gap(from, ~0U);
}

/* For kernels before 5.9. */
static int
close_listed(const int *keep, size_t n, struct error *err)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd;

	if (!dir)
		return error_errno(err, "open /proc/self/fd");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		fd = atoi(entry->d_name);
		if (fd != dirfd(dir) && next_kept(keep, n, fd) != fd)
			close(fd);
	}
	closedir(dir);
	return 0;
}

int
sandbox_close_others(const int *keep, size_t n, struct error *err)
{
	if (close_gaps(keep, n) == 0)
		return 0;
	return close_listed(keep, n, err);
}

/* What a later execve(2) or setuid(2) could give back.  Needs CAP_SETPCAP;
 * who is without it has less to lose, and no_new_privs besides. */
static int
drop_inheritance(struct error *err)
{
	int cap = 0;

	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 && errno != EPERM)
		return error_errno(err, "clear keepcaps");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_errno(err, "clear ambient capabilities");
	while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
		cap++;
	if (errno != EINVAL && errno != EPERM)
		return error_errno(err, "drop bounding capability %d", cap);
	if (prctl(PR_SET_SECUREBITS,
		SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
		    SECBIT_NO_SETUID_FIXUP_LOCKED |
		    SECBIT_NO_CAP_AMBIENT_RAISE |
		    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
		0, 0, 0) < 0 &&
	    errno != EPERM)
		return error_errno(err, "lock securebits");
	return 0;
}

static int
become(uid_t uid, gid_t gid, struct error *err)
{
	if (setgroups(0, NULL) < 0)
		return error_errno(err, "give up supplementary groups");
	return privilege_become(uid, gid, err);
}

static int
drop_capabilities(struct error *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {
		0
	};

	if (syscall(SYS_capset, &header, none) < 0)
		return error_errno(err, "drop capabilities");
	return 0;
}

static int
limit_resources(struct error *err)
{
	static const struct {
		int resource;
		rlim_t max;
		const char *name;
	} limits[] = {
#if !SANDBOX_SANITIZER
		/* A sanitizer's report may go to a file. */
		{ RLIMIT_FSIZE, 0, "file size" },
#endif
		{ RLIMIT_NPROC, 0, "processes" },
		{ RLIMIT_CORE, 0, "core size" },
		{ RLIMIT_NOFILE, NOFILE_MAX, "descriptors" },
	};
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (getrlimit(limits[i].resource, &limit) < 0)
			return error_errno(
			    err, "read limit of %s", limits[i].name);
		if (limit.rlim_max > limits[i].max)
			limit.rlim_max = limits[i].max;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return error_errno(err, "limit %s", limits[i].name);
	}
	return 0;
}

int
sandbox_drop(uid_t uid, gid_t gid, struct error *err)
{
	const char *why;
	bool can_become = sandbox_can_become(uid, gid, &why);

	if (drop_inheritance(err) < 0)
		return -1;
	if (geteuid() == 0 && can_become && become(uid, gid, err) < 0)
		return -1;
	if (drop_capabilities(err) < 0)
		return -1;
	if ((geteuid() != 0 && setuid(0) == 0) ||
	    (getegid() != 0 && setgid(0) == 0))
		return error_set(err, EPERM, "root can be had again");
	if (limit_resources(err) < 0)
		return -1;
	umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, "set no_new_privs");
	/* Last: a change of user sets it anew. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, "become undumpable");
	return 0;
}

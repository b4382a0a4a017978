/* What the daemon may do. */
#include "os/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORDS _LINUX_CAPABILITY_U32S_3
#define NET_ADMIN CAP_TO_INDEX(CAP_NET_ADMIN)
#define NET_ADMIN_BIT CAP_TO_MASK(CAP_NET_ADMIN)

struct caps {
	struct __user_cap_data_struct word[WORDS];
};

static int
get_caps(struct caps *caps, struct error *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	memset(caps, 0, sizeof(*caps));
	if (syscall(SYS_capget, &header, caps->word) < 0)
		return error_errno(err, "read capabilities");
	return 0;
}

static int
set_caps(const struct caps *caps, struct error *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	if (syscall(SYS_capset, &header, caps->word) < 0)
		return error_errno(err, "set capabilities");
	return 0;
}

bool
privilege_net_admin(void)
{
	struct caps caps;

	return get_caps(&caps, NULL) == 0 &&
	    (caps.word[NET_ADMIN].effective & NET_ADMIN_BIT);
}

const char *
privilege_user_name(void)
{
	static char name[64];
	const struct passwd *user;

	if (name[0])
		return name;
	user = getpwuid(geteuid());
	if (user && *user->pw_name)
		snprintf(name, sizeof(name), "%s", user->pw_name);
	else
		snprintf(name, sizeof(name), "%u", (unsigned)geteuid());
	return name;
}

/* A container's root may lack CAP_SETPCAP; no_new_privs makes the bounding set
 * meaningless in any case. */
static int
limit_bounding_set(struct error *err)
{
	for (int cap = 0;; cap++) {
		if (cap == CAP_NET_ADMIN)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL || errno == EPERM)
			return 0;
		return error_errno(err, "drop bounding capability %d", cap);
	}
}

/* Returns the group to become in *gid. */
static int
take_groups(uid_t uid, gid_t *gid, struct error *err)
{
	const struct passwd *user = getpwuid(uid);

	if (user) {
		if (*gid == (gid_t)-1)
			*gid = user->pw_gid;
		if (initgroups(user->pw_name, *gid) < 0)
			return error_errno(
			    err, "take the groups of user %s", user->pw_name);
		return 0;
	}
	if (*gid == (gid_t)-1)
		return error_set(err, EINVAL,
		    "user %u is not known on this machine: it needs a group",
		    (unsigned)uid);
	if (setgroups(1, gid) < 0)
		return error_errno(err, "give up supplementary groups");
	return 0;
}

int
privilege_become(uid_t uid, gid_t gid, struct error *err)
{
	uid_t u[3];
	gid_t g[3];

	if (setresgid(gid, gid, gid) < 0)
		return error_errno(err, "become group %u", (unsigned)gid);
	if (setresuid(uid, uid, uid) < 0)
		return error_errno(err, "become user %u", (unsigned)uid);
	/* To both calls -1 means "as it is", and is a success. */
	if (getresuid(&u[0], &u[1], &u[2]) < 0 ||
	    getresgid(&g[0], &g[1], &g[2]) < 0)
		return error_errno(err, "read user and group");
	for (int i = 0; i < 3; i++)
		if (u[i] != uid || g[i] != gid)
			return error_set(err, EPERM,
			    "still user %u, group %u instead of %u, %u",
			    (unsigned)u[i], (unsigned)g[i], (unsigned)uid,
			    (unsigned)gid);
	return 0;
}

static int
keep_net_admin_alone(struct error *err)
{
	struct caps caps;

	if (get_caps(&caps, err) < 0)
		return -1;
	for (int i = 0; i < WORDS; i++) {
		caps.word[i].permitted &= i == NET_ADMIN ? NET_ADMIN_BIT : 0;
		caps.word[i].effective = caps.word[i].permitted;
		caps.word[i].inheritable = 0;
	}
	return set_caps(&caps, err);
}

int
privilege_drop(uid_t uid, gid_t gid, struct error *err)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

	if (uid == 0 || uid == (uid_t)-1)
		return error_set(err, EINVAL, "no user to become");
	if (limit_bounding_set(err) < 0)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_errno(err, "clear ambient capabilities");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_errno(err, "keep capabilities");
	if (take_groups(uid, &gid, err) < 0 ||
	    privilege_become(uid, gid, err) < 0 ||
	    keep_net_admin_alone(err) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return error_errno(err, "clear keepcaps");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, "set no_new_privs");
	if (setuid(0) == 0 || (gid != 0 && setgid(0) == 0))
		return error_set(err, EPERM, "root can be had again");
	/* The change of user took it; without it a crash leaves no core.  Who
	 * has fewer capabilities may not trace us all the same. */
	if (dumpable == 1 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return error_errno(err, "become dumpable again");
	return 0;
}

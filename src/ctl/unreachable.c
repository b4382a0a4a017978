#include "ctl/unreachable.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MAX 1024

/* Of what is in the way: the socket, or the directory that hides it. */
static int
stat_obstacle(const char *path, struct stat *st)
{
	char copy[PATH_MAX];
	size_t len = strlen(path);

	if (lstat(path, st) == 0)
		return 0;
	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, path, len + 1);
	return stat(dirname(copy), st);
}

/* What the user database says, which a login from before does not know. */
static bool
is_member(const struct passwd *user, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0)
		return false;
	while (n-- > 0) {
		if (groups[n] == group)
			return true;
	}
	return false;
}

static int
explain_permission(const char *path, struct error *err)
{
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group;
	struct stat st;

	if (stat_obstacle(path, &st) < 0)
		return error_set(
		    err, EACCES, "%s: permission denied: ask as root", path);
	group = getgrgid(st.st_gid);
	if (!(st.st_mode & S_IRWXG) || !group || st.st_gid == 0)
		return error_set(err, EACCES,
		    "%s: permission denied, only its owner may ask: as root, "
		    "or with control.group in the configuration",
		    path);
	if (!user)
		return error_set(err, EACCES,
		    "%s: permission denied: ask as a member of group %s", path,
		    group->gr_name);
	if (is_member(user, st.st_gid))
		return error_set(err, EACCES,
		    "%s: permission denied: %s is in group %s only from the "
		    "next login on: log in again, or: newgrp %s",
		    path, user->pw_name, group->gr_name, group->gr_name);
	return error_set(err, EACCES,
	    "%s: permission denied: %s is not in group %s: as root: "
	    "usermod -aG %s %s, and log in again",
	    path, user->pw_name, group->gr_name, group->gr_name, user->pw_name);
}

static int
explain_refusal(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(err, ENOTSOCK,
		    "%s is not a socket: -s takes the control.path of the "
		    "configuration",
		    path);
	return error_set(err, ECONNREFUSED,
	    "%s: nobody listens, it was left by a daemon that ended: "
	    "systemctl start serial-router",
	    path);
}

int
unreachable_explain(const char *path, int code, struct error *err)
{
	switch (code) {
	case EACCES:
	case EPERM:
		return explain_permission(path, err);
	case ECONNREFUSED:
		return explain_refusal(path, err);
	case ENOENT:
	case ENOTDIR:
		return error_set(err, code,
		    "%s is not there: the daemon does not run (systemctl start "
		    "serial-router), or its control.path is another (-s PATH, -c FILE)",
		    path);
	case ENAMETOOLONG:
		return error_set(err, code,
		    "%s: longer than a socket's path can be: -s takes the "
		    "control.path of the configuration",
		    path);
	case EPROTOTYPE:
		return error_set(err, code,
		    "%s is the socket of another program: -s takes the "
		    "control.path of the configuration",
		    path);
	}
	errno = code;
	return error_errno(err, "%s", path);
}

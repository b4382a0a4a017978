/* The part of the sandbox that is about users that cannot be become. */
#include "os/sandbox.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
may_change_user(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	uint32_t needed = CAP_TO_MASK(CAP_SETUID) | CAP_TO_MASK(CAP_SETGID);

	memset(caps, 0, sizeof(caps));
	return syscall(SYS_capget, &header, caps) == 0 &&
	    (caps[0].effective & needed) == needed;
}

/* user_namespaces(7): first inside, first outside, how many. */
static bool
is_mapped(const char *map, unsigned id)
{
	unsigned first, outside, n;
	FILE *file = fopen(map, "re");
	bool mapped = false;

	if (!file)
		return true;
	while (!mapped && fscanf(file, "%u %u %u", &first, &outside, &n) == 3)
		mapped = id >= first && id - first < n;
	fclose(file);
	return mapped;
}

static bool
may_drop_groups(void)
{
	FILE *file = fopen("/proc/self/setgroups", "re");
	char word[8] = "";
	bool may;

	if (!file)
		return true;
	may = !fgets(word, sizeof(word), file) || strncmp(word, "deny", 4) != 0;
	fclose(file);
	return may;
}

bool
sandbox_can_become(uid_t uid, gid_t gid, const char **why)
{
	*why = NULL;
	/* -1 is nobody's number, and for sandbox_drop() to refuse. */
	if (geteuid() != 0 || uid == (uid_t)-1 || gid == (gid_t)-1)
		return true;
	if (!is_mapped("/proc/self/uid_map", uid) ||
	    !is_mapped("/proc/self/gid_map", gid))
		*why = "this user namespace has no such user";
	else if (!may_drop_groups())
		*why = "this user namespace does not let groups be dropped";
	else if (!may_change_user())
		*why = "without CAP_SETUID and CAP_SETGID";
	return !*why;
}

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "os/privilege.h"
#include "os/tun.h"

#define UNKNOWN 64001 /* no user has this number */
#define NET_ADMIN_ONLY 0x1000ULL

static unsigned long long
status_of(const char *key)
{
	unsigned long long value = ~0ULL;
	size_t len = strlen(key);
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	CHILD_CHECK(f != NULL);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 16);
	}
	fclose(f);
	return value;
}

static void
check_capabilities(void)
{
	CHILD_CHECK(status_of("CapPrm") == NET_ADMIN_ONLY);
	CHILD_CHECK(status_of("CapEff") == NET_ADMIN_ONLY);
	CHILD_CHECK(status_of("CapInh") == 0);
	CHILD_CHECK(status_of("CapAmb") == 0);
	CHILD_CHECK(status_of("CapBnd") == NET_ADMIN_ONLY);
	CHILD_CHECK(status_of("NoNewPrivs") == 1);
	CHILD_CHECK(privilege_net_admin());
}

static void
check_ids(uid_t uid, gid_t gid)
{
	uid_t u[3];
	gid_t g[3];

	CHILD_CHECK(getresuid(&u[0], &u[1], &u[2]) == 0);
	CHILD_CHECK(getresgid(&g[0], &g[1], &g[2]) == 0);
	for (int i = 0; i < 3; i++)
		CHILD_CHECK(u[i] == uid && g[i] == gid);
}

static void
drop_to_unknown(const void *arg)
{
	gid_t groups[8];

	(void)arg;
	CHILD_CHECK(privilege_drop(UNKNOWN, UNKNOWN, &child->err) == 0);
	check_ids(UNKNOWN, UNKNOWN);
	CHILD_CHECK(getgroups(8, groups) == 1 && groups[0] == UNKNOWN);
	check_capabilities();
	CHILD_CHECK(strcmp(privilege_user_name(), "64001") == 0);
	CHILD_CHECK(setuid(0) < 0);
	CHILD_CHECK(open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES);
	CHILD_CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
}

static void
a_user_by_number_has_net_admin_and_its_group_alone(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(drop_to_unknown, NULL));
}

/* A user of this machine with a group besides its own. */
static const struct passwd *
find_member(gid_t *besides)
{
	struct group *group;

	setgrent();
	while ((group = getgrent())) {
		const struct passwd *user = NULL;

		if (group->gr_mem[0])
			user = getpwnam(group->gr_mem[0]);
		if (user && user->pw_uid != 0 &&
		    user->pw_gid != group->gr_gid) {
			*besides = group->gr_gid;
			return user;
		}
	}
	return NULL;
}

static void
drop_to_nobody(const void *arg)
{
	const struct passwd *user = getpwnam("nobody");

	(void)arg;
	CHILD_CHECK(user != NULL);
	CHILD_CHECK(privilege_drop(user->pw_uid, (gid_t)-1, &child->err) == 0);
	check_ids(user->pw_uid, user->pw_gid);
	check_capabilities();
	CHILD_CHECK(strcmp(privilege_user_name(), "nobody") == 0);
}

static void
a_known_user_brings_its_group(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(drop_to_nobody, NULL));
}

struct membership {
	uid_t uid;
	gid_t besides;
};

static void
drop_to_member(const void *arg)
{
	const struct membership *m = arg;
	gid_t groups[256];
	int n;

	CHILD_CHECK(privilege_drop(m->uid, (gid_t)-1, &child->err) == 0);
	n = getgroups(256, groups);
	for (int i = 0; i < n; i++) {
		if (groups[i] == m->besides)
			return;
	}
	CHILD_CHECK(!"the group besides is kept");
}

/* In a private /etc/group, so that every machine has such a user. */
static void
drop_to_made_member(const void *arg)
{
	struct membership m;
	const struct passwd *user;
	FILE *f;

	(void)arg;
	CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
	CHILD_CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHILD_CHECK(mount("none", "/mnt", "tmpfs", 0, NULL) == 0);
	f = fopen("/mnt/group", "we");
	CHILD_CHECK(f != NULL);
	fputs("root:x:0:\nnogroup:x:65534:\ndialout:x:64020:nobody\n", f);
	CHILD_CHECK(fclose(f) == 0);
	CHILD_CHECK(
	    mount("/mnt/group", "/etc/group", NULL, MS_BIND, NULL) == 0);
	user = find_member(&m.besides);
	CHILD_CHECK(user && m.besides == 64020);
	m.uid = user->pw_uid;
	drop_to_member(&m);
}

static void
a_known_user_brings_its_supplementary_groups(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(drop_to_made_member, NULL));
}

static void
drop_without_group(const void *arg)
{
	(void)arg;
	CHILD_CHECK(privilege_drop(UNKNOWN, (gid_t)-1, &child->err) < 0);
	CHILD_CHECK(child->err.code == EINVAL);
	CHILD_CHECK(privilege_drop(0, 0, &child->err) < 0);
	CHILD_CHECK(child->err.code == EINVAL);
}

static void
a_user_without_a_group_and_root_are_refused(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(drop_without_group, NULL));
}

static void
have_nothing(const void *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)arg;
	CHILD_CHECK(syscall(SYS_capset, &header, none) == 0);
	CHILD_CHECK(!privilege_net_admin());
	CHILD_CHECK(privilege_drop(UNKNOWN, UNKNOWN, &child->err) < 0);
	CHILD_CHECK(child->err.code == EPERM);
}

static void
without_capabilities_there_is_no_user_to_become(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(have_nothing, NULL));
}

static int
delete_interface(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "ip link delete %s", name);
	return system(command);
}

/* /dev/net/tun for root alone, in a network of its own. */
static void
keep_tun_for_root(void)
{
	mode_t old = umask(0);

	CHILD_CHECK(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0);
	CHILD_CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHILD_CHECK(mount("none", "/dev/net", "tmpfs", 0, NULL) == 0);
	CHILD_CHECK(
	    mknod("/dev/net/tun", S_IFCHR | 0600, makedev(10, 200)) == 0);
	umask(old);
}

static void
use_reserve(const void *arg)
{
	int first, second;

	(void)arg;
	keep_tun_for_root();
	CHILD_CHECK(tun_reserve(2, &child->err) == 0);
	CHILD_CHECK(privilege_drop(UNKNOWN, UNKNOWN, &child->err) == 0);
	CHILD_CHECK(!tun_may_open());
	CHILD_CHECK(tun_check(&child->err) == 0);

	/* A failure uses nothing up. */
	CHILD_CHECK(tun_open("lo", &child->err) < 0);
	first = tun_open("one", &child->err);
	second = tun_open("two", &child->err);
	CHILD_CHECK(first >= 0 && second >= 0);
	CHILD_CHECK(tun_open("three", &child->err) < 0);
	CHILD_CHECK(child->err.code == EACCES);
	CHILD_CHECK(if_nametoindex("one") != 0 && if_nametoindex("two") != 0);
}

static void
delete_and_reuse(const void *arg)
{
	int first, again;

	(void)arg;
	CHILD_CHECK(unshare(CLONE_NEWNET) == 0);
	CHILD_CHECK(tun_reserve(1, &child->err) == 0);
	for (int i = 0; i < 3; i++) {
		first = tun_open("one", &child->err);
		CHILD_CHECK(first >= 0);
		CHILD_CHECK(delete_interface("one") == 0);
		CHILD_CHECK(if_nametoindex("one") == 0);
		tun_close(first);
		again = tun_open("one", &child->err);
		CHILD_CHECK(again == first);
		CHILD_CHECK(if_nametoindex("one") != 0);
		CHILD_CHECK(tun_set_carrier(again, false, &child->err) == 0);
		CHILD_CHECK(delete_interface("one") == 0);
		tun_close(again);
	}
	first = tun_open("one", &child->err);
	/* One that is attached cannot be used for another: it goes. */
	tun_close(first);
	CHILD_CHECK(if_nametoindex("one") == 0);
	CHILD_CHECK(fcntl(first, F_GETFD) < 0);
	tun_reserve_clear();
}

static void
reserved_descriptors_outlive_the_right_to_open(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(use_reserve, NULL));
}

static void
a_reserved_descriptor_makes_a_deleted_interface_anew(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(delete_and_reuse, NULL));
}

static void
miss_tun(const void *arg)
{
	(void)arg;
	keep_tun_for_root();
	CHILD_CHECK(tun_check(&child->err) == 0);
	CHILD_CHECK(privilege_drop(UNKNOWN, UNKNOWN, &child->err) == 0);
	CHILD_CHECK(tun_check(&child->err) < 0);
	CHILD_CHECK(child->err.code == EACCES);
	CHILD_CHECK(strstr(child->err.text, "its mode is 0600"));
	CHILD_CHECK(strstr(child->err.text, "chmod 0666 /dev/net/tun"));
}

static void
a_closed_tun_device_names_its_mode_and_the_remedy(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(miss_tun, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_user_by_number_has_net_admin_and_its_group_alone),
		cmocka_unit_test(a_known_user_brings_its_group),
		cmocka_unit_test(a_known_user_brings_its_supplementary_groups),
		cmocka_unit_test(a_user_without_a_group_and_root_are_refused),
		cmocka_unit_test(
		    without_capabilities_there_is_no_user_to_become),
		cmocka_unit_test(
		    reserved_descriptors_outlive_the_right_to_open),
		cmocka_unit_test(
		    a_reserved_descriptor_makes_a_deleted_interface_anew),
		cmocka_unit_test(
		    a_closed_tun_device_names_its_mode_and_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

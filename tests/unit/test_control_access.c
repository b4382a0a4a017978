/* control_access: two rights, by user and group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "router/control_access.h"

#define OWN 900
#define READERS 50
#define WHEEL 60

static struct conf_admin admins[] = {
	{ .is_group = false, .id = 1000 },
	{ .is_group = true, .id = WHEEL },
};

static struct conf conf = {
	.user = (uid_t)-1,
	.group = (gid_t)-1,
	.control = { .group = READERS },
};

static struct error err;

static bool
may(enum control_right right, uid_t uid, gid_t gid, gid_t also)
{
	struct control_peer p = { .uid = uid, .gid = gid };

	if (also) {
		p.groups = &also;
		p.n_groups = 1;
	}
	return control_check_access(&p, right, &conf, OWN, &err) == 0;
}

static void
name_admins(bool some)
{
	conf.control.admins = some ? admins : NULL;
	conf.control.n_admins = some ? 2 : 0;
}

static void
lets_root_and_its_own_user_do_everything(void **state)
{
	(void)state;
	name_admins(false);
	assert_true(may(CONTROL_READ, 0, 0, 0));
	assert_true(may(CONTROL_CHANGE, 0, 0, 0));
	assert_true(may(CONTROL_READ, OWN, 7, 0));
	assert_true(may(CONTROL_CHANGE, OWN, 7, 0));
}

static void
lets_members_of_the_group_read(void **state)
{
	(void)state;
	name_admins(false);
	assert_true(may(CONTROL_READ, 1000, READERS, 0));
	assert_true(may(CONTROL_READ, 1000, 7, READERS));
	assert_false(may(CONTROL_READ, 1000, 7, 8));
	assert_string_equal(err.text,
	    "the right to read is lacking: user 1000 is neither in group 50 "
	    "(control.group) nor in control.admins");
	/* A user's number is no group's. */
	assert_false(may(CONTROL_READ, READERS, 7, 0));
}

static void
lets_admins_change(void **state)
{
	(void)state;
	name_admins(true);
	assert_true(may(CONTROL_CHANGE, 1000, 7, 0));
	assert_true(may(CONTROL_CHANGE, 1001, WHEEL, 0));
	assert_true(may(CONTROL_CHANGE, 1001, 7, WHEEL));
	assert_true(may(CONTROL_READ, 1000, 7, 0));
	assert_false(may(CONTROL_CHANGE, WHEEL, 1000, 1000));
	name_admins(false);
	assert_false(may(CONTROL_CHANGE, 1000, READERS, READERS));
	assert_string_equal(err.text,
	    "the right to change is lacking: user 1000 is not in "
	    "control.admins, nor is a group of his");
}

static void
lets_everybody_ask_for_the_version(void **state)
{
	(void)state;
	name_admins(false);
	assert_true(may(CONTROL_ANYBODY, 1000, 7, 0));
}

static void
has_the_daemon_s_group_by_default(void **state)
{
	struct conf other = conf;

	(void)state;
	assert_int_equal(control_group(&other), READERS);
	other.control.group = (gid_t)-1;
	assert_int_equal(control_group(&other), getegid());
	other.group = 77;
	assert_int_equal(control_group(&other), 77);
}

static void
knows_who_is_at_the_other_end(void **state)
{
	struct control_peer p;
	gid_t groups[1024];
	int pair[2];
	int n = getgroups(1024, groups);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(control_peer_init(&p, pair[0], &err), 0);
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.uid, geteuid());
	assert_int_equal(p.gid, getegid());
	assert_int_equal(p.n_groups, n);
	for (int i = 0; i < n; i++)
		assert_int_equal(p.groups[i], groups[i]);
	control_peer_clear(&p);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(control_peer_init(&p, pair[0], &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_root_and_its_own_user_do_everything),
		cmocka_unit_test(lets_members_of_the_group_read),
		cmocka_unit_test(lets_admins_change),
		cmocka_unit_test(lets_everybody_ask_for_the_version),
		cmocka_unit_test(has_the_daemon_s_group_by_default),
		cmocka_unit_test(knows_who_is_at_the_other_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* devwatch: in a directory of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/devwatch.h"

static char top[] = "/tmp/test_devwatch-XXXXXX";
static char path[PATH_MAX];

static const char *
below(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void
touch(const char *name)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static struct devwatch *
watch(const char *name)
{
	struct error err;
	struct devwatch *w = devwatch_new(&err);

	assert_non_null(w);
	assert_int_equal(devwatch_add(w, below(name), &err), 0);
	return w;
}

/* Without a change it says so once more at most. */
static void
assert_quiet(struct devwatch *w)
{
	assert_true(devwatch_changed(w));
	devwatch_changed(w);
	for (int i = 0; i < 3; i++)
		assert_false(devwatch_changed(w));
}

static int
setup(void **state)
{
	(void)state;
	strcpy(top + strlen(top) - 6, "XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int
teardown(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void
tells_of_names_that_come_and_go(void **state)
{
	struct devwatch *w = watch("ttyX0");

	(void)state;
	assert_quiet(w);
	touch("ttyX0");
	assert_quiet(w);
	assert_int_equal(unlink(below("ttyX0")), 0);
	assert_quiet(w);
	assert_int_equal(symlink("nowhere", below("ttyX1")), 0);
	assert_quiet(w);
	devwatch_free(w);
}

/* The time stamps of two changes may be the same. */
static void
misses_no_change_that_follows_at_once(void **state)
{
	struct devwatch *w = watch("ttyX0");
	char name[16];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		touch(name);
		assert_true(devwatch_changed(w));
		snprintf(name, sizeof(name), "b%d", i);
		touch(name);
		assert_true(devwatch_changed(w));
	}
	devwatch_free(w);
}

static void
waits_for_a_directory_that_is_not_there(void **state)
{
	struct devwatch *w = watch("by-id/usb-x");

	(void)state;
	assert_quiet(w);
	touch("beside");
	assert_false(devwatch_changed(w));
	assert_int_equal(mkdir(below("by-id"), 0700), 0);
	assert_quiet(w);
	touch("by-id/usb-x");
	assert_quiet(w);
	assert_int_equal(unlink(below("by-id/usb-x")), 0);
	assert_int_equal(rmdir(below("by-id")), 0);
	assert_quiet(w);
	assert_int_equal(mkdir(below("by-id"), 0700), 0);
	assert_quiet(w);
	devwatch_free(w);
}

static void
watches_each_directory_of_many_paths(void **state)
{
	struct error err;
	struct devwatch *w = watch("one");
	char name[32];

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d%d/tty", i % 3);
		assert_int_equal(devwatch_add(w, below(name), &err), 0);
	}
	assert_int_equal(devwatch_add(w, "/", &err), 0);
	assert_int_equal(devwatch_add(w, "/vmlinuz", &err), 0);
	assert_int_equal(devwatch_add(w, "tty", &err), 0);
	assert_int_equal(mkdir(below("d2"), 0700), 0);
	assert_quiet(w);
	touch("d2/tty");
	assert_quiet(w);
	devwatch_free(w);
}

static void
costs_nothing_to_have_none(void **state)
{
	struct error err;
	struct devwatch *w = devwatch_new(&err);

	(void)state;
	assert_false(devwatch_changed(w));
	devwatch_free(w);
	devwatch_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_of_names_that_come_and_go),
		TEST(misses_no_change_that_follows_at_once),
		TEST(waits_for_a_directory_that_is_not_there),
		TEST(watches_each_directory_of_many_paths),
		TEST(costs_nothing_to_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* devwatch: in a directory of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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

/* Has what is named watched, as it is now. */
static int
aim(struct devwatch *w, const char *name, struct error *err)
{
	devwatch_begin(w);
	devwatch_want(w, below(name));
	return devwatch_end(w, err);
}

static struct devwatch *
watch(const char *name)
{
	struct devwatch *w = devwatch_new();
	struct error err;

	assert_non_null(w);
	assert_int_equal(aim(w, name, &err), 0);
	assert_false(devwatch_read(w));
	return w;
}

static bool
is_readable(const struct devwatch *w)
{
	struct pollfd p = { .fd = devwatch_fd(w), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Something was seen, and is told once. */
static void
assert_seen(struct devwatch *w)
{
	assert_true(is_readable(w));
	assert_true(devwatch_read(w));
	assert_false(devwatch_read(w));
	assert_false(is_readable(w));
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
	touch("ttyX0");
	assert_seen(w);
	assert_int_equal(unlink(below("ttyX0")), 0);
	assert_seen(w);
	assert_int_equal(symlink("nowhere", below("ttyX0")), 0);
	assert_seen(w);
	devwatch_free(w);
}

/* udev makes a node and sets its mode afterwards. */
static void
tells_of_a_mode_that_is_changed(void **state)
{
	struct devwatch *w = watch("ttyX0");

	(void)state;
	touch("ttyX0");
	assert_seen(w);
	assert_int_equal(chmod(below("ttyX0"), 0660), 0);
	assert_seen(w);
	devwatch_free(w);
}

/* by-id goes with the last adapter, and the directory above it, too. */
static void
watches_the_nearest_directory_that_is_there(void **state)
{
	static const char name[] = "serial/by-id/usb-x";
	struct devwatch *w = watch(name);
	struct error err;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mkdir(below("serial"), 0700), 0);
		assert_seen(w);
		assert_int_equal(aim(w, name, &err), 0);
		assert_int_equal(mkdir(below("serial/by-id"), 0700), 0);
		assert_seen(w);
		assert_int_equal(aim(w, name, &err), 0);
		/* The one above is of no interest any more. */
		touch("beside");
		assert_false(devwatch_read(w));
		touch(name);
		assert_seen(w);
		assert_int_equal(unlink(below(name)), 0);
		assert_int_equal(rmdir(below("serial/by-id")), 0);
		assert_int_equal(rmdir(below("serial")), 0);
		while (devwatch_read(w))
			;
		assert_int_equal(aim(w, name, &err), 0);
		assert_int_equal(unlink(below("beside")), 0);
		assert_seen(w);
	}
	devwatch_free(w);
}

static void
watches_where_symbolic_links_lead_to(void **state)
{
	struct devwatch *w;

	(void)state;
	assert_int_equal(mkdir(below("by-id"), 0700), 0);
	assert_int_equal(mkdir(below("dev"), 0700), 0);
	assert_int_equal(symlink("../alias", below("by-id/usb-x")), 0);
	assert_int_equal(symlink("dev/ttyX0", below("alias")), 0);
	w = watch("by-id/usb-x");
	touch("dev/ttyX0");
	assert_seen(w);
	assert_int_equal(chmod(below("dev/ttyX0"), 0660), 0);
	assert_seen(w);
	assert_int_equal(unlink(below("by-id/usb-x")), 0);
	assert_seen(w);
	devwatch_free(w);
}

static void
ends_with_symbolic_links_that_lead_nowhere(void **state)
{
	struct devwatch *w;
	struct error err;

	(void)state;
	assert_int_equal(symlink(top, below("up")), 0);
	assert_int_equal(symlink("loop", below("loop")), 0);
	w = watch("loop");
	assert_int_equal(aim(w, "up/up/up/nothing", &err), 0);
	assert_int_equal(aim(w, "", &err), 0);
	devwatch_begin(w);
	devwatch_want(w, "relative");
	devwatch_want(w, "");
	devwatch_want(w, "/");
	devwatch_want(w, "/nowhere");
	assert_int_equal(devwatch_end(w, &err), 0);
	devwatch_free(w);
}

static void
watches_many_paths_in_few_directories(void **state)
{
	struct devwatch *w = watch("one");
	struct error err;
	char name[32];

	(void)state;
	devwatch_begin(w);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d%d/tty%d", i % 3, i);
		devwatch_want(w, below(name));
	}
	assert_int_equal(devwatch_end(w, &err), 0);
	assert_int_equal(mkdir(below("d2"), 0700), 0);
	assert_seen(w);
	devwatch_free(w);
}

/* And those that are not wanted any more are given back. */
static void
takes_new_directories_for_old_ones(void **state)
{
	struct devwatch *w = watch("one");
	struct error err;
	char name[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		assert_int_equal(mkdir(below(name), 0700), 0);
		snprintf(name, sizeof(name), "e%d/tty", i);
		assert_int_equal(aim(w, name, &err), 0);
		while (devwatch_read(w))
			;
		touch(name);
		assert_seen(w);
	}
	devwatch_free(w);
}

static void
says_when_there_are_too_many(void **state)
{
	struct devwatch *w = watch("one");
	struct error err = { 0 };
	char name[32];

	(void)state;
	devwatch_begin(w);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(mkdir(below(name), 0700), 0);
		snprintf(name, sizeof(name), "f%d/tty", i);
		devwatch_want(w, below(name));
	}
	assert_int_equal(devwatch_end(w, &err), -1);
	assert_int_equal(err.code, ENOSPC);
	while (devwatch_read(w))
		;
	touch("f0/tty");
	assert_false(devwatch_read(w));
	/* Not all are known, so that there is always reason to look. */
	for (int i = 0; i < 3; i++)
		assert_true(devwatch_changed(w));
	/* With few again, it has to be asked. */
	assert_int_equal(aim(w, "f0/tty", &err), -1);
	devwatch_changed(w);
	devwatch_changed(w);
	assert_false(devwatch_changed(w));
	assert_int_equal(unlink(below("f0/tty")), 0);
	assert_false(devwatch_read(w));
	assert_true(devwatch_changed(w));
	devwatch_free(w);
}

/* What inotify does not tell of, as in a file system of another machine. */
static void
sees_by_itself_when_it_is_asked(void **state)
{
	struct devwatch *w = watch("by-id/usb-x");
	struct error err;

	(void)state;
	assert_false(devwatch_changed(w));
	assert_int_equal(mkdir(below("by-id"), 0700), 0);
	assert_true(devwatch_changed(w));
	assert_int_equal(aim(w, "by-id/usb-x", &err), 0);
	devwatch_changed(w);
	assert_false(devwatch_changed(w));
	touch("by-id/usb-x");
	assert_true(devwatch_changed(w));
	devwatch_changed(w);
	assert_false(devwatch_changed(w));
	assert_int_equal(unlink(below("by-id/usb-x")), 0);
	assert_int_equal(rmdir(below("by-id")), 0);
	assert_true(devwatch_changed(w));
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
says_whether_a_name_is_there(void **state)
{
	struct devwatch *w = watch("one");
	struct error err;

	(void)state;
	touch("file");
	assert_int_equal(symlink("nowhere", below("dangling")), 0);
	devwatch_begin(w);
	assert_false(devwatch_want(w, below("one")));
	assert_false(devwatch_want(w, below("by-id/one")));
	assert_true(devwatch_want(w, below("file")));
	assert_true(devwatch_want(w, below("dangling")));
	assert_int_equal(devwatch_end(w, &err), 0);
	devwatch_free(w);
}

static void
costs_nothing_to_have_none(void **state)
{
	struct devwatch *w = devwatch_new();
	struct error err;

	(void)state;
	assert_false(devwatch_read(w));
	devwatch_begin(w);
	assert_int_equal(devwatch_end(w, &err), 0);
	devwatch_free(w);
	devwatch_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_of_names_that_come_and_go),
		TEST(tells_of_a_mode_that_is_changed),
		TEST(watches_the_nearest_directory_that_is_there),
		TEST(watches_where_symbolic_links_lead_to),
		TEST(ends_with_symbolic_links_that_lead_nowhere),
		TEST(watches_many_paths_in_few_directories),
		TEST(takes_new_directories_for_old_ones),
		TEST(says_when_there_are_too_many),
		TEST(sees_by_itself_when_it_is_asked),
		TEST(misses_no_change_that_follows_at_once),
		TEST(says_whether_a_name_is_there),
		TEST(costs_nothing_to_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

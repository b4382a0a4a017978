#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/notify.h"

/* The manager's end. */
struct manager {
	int fd;
	char dir[32];
	char path[64];
};

static void
manager_listen(struct manager *m, const char *name, size_t len)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	memcpy(sun.sun_path, name, len);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(m->fd >= 0);
	assert_return_code(bind(m->fd, (struct sockaddr *)&sun,
			       offsetof(struct sockaddr_un, sun_path) + len),
	    errno);
}

static int
setup(void **state)
{
	static struct manager m;

	snprintf(m.dir, sizeof(m.dir), "/tmp/test_notify.XXXXXX");
	assert_non_null(mkdtemp(m.dir));
	snprintf(m.path, sizeof(m.path), "%s/notify", m.dir);
	manager_listen(&m, m.path, strlen(m.path));
	setenv("NOTIFY_SOCKET", m.path, 1);
	*state = &m;
	return 0;
}

static int
teardown(void **state)
{
	struct manager *m = *state;

	close(m->fd);
	unlink(m->path);
	rmdir(m->dir);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

static void
assert_heard(const struct manager *m, const char *text)
{
	char buf[1024];
	ssize_t len = recv(m->fd, buf, sizeof(buf) - 1, 0);

	assert_return_code(len, errno);
	buf[len] = '\0';
	assert_string_equal(buf, text);
}

static void
assert_nothing_heard(const struct manager *m)
{
	char byte;

	assert_int_equal(recv(m->fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
tells_each_thing(void **state)
{
	struct manager *m = *state;

	assert_true(notify_ready());
	assert_heard(m, "READY=1");
	assert_true(notify_stopping());
	assert_heard(m, "STOPPING=1");
	assert_true(notify_watchdog());
	assert_heard(m, "WATCHDOG=1");
	assert_true(notify_status("2 links, 1 up"));
	assert_heard(m, "STATUS=2 links, 1 up");
	assert_true(notify_status(""));
	assert_heard(m, "STATUS=");
	assert_nothing_heard(m);
}

static void
cuts_a_status_at_the_newline(void **state)
{
	struct manager *m = *state;

	assert_true(notify_status("port gone\nMAINPID=1"));
	assert_heard(m, "STATUS=port gone");
}

static void
speaks_to_an_abstract_socket(void **state)
{
	struct manager m;
	char name[64];
	int len;

	(void)state;
	len = snprintf(name, sizeof(name), "@test_notify/%d", (int)getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	name[0] = '\0';
	manager_listen(&m, name, len);
	assert_true(notify_ready());
	assert_heard(&m, "READY=1");
	close(m.fd);
}

static void
does_nothing_without_a_manager(void **state)
{
	struct manager *m = *state;

	unsetenv("NOTIFY_SOCKET");
	assert_true(notify_ready());
	setenv("NOTIFY_SOCKET", "", 1);
	assert_true(notify_status("x"));
	assert_nothing_heard(m);
}

static void
fails_without_harm(void **state)
{
	char name[200];
	static const char *const names[] = { "/", "@", "relative",
		"vsock:2:1234", "/nonexistent/notify", "/tmp" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_false(notify_ready());
	}
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	name[0] = '/';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_false(notify_ready());
	assert_int_equal(errno, EINVAL);
	name[0] = '@';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_false(notify_ready());
	assert_int_equal(errno, EINVAL);
}

static size_t
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The manager reads nothing: a send that waits would hang here. */
static void
never_waits_and_keeps_no_descriptor(void **state)
{
	struct manager *m = *state;
	size_t before = count_descriptors();
	int sent = 0;

	alarm(10);
	while (sent < 100000 && notify_watchdog())
		sent++;
	assert_int_equal(errno, EAGAIN);
	assert_in_range(sent, 1, 99999);
	assert_false(notify_ready());
	alarm(0);
	assert_int_equal(count_descriptors(), before);
	assert_heard(m, "WATCHDOG=1");
	assert_true(notify_ready());
}

static int64_t
watchdog_ms(const char *usec, const char *pid)
{
	setenv("WATCHDOG_USEC", usec, 1);
	unsetenv("WATCHDOG_PID");
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	return notify_watchdog_ms();
}

static void
takes_half_of_the_watchdog_time(void **state)
{
	char own[16];

	(void)state;
	snprintf(own, sizeof(own), "%d", (int)getpid());
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ms(), 0);
	assert_int_equal(watchdog_ms("30000000", NULL), 15000);
	assert_int_equal(watchdog_ms("30000000", own), 15000);
	assert_int_equal(watchdog_ms("30000000", "1"), 0);
	assert_int_equal(watchdog_ms("30000000", ""), 0);
	assert_int_equal(watchdog_ms("30000000", "x"), 0);
	assert_int_equal(watchdog_ms("1", NULL), 1);
	assert_int_equal(watchdog_ms("0", NULL), 0);
	assert_int_equal(watchdog_ms("", NULL), 0);
	assert_int_equal(watchdog_ms("-5", NULL), 0);
	assert_int_equal(watchdog_ms("5s", NULL), 0);
	assert_int_equal(watchdog_ms("99999999999999999999999", NULL), 0);
	assert_int_equal(watchdog_ms("18446744073709551615", NULL),
	    INT64_C(9223372036854775));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_each_thing),
		TEST(cuts_a_status_at_the_newline),
		TEST(speaks_to_an_abstract_socket),
		TEST(does_nothing_without_a_manager),
		TEST(fails_without_harm),
		TEST(never_waits_and_keeps_no_descriptor),
		TEST(takes_half_of_the_watchdog_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

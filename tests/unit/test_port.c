/* asm/termbits.h does not go with termios.h. */
#include <asm/termbits.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "child.h"
#include "os/port.h"

#define DEADLINE_MS 10000
#define CTRL_S 0x13

/* The master, and a descriptor of the slave that keeps its settings. */
struct pty {
	int master, slave;
	char name[64];
};

static struct error err;
static char dir[64];

static void
make_pty(struct pty *p)
{
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(p->master >= 0);
	assert_int_equal(grantpt(p->master), 0);
	assert_int_equal(unlockpt(p->master), 0);
	assert_int_equal(ptsname_r(p->master, p->name, sizeof(p->name)), 0);
	p->slave = open(p->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(p->slave >= 0);
}

static void
unmake_pty(struct pty *p)
{
	close(p->slave);
	close(p->master);
}

static int
find_and_open(
    const struct port_settings *s, struct port_info *info, struct error *e)
{
	if (port_find(s, info, e) < 0)
		return -1;
	return port_open(s, info, e);
}

static struct port_settings
settings(char *device)
{
	return (struct port_settings){
		.device = device, .baud = 115200, .stop_bits = 1
	};
}

/* With usual settings. */
static int
open_pty(struct pty *p)
{
	struct port_settings s = settings(p->name);
	struct port_info info;
	int fd = find_and_open(&s, &info, &err);

	if (fd < 0)
		fail_msg("%s", err.text);
	return fd;
}

static void
assert_fails(const char *device, int code, const char *text)
{
	char path[256];
	struct port_settings s = settings(path);
	struct port_info info;

	snprintf(path, sizeof(path), "%s", device);
	alarm(DEADLINE_MS / 1000);
	assert_int_equal(find_and_open(&s, &info, &err), -1);
	alarm(0);
	if (err.code != code || !strstr(err.text, text))
		fail_msg("%s: got %d, \"%s\"", device, err.code, err.text);
}

static struct termios2
settings_of(int fd)
{
	struct termios2 t;

	assert_return_code(ioctl(fd, TCGETS2, &t), errno);
	return t;
}

static void
wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	assert_int_equal(poll(&pfd, 1, DEADLINE_MS), 1);
	assert_true(pfd.revents & events);
}

static void
read_all(int fd, uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n;

		wait_for(fd, POLLIN);
		n = read(fd, buf, len);
		assert_true(n > 0);
		buf += n;
		len -= n;
	}
}

static void
write_all(int fd, const uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n;

		wait_for(fd, POLLOUT);
		n = write(fd, buf, len);
		assert_true(n > 0);
		buf += n;
		len -= n;
	}
}

static unsigned
open_descriptors(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(fds);
	while (readdir(fds))
		n++;
	closedir(fds);
	return n;
}

static char *
in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
every_byte_passes_unchanged_both_ways(void **state)
{
	uint8_t sent[256], got[256];
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	fd = open_pty(&p);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = i;
	write_all(p.master, sent, sizeof(sent));
	read_all(fd, got, sizeof(got));
	assert_memory_equal(got, sent, sizeof(sent));
	/* No echo comes before it. */
	write_all(fd, sent, sizeof(sent));
	read_all(p.master, got, sizeof(got));
	assert_memory_equal(got, sent, sizeof(sent));
	port_close(fd);
	unmake_pty(&p);
}

static void
a_port_without_latency_or_driver_goes_without(void **state)
{
	struct port_info info;
	struct pty p;

	(void)state;
	make_pty(&p);
	for (int low = 0; low <= 1; low++) {
		struct port_settings s = settings(p.name);
		int fd;

		s.low_latency = low;
		fd = find_and_open(&s, &info, &err);
		if (fd < 0)
			fail_msg("%s", err.text);
		assert_int_equal(info.latency, PORT_LATENCY_UNKNOWN);
		assert_string_equal(info.driver, "");
		port_close(fd);
	}
	unmake_pty(&p);
}

static void
the_port_is_raw_and_closing_it_drops_no_dtr(void **state)
{
	struct termios2 t;
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	t = settings_of(p.slave);
	assert_true(t.c_lflag & ICANON);
	t.c_cflag |= HUPCL;
	t.c_cc[VMIN] = 7;
	t.c_cc[VTIME] = 7;
	assert_return_code(ioctl(p.slave, TCSETS2, &t), errno);

	fd = open_pty(&p);
	t = settings_of(p.slave);
	assert_int_equal(t.c_iflag, IGNBRK | IGNPAR);
	assert_int_equal(t.c_oflag, 0);
	assert_int_equal(t.c_lflag, 0);
	assert_int_equal(t.c_cc[VMIN], 1);
	assert_int_equal(t.c_cc[VTIME], 0);
	assert_int_equal(t.c_cflag & CSIZE, CS8);
	assert_int_equal(t.c_cflag & (CREAD | CLOCAL), CREAD | CLOCAL);
	assert_int_equal(t.c_cflag & HUPCL, 0);
	port_close(fd);
	assert_int_equal(settings_of(p.slave).c_cflag & HUPCL, 0);
	unmake_pty(&p);
}

static void
the_descriptor_does_not_block_and_is_closed_on_exec(void **state)
{
	uint8_t byte;
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	fd = open_pty(&p);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(read(fd, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	port_close(fd);
	unmake_pty(&p);
}

static void
any_rate_is_set_and_read_back(void **state)
{
	static const uint32_t rates[] = { 50, 9600, 115200, 230400, 250000,
		921600, 1234567, 16000000 };
	struct port_settings s;
	struct port_info info;
	struct pty p;

	(void)state;
	make_pty(&p);
	s = settings(p.name);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct termios2 t;
		int fd;

		s.baud = rates[i];
		fd = find_and_open(&s, &info, &err);
		assert_true(fd >= 0);
		assert_int_equal(info.baud, rates[i]);
		t = settings_of(p.slave);
		assert_int_equal(t.c_ospeed, rates[i]);
		assert_int_equal(t.c_ispeed, rates[i]);
		port_close(fd);
	}
	unmake_pty(&p);
}

static void
stop_bits_and_flow_control_are_set_and_taken_back(void **state)
{
	struct port_settings s;
	struct port_info info;
	struct termios2 t;
	struct pty p;

	(void)state;
	make_pty(&p);
	s = settings(p.name);
	s.stop_bits = 2;
	s.flow = PORT_FLOW_RTSCTS;
	port_close(find_and_open(&s, &info, &err));
	t = settings_of(p.slave);
	assert_true(t.c_cflag & CSTOPB);
	assert_true(t.c_cflag & CRTSCTS);
	assert_true(info.rtscts);

	s.flow = PORT_FLOW_XONXOFF;
	port_close(find_and_open(&s, &info, &err));
	t = settings_of(p.slave);
	assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY), IXON | IXOFF);
	assert_false(t.c_cflag & CRTSCTS);
	assert_false(info.rtscts);

	s.flow = PORT_FLOW_NONE;
	s.stop_bits = 1;
	port_close(find_and_open(&s, &info, &err));
	t = settings_of(p.slave);
	assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY), 0);
	assert_false(t.c_cflag & CSTOPB);
	unmake_pty(&p);
}

/* A pty has none, whatever it is told. */
static void
parity_that_the_driver_does_not_keep_is_told(void **state)
{
	struct port_settings s;
	struct port_info info;
	struct pty p;

	(void)state;
	make_pty(&p);
	s = settings(p.name);
	s.parity = PORT_PARITY_EVEN;
	port_close(find_and_open(&s, &info, &err));
	assert_false(info.parity);
	assert_true(settings_of(p.slave).c_iflag & INPCK);
	unmake_pty(&p);
}

static void
a_character_has_the_bits_that_its_settings_ask_for(void **state)
{
	struct port_settings s = settings(NULL);

	(void)state;
	assert_int_equal(port_bits_per_char(&s), 10);
	s.parity = PORT_PARITY_ODD;
	assert_int_equal(port_bits_per_char(&s), 11);
	s.stop_bits = 2;
	assert_int_equal(port_bits_per_char(&s), 12);
}

static void
what_came_in_before_is_thrown_away(void **state)
{
	static const uint8_t before[] = "login: \n", after[] = "packet";
	uint8_t got[sizeof(after)];
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	write_all(p.master, before, sizeof(before));
	wait_for(p.slave, POLLIN);
	fd = open_pty(&p);
	write_all(p.master, after, sizeof(after));
	read_all(fd, got, sizeof(got));
	assert_memory_equal(got, after, sizeof(after));
	port_close(fd);
	unmake_pty(&p);
}

/* Until the line takes no more; the other end reads nothing. */
static size_t
fill(int fd)
{
	static const uint8_t bytes[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = write(fd, bytes, sizeof(bytes))) > 0)
		len += n;
	assert_int_equal(errno, EAGAIN);
	return len;
}

static size_t
drain(int fd)
{
	static uint8_t bytes[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		len += n;
	return len;
}

static void
closing_throws_away_what_was_not_sent_and_does_not_wait(void **state)
{
	int64_t before_ms;
	size_t len;
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	fd = open_pty(&p);
	len = fill(fd);
	before_ms = clock_ms();
	alarm(DEADLINE_MS / 1000);
	port_close(fd);
	alarm(0);
	assert_true(clock_ms() - before_ms < DEADLINE_MS / 2);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_true(drain(p.master) < len);
	unmake_pty(&p);
}

static void
a_pty_knows_of_nothing_unsent(void **state)
{
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	fd = open_pty(&p);
	fill(fd);
	assert_int_equal(port_unsent(fd), 0);
	port_close(fd);
	assert_int_equal(port_unsent(fd), 0);
	unmake_pty(&p);
}

static void
output_that_noise_has_stopped_can_be_resumed(void **state)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;
	const uint8_t xoff = CTRL_S;
	struct port_settings s;
	struct port_info info;
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	s = settings(p.name);
	s.flow = PORT_FLOW_XONXOFF;
	fd = find_and_open(&s, &info, &err);
	assert_true(fd >= 0);
	write_all(p.master, &xoff, 1);
	while (write(fd, "x", 1) == 1) {
		assert_true(clock_ms() < deadline_ms);
		drain(p.master);
	}
	assert_int_equal(errno, EAGAIN);
	port_resume_output(fd);
	assert_int_equal(write(fd, "x", 1), 1);
	port_close(fd);
	unmake_pty(&p);
}

static void
a_symlink_is_resolved_at_each_try(void **state)
{
	struct port_settings s;
	struct port_info info;
	struct pty p[2];
	char link[128];
	int fd;

	(void)state;
	strcpy(link, in_dir("by-id"));
	s = settings(link);
	assert_fails(link, ENOENT, link);
	for (int i = 0; i < 2; i++) {
		make_pty(&p[i]);
		assert_int_equal(symlink(p[i].name, in_dir("hop")), 0);
		assert_int_equal(symlink("hop", link), 0);
		fd = find_and_open(&s, &info, &err);
		assert_true(fd >= 0);
		assert_string_equal(info.node, p[i].name);
		assert_true(info.pty);
		port_close(fd);
		assert_int_equal(unlink(in_dir("hop")), 0);
		/* What it leads to is gone. */
		assert_fails(link, ENOENT, link);
		assert_int_equal(unlink(link), 0);
	}
	unmake_pty(&p[0]);
	unmake_pty(&p[1]);
}

static void
a_port_that_is_not_there_is_told_as_that(void **state)
{
	struct pty p;
	int fd;

	(void)state;
	assert_fails(in_dir("ttyUSB0"), ENOENT, "No such file");
	assert_fails(in_dir("no/ttyUSB0"), ENOENT, "No such file");
	assert_fails("/dev/null/ttyUSB0", ENOTDIR, "Not a directory");
	make_pty(&p);
	fd = open_pty(&p);
	close(p.master);
	assert_fails(p.name, ENOENT, "No such file");
	port_close(fd);
	close(p.slave);
}

static void
what_is_no_serial_port_is_refused(void **state)
{
	unsigned before = open_descriptors();
	char path[128];

	(void)state;
	assert_fails(dir, ENOTTY, "not a serial port");
	assert_fails("/proc/self/mounts", ENOTTY, "not a serial port");
	assert_fails("/dev/null", ENOTTY, "not a serial port");
	assert_fails("/dev/zero", ENOTTY, "not a serial port");
	strcpy(path, in_dir("fifo"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_fails(path, ENOTTY, "not a serial port");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("loop", in_dir("loop")), 0);
	assert_fails(in_dir("loop"), ELOOP, "loop");
	assert_int_equal(unlink(in_dir("loop")), 0);
	assert_int_equal(open_descriptors(), before);
}

static void
be_refused(const void *arg)
{
	const struct pty *p = arg;
	char name[sizeof(p->name)];
	struct port_settings s = settings(name);
	struct port_info info;

	strcpy(name, p->name);
	if (geteuid() == 0)
		CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
	CHILD_CHECK(find_and_open(&s, &info, &child->err) < 0);
	CHILD_CHECK(child->err.code == EACCES);
	CHILD_CHECK(strstr(child->err.text, p->name));
}

static void
a_port_of_somebody_else_is_no_absent_one(void **state)
{
	struct pty p;

	(void)state;
	make_pty(&p);
	assert_int_equal(chmod(p.name, 0), 0);
	child_assert_passed(child_run(be_refused, &p));
	unmake_pty(&p);
}

/* Another has its name by now, or nothing has. */
static void
a_port_that_goes_between_finding_and_opening_is_absent(void **state)
{
	struct port_settings s;
	struct port_info info;
	unsigned before = open_descriptors();
	struct pty p;

	(void)state;
	make_pty(&p);
	s = settings(p.name);
	assert_int_equal(port_find(&s, &info, &err), 0);
	info.rdev++;
	assert_int_equal(port_open(&s, &info, &err), -1);
	assert_int_equal(err.code, ENODEV);
	assert_non_null(strstr(err.text, "took its place"));
	assert_int_equal(port_find(&s, &info, &err), 0);
	unmake_pty(&p);
	assert_int_equal(port_open(&s, &info, &err), -1);
	assert_true(err.code == ENOENT || err.code == ENXIO ||
	    err.code == ENODEV || err.code == EIO);
	assert_int_equal(open_descriptors(), before);
}

static void
a_port_without_control_lines_is_opened_all_the_same(void **state)
{
	struct port_settings s;
	struct port_info info;
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	s = settings(p.name);
	fd = find_and_open(&s, &info, &err);
	assert_true(fd >= 0);
	assert_false(info.no_lines);
	port_close(fd);
	s.dtr = PORT_LINE_OFF;
	s.rts = PORT_LINE_PULSE;
	fd = find_and_open(&s, &info, &err);
	assert_true(fd >= 0);
	assert_true(info.no_lines);
	port_close(fd);
	unmake_pty(&p);
}

struct holding {
	char *device;
	int told, wait; /* pipes: it holds; it may end */
};

static void
hold(const void *arg)
{
	const struct holding *h = arg;
	struct port_settings s = settings(h->device);
	struct port_info info;
	char byte = 0;

	CHILD_CHECK(find_and_open(&s, &info, &child->err) >= 0);
	CHILD_CHECK(write(h->told, &byte, 1) == 1);
	CHILD_CHECK(read(h->wait, &byte, 1) == 1);
}

static void
a_port_that_is_in_use_is_left_alone_and_its_holder_named(void **state)
{
	int told[2], wait[2];
	struct holding h;
	struct port_settings s;
	struct port_info info;
	struct pty p;
	char want[160] = "", byte;
	unsigned before;
	pid_t pid;

	(void)state;
	make_pty(&p);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	assert_int_equal(pipe2(wait, O_CLOEXEC), 0);
	h = (struct holding){ p.name, told[1], wait[0] };
	pid = child_start(hold, &h);
	close(told[1]);
	if (read(told[0], &byte, 1) != 1)
		child_assert_passed(child_wait(pid));

	before = open_descriptors();
	s = settings(p.name);
	s.baud = 9600;
	assert_int_equal(find_and_open(&s, &info, &err), -1);
	assert_int_equal(err.code, EBUSY);
	snprintf(want, sizeof(want), "port %s is in use by ", p.name);
	assert_int_equal(prctl(PR_GET_NAME, want + strlen(want)), 0);
	snprintf(want + strlen(want), 24, " (pid %d)", (int)pid);
	assert_string_equal(err.text, want);
	assert_int_equal(settings_of(p.slave).c_ospeed, 115200);
	assert_int_equal(open_descriptors(), before);

	assert_int_equal(write(wait[1], "", 1), 1);
	child_assert_passed(child_wait(pid));
	port_close(open_pty(&p));
	close(told[0]);
	close(wait[0]);
	close(wait[1]);
	unmake_pty(&p);
}

static void
one_process_does_not_open_a_port_twice(void **state)
{
	struct port_settings s;
	struct port_info info;
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	s = settings(p.name);
	fd = open_pty(&p);
	assert_int_equal(find_and_open(&s, &info, &err), -1);
	assert_int_equal(err.code, EBUSY);
	port_close(fd);
	fd = open_pty(&p);
	port_close(fd);
	unmake_pty(&p);
}

static void
a_pty_is_not_marked_as_exclusive(void **state)
{
	int exclusive = 1;
	struct pty p;
	int fd;

	(void)state;
	make_pty(&p);
	fd = open_pty(&p);
	assert_return_code(ioctl(fd, TIOCGEXCL, &exclusive), errno);
	assert_int_equal(exclusive, 0);
	port_close(fd);
	unmake_pty(&p);
}

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_port.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_passes_unchanged_both_ways),
		cmocka_unit_test(the_port_is_raw_and_closing_it_drops_no_dtr),
		cmocka_unit_test(
		    the_descriptor_does_not_block_and_is_closed_on_exec),
		cmocka_unit_test(any_rate_is_set_and_read_back),
		cmocka_unit_test(
		    stop_bits_and_flow_control_are_set_and_taken_back),
		cmocka_unit_test(parity_that_the_driver_does_not_keep_is_told),
		cmocka_unit_test(
		    a_character_has_the_bits_that_its_settings_ask_for),
		cmocka_unit_test(what_came_in_before_is_thrown_away),
		cmocka_unit_test(
		    closing_throws_away_what_was_not_sent_and_does_not_wait),
		cmocka_unit_test(a_pty_knows_of_nothing_unsent),
		cmocka_unit_test(output_that_noise_has_stopped_can_be_resumed),
		cmocka_unit_test(a_symlink_is_resolved_at_each_try),
		cmocka_unit_test(a_port_that_is_not_there_is_told_as_that),
		cmocka_unit_test(a_port_without_latency_or_driver_goes_without),
		cmocka_unit_test(what_is_no_serial_port_is_refused),
		cmocka_unit_test(a_port_of_somebody_else_is_no_absent_one),
		cmocka_unit_test(
		    a_port_that_goes_between_finding_and_opening_is_absent),
		cmocka_unit_test(
		    a_port_without_control_lines_is_opened_all_the_same),
		cmocka_unit_test(
		    a_port_that_is_in_use_is_left_alone_and_its_holder_named),
		cmocka_unit_test(one_process_does_not_open_a_port_twice),
		cmocka_unit_test(a_pty_is_not_marked_as_exclusive),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "child.h"
#include "os/sandbox.h"

#ifdef HAVE_SECCOMP

#define NOBODY 65534
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
enter(void)
{
	CHILD_CHECK(sandbox_drop(NOBODY, NOBODY, &child->err) == 0);
	CHILD_CHECK(sandbox_filter(&child->trapped, &child->err) == 0);
}

static void
open_pty(int *master, int *slave)
{
	struct termios raw;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	CHILD_CHECK(*master >= 0);
	CHILD_CHECK(unlockpt(*master) == 0);
	*slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
	CHILD_CHECK(*slave >= 0);
	CHILD_CHECK(tcgetattr(*slave, &raw) == 0);
	cfmakeraw(&raw);
	CHILD_CHECK(tcsetattr(*slave, TCSANOW, &raw) == 0);
}

static void
pass_bytes(int from, int to)
{
	char buf[8] = "";

	CHILD_CHECK(write(from, "hello", 5) == 5);
	CHILD_CHECK(read(to, buf, sizeof(buf)) == 5);
	CHILD_CHECK(memcmp(buf, "hello", 5) == 0);
}

static void
move_bytes(const void *arg)
{
	int pipes[2], pair[2], master, slave;

	(void)arg;
	CHILD_CHECK(pipe(pipes) == 0);
	CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	open_pty(&master, &slave);
	enter();
	pass_bytes(pipes[1], pipes[0]);
	pass_bytes(pair[0], pair[1]);
	pass_bytes(pair[1], pair[0]);
	pass_bytes(master, slave);
	pass_bytes(slave, master);
	CHILD_CHECK(close(slave) == 0);
	CHILD_CHECK(close(pair[0]) == 0);
	CHILD_CHECK(read(pair[1], &slave, 1) == 0);
}

static void
reads_writes_and_closes(void **state)
{
	(void)state;
	child_assert_passed(child_run(move_bytes, NULL));
}

static void
move_packets(const void *arg)
{
	static const uint8_t packet[20] = { 0x45, 0, 0, 20, [8] = 1, [12] = 10,
		0, 0, 2, 10, 0, 0, 1 };
	struct ifreq ifr = { .ifr_name = "sr%d",
		.ifr_flags = IFF_TUN | IFF_NO_PI };
	struct pollfd p = { .events = POLLIN };
	struct timespec ten_seconds = { .tv_sec = 10 };
	uint8_t buf[2048];
	int s;

	(void)arg;
	CHILD_CHECK(unshare(CLONE_NEWNET) == 0);
	p.fd = open("/dev/net/tun", O_RDWR);
	CHILD_CHECK(p.fd >= 0);
	CHILD_CHECK(ioctl(p.fd, TUNSETIFF, &ifr) == 0);
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ifr.ifr_flags = IFF_UP;
	CHILD_CHECK(ioctl(s, SIOCSIFFLAGS, &ifr) == 0);
	enter();
	CHILD_CHECK(write(p.fd, packet, sizeof(packet)) == sizeof(packet));
	/* The kernel solicits a router. */
	CHILD_CHECK(ppoll(&p, 1, &ten_seconds, NULL) == 1);
	CHILD_CHECK(read(p.fd, buf, sizeof(buf)) > 0);
}

static void
serves_a_tun(void **state)
{
	(void)state;
	child_need_root();
	if (access("/dev/net/tun", F_OK) < 0)
		skip();
	child_assert_passed(child_run(move_packets, NULL));
}

static void
wait_a_little(const void *arg)
{
	struct timespec wait = { .tv_nsec = 20 * CLOCK_NS_PER_MS };
	struct timespec now;
	struct pollfd p = { .events = POLLIN };
	int64_t before_ns;
	int fds[2];

	(void)arg;
	CHILD_CHECK(pipe(fds) == 0);
	p.fd = fds[0];
	enter();
	before_ns = clock_ns();
	CHILD_CHECK(ppoll(&p, 1, &wait, NULL) == 0);
	CHILD_CHECK(clock_ns() - before_ns >= 20 * CLOCK_NS_PER_MS);
	/* Not by way of the vDSO. */
	CHILD_CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
	CHILD_CHECK(write(fds[1], "x", 1) == 1);
	CHILD_CHECK(ppoll(&p, 1, NULL, NULL) == 1);
}

static void
waits_and_reads_the_clock(void **state)
{
	(void)state;
	child_assert_passed(child_run(wait_a_little, NULL));
}

static void
use_ioctls(const void *arg)
{
	int master, slave, n = -1;
	struct serial_icounter_struct counts;

	(void)arg;
	open_pty(&master, &slave);
	enter();
	CHILD_CHECK(ioctl(slave, TIOCOUTQ, &n) == 0);
	/* A pty has none; the filter would have ended this. */
	CHILD_CHECK(ioctl(slave, TIOCGICOUNT, &counts) < 0);
	CHILD_CHECK(n == 0);
	CHILD_CHECK(ioctl(slave, TIOCNXCL) == 0);
	CHILD_CHECK(tcflush(slave, TCIOFLUSH) == 0);
	CHILD_CHECK(tcflow(slave, TCOOFF) == 0);
	CHILD_CHECK(tcflow(slave, TCOON) == 0);
	pass_bytes(slave, master);
}

static void
makes_the_named_ioctls(void **state)
{
	(void)state;
	child_assert_passed(child_run(use_ioctls, NULL));
}

static void
make_texts(const void *arg)
{
	char buf[64];
	struct error err;

	(void)arg;
	enter();
	snprintf(buf, sizeof(buf), "%s %d %.1f", "abc", -5, 0.5);
	CHILD_CHECK(strcmp(buf, "abc -5 0.5") == 0);
	CHILD_CHECK(strcmp(strerror(ENOENT), "No such file or directory") == 0);
	errno = EIO;
	CHILD_CHECK(error_errno(&err, "write %s", "ttyX") == -1);
	CHILD_CHECK(error_prefix(&err, "uno0") == -1);
	CHILD_CHECK(
	    strcmp(err.text, "uno0: write ttyX: Input/output error") == 0);
}

static void
makes_texts_of_errors(void **state)
{
	(void)state;
	child_assert_passed(child_run(make_texts, NULL));
}

static void
exit_one_way(const void *arg)
{
	enter();
	syscall(*(const long *)arg, 7);
}

static void
exits_both_ways(void **state)
{
	static const long ways[] = { SYS_exit, SYS_exit_group };

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		int status = child_run(exit_one_way, &ways[i]);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 7);
	}
}

struct talk {
	int up[2], down[2];
	struct timespec wait;
	int events; /* what ppoll is to return */
};

static volatile sig_atomic_t signals;

static void
count_signal(int sig)
{
	(void)sig;
	signals++;
}

/* Says that it waits, and goes on when there is a byte, or after wait. */
static void
wait_for_byte(const void *arg)
{
	const struct talk *talk = arg;
	struct pollfd p = { .fd = talk->down[0], .events = POLLIN };
	struct sigaction action = { .sa_handler = count_signal };
	char byte;

	CHILD_CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	enter();
	CHILD_CHECK(write(talk->up[1], "w", 1) == 1);
	while (ppoll(&p, 1, &talk->wait, NULL) != talk->events) {
		CHILD_CHECK(errno == EINTR && signals > 0);
		signals--;
		CHILD_CHECK(write(talk->up[1], "s", 1) == 1);
	}
	if (talk->events == 1)
		CHILD_CHECK(read(p.fd, &byte, 1) == 1);
}

static pid_t
start_talk(struct talk *talk)
{
	char byte;
	pid_t pid;

	assert_return_code(pipe(talk->up), errno);
	assert_return_code(pipe(talk->down), errno);
	pid = child_start(wait_for_byte, talk);
	/* So that a dead child is an end of file. */
	close(talk->up[1]);
	assert_int_equal(read(talk->up[0], &byte, 1), 1);
	return pid;
}

static void
end_talk(struct talk *talk)
{
	close(talk->up[0]);
	close(talk->down[0]);
	close(talk->down[1]);
}

static char
process_state(pid_t pid)
{
	char path[64], text[256] = "", *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	after = strrchr(text, ')');
	assert_non_null(after);
	return after[2];
}

static void
await_sleep(pid_t pid)
{
	int64_t deadline_ms = clock_ms() + 10000;

	while (process_state(pid) != 'S')
		assert_true(clock_ms() < deadline_ms);
}

static void
stop_and_continue(pid_t pid)
{
	int status;

	await_sleep(pid);
	assert_return_code(kill(pid, SIGSTOP), errno);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_return_code(kill(pid, SIGCONT), errno);
	assert_int_equal(waitpid(pid, &status, WCONTINUED), pid);
	assert_true(WIFCONTINUED(status));
}

static void
goes_on_after_a_stop(void **state)
{
	struct talk talk = { .wait = { .tv_sec = 15 }, .events = 1 };
	pid_t pid = start_talk(&talk);

	(void)state;
	for (int i = 0; i < 20; i++)
		stop_and_continue(pid);
	assert_int_equal(write(talk.down[1], "x", 1), 1);
	child_assert_passed(child_wait(pid));
	end_talk(&talk);
}

static void
times_out_after_a_stop(void **state)
{
	struct talk talk = { .wait = { .tv_sec = 1 }, .events = 0 };
	pid_t pid = start_talk(&talk);

	(void)state;
	stop_and_continue(pid);
	child_assert_passed(child_wait(pid));
	end_talk(&talk);
}

static void
returns_from_a_signal_handler(void **state)
{
	struct talk talk = { .wait = { .tv_sec = 15 }, .events = 1 };
	pid_t pid = start_talk(&talk);
	char byte = 0;

	(void)state;
	await_sleep(pid);
	assert_return_code(kill(pid, SIGUSR1), errno);
	assert_int_equal(read(talk.up[0], &byte, 1), 1);
	assert_int_equal(byte, 's');
	assert_int_equal(write(talk.down[1], "x", 1), 1);
	child_assert_passed(child_wait(pid));
	end_talk(&talk);
}

/* What is refused. */

struct call {
	const char *name;
	long number;
	long args[6];
	bool wide; /* let pass by a build with a sanitizer */
};

#define CALL(call) .name = #call, .number = SYS_##call

static void
make_call(const void *arg)
{
	const struct call *c = arg;

	enter();
	syscall(c->number, c->args[0], c->args[1], c->args[2], c->args[3],
	    c->args[4], c->args[5]);
}

static bool
refused(const struct call *c)
{
	int status = child_run(make_call, c);
	char name[64];

	if (status == SANDBOX_EXIT_TRAPPED << 8 &&
	    child->trapped == c->number &&
	    strcmp(sandbox_call_name(child->trapped, name, sizeof(name)),
		c->name) == 0)
		return true;
	print_error("%s (%ld) %#lx: status %#x, trapped %d, %s\n", c->name,
	    c->number, (unsigned long)c->args[1], (unsigned)status,
	    (int)child->trapped, child->failed);
	return false;
}

static size_t
count_passed(const struct call *calls, size_t n)
{
	size_t passed = 0;

	for (size_t i = 0; i < n; i++)
		if (!(SANDBOX_SANITIZER && calls[i].wide))
			passed += !refused(&calls[i]);
	return passed;
}

static void
refuses_other_calls_by_name(void **state)
{
	const long self = getpid();
	const long file = (long)"/etc/passwd";
	const struct call calls[] = {
#ifdef SYS_open
		{ CALL(open), { file, O_RDONLY }, .wide = true },
		{ CALL(open), { file, O_RDWR } },
		{ CALL(open), { file, O_CREAT } },
		{ CALL(fork), { 0 }, .wide = true },
		{ CALL(vfork), { 0 } },
		{ CALL(poll), { 0 } },
		{ CALL(dup2), { 0, 1 } },
#endif
		{ CALL(openat), { AT_FDCWD, file, O_RDONLY }, .wide = true },
		{ CALL(openat), { AT_FDCWD, file, O_RDWR } },
		{ CALL(socket), { AF_INET, SOCK_STREAM } },
		{ CALL(socketpair), { AF_UNIX, SOCK_STREAM } },
		{ CALL(connect), { 0 } },
		{ CALL(sendmsg), { 1 } },
		{ CALL(recvmsg), { 0 } },
		{ CALL(sendto), { 1 } },
		{ CALL(execve), { (long)"/bin/true" } },
		{ CALL(execveat), { AT_FDCWD, (long)"/bin/true" } },
		{ CALL(kill), { self, 0 } },
		{ CALL(tkill), { self, 0 } },
		{ CALL(tgkill), { self, self, 0 } },
		{ CALL(ptrace), { 0 } },
		{ CALL(process_vm_readv), { self } },
		{ CALL(mmap),
		    { 0, 4096, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
		{ CALL(mmap),
		    { 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1 },
		    .wide = true },
		{ CALL(mprotect), { 0, 4096, PROT_EXEC } },
		{ CALL(brk), { 0 } },
		{ CALL(clone), { SIGCHLD } },
		{ CALL(clone3), { 0 } },
		{ CALL(unshare), { CLONE_NEWUSER } },
		{ CALL(setuid), { 0 } },
		{ CALL(setresuid), { 0, 0, 0 } },
		{ CALL(capset), { 0 } },
		{ CALL(prctl), { 0 } },
		{ CALL(seccomp), { 0 } },
		{ CALL(setrlimit), { 0 } },
		{ CALL(rt_sigaction), { SIGSYS } },
		{ CALL(rt_sigprocmask), { 0 } },
		{ CALL(dup), { 0 } },
		{ CALL(dup3), { 0, 1 } },
		{ CALL(fcntl), { 0, F_SETFL, O_NONBLOCK } },
		{ CALL(fcntl), { 0, F_DUPFD, 0 } },
		{ CALL(unlinkat), { AT_FDCWD, file } },
		{ CALL(mount), { 0 } },
		{ CALL(bpf), { 0 } },
		{ CALL(userfaultfd), { 0 } },
		{ CALL(io_uring_setup), { 1 } },
		{ CALL(nanosleep), { 0 } },
		{ CALL(readv), { 0 } },
		{ CALL(writev), { 1 } },
	};

	(void)state;
	assert_int_equal(count_passed(calls, COUNT(calls)), 0);
}

static void
refuses_other_ioctls(void **state)
{
	static const unsigned long requests[] = {
		TIOCSTI,
		TCSETS,
		TIOCEXCL,
		TUNSETIFF,
		TUNSETPERSIST,
		TIOCSETD,
		TIOCSCTTY,
		TIOCMSET,
		TCSBRK,
		FIONBIO,
		SIOCSIFFLAGS,
		0,
#if ULONG_MAX > UINT32_MAX
		/* The kernel takes the low half of each. */
		~(unsigned long)UINT32_MAX | TIOCSTI,
		(unsigned long)TIOCOUTQ << 32 | TIOCSTI,
		(unsigned long)TIOCOUTQ << 32,
#endif
	};
	size_t passed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		const struct call c = { CALL(ioctl), { 0, (long)requests[i] } };

		passed += !refused(&c);
	}
	assert_int_equal(passed, 0);
}

#if !SANDBOX_SANITIZER
/* uretprobe and uprobe: newer kernels ask no filter, and themselves kill or
 * refuse who does not come from their trampoline. */
static bool
kernels_own(long number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	(void)number;
	return false;
#endif
}

/* Whatever number: most of them have no name in the other test. */
static void
refuses_every_other_number(void **state)
{
	static const long allowed[] = {
		SYS_read,
		SYS_write,
		SYS_close,
		SYS_ppoll,
		SYS_clock_gettime,
		SYS_rt_sigreturn,
		SYS_exit,
		SYS_exit_group,
#ifdef SYS_ppoll_time64
		SYS_ppoll_time64,
		SYS_clock_gettime64,
#endif
#ifdef SYS_sigreturn
		SYS_sigreturn,
#endif
	};
	struct call c = { 0 };

	(void)state;
	for (c.number = 0; c.number < 600; c.number++) {
		bool wanted = false;
		int status;

		for (size_t i = 0; i < COUNT(allowed); i++)
			wanted |= c.number == allowed[i];
		if (wanted)
			continue;
		status = child_run(make_call, &c);
		if (kernels_own(c.number) && (status == 0 || status == SIGILL))
			continue;
		assert_int_equal(status, SANDBOX_EXIT_TRAPPED << 8);
		assert_int_equal(child->trapped, c.number);
	}
}

#endif

static void
block_and_call(const void *arg)
{
	sigset_t all;

	sigfillset(&all);
	CHILD_CHECK(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
	make_call(arg);
}

static void
tells_the_call_with_all_signals_blocked(void **state)
{
	const struct call c = { CALL(socket), { AF_INET, SOCK_STREAM } };

	(void)state;
	assert_int_equal(
	    child_run(block_and_call, &c), SANDBOX_EXIT_TRAPPED << 8);
	assert_int_equal(child->trapped, SYS_socket);
}

#ifdef __x86_64__
static void
call_as_i386(const void *arg)
{
	const long *number = arg;
	long result;

	if (number[1])
		enter();
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number[0]), "b"(-1L), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
}

static void
refuses_the_calls_of_i386(void **state)
{
	/* exit, read, write, getpid there; 1, 3 and 231 are allowed here. */
	static const long numbers[][2] = { { 1, 1 }, { 3, 1 }, { 4, 1 },
		{ 20, 1 }, { 231, 1 } };
	static const long unfiltered[2] = { 20, 0 };

	(void)state;
	if (child_run(call_as_i386, unfiltered) != 0)
		skip(); /* the kernel has none */
	for (size_t i = 0; i < COUNT(numbers); i++) {
		int status = child_run(call_as_i386, numbers[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void
refuses_the_calls_of_x32(void **state)
{
	static const long numbers[] = { SYS_read, SYS_write, SYS_getpid,
		SYS_ppoll, 512, 514 };

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct call c = { .number = 0x40000000 | numbers[i] };
		int status = child_run(make_call, &c);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}
#endif

#if SANDBOX_SANITIZER
static void
read_out_of_bounds(const void *arg)
{
	const int *fds = arg;
	volatile char *p = malloc(8);
	volatile size_t i = 8;

	CHILD_CHECK(p && dup2(fds[1], 2) == 2);
	enter();
	CHILD_CHECK(p[i] == 'x');
}

static void
lets_the_sanitizer_report(void **state)
{
	char text[4096] = "";
	int fds[2];

	(void)state;
	assert_return_code(pipe(fds), errno);
	assert_int_not_equal(child_run(read_out_of_bounds, fds), 0);
	assert_int_equal(child->trapped, -1);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_non_null(strcasestr(text, "error: "));
	close(fds[0]);
	close(fds[1]);
}
#endif

static void
says_what_it_is(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(sandbox_kind(),
	    SANDBOX_SANITIZER ? "seccomp (with a sanitizer's calls)"
			      : "seccomp");
	assert_string_equal(sandbox_call_name(9999, buf, sizeof(buf)), "9999");
	assert_string_equal(sandbox_call_name(SYS_socket, buf, 4), "soc");
}

#else

static void
does_nothing(void **state)
{
	char buf[16];

	(void)state;
	assert_int_equal(sandbox_filter(NULL, NULL), 0);
	assert_string_equal(sandbox_kind(), "no seccomp");
	assert_string_equal(sandbox_call_name(41, buf, sizeof(buf)), "41");
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_SECCOMP
		cmocka_unit_test(reads_writes_and_closes),
		cmocka_unit_test(serves_a_tun),
		cmocka_unit_test(waits_and_reads_the_clock),
		cmocka_unit_test(makes_the_named_ioctls),
		cmocka_unit_test(makes_texts_of_errors),
		cmocka_unit_test(exits_both_ways),
		cmocka_unit_test(goes_on_after_a_stop),
		cmocka_unit_test(times_out_after_a_stop),
		cmocka_unit_test(returns_from_a_signal_handler),
		cmocka_unit_test(refuses_other_calls_by_name),
		cmocka_unit_test(refuses_other_ioctls),
#if !SANDBOX_SANITIZER
		cmocka_unit_test(refuses_every_other_number),
#endif
		cmocka_unit_test(tells_the_call_with_all_signals_blocked),
#ifdef __x86_64__
		cmocka_unit_test(refuses_the_calls_of_i386),
		cmocka_unit_test(refuses_the_calls_of_x32),
#endif
#if SANDBOX_SANITIZER
		cmocka_unit_test(lets_the_sanitizer_report),
#endif
		cmocka_unit_test(says_what_it_is),
#else
		cmocka_unit_test(does_nothing),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

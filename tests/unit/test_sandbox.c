#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
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
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "os/sandbox.h"

#define USER 65534
#define GROUP 65533
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Descriptors. */

static const int kept[] = { 100, -1, 3, 57, 3, 58, 0 };

static void
open_many(void)
{
	int fd = open("/dev/null", O_RDWR);

	for (int i = 0; i < 150; i++)
		CHILD_CHECK(dup2(fd, i) == i || i == 2);
	CHILD_CHECK(dup2(fd, 777) == 777);
}

static bool
is_kept(int fd)
{
	for (size_t i = 0; i < COUNT(kept); i++)
		if (kept[i] == fd)
			return true;
	return SANDBOX_SANITIZER && fd == 2;
}

static void
check_kept(void)
{
	for (int fd = 0; fd < 1024; fd++)
		CHILD_CHECK((fcntl(fd, F_GETFD) >= 0) == is_kept(fd));
}

static void
close_all_but_kept(const void *arg)
{
	(void)arg;
	open_many();
	CHILD_CHECK(sandbox_close_others(kept, COUNT(kept), &child->err) == 0);
	check_kept();
}

static void
keeps_exactly_what_is_named(void **state)
{
	(void)state;
	child_assert_passed(child_run(close_all_but_kept, NULL));
}

static void
close_all(const void *arg)
{
	(void)arg;
	open_many();
	CHILD_CHECK(sandbox_close_others(NULL, 0, &child->err) == 0);
	for (int fd = 0; fd < 1024; fd++)
		CHILD_CHECK((fcntl(fd, F_GETFD) >= 0) ==
		    (SANDBOX_SANITIZER && fd == 2));
}

static void
keeps_nothing_where_nothing_is_named(void **state)
{
	(void)state;
	child_assert_passed(child_run(close_all, NULL));
}

/* Gives this process a kernel that has no such call. */
static void
take_away(unsigned call)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(filter), filter };

	CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
	errno = 0;
	CHILD_CHECK(syscall(call, 900, 900, 0) < 0 && errno == ENOSYS);
}

static void
close_without_close_range(const void *arg)
{
	open_many();
	take_away(SYS_close_range);
	close_all_but_kept(arg);
}

static void
closes_on_an_old_kernel(void **state)
{
	(void)state;
	child_assert_passed(child_run(close_without_close_range, NULL));
}

/* User, capabilities, resources. */

static void
drop(void)
{
	CHILD_CHECK(sandbox_drop(USER, GROUP, &child->err) == 0);
}

/* Whether a line of /proc/self/status is as asked. */
static bool
status_says(const char *key, const char *value)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	size_t len = strlen(key);
	bool same = false;

	CHILD_CHECK(f);
	while (!same && fgets(line, sizeof(line), f))
		same = strncmp(line, key, len) == 0 && line[len] == ':' &&
		    strcmp(line + len + 1 + strspn(line + len + 1, " \t"),
			value) == 0;
	fclose(f);
	return same;
}

static void
check_capabilities(bool bounding_too)
{
	CHILD_CHECK(status_says("CapInh", "0000000000000000\n"));
	CHILD_CHECK(status_says("CapPrm", "0000000000000000\n"));
	CHILD_CHECK(status_says("CapEff", "0000000000000000\n"));
	CHILD_CHECK(status_says("CapAmb", "0000000000000000\n"));
	CHILD_CHECK(
	    status_says("CapBnd", "0000000000000000\n") || !bounding_too);
	CHILD_CHECK(status_says("NoNewPrivs", "1\n"));
}

static void
check_ids(const void *arg)
{
	static const gid_t groups[] = { 0, 4, 20 };
	/* A container's root may be without, and keeps its bounding set. */
	bool setpcap = prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) == 1;

	(void)arg;
	CHILD_CHECK(setgroups(COUNT(groups), groups) == 0);
	drop();
	CHILD_CHECK(status_says("Uid", "65534\t65534\t65534\t65534\n"));
	CHILD_CHECK(status_says("Gid", "65533\t65533\t65533\t65533\n"));
	CHILD_CHECK(getgroups(0, NULL) == 0);
	check_capabilities(setpcap);
}

static void
becomes_user_and_group(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(check_ids, NULL));
}

/* As in some containers. */
static bool
low_ports_are_free(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	int first = 0;

	if (!f || fscanf(f, "%d", &first) != 1)
		first = 0;
	if (f)
		fclose(f);
	return first <= 1;
}

static int
bind_low_port(void)
{
	const struct sockaddr_in low = {
		.sin_family = AF_INET,
		.sin_port = htons(1),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHILD_CHECK(fd >= 0);
	return bind(fd, (const struct sockaddr *)&low, sizeof(low));
}

static void
try_to_regain(const void *path)
{
	const gid_t root = 0;

	drop();
	CHILD_CHECK(setuid(0) < 0 && errno == EPERM);
	CHILD_CHECK(setresuid(-1, 0, -1) < 0 && errno == EPERM);
	CHILD_CHECK(setgid(0) < 0 && errno == EPERM);
	CHILD_CHECK(setgroups(1, &root) < 0 && errno == EPERM);
	CHILD_CHECK(open(path, O_RDONLY) < 0 && errno == EACCES);
	CHILD_CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
	CHILD_CHECK(chroot("/") < 0 && errno == EPERM);
	CHILD_CHECK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN,
			0, 0) < 0);
	CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0);
	CHILD_CHECK(low_ports_are_free() || bind_low_port() < 0);
}

static void
cannot_be_root_again(void **state)
{
	char path[] = "/tmp/test_sandbox.XXXXXX";
	int fd, status;

	(void)state;
	child_need_root();
	fd = mkstemp(path);
	assert_true(fd >= 0);
	status = child_run(try_to_regain, path);
	close(fd);
	unlink(path);
	child_assert_passed(status);
}

static void
raise_limits(void)
{
	static const int resources[] = { RLIMIT_NPROC, RLIMIT_CORE,
		RLIMIT_NOFILE };
	struct rlimit limit;

	for (size_t i = 0; i < COUNT(resources); i++) {
		CHILD_CHECK(getrlimit(resources[i], &limit) == 0);
		CHILD_CHECK(limit.rlim_max <= 16);
		CHILD_CHECK(limit.rlim_cur == limit.rlim_max);
		limit.rlim_max++;
		CHILD_CHECK(setrlimit(resources[i], &limit) < 0);
	}
}

static void
write_to_file(int fd)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	CHILD_CHECK(sigaction(SIGXFSZ, &ignore, NULL) == 0);
	CHILD_CHECK(write(fd, "x", 1) < 0 && errno == EFBIG);
}

static void
try_to_make(const void *arg)
{
	FILE *file = tmpfile();
	pid_t pid;
	int fd, highest = -1;

	(void)arg;
	CHILD_CHECK(file);
	drop();
	CHILD_CHECK(umask(0) == 077);
	CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
	raise_limits();
	if (!SANDBOX_SANITIZER)
		write_to_file(fileno(file));
	while ((fd = dup(0)) >= 0)
		highest = fd;
	CHILD_CHECK(errno == EMFILE && highest < 16);
	pid = fork();
	if (pid == 0)
		_exit(0);
	CHILD_CHECK(pid < 0 && errno == EAGAIN);
}

static void
cannot_make_files_or_processes(void **state)
{
	(void)state;
	child_assert_passed(child_run(try_to_make, NULL));
}

static void
pass_byte(int from, int to)
{
	struct pollfd p[3] = { { .fd = to, .events = POLLIN }, { .fd = from },
		{ .fd = -1 } };
	char byte = 0;

	CHILD_CHECK(write(from, "x", 1) == 1);
	CHILD_CHECK(ppoll(p, 3, NULL, NULL) == 1);
	CHILD_CHECK(read(to, &byte, 1) == 1 && byte == 'x');
}

/* A limit of file sizes is none of these, a limit of descriptors is for new
 * ones. */
static void
use_old_descriptors(const void *arg)
{
	int pipes[2], pair[2], master, slave;

	(void)arg;
	CHILD_CHECK(pipe(pipes) == 0);
	CHILD_CHECK(dup2(pipes[0], 200) == 200 && dup2(pipes[1], 201) == 201);
	CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	CHILD_CHECK(unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	drop();
	pass_byte(201, 200);
	pass_byte(pair[0], pair[1]);
	pass_byte(slave, master);
}

static void
leaves_old_descriptors_working(void **state)
{
	(void)state;
	child_assert_passed(child_run(use_old_descriptors, NULL));
}

static void
drop_as_nobody(const void *arg)
{
	uid_t uid;

	(void)arg;
	if (geteuid() == 0) {
		CHILD_CHECK(setresgid(GROUP, GROUP, GROUP) == 0);
		CHILD_CHECK(setresuid(USER, USER, USER) == 0);
	}
	uid = getuid();
	CHILD_CHECK(sandbox_drop(1, 1, &child->err) == 0);
	CHILD_CHECK(getuid() == uid && geteuid() == uid);
	check_capabilities(false);
	CHILD_CHECK(fork() < 0);
}

static void
drops_without_being_root(void **state)
{
	(void)state;
	child_assert_passed(child_run(drop_as_nobody, NULL));
}

/* As a service manager starts a daemon that is not root. */
static void
drop_ambient(const void *arg)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3,
		0 };
	const uint32_t bit = 1U << CAP_NET_ADMIN;
	const struct __user_cap_data_struct data[2] = { { bit, bit, bit } };

	(void)arg;
	CHILD_CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(setresuid(USER, USER, USER) == 0);
	CHILD_CHECK(syscall(SYS_capset, &header, data) == 0);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN,
			0, 0) == 0);
	CHILD_CHECK(status_says("CapAmb", "0000000000001000\n"));
	drop();
	check_capabilities(false);
}

static void
drops_ambient_capabilities(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(drop_ambient, NULL));
}

static void
stay_root(const void *arg)
{
	(void)arg;
	CHILD_CHECK(sandbox_drop(-1, GROUP, &child->err) < 0);
	CHILD_CHECK(strlen(child->err.text) > 0);
}

static void
does_not_take_minus_one_for_a_user(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(stay_root, NULL));
}

static void
drop_and_stay(const void *arg)
{
	const int *fds = arg;
	char byte;

	close(fds[1]);
	drop();
	CHILD_CHECK(write(fds[2], "x", 1) == 1);
	CHILD_CHECK(read(fds[0], &byte, 1) == 0);
}

/* Returns the errno of tracing pid as another process of its user. */
static int
trace_as_same_user(pid_t pid)
{
	pid_t tracer = fork();
	int status;

	assert_true(tracer >= 0);
	if (tracer == 0) {
		if (geteuid() == 0 && (setgid(GROUP) < 0 || setuid(USER) < 0))
			_exit(0);
		_exit(ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ? errno : 0);
	}
	status = child_wait(tracer);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
cannot_be_traced_by_its_own_user(void **state)
{
	int down[2], up[2], fds[3], traced;
	char byte;
	pid_t pid;

	(void)state;
	assert_return_code(pipe(down), errno);
	assert_return_code(pipe(up), errno);
	fds[0] = down[0];
	fds[1] = down[1];
	fds[2] = up[1];
	pid = child_start(drop_and_stay, fds);
	close(up[1]);
	assert_int_equal(read(up[0], &byte, 1), 1);
	traced = trace_as_same_user(pid);
	close(down[1]);
	child_assert_passed(child_wait(pid));
	close(down[0]);
	close(up[0]);
	assert_int_equal(traced, EPERM);
}

/* Of the new namespace: "inside outside count" lines, or NULL for none. */
static bool
write_map(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return good;
}

static void
stay_in_user_namespace(const void *arg)
{
	const char *why;

	(void)arg;
	if (unshare(CLONE_NEWUSER) < 0) {
		CHILD_CHECK(!getenv("SR_CI"));
		return;
	}
	CHILD_CHECK(write_map("/proc/self/setgroups", "deny"));
	CHILD_CHECK(write_map("/proc/self/uid_map", "0 0 1\n"));
	CHILD_CHECK(write_map("/proc/self/gid_map", "0 0 1\n"));
	CHILD_CHECK(geteuid() == 0);
	CHILD_CHECK(!sandbox_can_become(USER, GROUP, &why));
	CHILD_CHECK(strstr(why, "user namespace"));
	drop();
	CHILD_CHECK(geteuid() == 0);
	check_capabilities(false);
}

static void
stays_root_where_there_is_nobody_else(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(stay_in_user_namespace, NULL));
}

static void
stay_without_setuid(const void *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = CAP_TO_MASK(CAP_NET_ADMIN),
		    .permitted = CAP_TO_MASK(CAP_NET_ADMIN) },
	};
	const char *why;

	(void)arg;
	CHILD_CHECK(sandbox_can_become(USER, GROUP, &why) && !why);
	CHILD_CHECK(syscall(SYS_capset, &header, caps) == 0);
	CHILD_CHECK(!sandbox_can_become(USER, GROUP, &why));
	CHILD_CHECK(strstr(why, "CAP_SETUID"));
	drop();
	check_capabilities(false);
}

static void
stays_root_without_the_right_to_be_another(void **state)
{
	(void)state;
	child_need_root();
	child_assert_passed(child_run(stay_without_setuid, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_exactly_what_is_named),
		cmocka_unit_test(keeps_nothing_where_nothing_is_named),
		cmocka_unit_test(closes_on_an_old_kernel),
		cmocka_unit_test(becomes_user_and_group),
		cmocka_unit_test(cannot_be_root_again),
		cmocka_unit_test(cannot_make_files_or_processes),
		cmocka_unit_test(leaves_old_descriptors_working),
		cmocka_unit_test(drops_without_being_root),
		cmocka_unit_test(drops_ambient_capabilities),
		cmocka_unit_test(does_not_take_minus_one_for_a_user),
		cmocka_unit_test(stays_root_where_there_is_nobody_else),
		cmocka_unit_test(stays_root_without_the_right_to_be_another),
		cmocka_unit_test(cannot_be_traced_by_its_own_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

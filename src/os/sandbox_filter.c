/* The part of the sandbox that is about system calls. */
#include "os/sandbox.h"

#include <stdio.h>

#ifdef HAVE_SECCOMP
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Room for the filter: several times what it takes, and what a pipe holds. */
#define FILTER_MAX 512

/* The C library does not have it yet. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static volatile int32_t *trapped_call;

static const int calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64),
	SCMP_SYS(close),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const unsigned long requests[] = {
	TIOCOUTQ,
	TIOCGICOUNT,
	TIOCNXCL,
	TCFLSH,
	TCXONC,
};

static int
allow_calls(scmp_filter_ctx ctx, const int *list, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		/* Negative: this machine does without the call. */
		if (list[i] >= 0)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, list[i], 0);
	return rc;
}

/* The kernel looks at the low 32 bits of a request, and so does this. */
static int
allow_requests(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; i < COUNT(requests); i++) {
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, requests[i]));
		if (rc < 0)
			break;
	}
	return rc;
}

#if SANDBOX_SANITIZER
/* What it takes to keep shadow memory and to report. */
static const int sanitizer_calls[] = {
	SCMP_SYS(munmap),
	SCMP_SYS(madvise),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(pipe2),
	SCMP_SYS(readlink),
	SCMP_SYS(stat),
	SCMP_SYS(newfstatat),
};

#define NO_CHANGE (O_ACCMODE | O_CREAT | O_TRUNC)

static const struct {
	int call;
	struct scmp_arg_cmp arg;
} sanitizer_limited[] = {
	{ SCMP_SYS(mmap), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
	{ SCMP_SYS(open), SCMP_A1_64(SCMP_CMP_MASKED_EQ, NO_CHANGE, O_RDONLY) },
	{ SCMP_SYS(openat),
	    SCMP_A2_64(SCMP_CMP_MASKED_EQ, NO_CHANGE, O_RDONLY) },
	{ SCMP_SYS(fcntl),
	    SCMP_A1_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, F_GETFD) },
	{ SCMP_SYS(fcntl),
	    SCMP_A1_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, F_SETFD) },
	/* isatty(3) of where the report goes */
	{ SCMP_SYS(ioctl), SCMP_A1_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, TCGETS) },
};

static int
allow_sanitizer(scmp_filter_ctx ctx)
{
	int rc = allow_calls(ctx, sanitizer_calls, COUNT(sanitizer_calls));

	for (size_t i = 0; i < COUNT(sanitizer_limited) && rc == 0; i++)
		if (sanitizer_limited[i].call >= 0)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
			    sanitizer_limited[i].call, 1,
			    sanitizer_limited[i].arg);
	/* No symbolizer program, but the report goes on without. */
	if (rc == 0 && SCMP_SYS(fork) >= 0)
		rc = seccomp_rule_add(
		    ctx, SCMP_ACT_ERRNO(EAGAIN), SCMP_SYS(fork), 0);
	return rc;
}
#else
static int
allow_sanitizer(scmp_filter_ctx ctx)
{
	(void)ctx;
	return 0;
}
#endif

/* Calls of other ABIs of this machine end the process: libseccomp's default
 * for an architecture that was not added. */
static int
write_filter(int fd)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int rc;

	if (!ctx)
		return -ENOMEM;
	rc = allow_calls(ctx, calls, COUNT(calls));
	if (rc == 0)
		rc = allow_requests(ctx);
	if (rc == 0)
		rc = allow_sanitizer(ctx);
	if (rc == 0)
		rc = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	return rc;
}

/*
 * seccomp_load(3) frees memory behind the filter, and free(3) may then make a
 * call that the filter refuses.  So the filter is taken out and loaded here.
 * By way of a pipe: there may be no files any more.
 */
static int
make_filter(struct sock_fprog *program, struct error *err)
{
	size_t size = FILTER_MAX * sizeof(program->filter[0]);
	ssize_t len = -1;
	int fds[2];
	int rc;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, "make a pipe");
	rc = write_filter(fds[1]);
	if (rc == 0)
		len = read(fds[0], program->filter, size);
	close(fds[0]);
	close(fds[1]);
	if (rc < 0) {
		errno = -rc;
		return error_errno(err, "make the system call filter");
	}
	if (len <= 0 || (size_t)len >= size)
		return error_set(err, E2BIG, "the system call filter is cut");
	program->len = len / sizeof(program->filter[0]);
	return 0;
}

static void
on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code == SYS_SECCOMP)
		*trapped_call = info->si_syscall;
	_exit(SANDBOX_EXIT_TRAPPED);
}

static int
catch_trap(volatile int32_t *trapped, struct error *err)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	sigset_t set;

	trapped_call = trapped;
	action.sa_sigaction = on_trap;
	sigfillset(&action.sa_mask);
	if (sigaction(SIGSYS, &action, NULL) < 0)
		return error_errno(err, "catch SIGSYS");
	/* While blocked, it kills instead of telling the call. */
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	if (sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
		return error_errno(err, "unblock SIGSYS");
	return 0;
}

int
sandbox_filter(volatile int32_t *trapped, struct error *err)
{
	struct sock_filter filter[FILTER_MAX];
	struct sock_fprog program = { .filter = filter };

	if (make_filter(&program, err) < 0 || catch_trap(trapped, err) < 0)
		return -1;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return error_errno(err, "enter the system call filter");
	return 0;
}

const char *
sandbox_call_name(int32_t number, char *buf, size_t size)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

	if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%d", (int)number);
	free(name);
	return buf;
}

#else

int
sandbox_filter(volatile int32_t *trapped, struct error *err)
{
	(void)trapped;
	(void)err;
	return 0;
}

const char *
sandbox_call_name(int32_t number, char *buf, size_t size)
{
	snprintf(buf, size, "%d", (int)number);
	return buf;
}

#endif

const char *
sandbox_kind(void)
{
#ifndef HAVE_SECCOMP
	return "no seccomp";
#elif SANDBOX_SANITIZER
	return "seccomp (with a sanitizer's calls)";
#else
	return "seccomp";
#endif
}

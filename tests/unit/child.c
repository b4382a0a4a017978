#include "child.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_S 20

static const int faults[] = { SIGILL, SIGFPE, SIGBUS, SIGSEGV, SIGSYS };

struct child *child;

pid_t
child_start(void (*body)(const void *arg), const void *arg)
{
	pid_t pid;

	if (!child) {
		child = mmap(NULL, sizeof(*child), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(child, MAP_FAILED);
	}
	memset(child, 0, sizeof(*child));
	child->trapped = -1;
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	/* cmocka's handlers are for the parent. */
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		signal(faults[i], SIG_DFL);
	alarm(DEADLINE_S);
	body(arg);
	_exit(0);
}

int
child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

int
child_run(void (*body)(const void *arg), const void *arg)
{
	return child_wait(child_start(body, arg));
}

void
child_assert_passed(int status)
{
	if (status == 0)
		return;
	print_error("child: %s (%s; error \"%s\"), status %#x, trapped %d\n",
	    child->failed, strerror(child->failed_errno), child->err.text,
	    (unsigned)status, (int)child->trapped);
	fail();
}

void
child_need_root(void)
{
	if (geteuid() == 0)
		return;
	if (getenv("SR_CI"))
		fail_msg("needs root");
	print_message("needs root\n");
	skip();
}

void
child_fail(const char *file, int line, const char *text)
{
	child->failed_errno = errno;
	snprintf(child->failed, sizeof(child->failed), "%s:%d: %s", file, line,
	    text);
	_exit(1);
}

#include "router/conf_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* What the child says, written as a whole. */
struct verdict {
	bool good;
	unsigned line;
	char text[128];
};

_Static_assert(sizeof(struct verdict) <= PIPE_BUF, "one write, one read");

bool
conf_trial_libconfig(const char *input, unsigned *line, char *text, size_t size)
{
	config_t tree;
	bool good;

	config_init(&tree);
	/* The text has no @include left; if it had, this is no directory. */
	config_set_include_dir(&tree, "/dev/null");
	good = config_read_string(&tree, input);
	if (!good) {
		*line = config_error_line(&tree);
		snprintf(text, size, "%s", config_error_text(&tree));
	}
	config_destroy(&tree);
	return good;
}

static void __attribute__((noreturn))
run_child(const char *input, conf_trial_parse *parse, int fd)
{
	static const struct rlimit none = { 0, 0 };
	struct verdict verdict = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	verdict.good = parse(
	    input, &verdict.line, verdict.text, sizeof(verdict.text));
	/* What is not written is missed by the parent. */
	if (write(fd, &verdict, sizeof(verdict)) != sizeof(verdict))
		_exit(1);
	_exit(0);
}

/* 0: something is there to be read, or nothing will be any more. */
static int
wait_for(int fd, int limit_ms)
{
	int64_t end_ms = clock_ms() + limit_ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left_ms;

	while ((left_ms = end_ms - clock_ms()) > 0) {
		int n = poll(&p, 1, left_ms);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			break;
	}
	return -1;
}

static int
await(int fd, int limit_ms, struct verdict *verdict, struct error *err)
{
	ssize_t n;

	if (wait_for(fd, limit_ms) < 0)
		return error_set(err, ETIME,
		    "libconfig did not come to an end with it in %d ms",
		    limit_ms);
	do
		n = read(fd, verdict, sizeof(*verdict));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*verdict))
		return error_set(err, EIO, "libconfig died of it");
	return 0;
}

/* Where somebody has SIGCHLD ignored there is nothing to wait for. */
static void
reap(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int
conf_trial(const char *input, conf_trial_parse *parse, int limit_ms,
    struct conf_faults *faults, struct error *err)
{
	struct verdict verdict;
	int ends[2];
	int result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	/* What is buffered would come twice where the child exits. */
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_child(input, parse, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		error_errno(err, "fork");
		close(ends[0]);
		return -1;
	}
	result = await(ends[0], limit_ms, &verdict, err);
	close(ends[0]);
	reap(pid);
	if (result == 0 && !verdict.good) {
		conf_faults_add(faults, verdict.line, "%.*s",
		    (int)sizeof(verdict.text), verdict.text);
		return 1;
	}
	return result;
}

/* A pump as the supervisor sees it. */
#include "router/pump_proc.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/sandbox.h"

void
pump_proc_init(struct pump_proc *p)
{
	memset(p, 0, sizeof(*p));
	p->sock = -1;
}

/* Signals wait until the child has got rid of our handlers. */
static pid_t
fork_blocked(const struct pump_options *options, int tun, int sock,
    struct stats_page *page)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		pump_run(options, tun, sock, page);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

int
pump_proc_start(struct pump_proc *p, const struct pump_options *options,
    int tun, struct error *err)
{
	int pair[2];

	p->page = stats_page_new();
	if (!p->page)
		return error_errno(err, "shared page of the pump");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, pair) < 0) {
		error_errno(err, "socket of the pump");
		stats_page_free(p->page);
		p->page = NULL;
		return -1;
	}
	p->pid = fork_blocked(options, tun, pair[1], p->page);
	if (p->pid < 0) {
		error_errno(err, "fork the pump");
		close(pair[0]);
		close(pair[1]);
		stats_page_free(p->page);
		pump_proc_init(p);
		return -1;
	}
	close(pair[1]);
	p->sock = pair[0];
	p->asked = 0;
	return 0;
}

static void
make_printable(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (char *c = text; *c; c++) {
		if (!isprint((unsigned char)*c))
			*c = '?';
	}
}

int
pump_proc_read(struct pump_proc *p, struct pump_report *report)
{
	ssize_t len;

	if (p->sock < 0)
		return -1;
	len = recv(p->sock, report, sizeof(*report), MSG_DONTWAIT | MSG_TRUNC);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len != sizeof(*report))
		return -1;
	make_printable(report->error.text, sizeof(report->error.text));
	make_printable(report->port.node, sizeof(report->port.node));
	make_printable(report->port.driver, sizeof(report->port.driver));
	make_printable(report->port.also, sizeof(report->port.also));
	make_printable(
	    report->port.adapter.place, sizeof(report->port.adapter.place));
	make_printable(
	    report->port.adapter.serial, sizeof(report->port.adapter.serial));
	return 1;
}

static bool
send_order(struct pump_proc *p, const struct pump_order *order)
{
	return p->sock >= 0 &&
	    send(p->sock, order, sizeof(*order), MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    sizeof(*order);
}

void
pump_proc_stop(struct pump_proc *p)
{
	struct pump_order order = { .type = PUMP_STOP };

	/* One that cannot be told gets to know by the end of the socket, which
	 * comes with the time-out. */
	send_order(p, &order);
}

void
pump_proc_kill(struct pump_proc *p)
{
	if (p->pid > 0)
		kill(p->pid, SIGKILL);
}

bool
pump_proc_set(struct pump_proc *p, const struct pump_live *live)
{
	struct pump_order order = { .type = PUMP_SET, .live = *live };

	return send_order(p, &order);
}

bool
pump_proc_ask(struct pump_proc *p)
{
	struct pump_order order = { .type = PUMP_ASK };

	if (!p->page || p->page->answered != p->asked)
		return false;
	order.question = ++p->asked;
	send_order(p, &order);
	return true;
}

static void
describe_death(const struct pump_proc *p, int status, struct error *err)
{
	char call[64];

	if (WIFSIGNALED(status)) {
		error_set(err, EINTR, "the pump was killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
		return;
	}
	if (WEXITSTATUS(status) == SANDBOX_EXIT_TRAPPED) {
		error_set(err, EPERM,
		    "the pump made a system call that it may not make: %s",
		    sandbox_call_name(p->page->trapped, call, sizeof(call)));
		return;
	}
	if (WEXITSTATUS(status) != 0) {
		error_set(err, EIO, "the pump ended with status %d",
		    WEXITSTATUS(status));
		return;
	}
	error_set(err, 0, "the pump ended");
}

bool
pump_proc_reap(struct pump_proc *p, struct stats *ended, struct error *err)
{
	struct stats last;
	int status;

	if (p->pid <= 0 || waitpid(p->pid, &status, WNOHANG) != p->pid)
		return false;
	describe_death(p, status, err);
	stats_snapshot(p->page, &last);
	stats_add_ended(ended, &last);
	stats_page_free(p->page);
	p->page = NULL;
	p->pid = 0;
	return true;
}

void
pump_proc_close(struct pump_proc *p)
{
	if (p->sock >= 0)
		close(p->sock);
	p->sock = -1;
}

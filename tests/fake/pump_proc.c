/* A pump without a process. */
#include "router/pump_proc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake/fake.h"

struct fake_pump fake_pump;

static int other_end = -1;

void
fake_pump_says_code(
    enum pump_report_type type, enum pump_end end, const char *text, int code)
{
	struct pump_report *r = &fake_pump.report[fake_pump.n_reports++];

	memset(r, 0, sizeof(*r));
	r->type = type;
	r->end = end;
	snprintf(r->port.node, sizeof(r->port.node), "/dev/fake");
	r->port.baud = 115200;
	error_set(&r->error, code, "%s", text);
	if (other_end >= 0 && write(other_end, "", 1) < 0)
		perror("fake pump");
}

void
fake_pump_says(enum pump_report_type type, enum pump_end end, const char *text)
{
	fake_pump_says_code(type, end, text, EIO);
}

void
pump_proc_init(struct pump_proc *p)
{
	memset(p, 0, sizeof(*p));
	p->sock = -1;
}

int
pump_proc_start(struct pump_proc *p, const struct pump_options *options,
    int tun, struct error *err)
{
	int pair[2];

	(void)tun;
	fake_pump.live = options->live;
	if (fake_pump.refusal)
		return error_set(err, EAGAIN, "%s", fake_pump.refusal);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) < 0)
		return error_errno(err, "fake pump");
	fake_pump.started++;
	fake_pump.dead = false;
	fake_pump.death = NULL;
	fake_pump.n_reports = 0;
	p->sock = pair[0];
	other_end = pair[1];
	p->pid = 1000 + fake_pump.started;
	return 0;
}

int
pump_proc_read(struct pump_proc *p, struct pump_report *report)
{
	char byte;

	if (p->sock < 0)
		return -1;
	if (fake_pump.n_reports == 0)
		return read(p->sock, &byte, 1) == 0 ? -1 : 0;
	if (read(p->sock, &byte, 1) < 0)
		return 0;
	*report = fake_pump.report[0];
	memmove(&fake_pump.report[0], &fake_pump.report[1],
	    --fake_pump.n_reports * sizeof(*report));
	return 1;
}

void
pump_proc_stop(struct pump_proc *p)
{
	(void)p;
	fake_pump.stopped++;
}

void
pump_proc_kill(struct pump_proc *p)
{
	(void)p;
	fake_pump.killed++;
}

bool
pump_proc_set(struct pump_proc *p, const struct pump_live *live)
{
	(void)p;
	fake_pump.set++;
	fake_pump.live = *live;
	return true;
}

bool
pump_proc_ask(struct pump_proc *p)
{
	(void)p;
	fake_pump.asked++;
	return !fake_pump.mute;
}

bool
pump_proc_reap(struct pump_proc *p, struct stats *ended, struct error *err)
{
	(void)ended;
	if (p->pid == 0 || !fake_pump.dead)
		return false;
	error_set(err, fake_pump.death ? EIO : 0, "%s",
	    fake_pump.death ? fake_pump.death : "the pump ended");
	p->pid = 0;
	close(other_end);
	other_end = -1;
	return true;
}

void
pump_proc_close(struct pump_proc *p)
{
	if (p->sock >= 0)
		close(p->sock);
	p->sock = -1;
}

/*
 * A pump as the supervisor sees it: forked, told, listened to, reaped.
 */
#ifndef SR_ROUTER_PUMP_PROC_H
#define SR_ROUTER_PUMP_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "pump/pump.h"
#include "pump/stats.h"

struct pump_proc {
	pid_t pid; /* 0: there is none */
	int sock;  /* -1: closed */
	struct stats_page *page;
	uint32_t asked; /* the last question */
};

void pump_proc_init(struct pump_proc *p);

/* Forks the pump; tun stays the caller's. */
int pump_proc_start(struct pump_proc *p, const struct pump_options *options,
    int tun, struct error *err);

/* 1: a report was read; 0: none waits now; -1: there will be none any more.
 * Texts are terminated and printable, whatever the pump sent. */
int pump_proc_read(struct pump_proc *p, struct pump_report *report);

void pump_proc_stop(struct pump_proc *p); /* asks it to end */
void pump_proc_kill(struct pump_proc *p); /* SIGKILL */

/* Tells what has changed.  false: the socket is full or closed, and the pump
 * goes on with what it had. */
bool pump_proc_set(struct pump_proc *p, const struct pump_live *live);

/* Asks for a sign of life; false: the last question was not answered yet. */
bool pump_proc_ask(struct pump_proc *p);

/*
 * Reaps it if it ended.  Returns false while it lives.  Then pid is 0, *err
 * says how it ended, code 0 where it did so by itself and in order, and the
 * last counters are added to *ended.  Reports may still be read until
 * pump_proc_close().
 */
bool pump_proc_reap(
    struct pump_proc *p, struct stats *ended, struct error *err);
void pump_proc_close(struct pump_proc *p);

#endif

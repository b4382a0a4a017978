/*
 * Edges with scripted answers, linked instead of the real rooms: what a test
 * sets here, the code under test meets; what it did can be read here.
 */
#ifndef SR_TESTS_FAKE_FAKE_H
#define SR_TESTS_FAKE_FAKE_H

#include <stdbool.h>

#include "pump/pump.h"

/* tests/fake/interface.c, instead of router/interface */
extern struct fake_interface {
	const char *refusal; /* interface_make() and _change() fail with it */
	bool held_down;      /* what interface_make() finds */
	int made, lost, released, changed, undone, deleted;
	bool carrier;
} fake_interface;

/* tests/fake/netif.c, instead of the kernel's view of an interface */
extern struct fake_netif {
	bool deleted;
	bool up;
	int yielded; /* calls of netif_drop_routes() */
} fake_netif;

/* tests/fake/pump_proc.c, instead of router/pump_proc */
extern struct fake_pump {
	const char *refusal;          /* pump_proc_start() fails */
	struct pump_report report[8]; /* what the pump says next */
	int n_reports;
	bool dead;         /* the process ended, and is not reaped yet */
	const char *death; /* how; NULL: in order */
	bool mute;         /* questions are not answered */
	int started, stopped, killed, asked, set;
	struct pump_live live; /* what it was told last */
} fake_pump;

/* Adds a report to those that wait, and wakes who listens. */
void fake_pump_says(
    enum pump_report_type type, enum pump_end end, const char *text);

/* The same with an error of that code. */
void fake_pump_says_code(
    enum pump_report_type type, enum pump_end end, const char *text, int code);

/* tests/fake/pump_run.c, instead of pump/pump: the life of the child, which
 * exits 0 where this returns.  All signals are blocked in it. */
extern void (*fake_pump_run)(
    const struct pump_options *options, int sock, struct stats_page *page);

#endif

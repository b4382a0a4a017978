/*
 * What the files of the room `pump` share: pump.c (its loop), pump_start.c (the
 * start in the child), pump_life.c (what changes while it runs, and a silent
 * line).  Nobody else includes this.
 */
#ifndef SR_PUMP_PUMP_PRIV_H
#define SR_PUMP_PUMP_PRIV_H

#include <poll.h>

#include "line/probe.h"
#include "pump/life.h"
#include "pump/pump.h"

/* A tty hands out up to 4095 bytes at once. */
#define PUMP_READ_MAX 4096

enum { PUMP_POLL_SOCK, PUMP_POLL_TUN, PUMP_POLL_PORT, PUMP_POLLS };

struct pump {
	const struct pump_options *options;
	struct pump_live live; /* as it is now */
	int tun, sock, port;
	struct port_info info;
	struct stats_page *page;
	void *pool; /* of the queue */
	struct stats stats;
	struct rx rx;
	struct tx tx;
	int64_t now_ns;  /* when it last woke up */
	int64_t hold_ns; /* the line is not read before */
	struct life life;
	struct probe probe;
	uint8_t cookie[PROBE_COOKIE_BYTES];
	struct port_errors errors; /* as they were when the port was opened */
	bool errors_known;
};

/* A report that does not fit into the socket is lost: the supervisor is busy
 * or gone, and sees the end of the process in any case. */
void pump_report_up(struct pump *p, enum pump_report_type type,
    enum pump_end end, const struct port_info *port, const struct error *err);
_Noreturn void pump_end(
    struct pump *p, enum pump_end why, const struct error *err);
_Noreturn void pump_hang_up(struct pump *p, const char *what, int code);

/* Until something is to be done, at most to until_ns. */
void pump_wait(struct pump *p, struct pollfd *fds, int64_t until_ns);
/* Reads an order of the supervisor. */
void pump_obey(struct pump *p);
/* Waits, and does what there is to do. */
void pump_turn(struct pump *p);

struct tx_settings pump_tx_settings(const struct pump_live *live);
void pump_set_live(struct pump *p, const struct pump_live *live);

/* What the driver counted since the port was opened. */
void pump_count_errors(struct pump *p);

/* A packet from the line, to the interface or for the pump itself: an
 * rx_deliver(). */
int pump_deliver(void *arg, const uint8_t *packet, size_t len);

/* The line is open. */
void pump_start_life(struct pump *p);
/* What was written and heard in this turn, and what is due of silence. */
void pump_live_on(struct pump *p, int64_t now_ns);

#endif

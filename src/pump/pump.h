/*
 * The pump: the process that moves the packets of one link between its
 * interface and its port, and the contract with the supervisor above it.
 *
 * Down go orders, up come reports, each one message of a SOCK_SEQPACKET pair;
 * the counters are in a shared page (stats.h).  The supervisor never acts on
 * a request from a pump: a pump only reports.  End of file on the socket ends
 * it.  Both ends are the same program, so structs may travel.
 */
#ifndef SR_PUMP_PUMP_H
#define SR_PUMP_PUMP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/ip.h"
#include "os/port.h"
#include "pump/rx.h"
#include "pump/stats.h"
#include "pump/tx.h"

/* What can change while the pump runs. */
struct pump_live {
	unsigned mtu; /* of the interface, bytes; 0: not known */
	enum tx_leading_end leading_end;
	enum rx_check check;
	bool pace;         /* hold the tty short */
	unsigned limit_ms; /* bound of the queue, in time of the line */
	/* A silent line; 0: off. */
	unsigned liveness_interval_s, liveness_timeout_s;
	struct ip liveness_probe; /* AF_UNSPEC: none */
	struct ip liveness_from;  /* the address of ours that it is sent from */
};

struct pump_options {
	const char *link; /* the link's name, for ps(1) */
	struct port_settings port;
	/* Called in the child: which other link asks for the port that was
	 * found, too; NULL: none.  NULL itself: there are no others. */
	const char *(*claimed)(
	    const void *arg, const char *link, const struct port_info *port);
	const void *claimed_arg;
	struct pump_live live; /* as it is at the start */
	uid_t uid;             /* whom to become where the process is root */
	gid_t gid;
};

enum pump_order_type {
	PUMP_STOP, /* flush, close, exit */
	PUMP_ASK,  /* put question into the page's `answered` */
	PUMP_SET,  /* live: from now on */
};

struct pump_order {
	uint32_t type; /* enum pump_order_type */
	uint32_t question;
	struct pump_live live;
};

enum pump_report_type {
	PUMP_OPENED, /* port: what was opened; packets flow from now on */
	PUMP_STUCK,  /* nothing was taken by the line for a while */
	PUMP_FLOWS,  /* output moves again */
	PUMP_SILENT, /* the peer was not heard for liveness_timeout_s */
	PUMP_HEARD,  /* it is again */
	PUMP_ENDED,  /* the last report: end, error */
};

enum pump_end {
	PUMP_END_STOPPED,
	PUMP_END_ABSENT, /* there is no such port now */
	PUMP_END_FAILED,
	PUMP_END_HANGUP,    /* the port went away while it was in use */
	PUMP_END_INTERFACE, /* the interface was deleted */
};

struct pump_report {
	uint32_t type; /* enum pump_report_type */
	uint32_t end;  /* enum pump_end */
	struct port_info port;
	struct error error;
};

/*
 * The life of the child, from right after fork(2): gives up all descriptors
 * but these two, opens the port, gives up everything else, pumps.  Never
 * returns.
 */
_Noreturn void pump_run(const struct pump_options *options, int tun, int sock,
    struct stats_page *page);

#endif

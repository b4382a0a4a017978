/*
 * The counters of one pump, in a page that it shares with the supervisor.
 *
 * One writer.  It fills the copy that nobody reads and then moves a 32-bit
 * sequence count, which says which copy counts; a reader that finds the count
 * moved afterwards looks again, a bounded number of times.  Machines of 32
 * bits have no cheap 64-bit atomics.  A writer that is killed or held up half
 * way leaves the copy before that, whole.
 *
 * Every packet is accounted for in every snapshot:
 *   to line:        in + probes = sent + dropped by cause + queued
 *   from line:      frames = delivered + answers + dropped by cause
 */
#ifndef SR_PUMP_STATS_H
#define SR_PUMP_STATS_H

#include <stdbool.h>
#include <stdint.h>

enum stats_tx_drop {
	STATS_TX_STALE, /* waited in the interface while the port was away */
	STATS_TX_FULL, /* the queue was full: from the flow that held the most */
	STATS_TX_CODEL,     /* its flow kept a standing queue */
	STATS_TX_OVERSIZED, /* above every MTU of ours: set by hand */
	STATS_TX_CLOSED,    /* still queued when the port was closed */
	STATS_TX_DROPS,
};

enum stats_rx_drop {
	STATS_RX_NOISE, /* before the first good frame after opening */
	STATS_RX_ESCAPE,
	STATS_RX_OVERSIZED,
	STATS_RX_VERSION,
	STATS_RX_TRUNCATED,
	STATS_RX_HEADER_LENGTH,
	STATS_RX_TOTAL_LENGTH,
	STATS_RX_HEADER_CHECKSUM,
	STATS_RX_PAYLOAD_CHECKSUM, /* of TCP, UDP, ICMP */
	STATS_RX_REFUSED, /* not taken by the kernel: down, no memory */
	STATS_RX_DROPS,
};

/* What a UART itself finds wrong with a character; see ioctl_tty(2). */
enum stats_uart {
	STATS_UART_FRAMING,
	STATS_UART_PARITY,
	STATS_UART_OVERRUN,
	STATS_UART_BREAK,
	STATS_UARTS,
};

/* Round trips, nanoseconds; of none all are 0. */
struct stats_round_trip {
	uint64_t last_ns, least_ns;
	uint64_t average_ns; /* of late: each counts for an eighth */
};

/* Waits in the queue are counted in steps of 1, 2, 5, 10 ms ... 2 s, more. */
#define STATS_DELAYS 12

struct stats {
	/* interface to line */
	uint64_t tx_in_packets, tx_in_bytes; /* read from the interface */
	uint64_t tx_packets, tx_bytes;       /* sent whole; bytes of IP */
	uint64_t tx_line_bytes; /* taken by the tty: escapes and ENDs, too */
	uint64_t tx_busy_ns;    /* the line's time for these, by its name */
	uint64_t tx_dropped[STATS_TX_DROPS];
	uint64_t tx_marked; /* of those sent, instead of a drop (ECN) */
	uint64_t tx_delays[STATS_DELAYS]; /* packets, by their wait */
	uint64_t tx_tty_wait_max_ns;      /* until a packet's last byte left */
	uint64_t tx_stuck;                /* times that output stood still */
	uint64_t tx_probes; /* echo requests of ours: no interface had them */
	uint64_t tx_fills;  /* bare ENDs sent into a silence */
	/* now: */
	uint64_t tx_queued;   /* packets, those half written included */
	uint64_t queue_bytes; /* of IP, those half written not included */
	uint64_t queue_flows; /* that have packets in it */
	uint64_t queue_limit_bytes;
	uint64_t queue_target_ns; /* CoDel's: the wait that may stand */
	/* line to interface */
	uint64_t rx_line_bytes;
	uint64_t rx_frames;            /* not empty, damaged ones included */
	uint64_t rx_packets, rx_bytes; /* delivered; bytes of IP */
	uint64_t rx_dropped[STATS_RX_DROPS];
	uint64_t rx_resyncs;  /* good frames again after damaged ones */
	uint64_t rx_answers;  /* to probes: taken out */
	uint64_t rx_silences; /* times that nothing was heard for too long */
	uint64_t rx_uart[STATS_UARTS]; /* since the port was opened */
	uint64_t rx_uart_known;        /* whether the driver tells them */
	int64_t rx_heard_ns; /* when an END last came, clock_ns(); 0: never */
	struct stats_round_trip round_trip;
};

struct stats_page {
	uint32_t sequence;
	struct stats copies[2]; /* the one of sequence % 2 counts */
	/* Written once each, by the pump: */
	volatile int32_t trapped; /* the system call refused to it, or -1 */
	/* The last question of the supervisor that the pump has answered. */
	volatile uint32_t answered;
};

/* A page shared with children that are forked later, or NULL (errno). */
struct stats_page *stats_page_new(void);
void stats_page_free(struct stats_page *page); /* NULL is allowed */

/* Copies the writer's own counters into the page. */
void stats_publish(struct stats_page *page, const struct stats *stats);

/* false: the writer did not hold still for one copy (it is not sane); *stats
 * is what was met, and may be out of balance. */
bool stats_snapshot(const struct stats_page *page, struct stats *stats);

/* Counts a packet that waited in the queue. */
void stats_count_delay(struct stats *s, int64_t wait_ns);

/* An answer came after so long. */
void stats_count_round_trip(struct stats *s, int64_t round_trip_ns);

/* The longest wait that tx_delays[i] counts; INT64_MAX for the last. */
int64_t stats_delay_ns(unsigned i);

/* Adds b to a; of tx_tty_wait_max_ns the larger stays. */
void stats_add(struct stats *a, const struct stats *b);

/* Adds b to a; tx_queued counts as dropped (STATS_TX_CLOSED), since b's pump
 * is gone, and there is no queue now. */
void stats_add_ended(struct stats *a, const struct stats *b);

/* Names as shown to the operator: "stale", "header-checksum". */
const char *stats_tx_drop_name(enum stats_tx_drop cause);
const char *stats_rx_drop_name(enum stats_rx_drop cause);
const char *stats_uart_name(enum stats_uart error); /* "overrun" */

/* What is missing to the balance: 0 in every snapshot of a living pump. */
int64_t stats_tx_imbalance(const struct stats *s);
int64_t stats_rx_imbalance(const struct stats *s);

#endif

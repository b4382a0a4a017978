/*
 * Interface to line: read packets eagerly into the queue, choose the next one
 * as late as possible, encode, write.
 */
#ifndef SR_PUMP_TX_H
#define SR_PUMP_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "line/fifo.h"
#include "line/slip.h"
#include "os/port.h"
#include "pump/stats.h"

/* The largest packet that is sent: the largest MTU of the configuration. */
#define TX_PACKET_MAX 9000

enum tx_leading_end {
	TX_LEADING_END_IDLE, /* after a silence of ours */
	TX_LEADING_END_ALWAYS,
	TX_LEADING_END_NEVER,
};

struct tx {
	struct stats *stats;
	struct fifo queue;
	enum tx_leading_end leading_end;
	bool escape_xon;
	int64_t idle_ns;  /* a silence this long asks for a leading END */
	int64_t stuck_ns; /* output that stands still this long is stuck */

	int64_t written_ns;  /* when the line last took a byte */
	int64_t progress_ns; /* when it was last seen to move, or found stuck */
	int64_t looked_ns;   /* when tx_look() last looked */
	unsigned unsent;     /* what the tty held then, bytes */
	bool stuck;

	size_t packet_len; /* of the packet in the frame; 0: no frame */
	size_t frame_len, frame_sent;
	uint8_t frame[SLIP_ENCODED_MAX(TX_PACKET_MAX)];
};

/* Bytes of memory that the queue wants on a line with these settings. */
size_t tx_pool_size(const struct port_settings *s);

/* pool (pool_size bytes) stays the caller's. */
void tx_init(struct tx *tx, const struct port_settings *s,
    enum tx_leading_end leading_end, uint8_t *pool, size_t pool_size,
    struct stats *stats, int64_t now_ns);

/* Reads out and counts what waited in the interface's ring (TUN fd) while
 * the port was away.  -1: the interface is gone. */
int tx_drain_stale(struct tx *tx, int tun, struct error *err);

/* Queues what waits in the interface, a bounded amount.  -1: it is gone. */
int tx_read_interface(struct tx *tx, int tun, struct error *err);

/* Writes until the line takes no more or nothing is left, a bounded amount.
 * -1: the port hung up. */
int tx_write_line(struct tx *tx, int port, int64_t now_ns, struct error *err);

/* Whether something waits to be written. */
bool tx_pending(const struct tx *tx);

/* When tx_look() wants to be called, or INT64_MAX. */
int64_t tx_look_ns(const struct tx *tx);

/* Whether output stood still for the whole of stuck_ns: again and again while
 * it does.  Sets tx->stuck, which ends when the line takes a byte. */
bool tx_look(struct tx *tx, int port, int64_t now_ns);

/* The port was closed: what is queued is lost, and counted as that. */
void tx_close(struct tx *tx);

#endif

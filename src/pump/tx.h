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
#include "line/fq.h"
#include "line/pace.h"
#include "line/slip.h"
#include "os/port.h"
#include "pump/stats.h"

/* The largest packet that is sent: the largest MTU of the configuration. */
#define TX_PACKET_MAX 9000

/* What goes out in one write(2): so much, and what the last packet is beyond
 * it.  A tty of a pump that is paced gets a packet or two at once. */
#define TX_BATCH_BYTES 16384
#define TX_BATCH_FRAMES 64

enum tx_leading_end {
	TX_LEADING_END_IDLE, /* after a silence of ours */
	TX_LEADING_END_ALWAYS,
	TX_LEADING_END_NEVER,
};

/* What can change at any time. */
struct tx_settings {
	unsigned mtu; /* bytes; 0: not known */
	enum tx_leading_end leading_end;
	bool pace;         /* hold the tty short */
	unsigned limit_ms; /* bound of the queue, in time of the line */
};

struct tx_frame {
	uint32_t end; /* of it, in the batch */
	uint32_t packet_len;
};

struct tx {
	struct stats *stats;
	struct fq queue;
	struct pace pace;
	struct pace_line line;
	struct tx_settings settings;
	bool escape_xon;
	int64_t char_ns;  /* time of one character on the line, by its name */
	int64_t idle_ns;  /* a silence this long asks for a leading END */
	int64_t stuck_ns; /* output that stands still this long is stuck */

	bool blocked;        /* the tty took less than it was given */
	int64_t next_ns;     /* nothing can be written before; INT64_MAX: no
	                        packet waits for that */
	int64_t written_ns;  /* when the line last took a byte */
	int64_t progress_ns; /* when it was last seen to move, or found stuck */
	int64_t looked_ns;   /* when tx_look() last looked */
	unsigned unsent;     /* what the tty held then, bytes */
	bool stuck;

	/* Frames on their way into the tty. */
	int64_t batch_ns; /* when the first of it was given to the tty */
	size_t batch_len, batch_sent;
	unsigned n_frames, frames_sent;
	struct tx_frame frames[TX_BATCH_FRAMES];
	uint8_t batch[TX_BATCH_BYTES + SLIP_ENCODED_MAX(TX_PACKET_MAX)];
};

/* Bytes of memory that the queue wants; only what it uses is touched. */
size_t tx_pool_size(void);

/*
 * A line with these settings, of which the driver made info.  pool is
 * tx_pool_size() bytes of zeros and stays the caller's; key is random.
 */
void tx_init(struct tx *tx, const struct port_settings *s,
    const struct port_info *info, const struct tx_settings *settings,
    void *pool, const uint8_t key[FLOW_KEY_BYTES], struct stats *stats,
    int64_t now_ns);

/* From now on. */
void tx_set(struct tx *tx, const struct tx_settings *settings, int64_t now_ns);

/* Reads out and counts what waited in the interface's ring (TUN fd) while
 * the port was away.  -1: the interface is gone. */
int tx_drain_stale(struct tx *tx, int tun, struct error *err);

/* Queues what waits in the interface, a bounded amount.  -1: it is gone. */
int tx_read_interface(
    struct tx *tx, int tun, int64_t now_ns, struct error *err);

/* Queues a packet of our own, a probe of the peer. */
void tx_probe(struct tx *tx, const uint8_t *packet, size_t len, int64_t now_ns);

/* Sends one END, unless something waits to be written anyway; what the line
 * does not take now waits.  -1: the port hung up. */
int tx_fill(struct tx *tx, int port, int64_t now_ns, struct error *err);

/* The port is writable: where it took less than it was given before. */
void tx_writable(struct tx *tx, int64_t now_ns);

/* Writes until the line should hold no more, takes no more, or nothing is
 * left; a bounded amount.  -1: the port hung up. */
int tx_write_line(struct tx *tx, int port, int64_t now_ns, struct error *err);

/* Whether tx_writable() is waited for. */
bool tx_blocked(const struct tx *tx);

/* When tx_write_line() or tx_look() want to be called, or INT64_MAX. */
int64_t tx_next_ns(const struct tx *tx);

/* Whether something waits to be written. */
bool tx_pending(const struct tx *tx);

/* Whether output stood still for the whole of stuck_ns: again and again while
 * it does.  Sets tx->stuck, which ends when the line takes a byte. */
bool tx_look(struct tx *tx, int port, int64_t now_ns);

/* The port was closed: what is queued is lost, and counted as that. */
void tx_close(struct tx *tx);

#endif

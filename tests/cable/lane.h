/*
 * One direction of a cable: from the tty of one end, over a line of a certain
 * rate that damages what it carries, into the tty of the other end.
 *
 * The end that sends sees the buffer of a tty driver: it takes txbuf bytes,
 * then nothing (no POLLOUT, EAGAIN) until fewer than LANE_RESUME_BYTES wait.
 * A pty takes up to about 24 KiB in one go before anybody can stop it, so one
 * who writes without a pause gets in that much more.  A socket is read until
 * txbuf bytes wait, and its writer waits from then on.
 *
 * The end that receives has LANE_BACKLOG_BYTES behind its tty; what comes
 * when that is full is lost, as on a line without flow control.  A socket's
 * reader is a machine that may be slow: the line waits for him, for a second.
 */
#ifndef CABLE_LANE_H
#define CABLE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "damage.h"

#define LANE_RESUME_BYTES 256
#define LANE_BACKLOG_BYTES 4096

/* No deadline. */
#define LANE_NEVER INT64_MAX

struct lane_settings {
	double baud;       /* 0: unpaced; then nothing is lost at the receiver,
			      the sender has to wait for it */
	double bits;       /* on the line for one byte */
	double rate_error; /* per cent */
	double txbuf;      /* bytes */
	double ber;        /* probability of a bit to be turned */
	double drop;       /* probability of a byte to vanish */
	double garbage;    /* bytes a second while nothing is sent */
};

struct lane_counters {
	uint64_t sent;    /* bytes put on the line, also those then lost */
	uint64_t overrun; /* bytes lost because the receiver does not read */
	uint64_t garbage; /* bytes of noise */
	uint64_t flushed; /* bytes that never left: tcflush(3), or a cut */
};

struct lane {
	struct lane_settings set;
	struct lane_counters count;
	struct damage damage;
	int from_master;      /* where the sender's bytes are read; -1: cut */
	int from_slave;       /* the sender's tty, to stop its output; -1: a
				 socket */
	int to_master;        /* where the receiver's bytes are written */
	struct bytes queue;   /* left the sender, wait for the line */
	struct bytes backlog; /* arrived, wait for the receiver's tty */
	bool stopped;         /* the sender's output is */
	bool stalled;     /* the line takes nothing: the other end holds CTS */
	int64_t last_ns;  /* up to when the line's time is spent */
	double credit;    /* bytes the line could have carried; of a pty below
			     1 */
	int64_t empty_ns; /* since when nothing is queued; 0: something is */
	int64_t taken_ns; /* when the receiver last took something */
	int64_t noise_ns; /* the next byte of noise; 0: none is due */
};

/* Descriptors in it are the caller's.  -1: no memory. */
int lane_init(struct lane *l, const struct lane_settings *set, uint64_t seed);
void lane_clear(struct lane *l);

/* Joins it to the ends, whose masters are non-blocking, and in packet mode
 * where there is a slave; or takes it off them, and what it held is lost. */
void lane_plug(struct lane *l, int from_master, int from_slave, int to_master,
    int64_t now_ns);
void lane_cut(struct lane *l);

/* -1: no memory, and nothing changed. */
int lane_set(struct lane *l, const struct lane_settings *set, int64_t now_ns);
void lane_stall(struct lane *l, bool stalled, int64_t now_ns);

/* How many bytes it takes from the sender just now. */
size_t lane_room(const struct lane *l);

/* Takes what the sender wrote, a bounded amount.  1: the sender flushed its
 * input, so that what waits for it in the other lane is to go too; -1: its tty
 * hung up. */
int lane_drain(struct lane *l, int64_t now_ns);

/* Carries what is due. */
void lane_run(struct lane *l, int64_t now_ns);

/* When lane_run() has something to do, or LANE_NEVER. */
int64_t lane_next_ns(const struct lane *l);

/* Bytes arrive at the receiving end, at once and unharmed. */
void lane_arrive(struct lane *l, const uint8_t *bytes, size_t n);

/* The receiver's tty takes bytes again; or it was flushed. */
void lane_deliver_backlog(struct lane *l, int64_t now_ns);
void lane_flush_backlog(struct lane *l);

/* Makes the state of the sender's output what it should be, after somebody
 * else may have changed it. */
void lane_restore_stop(struct lane *l);

#endif

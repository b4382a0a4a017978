/*
 * How many bytes the tty may hold now, and when to look again: what keeps the
 * line busy until the next look, and one packet.  What waits in the tty can be
 * overtaken by nothing, so the next packet is chosen as late as the line
 * allows.
 *
 * A clock (bytes written, bits of a character, baud) says when the last byte
 * will have left.  What the tty tells of itself corrects it:
 *   - bytes not yet sent (TIOCOUTQ of 8250 and usb-serial);
 *   - writes not yet sent, some constant for each (cdc-acm);
 *   - nothing, always 0 (ptys): then that it is full, and that it is writable
 *     again, are all there is.
 * From this the real rate of the line is learned, too: adapters are up to
 * 8.5 % off their names.
 *
 * Pure: no I/O, no allocation, no clock, no log.  Times are nanoseconds of one
 * monotonic clock.
 */
#ifndef SR_LINE_PACE_H
#define SR_LINE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A packet may follow when no more than this of the line's time is left in
 * the tty, or two characters. */
#define PACE_AHEAD_NS INT64_C(2000000)

/* Writes that cdc-acm has in flight at most. */
#define PACE_WRITES 16

enum pace_tells {
	PACE_TELLS_BYTES,  /* or nothing: that is found out */
	PACE_TELLS_WRITES, /* the same number for each write in flight */
};

struct pace_line {
	uint32_t baud; /* what the driver says it is */
	unsigned bits; /* of one character, start and stop included */
	enum pace_tells tells;
	/* The other side can hold up the line: what is taken in a time says
	 * nothing about the rate. */
	bool flow_control;
};

struct pace {
	enum pace_tells tells;
	bool learns;
	bool speaks;     /* the tty told a number that was not 0 */
	unsigned silent; /* looks that found 0 where something must have been */
	bool full;       /* it took no more, and was not writable since */
	int64_t nominal, rate; /* thousandths of a byte in a second */
	int64_t ahead_ns;      /* PACE_AHEAD_NS, or more */
	int64_t done_ns;       /* when the last byte will have left */

	/* The line has had something to send since since_ns, but for moments
	 * where it was fed too late (paused), and got so many bytes. */
	int64_t since_ns;
	int64_t bytes;
	bool paused;
	int64_t empty_ns; /* when the tty was last found empty */
	bool learned;     /* by so many bytes that the rate can be relied on */
	int64_t forgot_ns;

	unsigned unsent;   /* as told at the last look */
	unsigned standing; /* looks in a row that found the same number */

	/* PACE_TELLS_WRITES: what is told for one, which takes no more. */
	unsigned granule;
	unsigned in_flight;
	unsigned writes[PACE_WRITES]; /* sizes of the last ones, a ring */
	unsigned newest;
	unsigned made; /* since the tty was last empty */
};

void pace_init(struct pace *p, const struct pace_line *line, int64_t now_ns);

/* Takes in what the tty tells now: to be called before pace_open() when time
 * has passed. */
void pace_look(struct pace *p, unsigned unsent, int64_t now_ns);

/* One write(2) of which the tty took so many bytes. */
void pace_wrote(struct pace *p, size_t bytes, int64_t now_ns);

/* The tty took less than it was given, and then: it is writable again, that
 * is, it holds almost nothing. */
void pace_full(struct pace *p);
void pace_writable(struct pace *p, int64_t now_ns);

/* Whether the next packet may be written now. */
bool pace_open(const struct pace *p, int64_t now_ns);

/* When to look next, where it was not open at now_ns: later than that. */
int64_t pace_next_ns(const struct pace *p, int64_t now_ns);

/* The line's time for what the tty holds now, as far as is known. */
int64_t pace_held_ns(const struct pace *p, int64_t now_ns);

/* The line's time for so many bytes, at the rate that was learned. */
int64_t pace_time_ns(const struct pace *p, int64_t bytes);

#endif

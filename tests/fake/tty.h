/*
 * A tty with a line behind it, in virtual time: it tells what drivers tell,
 * and sends at a rate that is not quite what its name says.  And a source of
 * packets that never runs dry, paced as the pump is.
 */
#ifndef SR_TESTS_FAKE_TTY_H
#define SR_TESTS_FAKE_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include "line/pace.h"

enum fake_tty_tells { FAKE_TTY_BYTES, FAKE_TTY_WRITES, FAKE_TTY_NOTHING };

/* That are in flight at most, as with cdc-acm. */
#define FAKE_TTY_WRITES_MAX 16

struct fake_tty {
	/* As the test sets it; 0 is what is usual. */
	enum fake_tty_tells tells;
	unsigned buffer; /* bytes that it takes */
	unsigned chunk;  /* bytes that one write of its driver takes */
	bool stalled;    /* the peer holds up the line */

	double rate; /* bytes in a second, really */
	int64_t now_ns;
	double held, sent; /* bytes */
	int64_t idle_ns;   /* the line had nothing to send */
	bool full;         /* takes nothing until it holds next to nothing */
	unsigned writes[FAKE_TTY_WRITES_MAX];
	unsigned n_writes;
};

struct fake_source {
	struct pace pace;
	unsigned packet; /* bytes */
	unsigned left;   /* of the packet that is half written */
	int64_t late_ns; /* it wakes up so much late, at most */
	uint32_t random;
	unsigned packets, looks;
	int64_t held_ns; /* the most that the tty held, in the line's time */
};

/* A line whose real rate is off its name by so many per mille. */
void fake_tty_init(struct fake_tty *tty, struct fake_source *s,
    const struct pace_line *line, int off_per_mille);

/* Lets time pass. */
void fake_tty_advance(struct fake_tty *tty, int64_t ns);

/* What TIOCOUTQ says. */
unsigned fake_tty_unsent(const struct fake_tty *tty);

/* Bytes taken of so many. */
unsigned fake_tty_write(struct fake_tty *tty, unsigned len);

/* What the pump does in one turn: waits until the pace or the tty says so,
 * looks, writes. */
void fake_source_turn(struct fake_source *s, struct fake_tty *tty);

/* Turns for so long.  Returns the bytes that were sent, of 1 that the line
 * could have sent; the counts of the source are those of this time. */
double fake_source_run(
    struct fake_source *s, struct fake_tty *tty, int64_t for_ns);

#endif

#include "fake/tty.h"

#include <limits.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

/* Less than this of a byte is none. */
#define NOTHING 1e-6

#define WAKEUP_BYTES 256

void
fake_tty_init(struct fake_tty *tty, struct fake_source *s,
    const struct pace_line *line, int off_per_mille)
{
	tty->rate = (double)line->baud / line->bits * (1000 + off_per_mille) /
	    1000;
	tty->buffer = tty->buffer ? tty->buffer : 4096;
	tty->chunk = tty->chunk ? tty->chunk : 1280;
	tty->now_ns = SECOND;
	memset(s, 0, sizeof(*s));
	pace_init(&s->pace, line, tty->now_ns);
}

static unsigned
in_flight(const struct fake_tty *tty)
{
	double held = tty->held;
	unsigned n = 0;

	while (held > NOTHING && n < tty->n_writes && n < FAKE_TTY_WRITES_MAX) {
		unsigned at = (tty->n_writes - 1 - n) % FAKE_TTY_WRITES_MAX;

		held -= tty->writes[at];
		n++;
	}
	return n;
}

unsigned
fake_tty_unsent(const struct fake_tty *tty)
{
	switch (tty->tells) {
	case FAKE_TTY_BYTES:
		/* The byte that is being sent still counts. */
		return tty->held > NOTHING ? (unsigned)tty->held + 1 : 0;
	case FAKE_TTY_WRITES:
		return in_flight(tty) * tty->chunk;
	case FAKE_TTY_NOTHING:
		break;
	}
	return 0;
}

void
fake_tty_advance(struct fake_tty *tty, int64_t ns)
{
	double bytes = tty->stalled ? 0 : ns * tty->rate / SECOND;

	tty->now_ns += ns;
	if (bytes > tty->held) {
		tty->idle_ns += (bytes - tty->held) * SECOND / tty->rate;
		bytes = tty->held;
	}
	tty->held -= bytes;
	tty->sent += bytes;
	if (fake_tty_unsent(tty) < WAKEUP_BYTES && tty->held < WAKEUP_BYTES)
		tty->full = false;
}

static unsigned
writes_max(const struct fake_tty *tty)
{
	return tty->tells == FAKE_TTY_WRITES ? FAKE_TTY_WRITES_MAX : UINT_MAX;
}

unsigned
fake_tty_write(struct fake_tty *tty, unsigned len)
{
	unsigned held = (unsigned)tty->held + (tty->held > NOTHING);
	unsigned room = tty->buffer > held ? tty->buffer - held : 0;
	unsigned left = len < room ? len : room;
	unsigned taken = 0;

	if (tty->full)
		return 0;
	while (left > 0 && in_flight(tty) < writes_max(tty)) {
		unsigned n = left < tty->chunk ? left : tty->chunk;

		tty->writes[tty->n_writes++ % FAKE_TTY_WRITES_MAX] = n;
		tty->held += n;
		taken += n;
		left -= n;
	}
	tty->full = taken < len;
	return taken;
}

static void
write_all(struct fake_source *s, struct fake_tty *tty)
{
	while (s->left || pace_open(&s->pace, tty->now_ns)) {
		unsigned len = s->left ? s->left : s->packet;
		unsigned taken = fake_tty_write(tty, len);

		s->packets += s->left == 0;
		s->left = len - taken;
		if (taken)
			pace_wrote(&s->pace, taken, tty->now_ns);
		if (s->left) {
			pace_full(&s->pace);
			return;
		}
	}
}

static void
wait(struct fake_source *s, struct fake_tty *tty)
{
	int64_t wait_ns = pace_next_ns(&s->pace, tty->now_ns) - tty->now_ns;

	/* Like poll(2) for output. */
	if (tty->full && tty->tells == FAKE_TTY_WRITES)
		wait_ns = tty->held * SECOND / tty->rate + 1;
	else if (tty->full)
		wait_ns = (tty->held - WAKEUP_BYTES + 1) * SECOND / tty->rate;
	s->random = s->random * 1664525 + 1013904223;
	if (s->late_ns)
		wait_ns += (s->random >> 8) % s->late_ns;
	fake_tty_advance(tty, wait_ns > 0 ? wait_ns : 1);
	if (!tty->full)
		pace_writable(&s->pace, tty->now_ns);
}

void
fake_source_turn(struct fake_source *s, struct fake_tty *tty)
{
	int64_t held_ns;

	wait(s, tty);
	pace_look(&s->pace, fake_tty_unsent(tty), tty->now_ns);
	s->looks++;
	if (!tty->full)
		write_all(s, tty);
	held_ns = tty->held * SECOND / tty->rate;
	if (held_ns > s->held_ns)
		s->held_ns = held_ns;
}

double
fake_source_run(struct fake_source *s, struct fake_tty *tty, int64_t for_ns)
{
	int64_t start_ns = tty->now_ns;
	double sent = tty->sent;

	s->packets = 0;
	s->looks = 0;
	s->held_ns = 0;
	while (tty->now_ns < start_ns + for_ns)
		fake_source_turn(s, tty);
	return (tty->sent - sent) * SECOND /
	    (tty->rate * (tty->now_ns - start_ns));
}

/*
 * The pace of a source that never runs dry, in virtual time: whatever the
 * packets, the stalls of the line and its real rate, the tty never holds more
 * than it may, and the line never idles for long.
 *
 * Input: what the tty tells, baud, how far its rate is off, its buffer; then
 * two bytes each: what happens, and how much of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fake/tty.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

struct run {
	struct fake_tty tty;
	struct fake_source source;
	unsigned largest; /* packet, of those that may be in the tty */
	int off;
	bool stalled; /* once: by the clock nobody can know */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t
time_ns(const struct run *run, double bytes)
{
	return bytes * SECOND / run->tty.rate;
}

static void
begin(struct run *run, const uint8_t *data)
{
	static const unsigned bauds[] = { 50, 1200, 9600, 57600, 115200, 500000,
		921600, 3000000 };
	static const unsigned buffers[] = { 20480, 4096, 300, 65536 };
	struct pace_line line = { .baud = bauds[data[1] % 8] };

	*run = (struct run){ .off = data[2] % 111 - 30 };
	line.bits = 10 + data[1] / 8 % 3;
	line.flow_control = data[1] & 0x80;
	run->tty.tells = data[0] % 3;
	run->tty.buffer = buffers[data[3] % 4];
	if (run->tty.tells == FAKE_TTY_WRITES)
		line.tells = PACE_TELLS_WRITES;
	fake_tty_init(&run->tty, &run->source, &line, run->off);
	run->source.packet = run->largest = 1502;
}

/* By the pace's own idea of the rate, which may be off by as much. */
static void
check_held(const struct run *run)
{
	const struct fake_tty *tty = &run->tty;
	int64_t ahead_ns = run->source.pace.ahead_ns * 125 / 100;
	int64_t one_ns = time_ns(run, run->largest + 2.0);

	MUST(tty->held <= tty->buffer);
	if (tty->tells == FAKE_TTY_BYTES)
		MUST(run->source.held_ns <= one_ns + ahead_ns);
	if (tty->tells == FAKE_TTY_WRITES)
		MUST(run->source.held_ns <=
		    one_ns * 2 + ahead_ns + time_ns(run, 2 * 1280));
	if (tty->tells == FAKE_TTY_NOTHING && run->off >= 0 && !run->stalled)
		MUST(run->source.held_ns <= one_ns + ahead_ns);
}

static void
turns(struct run *run, unsigned n)
{
	int64_t start_ns = run->tty.now_ns;
	int64_t idle_ns = run->tty.idle_ns;
	int64_t eighth_ns = time_ns(run, run->largest) / 8;
	const struct pace *pace = &run->source.pace;

	for (unsigned i = 0; i < n; i++) {
		fake_source_turn(&run->source, &run->tty);
		check_held(run);
		MUST(pace->rate >= pace->nominal * 9 / 10);
		MUST(pace->rate <= pace->nominal * 9 / 8);
		if (run->source.left == 0 &&
		    run->tty.held <= run->source.packet)
			run->largest = run->source.packet;
		run->source.held_ns = 0;
	}
	idle_ns = run->tty.idle_ns - idle_ns;
	start_ns = run->tty.now_ns - start_ns;
	/* What is unknown at the start, or after a stall, costs some. */
	if (run->tty.tells == FAKE_TTY_BYTES)
		MUST(idle_ns <=
		    20 * MS + start_ns / 20 + time_ns(run, 2) + eighth_ns);
	/* So few writes as there may be must be some milliseconds. */
	if (run->tty.tells == FAKE_TTY_WRITES &&
	    time_ns(run, 16.0 * run->source.packet) > 20 * MS)
		MUST(idle_ns <= 20 * MS + start_ns / 6 + eighth_ns);
}

static void
happen(struct run *run, uint8_t what, uint8_t amount)
{
	switch (what % 5) {
	case 0:
		run->source.packet = 2 + amount * 36u;
		if (run->source.packet > run->largest)
			run->largest = run->source.packet;
		break;
	case 1:
		turns(run, amount);
		break;
	case 2:
		fake_tty_advance(&run->tty, amount * 10 * MS);
		break;
	case 3:
		run->tty.stalled = true;
		run->stalled = true;
		for (unsigned i = 0; i < amount; i++)
			fake_source_turn(&run->source, &run->tty);
		run->tty.stalled = false;
		run->source.held_ns = 0;
		break;
	case 4:
		run->source.late_ns = amount * 1000;
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;

	if (size < 4 || size > 200)
		return 0;
	begin(&run, data);
	for (size_t at = 4; at + 1 < size; at += 2)
		happen(&run, data[at], data[at + 1]);
	return 0;
}

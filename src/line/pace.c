#include "line/pace.h"

/* Looks are planned for when there is a bit less than allowed. */
#define AHEAD_MARGIN(ahead_ns) ((ahead_ns) / 4)
#define AHEAD_CHARACTERS 2

/* What cdc-acm takes with one write, at full speed: 20 packets of 64. */
#define ACM_WRITE_BYTES 1280

/* The shortest wait between two looks, and the longest for a tty that stands
 * still: the peer may hold it up, or it tells in large steps. */
#define WAIT_MIN_NS INT64_C(250000)
#define STANDING_MAX_NS INT64_C(8000000)

/* A line may be this much faster than its name while that is not known: an
 * eighth; and this much faster than what was learned. */
#define EARLY_SHIFT 3
#define EARLY_LEARNED_SHIFT 6

/* So often is a tty asked early that tells nothing. */
#define SILENT_LOOKS 16

/* So many bytes tell the rate; less does where the tty was found empty before
 * and after; a count of more starts anew. */
#define LEARN_BYTES 32768
#define LEARN_BYTES_MIN 4096
#define LEARN_BYTES_MAX (1 << 20)
/* Between the last byte and the next packet: else nothing waited. */
#define PAUSE_MAX_NS INT64_C(1000000)
/* What may be in between, unseen: adapters tell in steps. */
#define LEARN_SLACK 512
/* Anything else is no clock that is off, but a line that was held up. */
#define LEARN_MIN_PERMILLE 900
#define LEARN_MAX_PERMILLE 1120

/* On a tty that tells nothing, a rate that was learned is forgotten bit by bit
 * while the line is idle now and then: it may have been held up. */
#define FORGET_NS INT64_C(1000000000)
#define FORGET_SHIFT 6

/* A tty with room says so when it holds less: WAKEUP_CHARS of the kernel. */
#define WAKEUP_BYTES 256

/* No tty holds more, and the numbers stay small. */
#define UNSENT_MAX (1u << 20)

#define GIGA INT64_C(1000000000)
#define PICO INT64_C(1000000000000)

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
pace_time_ns(const struct pace *p, int64_t bytes)
{
	return bytes * PICO / p->rate;
}

void
pace_init(struct pace *p, const struct pace_line *line, int64_t now_ns)
{
	*p = (struct pace){
		.tells = line->tells,
		.learns = !line->flow_control,
		.done_ns = now_ns,
		.since_ns = now_ns,
		.forgot_ns = now_ns,
	};
	p->nominal = (int64_t)line->baud * 1000 / line->bits;
	p->rate = p->nominal;
	p->ahead_ns = larger(PACE_AHEAD_NS, pace_time_ns(p, AHEAD_CHARACTERS));
	p->granule = ACM_WRITE_BYTES;
}

static void
start_count(struct pace *p, int64_t bytes, int64_t now_ns)
{
	p->since_ns = now_ns;
	p->bytes = bytes;
	p->paused = false;
}

/*
 * Between least and most bytes of those that were written since since_ns have
 * left: moves the rate no further than into what that leaves.  A pause makes
 * the line look slower, not faster.
 */
static void
learn(struct pace *p, int64_t least, int64_t most, int64_t now_ns)
{
	int64_t time_us = (now_ns - p->since_ns) / 1000;
	int64_t low, high;

	if (!p->learns || time_us <= 0 || most < LEARN_SLACK)
		return;
	low = least * GIGA / time_us;
	high = most * GIGA / time_us;
	if (high < p->nominal * LEARN_MIN_PERMILLE / 1000 ||
	    low > p->nominal * LEARN_MAX_PERMILLE / 1000)
		return;
	p->rate = larger(p->rate, low);
	if (!p->paused)
		p->rate = smaller(p->rate, high);
	p->learned = p->learned || most >= LEARN_BYTES;
}

/* The sizes of the last n writes. */
static int64_t
last_writes(const struct pace *p, unsigned n)
{
	int64_t bytes = 0;

	for (unsigned i = 0; i < n && i < PACE_WRITES; i++)
		bytes += p->writes[(p->newest - i) % PACE_WRITES];
	return bytes;
}

/* Between low and high bytes are in the tty. */
static void
correct(struct pace *p, int64_t low, int64_t high, int64_t now_ns)
{
	p->done_ns = larger(p->done_ns, now_ns + pace_time_ns(p, low));
	p->done_ns = smaller(p->done_ns, now_ns + pace_time_ns(p, high));
	learn(p, p->bytes - high - LEARN_SLACK, p->bytes - low + LEARN_SLACK,
	    now_ns);
	if (p->bytes >= LEARN_BYTES_MAX)
		start_count(p, (low + high) / 2, now_ns);
}

static unsigned
common_divisor(unsigned a, unsigned b)
{
	while (b) {
		unsigned rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void
correct_by_writes(struct pace *p, int64_t now_ns)
{
	unsigned n;

	/* Another speed of the bus, another size: all that is told is a
	 * multiple of it, and no more of them than there were writes. */
	p->granule = common_divisor(p->granule, p->unsent);
	if (p->made && p->unsent / p->granule > p->made)
		p->granule = p->unsent / p->made;
	n = p->unsent / p->granule;
	p->in_flight = n;
	/* Of the oldest one a byte may be left, or all. */
	correct(p, last_writes(p, n - 1) + 1, last_writes(p, n), now_ns);
}

static void
found_empty(struct pace *p, int64_t now_ns)
{
	/* Sooner than it should have been: the line is faster than that. */
	if (p->done_ns > now_ns) {
		p->rate = larger(p->rate, p->nominal);
		p->learned = false;
		p->done_ns = now_ns;
	}
	/* Nobody knows for how long it was.  But it has sent all. */
	p->paused = true;
	learn(p, p->bytes, p->bytes, now_ns);
	if (p->bytes >= LEARN_BYTES_MIN)
		start_count(p, 0, now_ns);
	p->paused = true;
	p->empty_ns = now_ns;
	p->made = 0;
	p->in_flight = 0;
	p->standing = 0;
}

void
pace_look(struct pace *p, unsigned unsent, int64_t now_ns)
{
	int64_t done_ns = p->done_ns;
	bool same;

	if (unsent > UNSENT_MAX)
		unsent = UNSENT_MAX;
	same = unsent == p->unsent;
	p->unsent = unsent;
	p->speaks = p->speaks || unsent;
	if (!p->speaks) {
		if (p->silent < SILENT_LOOKS && pace_held_ns(p, now_ns))
			p->silent++;
		return;
	}
	if (unsent == 0) {
		found_empty(p, now_ns);
		return;
	}
	if (p->tells == PACE_TELLS_WRITES)
		correct_by_writes(p, now_ns);
	else
		correct(p, unsent, unsent, now_ns);
	/* By the clock there had to be less. */
	p->standing = same && p->done_ns > done_ns ? p->standing + 1 : 0;
}

static void
start_to_be_busy(struct pace *p, int64_t now_ns)
{
	p->done_ns = now_ns;
	if (!p->paused || now_ns - p->empty_ns > PAUSE_MAX_NS)
		start_count(p, 0, now_ns);
	if (p->speaks || now_ns - p->forgot_ns < FORGET_NS)
		return;
	p->rate += (p->nominal - p->rate) >> FORGET_SHIFT;
	p->forgot_ns = now_ns;
}

void
pace_wrote(struct pace *p, size_t bytes, int64_t now_ns)
{
	if (p->done_ns <= now_ns)
		start_to_be_busy(p, now_ns);
	p->done_ns += pace_time_ns(p, bytes);
	p->bytes += bytes;
	p->standing = 0;
	for (size_t left = bytes; left > 0; p->made++) {
		size_t taken = left < p->granule ? left : p->granule;

		p->newest = (p->newest + 1) % PACE_WRITES;
		p->writes[p->newest] = taken;
		p->in_flight++;
		left -= taken;
	}
}

void
pace_full(struct pace *p)
{
	p->full = true;
}

void
pace_writable(struct pace *p, int64_t now_ns)
{
	if (!p->full)
		return;
	p->full = false;
	if (p->speaks)
		return;
	/* The line was never idle, or the tty would not have been full. */
	learn(p, 0, p->bytes, now_ns);
	p->done_ns = smaller(
	    larger(p->done_ns, now_ns), now_ns + pace_time_ns(p, WAKEUP_BYTES));
}

int64_t
pace_held_ns(const struct pace *p, int64_t now_ns)
{
	return larger(p->done_ns - now_ns, 0);
}

bool
pace_open(const struct pace *p, int64_t now_ns)
{
	return !p->full && pace_held_ns(p, now_ns) <= p->ahead_ns;
}

/* When the oldest of several writes in flight will be out: that it is, or is
 * not, tells where the clock stands. */
static int64_t
next_write_ns(const struct pace *p)
{
	if (p->tells != PACE_TELLS_WRITES || p->in_flight < 2)
		return INT64_MAX;
	return p->done_ns - pace_time_ns(p, last_writes(p, p->in_flight - 1));
}

int64_t
pace_next_ns(const struct pace *p, int64_t now_ns)
{
	int64_t at_ns = p->done_ns - p->ahead_ns + AHEAD_MARGIN(p->ahead_ns);
	int64_t wait_ns = smaller(at_ns, next_write_ns(p)) - now_ns;

	if (!p->speaks && p->silent >= SILENT_LOOKS)
		return now_ns + larger(wait_ns, WAIT_MIN_NS);
	wait_ns -= wait_ns >> (p->learned ? EARLY_LEARNED_SHIFT : EARLY_SHIFT);
	if (p->standing)
		wait_ns = larger(wait_ns,
		    smaller(WAIT_MIN_NS << smaller(p->standing, 8),
			STANDING_MAX_NS));
	return now_ns + larger(wait_ns, WAIT_MIN_NS);
}

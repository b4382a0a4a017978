/*
 * A silent line: when a bare END is sent as fill, when the peer is to be asked
 * for an echo, and whether it is still heard.  Each END that arrives is a sign
 * of life: SLIP speakers ignore empty packets, so fill needs no agreement.
 *
 * No I/O: time comes in as an argument; what is due is told.
 */
#ifndef SR_PUMP_LIFE_H
#define SR_PUMP_LIFE_H

#include <stdbool.h>
#include <stdint.h>

/* How often the peer is asked where no interval is given. */
#define LIFE_PROBE_S 10

struct life_settings {
	unsigned interval_s; /* fill after so much silence of ours; 0: off */
	unsigned timeout_s;  /* silent when nothing came for so long; 0: off */
	bool probe;          /* ask for an echo each interval */
};

struct life {
	struct life_settings settings;
	int64_t written_ns; /* when we last wrote something */
	int64_t heard_ns;   /* when an END last came, or the port was opened */
	int64_t probed_ns;  /* when the peer was last asked */
	bool silent;        /* the peer, by the time-out */
};

/* What is due; bits. */
enum life_due {
	LIFE_FILL = 1,
	LIFE_PROBE = 2,
	LIFE_SILENT = 4, /* the peer just became silent: silent is set */
};

/* The port was just opened. */
void life_init(
    struct life *l, const struct life_settings *settings, int64_t now_ns);

/* While it runs.  Silence counts on; without a time-out the peer is not
 * silent. */
void life_set(
    struct life *l, const struct life_settings *settings, int64_t now_ns);

static inline void
life_wrote(struct life *l, int64_t now_ns)
{
	l->written_ns = now_ns;
}

/* An END came.  true: the peer had been silent. */
static inline bool
life_heard(struct life *l, int64_t now_ns)
{
	bool was_silent = l->silent;

	l->heard_ns = now_ns;
	l->silent = false;
	return was_silent;
}

/* When life_due() is to be asked next; INT64_MAX: never. */
int64_t life_next_ns(const struct life *l);

/* What is due now, each told once: fill and probe count as written and asked
 * at now_ns. */
unsigned life_due(struct life *l, int64_t now_ns);

#endif

/* Which state follows: a pure table. */
#include "router/link_fsm.h"

/* LINK_CLOSING, LINK_EV_REAPED is not in the table: it leads to `after`. */
static const enum link_state next[LINK_STATES][LINK_EVENTS] = {
	[LINK_DOWN] = {
		[LINK_EV_NONE] = LINK_DOWN,
		[LINK_EV_START] = LINK_OPENING,
		[LINK_EV_STOP] = LINK_DOWN,
		[LINK_EV_OPENED] = LINK_DOWN,
		[LINK_EV_ABSENT] = LINK_DOWN,
		[LINK_EV_FAILED] = LINK_DOWN,
		[LINK_EV_REAPED] = LINK_DOWN,
		[LINK_EV_RETRY] = LINK_DOWN,
	},
	[LINK_OPENING] = {
		[LINK_EV_NONE] = LINK_OPENING,
		[LINK_EV_START] = LINK_OPENING,
		[LINK_EV_STOP] = LINK_CLOSING,
		[LINK_EV_OPENED] = LINK_UP,
		[LINK_EV_ABSENT] = LINK_CLOSING,
		[LINK_EV_FAILED] = LINK_CLOSING,
		[LINK_EV_REAPED] = LINK_OPENING,
		[LINK_EV_RETRY] = LINK_OPENING,
	},
	[LINK_UP] = {
		[LINK_EV_NONE] = LINK_UP,
		[LINK_EV_START] = LINK_UP,
		[LINK_EV_STOP] = LINK_CLOSING,
		[LINK_EV_OPENED] = LINK_UP,
		[LINK_EV_ABSENT] = LINK_CLOSING,
		[LINK_EV_FAILED] = LINK_CLOSING,
		[LINK_EV_REAPED] = LINK_UP,
		[LINK_EV_RETRY] = LINK_UP,
	},
	[LINK_CLOSING] = {
		[LINK_EV_NONE] = LINK_CLOSING,
		[LINK_EV_START] = LINK_CLOSING,
		[LINK_EV_STOP] = LINK_CLOSING,
		[LINK_EV_OPENED] = LINK_CLOSING,
		[LINK_EV_ABSENT] = LINK_CLOSING,
		[LINK_EV_FAILED] = LINK_CLOSING,
		[LINK_EV_RETRY] = LINK_CLOSING,
	},
	[LINK_ABSENT] = {
		[LINK_EV_NONE] = LINK_ABSENT,
		[LINK_EV_START] = LINK_ABSENT,
		[LINK_EV_STOP] = LINK_DOWN,
		[LINK_EV_OPENED] = LINK_ABSENT,
		[LINK_EV_ABSENT] = LINK_ABSENT,
		[LINK_EV_FAILED] = LINK_BACKOFF,
		[LINK_EV_REAPED] = LINK_ABSENT,
		[LINK_EV_RETRY] = LINK_OPENING,
	},
	[LINK_BACKOFF] = {
		[LINK_EV_NONE] = LINK_BACKOFF,
		[LINK_EV_START] = LINK_BACKOFF,
		[LINK_EV_STOP] = LINK_DOWN,
		[LINK_EV_OPENED] = LINK_BACKOFF,
		[LINK_EV_ABSENT] = LINK_ABSENT,
		[LINK_EV_FAILED] = LINK_BACKOFF,
		[LINK_EV_REAPED] = LINK_BACKOFF,
		[LINK_EV_RETRY] = LINK_OPENING,
	},
};

enum link_state
link_fsm_next(enum link_state from, enum link_state after, enum link_event ev)
{
	if (from == LINK_CLOSING && ev == LINK_EV_REAPED)
		return after;
	return next[from][ev];
}

enum link_state
link_fsm_after(enum link_state from, enum link_state after, enum link_event ev)
{
	switch (ev) {
	case LINK_EV_STOP:
		return LINK_DOWN;
	case LINK_EV_START:
		return after == LINK_DOWN ? LINK_OPENING : after;
	case LINK_EV_ABSENT:
		return from == LINK_CLOSING ? after : LINK_ABSENT;
	case LINK_EV_FAILED:
		return from == LINK_CLOSING ? after : LINK_BACKOFF;
	case LINK_EV_NONE:
	case LINK_EV_OPENED:
	case LINK_EV_REAPED:
	case LINK_EV_RETRY:
	case LINK_EVENTS:
		break;
	}
	return after;
}

const char *
link_state_name(enum link_state state)
{
	static const char *const names[LINK_STATES] = {
		[LINK_DOWN] = "DOWN",
		[LINK_OPENING] = "OPENING",
		[LINK_UP] = "UP",
		[LINK_CLOSING] = "CLOSING",
		[LINK_ABSENT] = "ABSENT",
		[LINK_BACKOFF] = "BACKOFF",
	};

	return names[state];
}

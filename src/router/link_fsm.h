/*
 * The states of a link, and which state follows which event: a pure table.
 */
#ifndef SR_ROUTER_LINK_FSM_H
#define SR_ROUTER_LINK_FSM_H

enum link_state {
	LINK_DOWN,    /* nothing runs: stopped, set down by hand, or new */
	LINK_OPENING, /* a pump is opening the port, the line settles */
	LINK_UP,      /* the pump runs */
	LINK_CLOSING, /* the pump was told to end; left when it was reaped */
	LINK_ABSENT,  /* there is no such port; we look again now and then */
	LINK_BACKOFF, /* something failed; we wait and try again */
	LINK_STATES,
};

enum link_event {
	LINK_EV_NONE,
	LINK_EV_START,  /* the link is wanted */
	LINK_EV_STOP,   /* it is not, or the interface was set down */
	LINK_EV_OPENED, /* the pump opened the port */
	LINK_EV_ABSENT, /* there is no such port */
	LINK_EV_FAILED, /* the pump or the interface failed */
	LINK_EV_REAPED, /* the pump's process is gone */
	LINK_EV_RETRY,  /* waited long enough, or the port is there */
	LINK_EVENTS,
};

/* after: where a link that is CLOSING goes when its pump is reaped. */
enum link_state link_fsm_next(
    enum link_state from, enum link_state after, enum link_event ev);

/*
 * The new value of `after` when ev meets a link in state from: DOWN, ABSENT,
 * BACKOFF or OPENING.  In CLOSING, an operator's wish replaces what was
 * planned, and a failure does not replace an operator's wish.
 */
enum link_state link_fsm_after(
    enum link_state from, enum link_state after, enum link_event ev);

const char *link_state_name(enum link_state state); /* "UP" */

#endif

/*
 * What the files of the room `link` share: link.c (states), link_pump.c,
 * link_port.c, link_interface.c, link_change.c, link_say.c.  Nobody else
 * includes this.
 */
#ifndef SR_ROUTER_LINK_PRIV_H
#define SR_ROUTER_LINK_PRIV_H

#include "router/link.h"

void link_event(struct link *l, enum link_event ev);

/* Waits for the next try, as long as is configured now. */
void link_back_off(struct link *l);

/* A line that outsiders can provoke (an adapter that flaps, an interface that
 * somebody plays with): held back by the link's token bucket. */
void link_say(struct link *l, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Keeps and tells a failure; the same one again is for debugging only. */
void link_fail(struct link *l, const struct error *err);

/* On entering UP: what the driver did not do as it was asked. */
void link_warn_of_port(struct link *l);
/* What output that stands still may come from. */
const char *link_stuck_cause(const struct link *l);
/* What arrives damaged: from now on; now and then, while it is UP. */
void link_begin_damage(struct link *l);
void link_look_at_damage(struct link *l);

/* What there is now where the port is waited for, without opening anything: a
 * number that changes with it; 0: nothing. */
uint64_t link_port_sign(const struct link *l);

/* Whether that failure soon passes: of a node that has just appeared, whose
 * owner and mode udev sets, and which others look at. */
bool link_fails_soon(const struct link *l, const struct error *err);
/* When such a one is tried again. */
int64_t link_soon_ms(struct link *l);

/* What its pump is told at the start, and when it changes. */
struct pump_live link_live(const struct conf_link *conf);
int link_start_pump(struct link *l, struct error *err);
/* Closes what is left of a pump that was reaped, or never started. */
void link_drop_pump(struct link *l);

#endif

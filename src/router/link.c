/* One link: its state, its one timer, its interface, its pump. */
#include "router/link.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "router/link_priv.h"

/* What opening a sick adapter may take before its pump is ended. */
#define OPENING_MS 10000
/* What a pump may take to end by itself. */
#define CLOSING_MS 1000
/* How often a pump is asked for a sign of life, and has to answer. */
#define ALIVE_MS 5000
/* How often a port is tried that is there without having changed: a node with
 * nothing behind it; an adapter that may be ours by all but its serial number.
 */
#define BEHIND_MS 2000
#define FOREIGN_MS 60000
#define OPENS_MS 1000 /* LINK_OPENS in that time */
/* UP for so long, a link is taken as sound again. */
#define SOUND_MS 10000

static void
set_timer(struct link *l, int64_t delay_ms)
{
	struct timeval tv = { .tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000 };

	evtimer_add(l->timer, &tv);
}

static enum link_event
enter_down(struct link *l)
{
	/* link_settle() knows what is to become of it. */
	if (!l->wanted && !link_is_changing(l))
		interface_release(&l->interface);
	return LINK_EV_NONE;
}

static enum link_event
open_port(struct link *l)
{
	struct error err;

	l->port_failed = false;
	if (interface_make(&l->interface, l->conf, l->env->netif, &err) < 0 ||
	    (!l->interface.held_down && link_start_pump(l, &err) < 0)) {
		link_fail(l, &err);
		return LINK_EV_FAILED;
	}
	if (l->interface.held_down) {
		link_say(l, LOG_LEVEL_WARN,
		    "interface %s is set down; the link waits for: "
		    "ip link set %s up",
		    l->conf->interface, l->conf->interface);
		return LINK_EV_STOP;
	}
	set_timer(l, OPENING_MS + l->conf->port.settle_ms);
	return LINK_EV_NONE;
}

static enum link_event
enter_opening(struct link *l)
{
	int64_t oldest_ms = l->opens_ms[l->next_open];
	int64_t gap_ms = oldest_ms + OPENS_MS - clock_ms();

	if (oldest_ms == 0 || gap_ms <= 0)
		return open_port(l);
	set_timer(l, gap_ms);
	return LINK_EV_NONE;
}

static enum link_event
enter_up(struct link *l)
{
	interface_set_carrier(
	    &l->interface, l->conf->name, l->env->netif, true);
	if (l->failures)
		link_say(l, LOG_LEVEL_INFO,
		    "up: %s at %u baud, interface %s, after %u failed %s",
		    l->port.node, l->port.baud, l->conf->interface, l->failures,
		    l->failures == 1 ? "try" : "tries");
	else
		link_say(l, LOG_LEVEL_INFO, "up: %s at %u baud, interface %s",
		    l->port.node, l->port.baud, l->conf->interface);
	l->failures = 0;
	l->soon = 0;
	l->absent_told = false;
	link_warn_of_port(l);
	link_begin_damage(l);
	set_timer(l, ALIVE_MS);
	return LINK_EV_NONE;
}

static enum link_event
enter_closing(struct link *l)
{
	interface_set_carrier(
	    &l->interface, l->conf->name, l->env->netif, false);
	l->stuck = false;
	l->silent = false;
	if (l->pump.pid == 0) {
		link_drop_pump(l);
		return LINK_EV_REAPED;
	}
	if (l->reports)
		event_free(l->reports);
	l->reports = NULL;
	pump_proc_stop(&l->pump);
	set_timer(l, CLOSING_MS);
	return LINK_EV_NONE;
}

static enum link_event
enter_absent(struct link *l)
{
	uint64_t sign = link_port_sign(l);
	char text[160];

	backoff_reset(&l->backoff);
	/* Another one than was last tried: gone and there again. */
	if (sign != 0 && sign != l->tried) {
		if (!l->absent_told)
			link_say(l, LOG_LEVEL_INFO, "%s; it is there again",
			    l->last_error.text);
		l->absent_told = true;
		l->soon = 1;
		return LINK_EV_RETRY;
	}
	if (!l->absent_told)
		link_say(l, LOG_LEVEL_INFO, "%s is not there; waiting for it",
		    port_text(&l->conf->port, text, sizeof(text)));
	l->absent_told = true;
	if (sign != 0)
		set_timer(l, l->conf->port.device ? BEHIND_MS : FOREIGN_MS);
	return LINK_EV_NONE;
}

static uint32_t
random_bits(void)
{
	uint32_t bits;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != sizeof(bits))
		bits = clock_ns();
	return bits;
}

void
link_back_off(struct link *l)
{
	unsigned delay_ms = l->soon
	    ? link_soon_ms(l)
	    : backoff_next(&l->backoff, l->conf->retry_first_ms,
		  l->conf->retry_max_ms, random_bits());

	l->retry_ms = clock_ms() + delay_ms;
	set_timer(l, delay_ms);
}

static enum link_event
enter_backoff(struct link *l)
{
	link_back_off(l);
	return LINK_EV_NONE;
}

static enum link_event (*const enter[LINK_STATES])(struct link *) = {
	[LINK_DOWN] = enter_down,
	[LINK_OPENING] = enter_opening,
	[LINK_UP] = enter_up,
	[LINK_CLOSING] = enter_closing,
	[LINK_ABSENT] = enter_absent,
	[LINK_BACKOFF] = enter_backoff,
};

/* Entering a state may raise the next event; no recursion. */
void
link_event(struct link *l, enum link_event ev)
{
	while (ev != LINK_EV_NONE) {
		enum link_state from = l->state;
		enum link_state to = link_fsm_next(from, l->after, ev);

		l->after = link_fsm_after(from, l->after, ev);
		if (to == from)
			break;
		evtimer_del(l->timer);
		l->state = to;
		l->since_ms = clock_ms();
		log_debug("%s: %s -> %s", l->conf->name, link_state_name(from),
		    link_state_name(to));
		ev = enter[to](l);
	}
	l->env->changed(l, l->env->arg);
}

static void
check_pump(struct link *l)
{
	struct error err;

	if (!pump_proc_ask(&l->pump)) {
		error_set(&err, ETIMEDOUT, "the pump does not answer");
		link_fail(l, &err);
		pump_proc_kill(&l->pump);
		link_event(l, LINK_EV_FAILED);
		return;
	}
	if (clock_ms() - l->since_ms >= SOUND_MS)
		backoff_reset(&l->backoff);
	link_look_at_damage(l);
	set_timer(l, ALIVE_MS);
}

static void
opening_timer(struct link *l)
{
	struct error err;
	char text[160];

	if (l->pump.pid == 0) {
		link_event(l, open_port(l));
		return;
	}
	error_set(&err, ETIMEDOUT, "opening %s takes too long",
	    port_text(&l->conf->port, text, sizeof(text)));
	link_fail(l, &err);
	link_event(l, LINK_EV_FAILED);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	(void)what;
	switch (l->state) {
	case LINK_OPENING:
		opening_timer(l);
		break;
	case LINK_UP:
		check_pump(l);
		break;
	case LINK_CLOSING:
		pump_proc_kill(&l->pump);
		break;
	case LINK_ABSENT:
	case LINK_BACKOFF:
		link_event(l, LINK_EV_RETRY);
		break;
	case LINK_DOWN:
	case LINK_STATES:
		break;
	}
}

struct link *
link_new(const struct conf_link *conf, struct conf *holder,
    const struct link_env *env)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->conf = conf;
	l->holder = holder;
	l->env = env;
	l->state = LINK_DOWN;
	l->after = LINK_DOWN;
	l->since_ms = clock_ms();
	interface_init(&l->interface);
	pump_proc_init(&l->pump);
	l->timer = evtimer_new(env->base, on_timer, l);
	if (!l->timer) {
		free(l);
		return NULL;
	}
	if (holder)
		conf_hold(holder);
	return l;
}

void
link_free(struct link *l)
{
	if (!l)
		return;
	assert(l->state == LINK_DOWN);
	interface_release(&l->interface);
	event_free(l->timer);
	conf_free(l->holder);
	conf_free(l->next.holder);
	free(l);
}

void
link_start(struct link *l)
{
	l->wanted = true;
	l->stopped = false;
	if (l->waiting || link_is_changing(l))
		return;
	link_event(l, LINK_EV_START);
}

void
link_stop(struct link *l)
{
	l->wanted = false;
	l->waiting = false;
	/* DOWN by hand, or on its way to be started: it still has it. */
	if (l->state == LINK_DOWN && !link_is_changing(l))
		interface_release(&l->interface);
	link_event(l, LINK_EV_STOP);
}

void
link_pause(struct link *l)
{
	l->stopped = true;
	link_stop(l);
}

void
link_restart(struct link *l)
{
	bool waits = l->state == LINK_ABSENT || l->state == LINK_BACKOFF;

	l->wanted = true;
	l->stopped = false;
	if (l->waiting || link_is_changing(l))
		return;
	backoff_reset(&l->backoff);
	if (waits) {
		link_event(l, LINK_EV_RETRY);
		return;
	}
	/* In CLOSING, the second replaces the first as what follows. */
	link_event(l, LINK_EV_STOP);
	link_event(l, LINK_EV_START);
}

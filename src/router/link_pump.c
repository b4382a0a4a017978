/* The pump of a link: started, listened to, reaped. */
#include <errno.h>
#include <event2/event.h>
#include <limits.h>

#include "base/clock.h"
#include "os/terminal.h"
#include "router/link_priv.h"

#define REPORTS_PER_TURN 8

void
link_drop_pump(struct link *l)
{
	if (l->reports)
		event_free(l->reports);
	l->reports = NULL;
	pump_proc_close(&l->pump);
}

/* Whoever else reads the port takes bytes from us, and may write to it. */
static void
warn_of_user(struct link *l, const struct port_info *port)
{
	char unit[160];

	if (terminal_is_getty(port->also))
		link_say(l, LOG_LEVEL_WARN,
		    "%s is also open in %s: systemctl disable --now %s",
		    port->node, port->also,
		    terminal_getty_unit(port->node, unit, sizeof(unit)));
	else
		link_say(l, LOG_LEVEL_WARN,
		    "%s is also open in %s: each takes bytes from the other",
		    port->node, port->also);
}

void
link_begin_damage(struct link *l)
{
	struct stats stats;

	link_stats(l, &stats);
	damage_begin(&l->damage, &stats, clock_ms());
}

void
link_look_at_damage(struct link *l)
{
	bool noisy = l->damage.noisy;
	enum damage_news news;
	struct stats stats;
	char text[300];

	link_stats(l, &stats);
	news = damage_look(&l->damage, &stats, clock_ms(), text, sizeof(text));
	if (l->damage.noisy != noisy)
		l->env->changed(l, l->env->arg);
	switch (news) {
	case DAMAGE_NONE:
		return;
	case DAMAGE_NOISY:
		link_say(l, LOG_LEVEL_WARN, "%s", text);
		return;
	case DAMAGE_SOUND:
		link_say(l, LOG_LEVEL_INFO, "frames arrive whole again");
		return;
	}
}

static void
take_end(struct link *l, const struct pump_report *r)
{
	bool vanished = false;
	uint64_t sign;

	switch ((enum pump_end)r->end) {
	case PUMP_END_ABSENT:
		vanished = true;
		break;
	case PUMP_END_HANGUP:
		/* An adapter that was pulled is normal life, also where
		 * another one has its name already. */
		sign = link_port_sign(l);
		vanished = sign == 0 || sign != l->tried;
		l->port_failed = true;
		break;
	case PUMP_END_INTERFACE:
		interface_lost(&l->interface);
		break;
	case PUMP_END_FAILED:
		l->port_failed = true;
		break;
	case PUMP_END_STOPPED:
		break;
	}
	if (vanished) {
		l->last_error = r->error;
		l->last_error_ms = clock_ms();
		link_event(l, LINK_EV_ABSENT);
		return;
	}
	link_fail(l, &r->error);
	link_event(l, LINK_EV_FAILED);
}

const char *
link_stuck_cause(const struct link *l)
{
	switch (l->conf->port.flow) {
	case PORT_FLOW_NONE:
		break;
	case PORT_FLOW_RTSCTS:
		return "does the peer hold CTS? cable? power?";
	case PORT_FLOW_XONXOFF:
		return "the peer sent XOFF, or noise did; it is resumed";
	}
	return "adapter? cable? power?";
}

static void
take_report(struct link *l, const struct pump_report *r)
{
	/* Where it was told to end, what it still says is no news. */
	if (l->state == LINK_CLOSING)
		return;
	switch ((enum pump_report_type)r->type) {
	case PUMP_OPENED:
		/* A getty comes back under another number: told once. */
		if (r->port.also[0] && !l->port.also[0])
			warn_of_user(l, &r->port);
		l->port = r->port;
		link_event(l, LINK_EV_OPENED);
		return;
	case PUMP_STUCK:
		l->stuck = true;
		link_say(l, LOG_LEVEL_WARN, "%s takes no output: %s",
		    l->port.node, link_stuck_cause(l));
		l->env->changed(l, l->env->arg);
		return;
	case PUMP_FLOWS:
		l->stuck = false;
		link_say(
		    l, LOG_LEVEL_INFO, "%s takes output again", l->port.node);
		l->env->changed(l, l->env->arg);
		return;
	case PUMP_SILENT:
		l->silent = true;
		interface_set_carrier(
		    &l->interface, l->conf->name, l->env->netif, false);
		link_say(l, LOG_LEVEL_WARN,
		    "nothing was heard from the peer for %u s: carrier off",
		    l->conf->live.liveness_timeout_s);
		l->env->changed(l, l->env->arg);
		return;
	case PUMP_HEARD:
		l->silent = false;
		interface_set_carrier(
		    &l->interface, l->conf->name, l->env->netif, true);
		link_say(l, LOG_LEVEL_INFO, "the peer is heard again");
		l->env->changed(l, l->env->arg);
		return;
	case PUMP_ENDED:
		take_end(l, r);
		return;
	}
}

/* A bounded number: a pump that talks without end holds up nobody. */
static void
read_reports(struct link *l, int most)
{
	struct pump_report report;
	int result = 1;

	for (int i = 0; i < most && result > 0; i++) {
		result = pump_proc_read(&l->pump, &report);
		if (result > 0)
			take_report(l, &report);
	}
	if (result < 0 && l->reports) {
		/* Its death is what tells why. */
		event_free(l->reports);
		l->reports = NULL;
		pump_proc_kill(&l->pump);
	}
}

static void
on_reports(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_reports(arg, REPORTS_PER_TURN);
}

struct pump_live
link_live(const struct conf_link *conf)
{
	struct pump_live live = conf->live;

	const struct ip *from = conf_probe_from(conf);

	live.mtu = conf->netif.mtu;
	if (from)
		live.liveness_from = *from;
	return live;
}

int
link_start_pump(struct link *l, struct error *err)
{
	struct pump_options options = {
		.link = l->conf->name,
		.port = l->conf->port,
		.claimed = l->env->claimed,
		.claimed_arg = l->env->arg,
		.live = link_live(l->conf),
		.uid = l->env->pump_uid,
		.gid = l->env->pump_gid,
	};

	if (l->opened_ms)
		l->restarts++;
	l->opened_ms = clock_ms();
	l->opens_ms[l->next_open] = l->opened_ms;
	l->next_open = (l->next_open + 1) % LINK_OPENS;
	l->tried = link_port_sign(l);
	if (pump_proc_start(&l->pump, &options, l->interface.fd, err) < 0)
		return -1;
	l->reports = event_new(
	    l->env->base, l->pump.sock, EV_READ | EV_PERSIST, on_reports, l);
	if (!l->reports || event_add(l->reports, NULL) < 0) {
		pump_proc_kill(&l->pump);
		return error_set(err, ENOMEM, "no memory to watch the pump");
	}
	return 0;
}

void
link_reap(struct link *l)
{
	struct error err;

	if (!pump_proc_reap(&l->pump, &l->ended, &err))
		return;
	log_debug("%s: %s", l->conf->name, err.text);
	/* All that is left: no more than the socket holds. */
	read_reports(l, INT_MAX);
	/* Its last report may have led on to a new pump. */
	if (l->pump.pid != 0)
		return;
	if (l->state == LINK_OPENING || l->state == LINK_UP) {
		link_fail(l, &err);
		link_event(l, LINK_EV_FAILED);
	}
	if (l->state == LINK_CLOSING) {
		link_drop_pump(l);
		link_event(l, LINK_EV_REAPED);
	}
}

void
link_stats(const struct link *l, struct stats *stats)
{
	struct stats now;

	*stats = l->ended;
	if (!l->pump.page)
		return;
	stats_snapshot(l->pump.page, &now);
	stats_add(stats, &now);
}

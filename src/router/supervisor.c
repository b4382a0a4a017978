/* The loop that serves links, signals and the service manager. */
#include "router/supervisor.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "os/netif.h"
#include "os/netwatch.h"
#include "os/notify.h"
#include "os/sandbox.h"
#include "router/control.h"
#include "router/link_log.h"
#include "router/links.h"
#include "router/reload.h"

/* Whom a pump becomes where the daemon is root: nobody, by number, since
 * names may come from a server that is at the other end of the line. */
#define PUMP_UID 65534
#define PUMP_GID 65534

/* A pump that does not even die in that time (the kernel holds it in a
 * driver) does not keep the daemon from ending. */
#define STOPPING_MS 3000

static const int signals[] = { SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGUSR1 };
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

struct supervisor {
	struct event_base *base;
	struct netif *netif;
	struct netwatch *netwatch;
	struct event *netwatch_event;
	struct event *signal_events[N_SIGNALS];
	struct event *watchdog;
	struct event *deadline;
	struct links *links;
	struct reload *reload;
	struct control *control; /* NULL: there is none */
	const char *file;        /* of the configuration; NULL: none */
	size_t told_n, told_up; /* how many links, and UP, as last told */
	bool stopping;
	struct error failure; /* code 0: none */
};

/* What systemctl status shows. */
static void
tell_status(struct supervisor *s)
{
	char text[64];
	size_t n, up;

	links_tally(s->links, &n, &up);
	if (up == s->told_up && n == s->told_n)
		return;
	s->told_up = up;
	s->told_n = n;
	snprintf(text, sizeof(text), "%zu of %zu links up", up, n);
	notify_status(text);
}

static void
on_changed(struct link *l, void *arg)
{
	struct supervisor *s = arg;

	tell_status(s);
	if (s->control && l)
		control_link_changed(s->control, l);
	if (s->stopping && links_are_down(s->links))
		event_base_loopbreak(s->base);
}

static void
stop(struct supervisor *s)
{
	struct timeval tv = { .tv_sec = STOPPING_MS / 1000 };

	if (s->stopping)
		return;
	notify_stopping();
	if (s->control)
		control_end(s->control);
	s->control = NULL;
	evtimer_add(s->deadline, &tv);
	reload_stop(s->reload);
	links_stop(s->links);
	s->stopping = true;
	on_changed(NULL, s);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)what;
	switch (number) {
	case SIGTERM:
	case SIGINT:
		log_info("serial-routerd: stopping (%s)",
		    number == SIGTERM ? "SIGTERM" : "SIGINT");
		stop(s);
		break;
	case SIGCHLD:
		links_reap(s->links);
		reload_reap(s->reload);
		break;
	case SIGHUP:
		reload_start(s->reload, 0, NULL, NULL);
		break;
	case SIGUSR1:
		for (size_t i = 0; i < links_count(s->links); i++)
			link_log_status(links_at(s->links, i));
		break;
	}
}

static void
on_interface(const struct netwatch_event *ev, void *arg)
{
	struct supervisor *s = arg;

	links_interface_event(s->links, ev);
}

static void
on_netwatch(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)fd;
	(void)what;
	if (netwatch_read(s->netwatch, on_interface, s, &s->failure) == 0)
		return;
	/* A restart by systemd is better than being blind. */
	event_base_loopbreak(s->base);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	notify_watchdog();
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < links_count(s->links); i++) {
		const struct link *l = links_at(s->links, i);

		if (l->state != LINK_DOWN)
			log_warn("%s: the pump (pid %d) does not end: left "
				 "behind",
			    l->conf->name, (int)l->pump.pid);
	}
	event_base_loopbreak(s->base);
}

static int
make_base(struct supervisor *s, struct error *err)
{
	struct event_config *config = event_config_new();

	if (!config)
		return error_set(err, ENOMEM, "no memory");
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	s->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!s->base)
		return error_set(err, ENOMEM, "cannot make an event loop");
	return 0;
}

static int
watch_interfaces(struct supervisor *s, struct error *err)
{
	s->netif = netif_new(err);
	if (!s->netif)
		return -1;
	s->netwatch = netwatch_new(err);
	if (!s->netwatch)
		return -1;
	s->netwatch_event = event_new(s->base, netwatch_fd(s->netwatch),
	    EV_READ | EV_PERSIST, on_netwatch, s);
	if (!s->netwatch_event || event_add(s->netwatch_event, NULL) < 0)
		return error_set(err, ENOMEM, "cannot watch interfaces");
	return 0;
}

static int
watch_signals(struct supervisor *s, struct error *err)
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		s->signal_events[i] = evsignal_new(
		    s->base, signals[i], on_signal, s);
		if (!s->signal_events[i] ||
		    event_add(s->signal_events[i], NULL) < 0)
			return error_set(err, ENOMEM, "cannot watch signals");
	}
	return 0;
}

static int
make_timers(struct supervisor *s, struct error *err)
{
	int64_t period_ms = notify_watchdog_ms();
	struct timeval tv = { .tv_sec = period_ms / 1000,
		.tv_usec = period_ms % 1000 * 1000 };

	s->deadline = evtimer_new(s->base, on_deadline, s);
	s->watchdog = event_new(s->base, -1, EV_PERSIST, on_watchdog, s);
	if (!s->deadline || !s->watchdog)
		return error_set(err, ENOMEM, "no memory");
	if (period_ms > 0)
		event_add(s->watchdog, &tv);
	return 0;
}

/* A link takes two descriptors, and 1024 links more than the usual limit. */
void
supervisor_raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_debug("serial-routerd: the limit of descriptors stays: %s",
		    strerror(errno));
}

static void
tell_of_user(void)
{
	const char *why;

	if (!sandbox_can_become(PUMP_UID, PUMP_GID, &why))
		log_info("serial-routerd: pumps stay root, and give up "
			 "everything else: %s",
		    why);
}

static int
make_links(struct supervisor *s, struct conf *conf, struct error *err)
{
	struct link_env env = { .base = s->base,
		.netif = s->netif,
		.pump_uid = PUMP_UID,
		.pump_gid = PUMP_GID,
		.changed = on_changed,
		.arg = s };

	s->links = links_new(&env, conf, err);
	return s->links ? 0 : -1;
}

static void
on_reloaded(const struct reload_answer *answer, void *arg)
{
	struct supervisor *s = arg;

	if (s->control)
		control_reloaded(s->control, answer);
}

static int
make_reload(struct supervisor *s, struct conf *conf, const char *file,
    struct error *err)
{
	struct reload_env env = {
		.base = s->base, .links = s->links, .file = file,
		.told = on_reloaded, .arg = s
	};

	s->reload = reload_new(&env, conf, err);
	return s->reload ? 0 : -1;
}

struct supervisor *
supervisor_new(
    struct conf *conf, const char *owner, const char *file, struct error *err)
{
	struct supervisor *s = calloc(1, sizeof(*s));

	if (!s) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	if (make_base(s, err) < 0 || watch_interfaces(s, err) < 0 ||
	    watch_signals(s, err) < 0 || make_timers(s, err) < 0 ||
	    make_links(s, conf, err) < 0 ||
	    make_reload(s, conf, file, err) < 0) {
		supervisor_free(s);
		return NULL;
	}
	s->file = file;
	netif_set_owner(s->netif, owner);
	tell_of_user();
	return s;
}

static void
free_event(struct event *ev)
{
	if (ev)
		event_free(ev);
}

void
supervisor_free(struct supervisor *s)
{
	if (!s)
		return;
	reload_free(s->reload);
	links_free(s->links);
	free_event(s->deadline);
	free_event(s->watchdog);
	for (size_t i = 0; i < N_SIGNALS; i++)
		free_event(s->signal_events[i]);
	free_event(s->netwatch_event);
	netwatch_free(s->netwatch);
	netif_free(s->netif);
	if (s->base)
		event_base_free(s->base);
	free(s);
}

int
supervisor_serve(
    struct supervisor *s, struct control *control, struct error *err)
{
	struct control_env env = {
		.base = s->base,
		.links = s->links,
		.reload = s->reload,
		.file = s->file,
	};

	if (control_serve(control, &env, err) < 0)
		return -1;
	s->control = control;
	return 0;
}

int
supervisor_run(struct supervisor *s, struct error *err)
{
	size_t started = links_start(s->links);

	log_info("serial-routerd: %zu of %zu links started", started,
	    links_count(s->links));
	notify_ready();
	if (event_base_dispatch(s->base) < 0)
		return error_set(err, EIO, "the event loop failed");
	if (s->failure.code) {
		*err = s->failure;
		return -1;
	}
	return 0;
}

/* The configuration in force, and its change. */
#include "router/reload.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "os/notify.h"
#include "router/forward.h"
#include "router/links.h"
#include "router/reload_priv.h"
#include "router/reload_read.h"
#include "router/state.h"

/* How soon the service manager is told again where it was busy. */
#define READY_AGAIN_MS 100

static void
tell_ready(struct reload *r)
{
	struct timeval tv = { .tv_usec = READY_AGAIN_MS * 1000 };

	/* Without it the unit would stay "reloading". */
	if (!notify_ready() && errno == EAGAIN)
		evtimer_add(r->ready, &tv);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell_ready(arg);
}

void
reload_answer_to(
    struct reload *r, struct reload_answer *a, struct reload_asker asker)
{
	a->file = r->env.file ? r->state.file : "";
	reload_say(a);
	if (r->env.told)
		r->env.told(a, r->env.arg);
	if (asker.answered)
		asker.answered(a, asker.arg);
}

void
reload_refuse(struct reload *r, enum reload_outcome outcome,
    enum reload_cause cause, struct reload_asker asker, const char *text)
{
	struct reload_answer a = { .outcome = outcome, .cause = cause };

	error_set(&a.error, EBUSY, "%s", text);
	reload_answer_to(r, &a, asker);
}

int
reload_carry_out(struct reload *r, struct conf *to, struct reload_answer *a,
    struct reload_asker asker)
{
	struct plan *plan = plan_new(r->conf, to);
	struct conf *from = r->conf;

	a->outcome = RELOAD_FAILED;
	if (!plan) {
		error_set(&a->error, ENOMEM, "no memory");
	} else if (links_apply(r->env.links, plan, from, to, &a->error) == 0) {
		a->outcome = RELOAD_APPLIED;
		a->plan = plan;
		r->conf = conf_hold(to);
		r->loaded_ms = clock_ms();
		r->undone = a->cause != RELOAD_ASKED;
	}
	reload_answer_to(r, a, asker);
	plan_free(plan);
	if (a->outcome != RELOAD_APPLIED)
		return -1;
	conf_free(from);
	forward_warn(to);
	return 0;
}

/* What was read and is good. */
static void
take(struct reload *r, struct conf *conf, struct reload_answer *a,
    struct reload_asker asker)
{
	bool first = !r->confirmed;

	/* A later one falls back to the same. */
	if (a->confirm_s > 0) {
		if (first)
			r->confirmed = conf_hold(r->conf);
		reload_await_confirm(r, a->confirm_s);
	}
	if (reload_carry_out(r, conf, a, asker) == 0) {
		if (a->confirm_s == 0)
			reload_drop_state(r);
	} else if (a->confirm_s > 0 && first) {
		reload_end_confirm(r);
		reload_drop_state(r);
	}
}

static void
keep_left(struct reload *r, pid_t pid)
{
	for (size_t i = 0; i < RELOAD_LEFT_MAX && pid != 0; i++) {
		if (r->left[i] == 0) {
			r->left[i] = pid;
			pid = 0;
		}
	}
}

static bool
may_read(const struct reload *r)
{
	for (size_t i = 0; i < RELOAD_LEFT_MAX; i++) {
		if (r->left[i] == 0)
			return true;
	}
	return false;
}

void
reload_end_reading(struct reload *r)
{
	keep_left(r, reload_reader_free(r->reader));
	r->reader = NULL;
	/* Its death may have been told before its last words were read. */
	reload_reap(r);
	tell_ready(r);
	if (!r->again || r->stopped)
		return;
	r->again = false;
	reload_start(r, 0, NULL, NULL);
}

static enum reload_outcome
failure_of(const struct reload_reading *reading)
{
	if (reading->invalid)
		return RELOAD_INVALID;
	return reading->unkept ? RELOAD_REFUSED : RELOAD_FAILED;
}

static void
on_read(struct reload_reading *reading, void *arg)
{
	struct reload *r = arg;
	struct reload_asker asker = r->asker;
	struct reload_answer a = {
		.outcome = failure_of(reading),
		.complaints = reading->complaints,
		.n_complaints = reading->n_complaints,
		.confirm_s = r->confirm_s,
	};

	r->asker = (struct reload_asker){ .answered = NULL };
	if (reading->conf) {
		take(r, reading->conf, &a, asker);
	} else {
		a.error = reading->error;
		a.confirm_s = 0;
		reload_answer_to(r, &a, asker);
	}
	reload_end_reading(r);
}

/* Why it cannot be done now; NULL: it can. */
static const char *
hindrance(
    const struct reload *r, unsigned confirm_s, enum reload_outcome *outcome)
{
	*outcome = RELOAD_REFUSED;
	if (!r->env.file)
		return "its link was given on the command line: there is no "
		       "file to be read again";
	if (confirm_s > RELOAD_CONFIRM_MAX_S)
		return "a confirm is waited for at most a day (86400 s)";
	*outcome = RELOAD_BUSY;
	if (r->stopped)
		return "the daemon ends";
	if (r->reader)
		return "another one is being read: try again";
	if (!may_read(r))
		return "those who read the file before hang in it (a file "
		       "server that does not answer?)";
	if (r->confirmed && confirm_s == 0)
		return "another one waits for its confirm: serial-routerctl "
		       "confirm, or undo, first";
	return NULL;
}

void
reload_start(
    struct reload *r, unsigned confirm_s, reload_answered *answered, void *arg)
{
	struct reload_asker asker = { .answered = answered, .arg = arg };
	struct reload_answer a = { .outcome = RELOAD_FAILED };
	enum reload_outcome outcome;
	const char *why = hindrance(r, confirm_s, &outcome);
	const struct conf *confirmed = r->confirmed ? r->confirmed : r->conf;
	pid_t left;

	/* Nobody is told, and what has changed meanwhile is not to be lost. */
	if (r->reader && !answered && !r->stopped) {
		r->again = true;
		return;
	}
	if (why) {
		reload_refuse(r, outcome, RELOAD_ASKED, asker, why);
		return;
	}
	log_info("serial-routerd: reading %s", r->state.file);
	r->reader = reload_read(r->env.base, &r->state,
	    confirm_s > 0 ? confirmed : NULL, on_read, r, &left, &a.error);
	if (!r->reader) {
		keep_left(r, left);
		reload_answer_to(r, &a, asker);
		return;
	}
	notify_reloading();
	r->asker = asker;
	r->confirm_s = confirm_s;
}

struct reload *
reload_new(const struct reload_env *env, struct conf *conf, struct error *err)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (!r) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	r->env = *env;
	r->conf = conf_hold(conf);
	r->loaded_ms = clock_ms();
	r->undone = conf->recalled;
	if (env->file)
		state_init(&r->state, env->file);
	r->timer = evtimer_new(env->base, reload_on_timer, r);
	r->ready = evtimer_new(env->base, on_ready, r);
	if (!r->timer || !r->ready) {
		error_set(err, ENOMEM, "no memory");
		reload_free(r);
		return NULL;
	}
	return r;
}

void
reload_free(struct reload *r)
{
	if (!r)
		return;
	reload_reader_free(r->reader);
	if (r->timer)
		event_free(r->timer);
	if (r->ready)
		event_free(r->ready);
	conf_free(r->confirmed);
	conf_free(r->conf);
	free(r);
}

void
reload_forget(struct reload *r, const void *arg)
{
	if (r->asker.arg == arg)
		r->asker = (struct reload_asker){ .answered = NULL };
}

void
reload_stop(struct reload *r)
{
	r->stopped = true;
	evtimer_del(r->timer);
	evtimer_del(r->ready);
	keep_left(r, reload_reader_free(r->reader));
	r->reader = NULL;
}

void
reload_reap(struct reload *r)
{
	for (size_t i = 0; i < RELOAD_LEFT_MAX; i++) {
		if (r->left[i] != 0 && waitpid(r->left[i], NULL, WNOHANG) != 0)
			r->left[i] = 0;
	}
}

const struct conf *
reload_conf(const struct reload *r)
{
	return r->conf;
}

int64_t
reload_loaded_ms(const struct reload *r)
{
	return r->loaded_ms;
}

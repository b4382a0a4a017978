/* What waits for its confirm: confirmed, undone, or out of time. */
#include <errno.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "router/reload_priv.h"

void
reload_drop_state(struct reload *r)
{
	struct error err;

	if (state_drop(&r->state, &err) < 0)
		log_warn("serial-routerd: %s: the next start may take the last "
			 "confirmed configuration",
		    err.text);
}

void
reload_await_confirm(struct reload *r, unsigned confirm_s)
{
	struct timeval tv = { .tv_sec = confirm_s };

	r->until_ms = clock_ms() + confirm_s * INT64_C(1000);
	evtimer_add(r->timer, &tv);
}

void
reload_end_confirm(struct reload *r)
{
	evtimer_del(r->timer);
	conf_free(r->confirmed);
	r->confirmed = NULL;
}

static void
undo(struct reload *r, enum reload_cause cause, struct reload_asker asker)
{
	struct reload_answer a = { .cause = cause };

	if (reload_carry_out(r, r->confirmed, &a, asker) == 0)
		reload_end_confirm(r);
	else
		reload_await_confirm(r, 1);
}

void
reload_undo(struct reload *r, reload_answered *answered, void *arg)
{
	struct reload_asker asker = { .answered = answered, .arg = arg };

	if (r->reader || r->stopped)
		reload_refuse(r, RELOAD_BUSY, RELOAD_UNDONE, asker,
		    "another one is being read: try again");
	else if (!r->confirmed)
		reload_refuse(r, RELOAD_REFUSED, RELOAD_UNDONE, asker,
		    "nothing waits for its confirm: there is nothing to undo");
	else
		undo(r, RELOAD_UNDONE, asker);
}

int
reload_confirm(struct reload *r, struct error *err)
{
	if (r->reader)
		return error_set(
		    err, EBUSY, "another one is being read: try again");
	if (!r->confirmed)
		return error_set(err, ENOENT,
		    "nothing waits for its confirm (in time? serial-routerctl "
		    "diff says whether the file is in force)");
	if (state_drop(&r->state, err) < 0)
		return -1;
	reload_end_confirm(r);
	log_info("serial-routerd: %s: confirmed", r->state.file);
	return 0;
}

void
reload_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct reload *r = arg;
	struct reload_asker asker = r->asker;

	(void)fd;
	(void)what;
	/* Whatever is being read comes too late. */
	if (r->reader) {
		r->asker = (struct reload_asker){ .answered = NULL };
		r->again = false;
		reload_refuse(r, RELOAD_BUSY, RELOAD_ASKED, asker,
		    "the one before was not confirmed in time, and is undone: "
		    "try again");
		reload_end_reading(r);
	}
	undo(r, RELOAD_TIMEOUT, (struct reload_asker){ .answered = NULL });
}

bool
reload_undone(const struct reload *r)
{
	return r->undone;
}

int64_t
reload_confirm_left_ms(const struct reload *r)
{
	int64_t left_ms = r->until_ms - clock_ms();

	if (!r->confirmed)
		return -1;
	return left_ms > 0 ? left_ms : 0;
}

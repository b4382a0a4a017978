/* What came of a reload, for the log. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "router/reload_priv.h"

static void
say_complaints(const struct reload_answer *a)
{
	for (size_t i = 0; i < a->n_complaints; i++) {
		const struct reload_complaint *c = &a->complaints[i];
		enum log_level level = c->warning ? LOG_LEVEL_WARN
						  : LOG_LEVEL_ERR;

		if (c->line)
			log_line(level, "%s:%u: %s", c->file, c->line, c->text);
		else
			log_line(level, "%s: %s", c->file, c->text);
	}
}

/* "port.baud, interface.mtu", as far as there is room. */
static const char *
key_names(const struct plan_keys *keys, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < keys->n && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%s",
		    i > 0 ? ", " : "", keys->names[i]);
	return buf;
}

static void
say_link(const struct plan_link *l)
{
	char keys[512];

	key_names(&l->keys, keys, sizeof(keys));
	if (l->refused.code && !l->evicted)
		log_warn("%s: degraded, left as it was (%s): %s", l->name, keys,
		    l->refused.text);
	else if (l->refused.code)
		log_warn("%s: %s (%s), but degraded: %s", l->name,
		    plan_change_name(l->change), keys, l->refused.text);
	else if (l->change == PLAN_ADDED || l->change == PLAN_REMOVED)
		log_info(
		    "%s: reload: %s", l->name, plan_change_name(l->change));
	else if (l->change != PLAN_UNCHANGED)
		log_info("%s: reload: %s (%s)", l->name,
		    plan_change_name(l->change), keys);
}

static const char *
what_happened(enum reload_cause cause)
{
	switch (cause) {
	case RELOAD_ASKED:
		return "reloaded";
	case RELOAD_UNDONE:
		return "undone";
	case RELOAD_TIMEOUT:
		return "not confirmed in time, and undone";
	}
	return "";
}

static void
say_applied(const struct reload_answer *a)
{
	const struct plan *plan = a->plan;
	char keys[512];

	for (size_t i = 0; i < plan->n_links; i++)
		say_link(&plan->links[i]);
	log_line(a->cause == RELOAD_TIMEOUT ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
	    "serial-routerd: %s: %s: links: %zu unchanged, %zu live, %zu pump, "
	    "%zu interface, %zu added, %zu removed",
	    what_happened(a->cause), a->file, plan_count(plan, PLAN_UNCHANGED),
	    plan_count(plan, PLAN_LIVE), plan_count(plan, PLAN_PUMP),
	    plan_count(plan, PLAN_INTERFACE), plan_count(plan, PLAN_ADDED),
	    plan_count(plan, PLAN_REMOVED));
	if (plan->live.n > 0)
		log_info("serial-routerd: reload: live (%s)",
		    key_names(&plan->live, keys, sizeof(keys)));
	if (plan->waiting.n > 0)
		log_warn("serial-routerd: changed, but only the next start "
			 "takes it: %s",
		    key_names(&plan->waiting, keys, sizeof(keys)));
	if (a->confirm_s > 0)
		log_info("serial-routerd: waiting %u s for the confirm, then "
			 "what was before comes back",
		    a->confirm_s);
	if (a->cause != RELOAD_ASKED)
		log_warn("serial-routerd: %s still is the one that was not "
			 "confirmed: a restart passes it over until it is "
			 "changed, or reloaded",
		    a->file);
}

void
reload_say(const struct reload_answer *a)
{
	say_complaints(a);
	if (a->outcome == RELOAD_APPLIED)
		say_applied(a);
	else if (a->outcome == RELOAD_INVALID || a->outcome == RELOAD_FAILED)
		log_err("serial-routerd: reload: %s: the configuration in "
			"force stays",
		    a->error.text);
	else
		log_warn("serial-routerd: reload: %s", a->error.text);
}

/* Why a link is as it is, for who asks. */
#include <stdio.h>

#include "router/link_priv.h"

static const char *
reason_down(const struct link *l, char *buf, size_t size)
{
	if (l->interface.held_down)
		snprintf(buf, size,
		    "interface %s is set down: ip link set %s up",
		    l->conf->interface, l->conf->interface);
	else if (l->stopped)
		snprintf(buf, size,
		    "stopped by request: serial-routerctl start %s",
		    l->conf->name);
	else if (!l->conf->enabled)
		snprintf(buf, size, "not enabled in the configuration");
	else
		snprintf(buf, size, "not started");
	return buf;
}

const char *
link_reason(const struct link *l, char *buf, size_t size)
{
	char port[PATH_MAX + 64];

	port_text(&l->conf->port, port, sizeof(port));
	switch (l->state) {
	case LINK_DOWN:
		return reason_down(l, buf, size);
	case LINK_OPENING:
		snprintf(buf, size, "%s is being opened", port);
		return buf;
	case LINK_CLOSING:
		snprintf(buf, size, "the pump is ending");
		return buf;
	case LINK_ABSENT:
		snprintf(buf, size, "%s is not there; waiting for it", port);
		return buf;
	case LINK_BACKOFF:
		snprintf(buf, size, "%s", l->last_error.text);
		return buf;
	case LINK_UP:
	case LINK_STATES:
		break;
	}
	return NULL;
}

size_t
link_flags(const struct link *l, struct link_flag *flags)
{
	const struct error *degraded = link_degraded(l);
	size_t n = 0;

	if (degraded) {
		flags[n].name = "degraded";
		snprintf(flags[n].reason, sizeof(flags[n].reason), "%s",
		    degraded->text);
		n++;
	}
	if (l->stuck) {
		flags[n].name = "stuck";
		snprintf(flags[n].reason, sizeof(flags[n].reason),
		    "takes no output: %s", link_stuck_cause(l));
		n++;
	}
	if (l->silent) {
		flags[n].name = "silent";
		snprintf(flags[n].reason, sizeof(flags[n].reason),
		    "nothing is heard from the peer for %u s: carrier off; is "
		    "it on, is the wire whole, has it liveness.interval_s?",
		    l->conf->live.liveness_timeout_s);
		n++;
	}
	if (l->state == LINK_UP && l->damage.noisy) {
		flags[n].name = "noisy";
		snprintf(flags[n].reason, sizeof(flags[n].reason),
		    "%u.%u %% of the frames arrive damaged: %s",
		    l->damage.permille / 10, l->damage.permille % 10,
		    l->damage.check);
		n++;
	}
	if (l->state == LINK_UP && l->mismatch[0]) {
		flags[n].name = "mismatch";
		snprintf(flags[n].reason, sizeof(flags[n].reason), "%s",
		    l->mismatch);
		n++;
	}
	return n;
}

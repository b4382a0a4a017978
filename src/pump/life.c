#include "pump/life.h"

#include "base/clock.h"

void
life_init(struct life *l, const struct life_settings *settings, int64_t now_ns)
{
	*l = (struct life){
		.settings = *settings, .written_ns = now_ns, .heard_ns = now_ns
	};
	/* Who just started wants to know soon. */
	l->probed_ns = now_ns - (LIFE_PROBE_S - 1) * CLOCK_NS_PER_S;
	if (settings->interval_s)
		l->probed_ns = now_ns -
		    (settings->interval_s - 1) * CLOCK_NS_PER_S;
}

void
life_set(struct life *l, const struct life_settings *settings, int64_t now_ns)
{
	bool probed = l->settings.probe;

	l->settings = *settings;
	if (settings->probe && !probed)
		l->probed_ns = now_ns - LIFE_PROBE_S * CLOCK_NS_PER_S;
	if (settings->timeout_s == 0)
		l->silent = false;
}

static int64_t
fill_ns(const struct life *l)
{
	if (l->settings.interval_s == 0)
		return INT64_MAX;
	return l->written_ns + l->settings.interval_s * CLOCK_NS_PER_S;
}

static int64_t
probe_ns(const struct life *l)
{
	unsigned interval_s = l->settings.interval_s;

	if (!l->settings.probe)
		return INT64_MAX;
	if (interval_s == 0)
		interval_s = LIFE_PROBE_S;
	return l->probed_ns + interval_s * CLOCK_NS_PER_S;
}

static int64_t
silent_ns(const struct life *l)
{
	if (l->settings.timeout_s == 0 || l->silent)
		return INT64_MAX;
	return l->heard_ns + l->settings.timeout_s * CLOCK_NS_PER_S;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
life_next_ns(const struct life *l)
{
	return sooner(fill_ns(l), sooner(probe_ns(l), silent_ns(l)));
}

unsigned
life_due(struct life *l, int64_t now_ns)
{
	unsigned due = 0;

	if (now_ns >= silent_ns(l)) {
		l->silent = true;
		due |= LIFE_SILENT;
	}
	if (now_ns >= probe_ns(l)) {
		l->probed_ns = now_ns;
		due |= LIFE_PROBE;
	}
	if (now_ns >= fill_ns(l)) {
		l->written_ns = now_ns;
		due |= LIFE_FILL;
	}
	return due;
}

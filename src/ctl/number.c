#include "ctl/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static bool
is_known(double value)
{
	return isfinite(value) && value >= 0;
}

static const char *
unknown(char *buf)
{
	snprintf(buf, NUMBER_SIZE, "-");
	return buf;
}

static const char *
scaled(char *buf, double bytes, const char *per)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB",
		"PB" };
	unsigned i = 0;

	if (!is_known(bytes) || bytes > 1e17)
		return unknown(buf);
	while (bytes >= 999.5 && i + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		i++;
	}
	snprintf(buf, NUMBER_SIZE, "%.*f %s%s", i > 0 && bytes < 99.95, bytes,
	    units[i], per);
	return buf;
}

const char *
number_bytes(char *buf, double bytes)
{
	return scaled(buf, bytes, "");
}

const char *
number_rate(char *buf, double bytes)
{
	return scaled(buf, bytes, "/s");
}

const char *
number_age(char *buf, double seconds)
{
	unsigned long s;

	if (!is_known(seconds) || seconds > 3e9)
		return unknown(buf);
	s = seconds;
	if (seconds < 9.95)
		snprintf(buf, NUMBER_SIZE, "%.1f s", seconds);
	else if (s < 60)
		snprintf(buf, NUMBER_SIZE, "%lu s", s);
	else if (s < 3600)
		snprintf(buf, NUMBER_SIZE, "%lum%02lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, NUMBER_SIZE, "%luh%02lum", s / 3600, s / 60 % 60);
	else if (s < 100 * 86400)
		snprintf(
		    buf, NUMBER_SIZE, "%lud%02luh", s / 86400, s / 3600 % 24);
	else
		snprintf(buf, NUMBER_SIZE, "%lud", s / 86400);
	return buf;
}

const char *
number_ms(char *buf, double ms)
{
	if (!is_known(ms) || ms > 1e9)
		return unknown(buf);
	if (ms >= 999.5)
		snprintf(buf, NUMBER_SIZE, "%.1f s", ms / 1000);
	else
		snprintf(buf, NUMBER_SIZE, "%.*f ms", ms < 99.95, ms);
	return buf;
}

const char *
number_bound(char *buf, double ms, bool above)
{
	if (!is_known(ms) || ms > 1e9)
		return unknown(buf);
	if (ms >= 1000)
		snprintf(
		    buf, NUMBER_SIZE, "%c%.3g s", above ? '>' : '<', ms / 1000);
	else
		snprintf(buf, NUMBER_SIZE, "%c%.3g ms", above ? '>' : '<', ms);
	return buf;
}

const char *
number_share(char *buf, double of_one)
{
	double percent = of_one * 100;

	if (!is_known(percent) || percent > 99999)
		return unknown(buf);
	if (percent == 0 || percent >= 9.95)
		snprintf(buf, NUMBER_SIZE, "%.0f %%", percent);
	else if (percent >= 0.1)
		snprintf(buf, NUMBER_SIZE, "%.1f %%", percent);
	else if (percent >= 0.01)
		snprintf(buf, NUMBER_SIZE, "%.2f %%", percent);
	else
		snprintf(buf, NUMBER_SIZE, "<.01 %%");
	return buf;
}

const char *
number_count(char *buf, double count)
{
	if (!is_known(count) || count > 1e18)
		return unknown(buf);
	snprintf(buf, NUMBER_SIZE, "%.0f", count);
	return buf;
}

#include "options.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct option {
	const char *key;
	size_t offset; /* of the double in struct lane_settings */
	double min, max;
	bool or_zero; /* below min only 0 */
};

static const struct option options[] = {
	{ "baud", offsetof(struct lane_settings, baud), 1, 1e8, true },
	{ "bits", offsetof(struct lane_settings, bits), 1, 100, false },
	{ "rate_error", offsetof(struct lane_settings, rate_error), -50, 50,
	    false },
	{ "txbuf", offsetof(struct lane_settings, txbuf), 1, 1 << 24, false },
	{ "ber", offsetof(struct lane_settings, ber), 0, 1, false },
	{ "drop", offsetof(struct lane_settings, drop), 0, 1, false },
	{ "garbage", offsetof(struct lane_settings, garbage), 1e-6, 1e6, true },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

const struct lane_settings options_default = {
	.baud = 115200,
	.bits = 10,
	.txbuf = 4096,
};

static int
set_value(const struct option *o, const char *text, struct lane_settings *set,
    struct why *why)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(value))
		return why_set(why, "%s: not a number: %s", o->key, text);
	if (value > o->max || (value < o->min && !(o->or_zero && value == 0)))
		return why_set(why, "%s: expected %s%g to %g, got %s", o->key,
		    o->or_zero ? "0 or " : "", o->min, o->max, text);
	memcpy((char *)set + o->offset, &value, sizeof(value));
	return 0;
}

int
options_parse(const char *pair, struct lane_settings *set, struct why *why)
{
	const char *eq = strchr(pair, '=');
	size_t i;

	if (eq == NULL)
		return why_set(why, "expected key=value, got %s", pair);
	for (i = 0; i < N_OPTIONS; i++) {
		const char *key = options[i].key;

		if (strlen(key) == (size_t)(eq - pair) &&
		    strncmp(key, pair, strlen(key)) == 0)
			return set_value(&options[i], eq + 1, set, why);
	}
	return why_set(why, "unknown key %.*s", (int)(eq - pair), pair);
}

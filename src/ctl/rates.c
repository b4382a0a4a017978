#include "ctl/rates.h"

#include <math.h>

#include "ctl/answer.h"
#include "ctl/link.h"
#include "ctl/number.h"

const struct table_column rates_columns[] = {
	[RATES_LINK] = { "LINK", TEXT_LEFT, 15, 6 },
	[RATES_STATE] = { "STATE", TEXT_LEFT, 8, 0 },
	[RATES_OUT] = { "OUT", TEXT_RIGHT, 9, 0 },
	[RATES_OUT_SHARE] = { "LINE", TEXT_RIGHT, 7, 0 },
	[RATES_IN] = { "IN", TEXT_RIGHT, 9, 0 },
	[RATES_IN_SHARE] = { "LINE", TEXT_RIGHT, 7, 0 },
	[RATES_DELAY] = { "DELAY", TEXT_RIGHT, 8, 0 },
	[RATES_ROUND_TRIP] = { "RTT", TEXT_RIGHT, 7, 0 },
	[RATES_DAMAGE] = { "DAMAGE", TEXT_RIGHT, 7, 0 },
	{ 0 },
};

/* How much a counter grew; one that went back is not the same counter. */
static double
grown(const json_t *before, const json_t *now, const char *path)
{
	double d = answer_number(now, path) - answer_number(before, path);

	return d >= 0 ? d : NAN;
}

#define BUCKETS_MAX 64

/* Below which bound of the histogram 95 % of what was added is. */
static void
find_delay(struct rates *r, const json_t *before, const json_t *now)
{
	const json_t *le = answer_get(now, "tx.delay_ms.le");
	const json_t *was = answer_get(before, "tx.delay_ms.count");
	const json_t *is = answer_get(now, "tx.delay_ms.count");
	size_t n = json_array_size(is);
	double added[BUCKETS_MAX], all = 0, sum = 0;

	if (n > BUCKETS_MAX || n != json_array_size(le) ||
	    n != json_array_size(was))
		return;
	for (size_t i = 0; i < n; i++) {
		added[i] = json_number_value(json_array_get(is, i)) -
		    json_number_value(json_array_get(was, i));
		if (added[i] < 0)
			return;
		all += added[i];
	}
	for (size_t i = 0; i < n && all > 0; i++) {
		const json_t *bound = json_array_get(le, i);

		if (json_is_number(bound))
			r->delay_ms = json_number_value(bound);
		else
			r->delay_more = true;
		sum += added[i];
		if (sum >= 0.95 * all)
			return;
	}
}

void
rates_between(
    struct rates *r, const json_t *before, const json_t *now, double seconds)
{
	double capacity = answer_number(now, "port.capacity_bytes_per_s");
	double frames = grown(before, now, "rx.frames");
	double damaged = link_damaged(now) - link_damaged(before);

	*r = (struct rates){ .delay_ms = NAN, .damage = NAN };
	r->out = grown(before, now, "tx.bytes") / seconds;
	r->in = grown(before, now, "rx.bytes") / seconds;
	r->out_share = grown(before, now, "tx.line_bytes") / seconds / capacity;
	r->in_share = grown(before, now, "rx.line_bytes") / seconds / capacity;
	r->round_trip_ms = answer_number(now, "round_trip.last_ms");
	if (frames > 0 && damaged >= 0)
		r->damage = damaged / frames;
	find_delay(r, before, now);
}

double
rates_seconds(const json_t *before, const json_t *now)
{
	double seconds = answer_number(now, "daemon.monotonic_s") -
	    answer_number(before, "daemon.monotonic_s");

	if (answer_number(now, "daemon.pid") !=
	    answer_number(before, "daemon.pid"))
		return NAN;
	return seconds > 0 ? seconds : NAN;
}

static enum colour
damage_colour(double damage)
{
	if (damage > 0.01)
		return COLOUR_BAD;
	return damage > 0 ? COLOUR_CARE : COLOUR_NONE;
}

void
rates_row(struct table *t, const json_t *link, const struct rates *r)
{
	char buf[NUMBER_SIZE];

	table_row(t);
	table_cell(t, RATES_LINK, COLOUR_NONE, link_name(link));
	table_cell(t, RATES_STATE, link_colour(link), link_state(link));
	table_cell(t, RATES_OUT, COLOUR_NONE, number_rate(buf, r->out));
	table_cell(
	    t, RATES_OUT_SHARE, COLOUR_NONE, number_share(buf, r->out_share));
	table_cell(t, RATES_IN, COLOUR_NONE, number_rate(buf, r->in));
	table_cell(
	    t, RATES_IN_SHARE, COLOUR_NONE, number_share(buf, r->in_share));
	table_cell(t, RATES_DELAY, COLOUR_NONE,
	    number_bound(buf, r->delay_ms, r->delay_more));
	table_cell(
	    t, RATES_ROUND_TRIP, COLOUR_NONE, number_ms(buf, r->round_trip_ms));
	table_cell(t, RATES_DAMAGE, damage_colour(r->damage),
	    number_share(buf, r->damage));
}

double
rates_value(const struct rates *r, enum rates_column column)
{
	switch (column) {
	case RATES_OUT:
		return r->out;
	case RATES_OUT_SHARE:
		return r->out_share;
	case RATES_IN:
		return r->in;
	case RATES_IN_SHARE:
		return r->in_share;
	case RATES_DELAY:
		return r->delay_ms;
	case RATES_ROUND_TRIP:
		return r->round_trip_ms;
	case RATES_DAMAGE:
		return r->damage;
	case RATES_LINK:
	case RATES_STATE:
	case RATES_COLUMNS:
		break;
	}
	return NAN;
}

void
rates_table(struct table *t, const json_t *before, const json_t *now)
{
	double seconds = rates_seconds(before, now);
	const json_t *link;
	struct rates r;
	size_t i;

	table_init(t, rates_columns);
	json_array_foreach(answer_get(now, "links"), i, link)
	{
		rates_between(
		    &r, answer_link(before, link_name(link)), link, seconds);
		rates_row(t, link, &r);
	}
}

static void
put_number(FILE *out, double value)
{
	fputc('\t', out);
	if (isfinite(value))
		fprintf(out, "%.6g", value);
}

void
rates_put_tab(FILE *out, const json_t *before, const json_t *now)
{
	double seconds = rates_seconds(before, now);
	const json_t *link;
	struct rates r;
	size_t i;

	fputs("name\tstate\tout_bytes_per_s\tout_share\tin_bytes_per_s\t"
	      "in_share\tdelay_ms\tround_trip_ms\tdamage\n",
	    out);
	json_array_foreach(answer_get(now, "links"), i, link)
	{
		rates_between(
		    &r, answer_link(before, link_name(link)), link, seconds);
		text_field(out, link_name(link));
		fputc('\t', out);
		text_field(out, link_state(link));
		put_number(out, r.out);
		put_number(out, r.out_share);
		put_number(out, r.in);
		put_number(out, r.in_share);
		put_number(out, r.delay_more ? INFINITY : r.delay_ms);
		put_number(out, r.round_trip_ms);
		put_number(out, r.damage);
		fputc('\n', out);
	}
}

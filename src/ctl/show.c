#include "ctl/show.h"

#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>

#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/daemon.h"
#include "ctl/detail.h"
#include "ctl/link.h"
#include "ctl/number.h"
#include "ctl/rates.h"
#include "ctl/tab.h"
#include "ctl/table.h"

enum {
	COLUMN_LINK,
	COLUMN_STATE,
	COLUMN_SINCE,
	COLUMN_PORT,
	COLUMN_BAUD,
	COLUMN_SENT,
	COLUMN_RECEIVED,
	COLUMN_ROUND_TRIP,
	COLUMN_DAMAGED,
};

static const struct table_column columns[] = {
	[COLUMN_LINK] = { "LINK", TEXT_LEFT, 15, 0 },
	[COLUMN_STATE] = { "STATE", TEXT_LEFT, 8, 0 },
	[COLUMN_SINCE] = { "SINCE", TEXT_RIGHT, 6, 0 },
	[COLUMN_PORT] = { "PORT", TEXT_PATH, 40, 4 },
	[COLUMN_BAUD] = { "BAUD", TEXT_RIGHT, 8, 0 },
	[COLUMN_SENT] = { "SENT", TEXT_RIGHT, 8, 0 },
	[COLUMN_RECEIVED] = { "HEARD", TEXT_RIGHT, 8, 0 },
	[COLUMN_ROUND_TRIP] = { "RTT", TEXT_RIGHT, 7, 0 },
	[COLUMN_DAMAGED] = { "DAMAGED", TEXT_RIGHT, 7, 0 },
	{ 0 },
};

static void
add_remark(void *arg, const char *text)
{
	table_remark(arg, text);
}

static void
add_row(struct table *t, const json_t *link)
{
	double damaged = link_damaged(link);
	double frames = answer_number(link, "rx.frames");
	char buf[NUMBER_SIZE], *port = link_port(link);

	table_row(t);
	table_cell(t, COLUMN_LINK, COLOUR_NONE, link_name(link));
	table_cell(t, COLUMN_STATE, link_colour(link), link_state(link));
	table_cell(t, COLUMN_SINCE, COLOUR_NONE,
	    number_age(buf, answer_number(link, "since_s")));
	table_cell(t, COLUMN_PORT, COLOUR_NONE, port);
	table_cell(t, COLUMN_BAUD, COLOUR_NONE,
	    number_count(buf, answer_number(link, "port.baud")));
	table_cell(t, COLUMN_SENT, COLOUR_NONE,
	    number_bytes(buf, answer_number(link, "tx.bytes")));
	table_cell(t, COLUMN_RECEIVED, COLOUR_NONE,
	    number_bytes(buf, answer_number(link, "rx.bytes")));
	table_cell(t, COLUMN_ROUND_TRIP, COLOUR_NONE,
	    number_ms(buf, answer_number(link, "round_trip.last_ms")));
	table_cell(t, COLUMN_DAMAGED, damaged > 0 ? COLOUR_CARE : COLOUR_NONE,
	    number_share(buf, frames > 0 ? damaged / frames : damaged));
	link_remarks(link, add_remark, t);
	free(port);
}

static void
put_table(const json_t *answer)
{
	const json_t *links = answer_get(answer, "links"), *link;
	struct table t;
	size_t i;

	daemon_put(answer, stdout);
	if (json_array_size(links) == 0)
		return;
	table_init(&t, columns);
	json_array_foreach(links, i, link) add_row(&t, link);
	table_put(&t, stdout);
	table_clear(&t);
}

static void
put_rates(const struct options *o, const json_t *before, const json_t *now)
{
	struct table t;

	if (o->given & OPTIONS_TAB) {
		rates_put_tab(stdout, before, now);
		return;
	}
	daemon_put(now, stdout);
	rates_table(&t, before, now);
	table_put(&t, stdout);
	table_clear(&t);
}

static int
show_rates(const struct options *o)
{
	json_t *before, *now;
	int status;

	before = ask_once(o, "show", o->words + 1, &status);
	if (!before)
		return status;
	poll(NULL, 0, o->delay_ms);
	now = ask_once(o, "show", o->words + 1, &status);
	if (now) {
		if (!(o->given & OPTIONS_JSON))
			put_rates(o, before, now);
		json_decref(now);
		status = EX_OK;
	}
	json_decref(before);
	return status;
}

int
show_run(const struct options *o)
{
	json_t *answer;
	int status;

	if (o->given & (OPTIONS_RATES | OPTIONS_DELAY))
		return show_rates(o);
	answer = ask_once(o, "show", o->words + 1, &status);
	if (!answer)
		return status;
	if (o->given & OPTIONS_TAB)
		tab_put(stdout, answer);
	else if (!(o->given & OPTIONS_JSON)) {
		if (o->n_words > 1)
			detail_put(
			    json_array_get(answer_get(answer, "links"), 0));
		else
			put_table(answer);
	}
	json_decref(answer);
	return EX_OK;
}

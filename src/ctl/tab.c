#include "ctl/tab.h"

#include <stdlib.h>

#include "ctl/answer.h"
#include "ctl/link.h"
#include "ctl/text.h"

struct field {
	const char *title;
	const char *path; /* of the value, or of an object to be summed up */
};

static const struct field fields[] = {
	{ "name", "name" },
	{ "state", "state" },
	{ "since_s", "since_s" },
	{ "reason", "reason" },
	{ "flags", "flags" },
	{ "device", "port.device" },
	{ "node", "port.node" },
	{ "driver", "port.driver" },
	{ "baud", "port.baud" },
	{ "baud_real", "port.baud_real" },
	{ "interface", "interface.name" },
	{ "mtu", "interface.mtu" },
	{ "carrier", "interface.carrier" },
	{ "heard_s", "heard_s" },
	{ "round_trip_ms", "round_trip.last_ms" },
	{ "tx_packets", "tx.packets" },
	{ "tx_bytes", "tx.bytes" },
	{ "tx_line_bytes", "tx.line_bytes" },
	{ "tx_busy_s", "tx.busy_s" },
	{ "tx_dropped", "tx.dropped" },
	{ "tx_marked", "tx.marked" },
	{ "tx_stuck", "tx.stuck" },
	{ "rx_frames", "rx.frames" },
	{ "rx_packets", "rx.packets" },
	{ "rx_bytes", "rx.bytes" },
	{ "rx_line_bytes", "rx.line_bytes" },
	{ "rx_dropped", "rx.dropped" },
	{ "queue_packets", "queue.packets" },
	{ "queue_bytes", "queue.bytes" },
	{ "restarts", "restarts" },
	{ "pump_pid", "pump.pid" },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Names of flags, with commas between them. */
static void
put_flags(FILE *out, const json_t *flags)
{
	const char *between = "";
	const json_t *flag;
	size_t i;

	json_array_foreach(flags, i, flag)
	{
		const char *name = answer_text(flag, "flag");

		if (!name)
			continue;
		fputs(between, out);
		text_field(out, name);
		between = ",";
	}
}

static void
put_value(FILE *out, const json_t *link, const char *path)
{
	const json_t *value = answer_get(link, path);

	if (json_is_string(value))
		text_field(out, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(
		    out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", out);
	else if (json_is_object(value))
		fprintf(out, "%.15g", answer_sum(link, path));
	else if (json_is_array(value))
		put_flags(out, value);
}

void
tab_put(FILE *out, const json_t *answer)
{
	const json_t *link;
	size_t i;

	for (i = 0; i < N_FIELDS; i++)
		fprintf(out, "%s%s", i > 0 ? "\t" : "", fields[i].title);
	fputc('\n', out);
	json_array_foreach(answer_get(answer, "links"), i, link)
	{
		for (size_t k = 0; k < N_FIELDS; k++) {
			if (k > 0)
				fputc('\t', out);
			put_value(out, link, fields[k].path);
		}
		fputc('\n', out);
	}
}

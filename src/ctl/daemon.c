#include "ctl/daemon.h"

#include <math.h>
#include <stdlib.h>

#include "ctl/answer.h"
#include "ctl/number.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

char *
daemon_summary(const json_t *answer)
{
	const char *version = answer_text(answer, "daemon.version");
	const char *file = answer_text(answer, "daemon.file");
	char age[NUMBER_SIZE], up[NUMBER_SIZE], all[NUMBER_SIZE];

	return text_printf("serial-routerd %s, up %s, %s of %s links up%s%s",
	    version ? version : "?",
	    number_age(age, answer_number(answer, "daemon.uptime_s")),
	    number_count(up, answer_number(answer, "daemon.links_up")),
	    number_count(all, answer_number(answer, "daemon.links_total")),
	    file ? ", " : "", file ? file : "");
}

char *
daemon_pending(const json_t *answer)
{
	double left = answer_number(answer, "daemon.confirm.seconds_left");
	char age[NUMBER_SIZE];

	if (isnan(left) && answer_is_true(answer, "daemon.undone"))
		return text_printf(
		    "the file is not in force, nobody confirmed it: "
		    "serial-routerctl diff");
	if (isnan(left))
		return NULL;
	return text_printf("the old configuration comes back in %s, unless: "
			   "serial-routerctl confirm",
	    number_age(age, left));
}

void
daemon_put(const json_t *answer, FILE *out)
{
	char *summary = daemon_summary(answer);
	char *pending = daemon_pending(answer);

	text_wrap(out, "", summary, 0, terminal_columns());
	if (pending) {
		terminal_colour(out, COLOUR_CARE);
		text_wrap(out, "", pending, 0, terminal_columns());
		terminal_colour(out, COLOUR_NONE);
	}
	free(summary);
	free(pending);
}

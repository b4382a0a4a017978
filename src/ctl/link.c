#include "ctl/link.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/number.h"
#include "ctl/text.h"

const char *
link_name(const json_t *link)
{
	const char *name = answer_text(link, "name");

	return name ? name : "?";
}

const char *
link_state(const json_t *link)
{
	const char *state = answer_text(link, "state");

	return state ? state : "?";
}

enum colour
link_colour(const json_t *link)
{
	const char *state = link_state(link);

	if (strcmp(state, "up") == 0)
		return json_array_size(answer_get(link, "flags")) > 0
		    ? COLOUR_CARE
		    : COLOUR_GOOD;
	if (strcmp(state, "down") == 0)
		return COLOUR_FAINT;
	if (strcmp(state, "opening") == 0 || strcmp(state, "closing") == 0)
		return COLOUR_CARE;
	return COLOUR_BAD;
}

char *
link_usb(const json_t *usb)
{
	double vendor = answer_number(usb, "vendor");
	double product = answer_number(usb, "product");
	const char *serial = answer_text(usb, "serial");
	const char *path = answer_text(usb, "path");
	char ids[16] = "";

	if (vendor >= 0 && vendor <= 0xffff && product >= 0 &&
	    product <= 0xffff)
		snprintf(ids, sizeof(ids), " %04x:%04x", (unsigned)vendor,
		    (unsigned)product);
	return text_printf("usb%s%s%s%s%s", ids, serial ? " serial " : "",
	    serial ? serial : "", path ? " at " : "", path ? path : "");
}

char *
link_port(const json_t *link)
{
	const json_t *usb = answer_get(link, "port.usb");
	const char *path = answer_text(link, "port.node");

	if (!path)
		path = answer_text(link, "port.device");
	if (path)
		return text_printf("%s", path);
	return usb ? link_usb(usb) : text_printf("-");
}

double
link_damaged(const json_t *link)
{
	double refused = answer_number(link, "rx.dropped.refused");
	double all = answer_sum(link, "rx.dropped");

	return isnan(refused) ? all : all - refused;
}

static void
say_retry(
    const json_t *link, void (*say)(void *arg, const char *text), void *arg)
{
	double left = answer_number(link, "retry_in_s");
	double failures = answer_number(link, "failures");
	char age[NUMBER_SIZE], count[NUMBER_SIZE], *text;

	if (isnan(left))
		return;
	text = failures > 1
	    ? text_printf("next try in %s, after %s failures",
		  number_age(age, left), number_count(count, failures))
	    : text_printf("next try in %s", number_age(age, left));
	say(arg, text);
	free(text);
}

void
link_remarks(
    const json_t *link, void (*say)(void *arg, const char *text), void *arg)
{
	const char *reason = answer_text(link, "reason");
	const json_t *flag;
	size_t i;

	if (reason)
		say(arg, reason);
	else if (answer_is_true(link, "stopped"))
		say(arg, "stopped by request");
	json_array_foreach(answer_get(link, "flags"), i, flag)
	{
		const char *name = answer_text(flag, "flag");
		const char *why = answer_text(flag, "reason");
		char *text;

		if (!name)
			continue;
		text = text_printf(
		    "%s%s%s", name, why ? ": " : "", why ? why : "");
		say(arg, text);
		free(text);
	}
	say_retry(link, say, arg);
}

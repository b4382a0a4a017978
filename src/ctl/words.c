#include "ctl/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/link.h"
#include "ctl/number.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

static const struct {
	const char *change;
	const char *words;
	enum colour colour;
} changes[] = {
	{ "unchanged", "untouched", COLOUR_FAINT },
	{ "live", "applied live", COLOUR_GOOD },
	{ "pump", "new pump", COLOUR_CARE },
	{ "interface", "new interface", COLOUR_BAD },
	{ "added", "added", COLOUR_GOOD },
	{ "removed", "removed", COLOUR_BAD },
};

static void
put_keys(const char *const *keys, size_t n_keys)
{
	for (size_t i = 0; i < n_keys; i++) {
		fputs(i > 0 ? ", " : ": ", stdout);
		text_put(stdout, keys[i]);
	}
	fputc('\n', stdout);
}

void
words_put(const char *link, const char *change, const char *const *keys,
    size_t n_keys)
{
	const char *words = change;
	enum colour colour = COLOUR_NONE;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (strcmp(change, changes[i].change) == 0) {
			words = changes[i].words;
			colour = changes[i].colour;
		}
	}
	text_put(stdout, link);
	fputs(": ", stdout);
	terminal_colour(stdout, colour);
	text_put(stdout, words);
	terminal_colour(stdout, COLOUR_NONE);
	put_keys(keys, n_keys);
}

void
words_put_daemon(const char *const *keys, size_t n_keys)
{
	if (n_keys > 0)
		words_put("the daemon", "live", keys, n_keys);
}

void
words_put_waiting(const char *const *keys, size_t n_keys)
{
	if (n_keys == 0)
		return;
	printf("at the next start of the daemon");
	put_keys(keys, n_keys);
}

/* The texts of a list, to be freed; they stay the list's. */
static const char **
texts(const json_t *list, size_t *n)
{
	const char **keys = calloc(json_array_size(list) + 1, sizeof(*keys));
	const json_t *each;
	size_t i;

	if (!keys)
		text_no_memory();
	*n = 0;
	json_array_foreach(list, i, each) if (json_is_string(each))
	    keys[(*n)++] = json_string_value(each);
	return keys;
}

static void
put_link(const json_t *link)
{
	const char *change = answer_text(link, "change");
	const char *refused = answer_text(link, "refused");
	const char **keys;
	size_t n;

	keys = texts(answer_get(link, "keys"), &n);
	words_put(link_name(link), change ? change : "?", keys, n);
	free(keys);
	if (refused)
		text_wrap(
		    stdout, "  refused: ", refused, 11, terminal_columns());
}

void
words_put_answer(const json_t *answer)
{
	const json_t *reload = answer_get(answer, "reload"), *link;
	double confirm_s = answer_number(reload, "confirm_s");
	char age[NUMBER_SIZE];
	const char **keys;
	size_t i, n;

	json_array_foreach(answer_get(reload, "links"), i, link) put_link(link);
	keys = texts(answer_get(reload, "live"), &n);
	words_put_daemon(keys, n);
	free(keys);
	keys = texts(answer_get(reload, "daemon"), &n);
	words_put_waiting(keys, n);
	free(keys);
	answer_tell_places(answer_get(reload, "warnings"), stdout);
	if (!isnan(confirm_s))
		printf("the old configuration comes back in %s, unless: "
		       "serial-routerctl confirm\n",
		    number_age(age, confirm_s));
}

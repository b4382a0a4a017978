/*
 * The command line of serial-routerctl: options, and the words between them.
 */
#ifndef SR_CTL_OPTIONS_H
#define SR_CTL_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_WORDS_MAX 8

/* Which options were given: each subcommand takes some of them. */
enum options_given {
	OPTIONS_JSON = 1 << 0,
	OPTIONS_TAB = 1 << 1,
	OPTIONS_RATES = 1 << 2,
	OPTIONS_DELAY = 1 << 3,
	OPTIONS_COUNT = 1 << 4,
	OPTIONS_CONFIRM = 1 << 5,
	OPTIONS_TEXTFILE = 1 << 6,
};

/* As it was typed; the texts are those of argv. */
struct options {
	const char *socket; /* NULL: not given */
	const char *config; /* whose control.path it is; NULL: not given */
	int timeout_ms;     /* for one answer */
	int delay_ms;       /* between two snapshots */
	int count;          /* of snapshots; 0: without end */
	int confirm_s;
	const char *textfile;
	bool help, version;
	unsigned given;                           /* enum options_given */
	const char *words[OPTIONS_WORDS_MAX + 1]; /* command, arguments, NULL */
	int n_words;
};

/* Fills *o.  Returns -1, or EX_USAGE when the mistake was told. */
int options_parse(struct options *o, int argc, char **argv);

/* A whole number from least to most, or -1. */
int options_number(const char *text, int least, int most);

/* The names of the options in the set, for a complaint: "--json". */
const char *options_name(unsigned given);

void options_print(void); /* what they mean, for the help */

#endif

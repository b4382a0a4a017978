/*
 * The command line: options, and one link that needs no file.  It becomes the
 * text of a configuration, so that every check is the same.
 */
#ifndef SR_ROUTER_OPTIONS_H
#define SR_ROUTER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

/* What conf_parse() is to call the text that options_text() makes. */
#define OPTIONS_NAME "command line"

#define OPTIONS_ADDRESSES_MAX 16

/* As it was typed; the texts are those of argv. */
struct options_link {
	const char *interface; /* NULL: no link was asked for */
	const char *port;
	const char *baud;
	const char *mtu; /* NULL: not given */
	struct {
		const char *local;
		const char *peer; /* NULL: none */
	} addresses[OPTIONS_ADDRESSES_MAX];
	size_t n_addresses;
};

struct options {
	const char *file;
	struct options_link link; /* instead of the file */
	bool check;
	bool print;
	bool remove_interfaces;
	bool list_ports;
	bool to_syslog;
	enum log_level most;
};

/*
 * Fills *o.  Returns -1 to go on, or the status to exit with: there is nothing
 * to do any more (help, version), or nothing to be understood, which is told
 * on standard error.
 */
int options_parse(struct options *o, int argc, char **argv);

/* The configuration of that link, to be freed with free(); NULL: no memory. */
char *options_text(const struct options_link *link);

/*
 * Makes of a complaint of conf_parse() about that text one in terms of options,
 * "--baud: expected 50 to 16000000, got 7", into buf; returns buf.
 */
const char *options_complaint(const char *complaint, char *buf, size_t size);

#endif

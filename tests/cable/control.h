/*
 * Commands on standard input, answers on standard output, without ever
 * waiting for either.
 */
#ifndef CABLE_CONTROL_H
#define CABLE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"

/* A longer line is answered with an error. */
#define CONTROL_LINE_BYTES 131072

struct control {
	struct rack *rack;
	int epoll_fd;      /* the caller's */
	uint64_t id;       /* in epoll's data, for both descriptors */
	bool always_ready; /* the input is a file, which epoll refuses */
	bool blocked;      /* nobody reads the answers: no more commands */
	bool skipping;     /* the rest of a line that was too long */
	bool done;         /* the input ended, or nobody is there */
	size_t used;
	char line[CONTROL_LINE_BYTES];
};

int control_init(struct control *c, struct rack *rack, int epoll_fd,
    uint64_t id, struct why *why);

/* Serves what epoll told of. */
void control_event(struct control *c, int64_t now_ns);

#endif

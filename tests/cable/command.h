/*
 * What the one who tests can tell the cables to do: one line, one answer.
 */
#ifndef CABLE_COMMAND_H
#define CABLE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cable.h"

struct rack {
	struct cable *cables; /* numbered from 0 */
	size_t n;
	bool quit; /* was asked for */
};

/* Below PIPE_BUF, so that a writable pipe takes an answer whole. */
#define COMMAND_ANSWER_BYTES 2048

/* Does what the line (changed) says; the answer is a line without its end. */
void command_run(struct rack *rack, char *line, int64_t now_ns,
    char answer[COMMAND_ANSWER_BYTES]);

#endif

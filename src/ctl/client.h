/*
 * The client's end of the control socket: one line out, lines in, with a
 * deadline and a bound.  serial-router-control(7) says what is in them.
 */
#ifndef SR_CTL_CLIENT_H
#define SR_CTL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* 1024 links with every field at its longest are below half of that. */
#define CLIENT_ANSWER_MAX (16 * 1024 * 1024)

/* Of serial-router-control(7). */
#define CLIENT_PROTOCOL 1

struct client {
	int fd; /* -1: closed */
	const char *path;
	int timeout_ms; /* for one answer */
	char *buf;
	size_t len, size;
	size_t taken;   /* bytes of buf that were given out */
	size_t scanned; /* bytes of buf without a newline, from 0 */
};

/*
 * Connects.  path stays the caller's.  err says what is the matter and what to
 * do about it.  The first line is the greeting.
 */
int client_open(
    struct client *c, const char *path, int timeout_ms, struct error *err);
void client_close(struct client *c);

/* Sends one request line; request is without newline. */
int client_send(struct client *c, const char *request, struct error *err);

/*
 * The next line, terminated, without its newline, valid until the next call.
 * Waits for the time that an answer may take, or with patient set without end.
 * NULL: err says why (err->code EMSGSIZE, ETIMEDOUT, ECONNRESET, EINTR where a
 * signal came).
 */
char *client_line(struct client *c, bool patient, struct error *err);

/* The same without waiting: 1 a line, 0 not yet (when fd is readable), -1. */
int client_try_line(struct client *c, char **line, struct error *err);

#endif

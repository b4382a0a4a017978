/*
 * What the files of the room `control` share: control.c (the daemon's side),
 * control_socket.c, control_client.c, control_verb.c, control_show.c,
 * control_reload.c, control_watch.c.  Nobody else includes this.
 */
#ifndef SR_ROUTER_CONTROL_PRIV_H
#define SR_ROUTER_CONTROL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/json.h"
#include "base/log.h"
#include "pump/stats.h"
#include "router/control.h"
#include "router/control_access.h"
#include "router/control_request.h"
#include "router/reload.h"

#define CONTROL_PROTOCOL 1

#define CONTROL_CLIENTS_MAX 32
/* Bytes that wait for a client: no more of its requests are read; it is cut off
 * where an event would have to be added, not counting answers and the largest
 * of the events, which one who reads has to be given time for. */
#define CONTROL_WAITING_READ (64 * 1024)
#define CONTROL_WAITING_MAX (256 * 1024)
/* A document for 1024 links is some megabytes. */
#define CONTROL_DOCUMENT_MAX (32 * 1024 * 1024)

struct event;
struct evbuffer;

/* Where it is bound, and the lock that says so. */
struct control_socket {
	char path[108]; /* sun_path */
	int fd;         /* listening; -1: none */
	int lock;
	dev_t device; /* of what was bound */
	ino_t inode;
};

int control_socket_open(
    struct control_socket *s, const struct conf *conf, struct error *err);
void control_socket_close(struct control_socket *s);
/* Lets the group in that may read. */
void control_socket_set_group(
    struct control_socket *s, const struct conf *conf);

struct control_client {
	LIST_ENTRY(control_client) entry;
	struct control *control;
	struct control_peer peer;
	int fd; /* -1: cut off, to be freed */
	struct event *readable, *writable;
	struct evbuffer *out;
	char in[CONTROL_REQUEST_MAX];
	size_t in_len;
	/* Since nothing waited for it: bytes of answers, of the largest event. */
	size_t answers, largest;
	bool ended;   /* it sends no more */
	bool closing; /* to be cut off when it has got everything */
	bool watches;
	bool pending;        /* the answer of a reload comes later */
	unsigned interval_s; /* of shows that it watches; 0: none */
	unsigned ticks;      /* seconds until the next of them */
	int64_t asked_ms;    /* when it asked last, or connected */
	int64_t half_ms;     /* since when half a request is there; 0: is not */
	unsigned stalled;    /* ticks since it took something, or had all */
};

LIST_HEAD(control_clients, control_client);

struct control {
	struct control_env env;
	struct control_socket socket;
	struct control_clients clients;
	struct control_clients gone; /* cut off, to be freed by reap */
	size_t n_clients;
	struct event *acceptable;
	struct event *tick; /* each second while there are clients */
	struct event *reap;
	struct log_bucket bucket;
	int64_t started_ms;
};

/* A client that connected; NULL: none can be had. */
struct control_client *control_client_new(struct control *c, int fd);
/* why is for the log; NULL: nothing to speak of. */
void control_client_cut(struct control_client *client, const char *why);
void control_client_free(struct control_client *client);
/* What time does to it, each second. */
void control_client_tick(struct control_client *client, int64_t now_ms);
size_t control_client_waiting(const struct control_client *client);
/* Idle, or with half a request, for at least a second: it can make room. */
bool control_client_is_idle(
    const struct control_client *client, int64_t now_ms);

/* Sends a whole document and frees what it was written with; an event is not
 * added to too much that waits. */
void control_client_send(struct control_client *client, struct json *j);
void control_client_send_event(
    struct control_client *client, const struct json *j);

/* Serves one request line. */
void control_serve_request(
    struct control_client *client, const char *line, size_t len);
void control_send_error(struct control_client *client, enum control_code code,
    const char *text, const char *next);
/* The same into j: a whole document. */
void control_write_error(
    struct json *j, enum control_code code, const char *text, const char *next);

void control_write_greeting(struct json *j);
/* The members of the answer to show, of one link or (NULL) all. */
void control_write_show(
    struct json *j, const struct control *c, struct link *only);
/* The same of the counters of a link. */
void control_write_counters(struct json *j, const struct stats *s);
/* state, reason and flags, as members. */
void control_write_state(struct json *j, const struct link *l);
/* A moment of the wall clock. */
void control_write_time(
    struct json *j, const char *name, int64_t ms_since_1970);
int64_t control_wall_ms(void);

/* Requests: each sends one answer, that of reload perhaps later. */
void control_reload(struct control_client *client, unsigned confirm_s);
void control_undo(struct control_client *client);
void control_confirm(struct control_client *client);
/* Tells those who watch. */
void control_tell_reload(struct control *c, const char *what, const char *text);

/* It watches from now on: shows every interval_s seconds too, 0: none. */
void control_watch(struct control_client *client, unsigned interval_s);
/* After a reload: who may not read any more is told and cut off, the others are
 * told what it left of each link. */
void control_watch_reloaded(struct control *c);
/* Each second: shows to whom they are due. */
void control_watch_tick(struct control *c);

#endif

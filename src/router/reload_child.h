/*
 * The child that reads a configuration for a reload; part of the room
 * `reload`.  It writes records: one byte for the type, four for the length, and
 * so many bytes, of which those of a text end with a NUL.
 */
#ifndef SR_ROUTER_RELOAD_CHILD_H
#define SR_ROUTER_RELOAD_CHILD_H

#include "router/conf.h"
#include "router/state.h"

enum reload_record {
	RELOAD_WARNING = 'w', /* a line */
	RELOAD_MISTAKE = 'm', /* a line */
	RELOAD_ERROR = 'e',   /* struct error: there is no configuration */
	RELOAD_UNKEPT = 'u',  /* struct error: all is well but the state */
	RELOAD_CONF = 'c',    /* as conf_print() writes it: all is well */
};

/* From right after fork(2), signals blocked; fd is where the records go. */
_Noreturn void reload_child(
    const struct state *state, const struct conf *confirmed, int fd);

#endif

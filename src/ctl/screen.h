/*
 * The terminal as a screen of our own, until it is given back: on the end, on a
 * signal that ends the program, and while it is stopped.
 */
#ifndef SR_CTL_SCREEN_H
#define SR_CTL_SCREEN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum screen_key {
	SCREEN_KEY_NONE,
	SCREEN_KEY_QUIT, /* q, Ctrl-C where it is no signal, end of file */
	SCREEN_KEY_UP,
	SCREEN_KEY_DOWN,
	SCREEN_KEY_LEFT,
	SCREEN_KEY_RIGHT,
	SCREEN_KEY_PAGE_UP,
	SCREEN_KEY_PAGE_DOWN,
	SCREEN_KEY_HOME,
	SCREEN_KEY_END,
};

/* Whether standard input and output are a terminal that can be one. */
bool screen_possible(void);

int screen_open(struct error *err);
void screen_close(void);

size_t screen_lines(void);

/* The mask for ppoll(2), in which alone a change of the size interrupts. */
const sigset_t *screen_mask(void);

/* Whether all has to be drawn again since it was last asked: the size is
 * another, or the program was stopped. */
bool screen_is_spoilt(void);

/* Keys that wait on standard input, which is readable: one a call, NONE when
 * there is no more; escape sequences that it does not know are dropped. */
enum screen_key screen_key(void);

#endif

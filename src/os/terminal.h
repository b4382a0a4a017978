/*
 * Who else uses a terminal: the kernel as its console, a getty for a login.
 * Looks, and never opens the terminal.
 */
#ifndef SR_OS_TERMINAL_H
#define SR_OS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define TERMINAL_CLASS "/sys/class/tty"

/*
 * -1, with an error of code EBUSY that names node, where the kernel writes its
 * messages to the terminal of that device number.  classes is TERMINAL_CLASS;
 * where it cannot be read no terminal is a console.
 */
int terminal_refuse_console(
    const char *node, dev_t rdev, const char *classes, struct error *err);

/*
 * Writes a process other than this one that uses the terminal, as "agetty (pid
 * 812)", to buf: one whose controlling terminal it is, a getty before others;
 * else, where the right to see that is there, one that has it open.  With
 * only_getty nothing but a getty counts.  false: there is none, and buf is "".
 */
bool terminal_user(
    const char *node, dev_t rdev, bool only_getty, char *buf, size_t size);

/* Whether such a text, or the name of a process, is that of a getty, or of the
 * login that it became. */
bool terminal_is_getty(const char *user);

/* The systemd unit of the getty of a node, "serial-getty@ttyS0", into buf;
 * returns buf. */
const char *terminal_getty_unit(const char *node, char *buf, size_t size);

#endif

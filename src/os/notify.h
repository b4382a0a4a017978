/*
 * What a service manager wants to know: the protocol of sd_notify(3), spoken
 * to the socket that $NOTIFY_SOCKET names.
 *
 * Nothing here waits.  Where there is no such socket, nothing is done, and
 * that is a success.  false: the message did not go out; where errno is
 * EAGAIN, the manager was busy, and a later try may do.
 */
#ifndef SR_OS_NOTIFY_H
#define SR_OS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

bool notify_ready(void);
bool notify_reloading(void); /* until notify_ready() */
bool notify_stopping(void);

/* One line for people; what comes after a newline is left out. */
bool notify_status(const char *text);

bool notify_watchdog(void); /* still alive */

/* How often to call notify_watchdog, in milliseconds: half of what the
 * manager waits for.  0: it does not ask this process for it. */
int64_t notify_watchdog_ms(void);

#endif

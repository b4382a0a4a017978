/*
 * A serial port: found, opened, locked and set up, as a file descriptor that
 * read(2) and write(2) serve.  Through libserialport; through termios(3)
 * where that cannot serve (ptys, USB gadget ports).  See tty_ioctl(4).
 *
 * Opening can take seconds with a sick adapter: only the pump's child does it.
 */
#ifndef SR_OS_PORT_H
#define SR_OS_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/error.h"
#include "os/usb.h"

/* How long "pulse" keeps a control line off. */
#define PORT_PULSE_MS 100

enum port_parity { PORT_PARITY_NONE, PORT_PARITY_EVEN, PORT_PARITY_ODD };

enum port_flow { PORT_FLOW_NONE, PORT_FLOW_RTSCTS, PORT_FLOW_XONXOFF };

enum port_latency {
	PORT_LATENCY_UNKNOWN, /* the driver has no such setting */
	PORT_LATENCY_USUAL,
	PORT_LATENCY_LOW, /* ASYNC_LOW_LATENCY, tty_ioctl(4) */
};

/* What to do with a modem control line, which the kernel raises at open. */
enum port_line {
	PORT_LINE_KEEP,
	PORT_LINE_ON,
	PORT_LINE_OFF,
	PORT_LINE_PULSE, /* off and on again */
};

struct port_settings {
	char *device; /* a path; owned by the configuration; NULL: usb */
	struct usb_match usb;
	uint32_t baud;
	enum port_parity parity;
	unsigned stop_bits; /* 1 or 2 */
	enum port_flow flow;
	enum port_line dtr, rts;
	unsigned settle_ms; /* input discarded after open; the pump's duty */
	bool low_latency;   /* ask the driver to hand over at once */
};

/* What was really opened. */
struct port_info {
	char node[128]; /* the device without symlinks */
	dev_t rdev;
	bool pty;
	char driver[USB_NAME_SIZE]; /* "cdc_acm"; "": not known */
	struct usb_adapter adapter; /* its place is "" where it is on no USB */
	uint32_t baud;              /* as the driver keeps it */
	bool rtscts;                /* as the driver keeps it */
	bool parity;                /* as the driver keeps it */
	bool no_lines; /* dtr or rts was asked for, and it has no such lines */
	enum port_latency latency;
	char also[64]; /* who else uses it, "agetty (pid 812)"; "": nobody */
};

/* Bits on the line for one byte: start, data, parity, stop. */
static inline unsigned
port_bits_per_char(const struct port_settings *s)
{
	return 1 + 8 + (s->parity != PORT_PARITY_NONE) + s->stop_bits;
}

/* "port /dev/ttyS0", "USB adapter with serial ABC", into buf; returns buf. */
const char *port_text(const struct port_settings *s, char *buf, size_t size);

/* Whether two ask for the same: by one path, or one by all that the other asks
 * an adapter for. */
bool port_same(const struct port_settings *a, const struct port_settings *b);

/*
 * Finds the port and fills in of *info what is known before it is opened.
 * Where it fails err->code is ENOENT, ENXIO, ENODEV or ENOTDIR where there is
 * no such port now, ENOTUNIQ where several are what is asked for, ENOTTY where
 * it is no serial port.
 */
int port_find(
    const struct port_settings *s, struct port_info *info, struct error *err);

/*
 * Opens what was found, locks (flock(2); TIOCEXCL on what is no pty), sets raw mode and the
 * settings, clears HUPCL, sets the control lines, flushes; a pulse takes
 * PORT_PULSE_MS.  Returns a non-blocking descriptor with
 * close-on-exec, or -1; err->code is then ENOENT, ENXIO or ENODEV where there
 * is no such port now, EBUSY where another process has it (named where /proc
 * shows it) or it is the kernel's console, EACCES where the text names the
 * right that is missing.  A process that has it without a lock is no failure:
 * info->also.
 */
int port_open(
    const struct port_settings *s, struct port_info *info, struct error *err);

/*
 * What the port cannot do as it was asked to, with the better choice, in a
 * sentence that begins with its node; "" where it does all of it.
 */
void port_mismatch(const struct port_settings *s, const struct port_info *info,
    char *buf, size_t size);

/* Throws away what waits in both directions, so that closing never blocks,
 * and closes. */
void port_close(int fd);

/* Bytes that the driver says it still has to send; 0 where it does not know
 * (ptys). */
unsigned port_unsent(int fd);

/* What went wrong with characters since the driver was loaded. */
struct port_errors {
	uint32_t framing, parity, overrun, brk;
};

/* false: the driver does not tell (CH340, cdc-acm, ptys). */
bool port_errors(int fd, struct port_errors *errors);

/* Forgets an XOFF that was received, with software flow control. */
void port_resume_output(int fd);

#endif

/*
 * Where a port is not what was asked for: what its driver kept, and what is
 * known of adapters whose drivers do not tell.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/port.h"

/* A rate that is further off than this is worth a warning: two ends may differ
 * by about 4 % before the last bit of a character is misread. */
#define DRIVER_PER_MILLE 20
#define ARDUINO_PER_MILLE 30

/* The ATmega16U2 of an Arduino divides this by a whole number
 * (LUFA: SERIAL_2X_UBBRVAL, 16 MHz / 8). */
#define ARDUINO_CLOCK 2000000

__attribute__((format(printf, 4, 5))) static void
add(const struct port_info *info, char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	if (len == 0)
		len = snprintf(buf, size, "%s ", info->node);
	else
		len += snprintf(buf + len, size - len, "; ");
	if (len >= size)
		return;
	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

/* Those that have an ATmega16U2 in front: UNO, Mega 2560, Mega ADK, the USB
 * serial adapter, the programming port of the Due. */
static bool
is_arduino(const struct usb_adapter *a)
{
	static const uint16_t products[] = { 0x0001, 0x0010, 0x003b, 0x003d,
		0x003f, 0x0042, 0x0043, 0x0044, 0x0045, 0x0243 };

	if (!a->place[0] || (a->vendor != 0x2341 && a->vendor != 0x2a03))
		return false;
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
		if (a->product == products[i])
			return true;
	}
	return false;
}

static int64_t
per_mille(int64_t real, int64_t asked)
{
	return ((real - asked) * 1000 + (real > asked ? asked : -asked) / 2) /
	    asked;
}

static void
check_rate(const struct port_settings *s, const struct port_info *info,
    char *buf, size_t size)
{
	if (llabs(per_mille(info->baud, s->baud)) <= DRIVER_PER_MILLE)
		return;
	add(info, buf, size,
	    "cannot do %u baud, the driver made it %u: set baud = %u at both "
	    "ends",
	    s->baud, info->baud, info->baud);
}

static void
check_arduino(const struct port_settings *s, const struct port_info *info,
    char *buf, size_t size)
{
	uint32_t divisor = (ARDUINO_CLOCK + s->baud / 2) / s->baud;
	uint32_t real = ARDUINO_CLOCK / (divisor ? divisor : 1);
	int64_t off = per_mille(real, s->baud);

	if (!is_arduino(&info->adapter) || llabs(off) <= ARDUINO_PER_MILLE)
		return;
	add(info, buf, size,
	    "makes %u baud of %u (%+.1f %%), which only another Arduino "
	    "understands: take 115200, or with other firmware 250000, 500000 "
	    "or 1000000",
	    real, s->baud, off / 10.0);
}

/* ch341 and cdc_acm take the setting and do nothing about it. */
static bool
has_rtscts(const struct port_info *info)
{
	return info->rtscts && strncmp(info->driver, "ch341", 5) != 0 &&
	    strcmp(info->driver, "cdc_acm") != 0;
}

void
port_mismatch(const struct port_settings *s, const struct port_info *info,
    char *buf, size_t size)
{
	buf[0] = '\0';
	check_rate(s, info, buf, size);
	check_arduino(s, info, buf, size);
	if (s->flow == PORT_FLOW_RTSCTS && !has_rtscts(info))
		add(info, buf, size,
		    "has no RTS/CTS flow control%s%s: take flow = "
		    "\"none\", or \"xonxoff\" where both ends have it",
		    info->driver[0] ? " in its driver " : "", info->driver);
	/* A pty keeps no parity, and needs none. */
	if (s->parity != PORT_PARITY_NONE && !info->parity && !info->pty)
		add(info, buf, size, "has no parity");
	if (info->no_lines)
		add(info, buf, size, "has no DTR and RTS to set");
}

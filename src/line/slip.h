/*
 * SLIP framing: packets to bytes and back, RFC 1055.
 *
 * Pure: no I/O, no allocation, no clock, no log.
 */
#ifndef SR_LINE_SLIP_H
#define SR_LINE_SLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SLIP_END = 0xc0,
	SLIP_ESC = 0xdb,
	SLIP_ESC_END = 0xdc,
	SLIP_ESC_ESC = 0xdd,
	/* Only with escape_xon, as tunslip6 does it: plain SLIP cannot pass
	 * XON and XOFF over a line with software flow control. */
	SLIP_ESC_XON = 0xde,
	SLIP_ESC_XOFF = 0xdf,
	SLIP_XON = 0x11,
	SLIP_XOFF = 0x13,
};

/* The most bytes a packet of n bytes takes on the line: each one escaped, an
 * END after, and an END before to flush line noise. */
#define SLIP_ENCODED_MAX(n) (2 * (n) + 2)

/*
 * Writes the frame of one packet to out, which has room for
 * SLIP_ENCODED_MAX(len), and returns the frame's length.  len is not 0.
 */
size_t slip_encode(uint8_t *out, const uint8_t *packet, size_t len,
    bool leading_end, bool escape_xon);

enum slip_result {
	SLIP_MORE,       /* all input taken, no packet complete yet */
	SLIP_PACKET,     /* d->packet holds d->len bytes until the next call */
	SLIP_BAD_ESCAPE, /* a frame with ESC and what may not follow it ended */
	SLIP_OVERSIZED,  /* a frame larger than the buffer ended */
};

struct slip_decoder {
	uint8_t *packet; /* the caller's buffer */
	size_t size;     /* of the buffer, bytes */
	size_t len;      /* bytes in it */
	bool escape_xon;
	bool escaped;            /* the last byte was ESC */
	bool done;               /* the packet was handed out */
	enum slip_result damage; /* SLIP_MORE: none so far */
};

void slip_decoder_init(
    struct slip_decoder *d, uint8_t *buf, size_t size, bool escape_xon);

/*
 * Takes bytes from *in (*len of them) up to the end of one frame, and moves
 * *in and *len past what it took; call again until SLIP_MORE.  Empty frames
 * are skipped.  A damaged frame is swallowed up to its END and told once,
 * there.  Where the sample code of RFC 1055 keeps the byte after a stray ESC,
 * this drops the frame: IPv6 has no header checksum to catch it.
 */
enum slip_result slip_decode(
    struct slip_decoder *d, const uint8_t **in, size_t *len);

#endif

/*
 * Is this an honest IP packet?  The kernel checks next to nothing of what is
 * written to a TUN, and a serial line loses and turns bytes.
 *
 * Pure: no I/O, no allocation, no clock, no log.
 */
#ifndef SR_LINE_PACKET_H
#define SR_LINE_PACKET_H

#include <stddef.h>
#include <stdint.h>

enum packet_verdict {
	PACKET_GOOD,
	PACKET_VERSION,       /* neither 4 nor 6 */
	PACKET_TRUNCATED,     /* shorter than its header */
	PACKET_HEADER_LENGTH, /* IHL below 5 */
	PACKET_TOTAL_LENGTH,  /* not the length of the frame */
	PACKET_HEADER_CHECKSUM,
	PACKET_VERDICTS,
};

/* RFC 791 and RFC 8200 (no jumbograms, RFC 2675: they exceed any MTU here). */
enum packet_verdict packet_check(const uint8_t *packet, size_t len);

#endif

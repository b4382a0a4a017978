/*
 * Is this an honest IP packet?  The kernel checks next to nothing of what is
 * written to a TUN, and a serial line loses and turns bytes.
 *
 * Pure: no I/O, no allocation, no clock, no log.
 */
#ifndef SR_LINE_PACKET_H
#define SR_LINE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_verdict {
	PACKET_GOOD,
	PACKET_VERSION,       /* neither 4 nor 6 */
	PACKET_TRUNCATED,     /* shorter than its header */
	PACKET_HEADER_LENGTH, /* IHL below 5 */
	PACKET_TOTAL_LENGTH,  /* not the length of the frame */
	PACKET_HEADER_CHECKSUM,
	PACKET_PAYLOAD_CHECKSUM, /* of TCP, UDP, ICMP or ICMPv6 */
	PACKET_VERDICTS,
};

/* RFC 791 and RFC 8200 (no jumbograms, RFC 2675: they exceed any MTU here). */
enum packet_verdict packet_check(const uint8_t *packet, size_t len);

/*
 * PACKET_GOOD or PACKET_PAYLOAD_CHECKSUM, of a packet that packet_check()
 * passed: TCP, UDP, ICMP and ICMPv6 (RFC 9293, 768, 792, 4443), whole packets
 * only.  What has no checksum of these, or none that can be known here,
 * passes: fragments, other protocols, headers that are cut off or not
 * understood, a checksum over other addresses than the header's, and UDP with
 * checksum 0.  The latter over IPv6 too: tunnels may send it, and it is for
 * its receiver to refuse it (RFC 8200 8.1, RFC 6935).
 */
enum packet_verdict packet_check_payload(const uint8_t *packet, size_t len);

/* Sets Congestion Experienced (RFC 3168) in a packet of which the first len
 * bytes are given, and puts the IPv4 checksum right.  false, and nothing is
 * changed, where its sender did not say that it understands that. */
bool packet_mark_ce(uint8_t *packet, size_t len);

#endif

/*
 * Where in an IP packet the transport header is, and of which protocol: past
 * the options of IPv4, past the extension headers of IPv6.
 *
 * Pure: no I/O, no allocation, no clock, no log.
 */
#ifndef SR_LINE_TRANSPORT_H
#define SR_LINE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the assigned internet protocol numbers, those that are looked into. */
enum transport_protocol {
	TRANSPORT_ICMP = 1,
	TRANSPORT_TCP = 6,
	TRANSPORT_UDP = 17,
	TRANSPORT_DCCP = 33,
	TRANSPORT_ICMPV6 = 58,
	TRANSPORT_SCTP = 132,
	TRANSPORT_UDPLITE = 136,
};

enum transport_kind {
	TRANSPORT_NOT_IP,   /* or cut off within the addresses */
	TRANSPORT_ODD,      /* a header that is cut off or senseless */
	TRANSPORT_FRAGMENT, /* of a datagram */
	TRANSPORT_WHOLE,
};

struct transport {
	enum transport_kind kind;
	uint8_t version;  /* 4 or 6; 0: TRANSPORT_NOT_IP */
	uint8_t protocol; /* of what is at `at`, known or not */
	/* Offset of the transport header, at most the packet's length; of a
	 * fragment, of its identification (IPv4: 2 bytes, IPv6: 4). */
	size_t at;
	/* Its checksum is over other addresses than the header's: a source
	 * route that is not at its end (RFC 791, RFC 8200 8.1), a home address
	 * (RFC 6275 11.3.2). */
	bool elsewhere;
};

/* packet may be anything; len may be 0. */
void transport_find(struct transport *t, const uint8_t *packet, size_t len);

#endif

/*
 * Which flow is a packet: what shares a flow keeps its order and shares one
 * turn at the line.
 *
 * TCP, UDP, UDP-Lite, DCCP and SCTP go by addresses, protocol and ports, over
 * IPv6 also behind extension headers (RFC 8200); ICMP queries by addresses and
 * identifier; fragments by addresses and identification (IPv4: and protocol),
 * all of a datagram together, the one with the ports included.  What is not
 * understood, because it is cut off, odd or of another protocol, is one flow
 * for its pair of addresses.  Nothing else of a packet matters: not DSCP, not
 * the flow label, which any sender may choose at will.
 *
 * Pure: no I/O, no allocation, no clock, no log.
 */
#ifndef SR_LINE_FLOW_H
#define SR_LINE_FLOW_H

#include <stddef.h>
#include <stdint.h>

#define FLOW_KEY_BYTES 16

enum flow_kind {
	FLOW_NOT_IP,    /* or cut off within the addresses: all one flow */
	FLOW_ADDRESSES, /* by the two addresses alone */
	FLOW_PROTOCOL,  /* and the protocol: ICMP that is no query */
	FLOW_PORTS,     /* and the two ports */
	FLOW_QUERY,     /* and the identifier of an ICMP query */
	FLOW_FRAGMENT,  /* and the identification of a datagram */
};

/* Plain data without holes: two of them are of the same flow where memcmp
 * says that they are equal. */
struct flow {
	uint8_t src[16], dst[16]; /* IPv4: 4 bytes, then zeros */
	uint8_t version;          /* 4, 6; 0: FLOW_NOT_IP */
	uint8_t kind;             /* enum flow_kind */
	uint8_t protocol;         /* 0 where it does not count */
	uint8_t zero;
	uint8_t part[4]; /* ports, identifier or identification, as sent */
};

/* packet may be anything; len may be 0. */
void flow_of(struct flow *flow, const uint8_t *packet, size_t len);

/* SipHash-2-4 of it (Aumasson, Bernstein): with a random key no sender can
 * choose packets whose flows meet. */
uint64_t flow_hash(const struct flow *flow, const uint8_t key[FLOW_KEY_BYTES]);

#endif

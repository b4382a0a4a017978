/*
 * The probe of a line's far end: an ICMP echo request made, its answer
 * recognised (RFC 792, RFC 4443).  Any peer answers it; only who saw the
 * request can make an answer that is taken for one.
 *
 * Pure: no I/O, no allocation, no clock, no log: time and randomness come in
 * as arguments.
 */
#ifndef SR_LINE_PROBE_H
#define SR_LINE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

/* Random bytes that a request carries and an answer has to bring back. */
#define PROBE_COOKIE_BYTES 16

/* The longest request. */
#define PROBE_PACKET_MAX (40 + 8 + PROBE_COOKIE_BYTES)

struct probe {
	struct ip from, to; /* of one family; AF_UNSPEC: off */
	uint8_t cookie[PROBE_COOKIE_BYTES];
	uint16_t id; /* derived from the cookie: one flow to all routers */
	uint16_t sequence;
	bool awaited; /* the answer to the last request */
	int64_t sent_ns;
};

enum probe_verdict {
	PROBE_FOREIGN, /* not an answer to us: for the kernel */
	PROBE_ANSWER,  /* to the last request */
	PROBE_LATE,    /* to an earlier one, or once more */
};

/* No request is awaited afterwards. */
void probe_init(struct probe *p, const struct ip *from, const struct ip *to,
    const uint8_t cookie[PROBE_COOKIE_BYTES]);

bool probe_is_on(const struct probe *p);

/* The next request into out, which has room for PROBE_PACKET_MAX: its length,
 * 0 where the probe is off.  It was sent at now_ns. */
size_t probe_request(struct probe *p, uint8_t *out, int64_t now_ns);

/* What a packet from the line is that packet_check() passed; at PROBE_ANSWER
 * *round_trip_ns is the time since the request. */
enum probe_verdict probe_take(struct probe *p, const uint8_t *packet,
    size_t len, int64_t now_ns, int64_t *round_trip_ns);

#endif

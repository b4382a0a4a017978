#include "line/probe.h"

#include <string.h>

enum {
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	ICMP_HEADER = 8,
	PROTOCOL_ICMP = 1,
	PROTOCOL_ICMPV6 = 58,
	ICMP_ECHO = 8,
	ICMP_ECHO_REPLY = 0,
	ICMPV6_ECHO = 128,
	ICMPV6_ECHO_REPLY = 129,
	HOP_LIMIT = 64,
};

#define ECHO_LEN (ICMP_HEADER + PROBE_COOKIE_BYTES)

static void
put16(uint8_t *p, unsigned value)
{
	p[0] = value >> 8;
	p[1] = value & 0xff;
}

/* RFC 1071, of an even number of bytes. */
static uint32_t
add_up(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	return sum;
}

static unsigned
checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

void
probe_init(struct probe *p, const struct ip *from, const struct ip *to,
    const uint8_t cookie[PROBE_COOKIE_BYTES])
{
	*p = (struct probe){ .from = *from, .to = *to };
	memcpy(p->cookie, cookie, sizeof(p->cookie));
	p->id = cookie[0] << 8 | cookie[1];
}

bool
probe_is_on(const struct probe *p)
{
	return p->to.family != AF_UNSPEC && p->from.family == p->to.family;
}

static void
make_echo(const struct probe *p, uint8_t *out, uint8_t type)
{
	memset(out, 0, ICMP_HEADER);
	out[0] = type;
	put16(out + 4, p->id);
	put16(out + 6, p->sequence);
	memcpy(out + ICMP_HEADER, p->cookie, PROBE_COOKIE_BYTES);
}

static size_t
make_ipv4(const struct probe *p, uint8_t *out)
{
	uint8_t *echo = out + IPV4_HEADER;

	memset(out, 0, IPV4_HEADER);
	out[0] = 4 << 4 | IPV4_HEADER / 4;
	put16(out + 2, IPV4_HEADER + ECHO_LEN);
	put16(out + 4, p->sequence);
	out[8] = HOP_LIMIT;
	out[9] = PROTOCOL_ICMP;
	memcpy(out + 12, p->from.bytes, 4);
	memcpy(out + 16, p->to.bytes, 4);
	put16(out + 10, checksum(add_up(0, out, IPV4_HEADER)));
	make_echo(p, echo, ICMP_ECHO);
	put16(echo + 2, checksum(add_up(0, echo, ECHO_LEN)));
	return IPV4_HEADER + ECHO_LEN;
}

static size_t
make_ipv6(const struct probe *p, uint8_t *out)
{
	uint8_t *echo = out + IPV6_HEADER;
	uint32_t sum;

	memset(out, 0, IPV6_HEADER);
	out[0] = 6 << 4;
	put16(out + 4, ECHO_LEN);
	out[6] = PROTOCOL_ICMPV6;
	out[7] = HOP_LIMIT;
	memcpy(out + 8, p->from.bytes, 16);
	memcpy(out + 24, p->to.bytes, 16);
	make_echo(p, echo, ICMPV6_ECHO);
	/* The pseudo-header: addresses, length, protocol. */
	sum = add_up(ECHO_LEN + PROTOCOL_ICMPV6, out + 8, 32);
	put16(echo + 2, checksum(add_up(sum, echo, ECHO_LEN)));
	return IPV6_HEADER + ECHO_LEN;
}

size_t
probe_request(struct probe *p, uint8_t *out, int64_t now_ns)
{
	if (!probe_is_on(p))
		return 0;
	p->sequence++;
	p->awaited = true;
	p->sent_ns = now_ns;
	return p->to.family == AF_INET ? make_ipv4(p, out) : make_ipv6(p, out);
}

/* The ICMP message of an echo reply from `to` to `from`; NULL: it is none.
 * Linux answers with options and extension headers where it was asked with
 * some: we never do. */
static const uint8_t *
find_reply(const struct probe *p, const uint8_t *packet, size_t len)
{
	if (p->to.family == AF_INET) {
		if (len != IPV4_HEADER + ECHO_LEN ||
		    packet[0] != (4 << 4 | IPV4_HEADER / 4) ||
		    packet[9] != PROTOCOL_ICMP ||
		    packet[IPV4_HEADER] != ICMP_ECHO_REPLY ||
		    memcmp(packet + 12, p->to.bytes, 4) != 0 ||
		    memcmp(packet + 16, p->from.bytes, 4) != 0)
			return NULL;
		return packet + IPV4_HEADER;
	}
	if (len != IPV6_HEADER + ECHO_LEN || packet[0] >> 4 != 6 ||
	    packet[6] != PROTOCOL_ICMPV6 ||
	    packet[IPV6_HEADER] != ICMPV6_ECHO_REPLY ||
	    memcmp(packet + 8, p->to.bytes, 16) != 0 ||
	    memcmp(packet + 24, p->from.bytes, 16) != 0)
		return NULL;
	return packet + IPV6_HEADER;
}

enum probe_verdict
probe_take(struct probe *p, const uint8_t *packet, size_t len, int64_t now_ns,
    int64_t *round_trip_ns)
{
	const uint8_t *echo;

	if (!probe_is_on(p))
		return PROBE_FOREIGN;
	echo = find_reply(p, packet, len);
	if (!echo || (echo[4] << 8 | echo[5]) != p->id ||
	    memcmp(echo + ICMP_HEADER, p->cookie, PROBE_COOKIE_BYTES) != 0)
		return PROBE_FOREIGN;
	if (!p->awaited || (echo[6] << 8 | echo[7]) != p->sequence)
		return PROBE_LATE;
	p->awaited = false;
	*round_trip_ns = now_ns - p->sent_ns;
	return PROBE_ANSWER;
}

#include "line/packet.h"

#include <string.h>

#include "line/transport.h"

#define IPV4_HEADER_MIN 20
#define IPV6_HEADER 40
#define TCP_HEADER_MIN 20
#define UDP_HEADER 8
#define ICMP_HEADER_MIN 4

/* Of the IPv6 traffic class and the IPv4 type of service. */
#define ECN_MASK 3
#define ECN_CE 3

static unsigned
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* RFC 1071: the sum of 16-bit words does not mind their byte order, nor that
 * several are added at once.  p is at an even offset of what is summed up. */
static uint64_t
sum_up(uint64_t sum, const uint8_t *p, size_t len)
{
	uint64_t words;

	for (; len >= sizeof(words); len -= sizeof(words)) {
		memcpy(&words, p, sizeof(words));
		sum += (words & UINT32_MAX) + (words >> 32);
		p += sizeof(words);
	}
	words = 0;
	memcpy(&words, p, len);
	return sum + (words & UINT32_MAX) + (words >> 32);
}

/* Over all that a checksum covers, itself included, the sum is all ones. */
static bool
is_all_ones(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static enum packet_verdict
check_ipv4(const uint8_t *packet, size_t len)
{
	size_t header_len = 4 * (packet[0] & 0x0f);

	if (header_len < IPV4_HEADER_MIN)
		return PACKET_HEADER_LENGTH;
	if (len < header_len)
		return PACKET_TRUNCATED;
	if (get16(packet + 2) != len)
		return PACKET_TOTAL_LENGTH;
	if (!is_all_ones(sum_up(0, packet, header_len)))
		return PACKET_HEADER_CHECKSUM;
	return PACKET_GOOD;
}

static enum packet_verdict
check_ipv6(const uint8_t *packet, size_t len)
{
	if (len < IPV6_HEADER)
		return PACKET_TRUNCATED;
	if (IPV6_HEADER + get16(packet + 4) != len)
		return PACKET_TOTAL_LENGTH;
	return PACKET_GOOD;
}

enum packet_verdict
packet_check(const uint8_t *packet, size_t len)
{
	if (len == 0)
		return PACKET_TRUNCATED;
	switch (packet[0] >> 4) {
	case 4:
		return check_ipv4(packet, len);
	case 6:
		return check_ipv6(packet, len);
	default:
		return PACKET_VERSION;
	}
}

/* The sum of what TCP, UDP and ICMPv6 cover besides themselves. */
static uint64_t
pseudo_header(const uint8_t *packet, const struct transport *t, size_t len)
{
	const uint8_t rest[4] = { 0, t->protocol, len >> 8, len & 0xff };
	uint64_t sum = sum_up(0, rest, sizeof(rest));

	if (t->version == 4)
		return sum_up(sum, packet + 12, 2 * 4);
	return sum_up(sum, packet + 8, 2 * 16);
}

static bool
holds_with_pseudo_header(
    const uint8_t *packet, const struct transport *t, size_t len)
{
	if (t->elsewhere)
		return true;
	return is_all_ones(
	    sum_up(pseudo_header(packet, t, len), packet + t->at, len));
}

/* The datagram may be shorter than the packet, which UDP's own length says. */
static bool
udp_holds(const uint8_t *packet, const struct transport *t, size_t len)
{
	const uint8_t *udp = packet + t->at;
	size_t udp_len;

	if (len < UDP_HEADER || get16(udp + 6) == 0)
		return true;
	udp_len = get16(udp + 4);
	if (udp_len < UDP_HEADER || udp_len > len)
		return false;
	return holds_with_pseudo_header(packet, t, udp_len);
}

/* len bytes are there from the transport header on. */
static bool
payload_holds(const uint8_t *packet, const struct transport *t, size_t len)
{
	switch (t->protocol) {
	case TRANSPORT_TCP:
		return len < TCP_HEADER_MIN ||
		    holds_with_pseudo_header(packet, t, len);
	case TRANSPORT_UDP:
		return udp_holds(packet, t, len);
	case TRANSPORT_ICMP:
		return t->version != 4 || len < ICMP_HEADER_MIN ||
		    is_all_ones(sum_up(0, packet + t->at, len));
	case TRANSPORT_ICMPV6:
		return t->version != 6 || len < ICMP_HEADER_MIN ||
		    holds_with_pseudo_header(packet, t, len);
	default:
		return true;
	}
}

enum packet_verdict
packet_check_payload(const uint8_t *packet, size_t len)
{
	struct transport t;

	transport_find(&t, packet, len);
	if (t.kind != TRANSPORT_WHOLE || payload_holds(packet, &t, len - t.at))
		return PACKET_GOOD;
	return PACKET_PAYLOAD_CHECKSUM;
}

/* RFC 1624, equation 3. */
static void
mark_ipv4(uint8_t *packet)
{
	uint32_t sum = (~get16(packet + 10) & 0xffff) +
	    (~get16(packet) & 0xffff);

	packet[1] |= ECN_CE;
	sum += get16(packet);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	packet[10] = sum >> 8;
	packet[11] = sum;
}

bool
packet_mark_ce(uint8_t *packet, size_t len)
{
	if (len >= IPV4_HEADER_MIN && packet[0] >> 4 == 4) {
		if ((packet[1] & ECN_MASK) == 0)
			return false;
		mark_ipv4(packet);
		return true;
	}
	if (len >= IPV6_HEADER && packet[0] >> 4 == 6) {
		if ((packet[1] >> 4 & ECN_MASK) == 0)
			return false;
		packet[1] |= ECN_CE << 4;
		return true;
	}
	return false;
}

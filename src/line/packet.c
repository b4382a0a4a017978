#include "line/packet.h"

#include <stdbool.h>

#define IPV4_HEADER_MIN 20
#define IPV6_HEADER 40

static unsigned
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* RFC 1071: over a header with its checksum in place the sum is all ones. */
static bool
checksum_holds(const uint8_t *header, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += get16(header + i);
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
	if (!checksum_holds(packet, header_len))
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

#include "line/transport.h"

enum {
	IPV4_HEADER_MIN = 20,
	IPV4_MORE_AND_OFFSET = 0x3fff,
	IPV4_END = 0,
	IPV4_NO_OPERATION = 1,
	IPV4_LOOSE_ROUTE = 131,
	IPV4_STRICT_ROUTE = 137,
	IPV6_HEADER = 40,
	IPV6_MORE_AND_OFFSET = 0xfff9,
	IPV6_PAD1 = 0,
	IPV6_HOME_ADDRESS = 201,
	EXTENSION_MIN = 8,
	EXTENSIONS_MAX = 16, /* nobody sends more than a handful */
};

/* Extension headers of IPv6 that can be passed over. */
enum {
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	DESTINATION = 60,
	MOBILITY = 135,
	HIP = 139,
	SHIM6 = 140,
};

static unsigned
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* Whether the options hold a source route: len bytes of them. */
static bool
has_source_route(const uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len && p[at] != IPV4_END;) {
		if (p[at] == IPV4_LOOSE_ROUTE || p[at] == IPV4_STRICT_ROUTE)
			return true;
		if (p[at] == IPV4_NO_OPERATION)
			at++;
		else if (at + 1 < len && p[at + 1] >= 2)
			at += p[at + 1];
		else
			return false;
	}
	return false;
}

static void
find_ipv4(struct transport *t, const uint8_t *p, size_t len)
{
	size_t header_len = 4 * (p[0] & 0x0f);

	t->version = 4;
	t->kind = TRANSPORT_ODD;
	if (header_len < IPV4_HEADER_MIN || len < header_len)
		return;
	t->protocol = p[9];
	if (get16(p + 6) & IPV4_MORE_AND_OFFSET) {
		t->kind = TRANSPORT_FRAGMENT;
		t->at = 4;
		return;
	}
	t->kind = TRANSPORT_WHOLE;
	t->at = header_len;
	t->elsewhere = has_source_route(
	    p + IPV4_HEADER_MIN, header_len - IPV4_HEADER_MIN);
}

/* Bytes of an extension header, of which the first EXTENSION_MIN are there;
 * 0: it is none that could be passed over. */
static size_t
extension_len(unsigned protocol, const uint8_t *p)
{
	switch (protocol) {
	case HOP_BY_HOP:
	case ROUTING:
	case DESTINATION:
	case MOBILITY:
	case HIP:
	case SHIM6:
		return 8 * (p[1] + 1);
	case AUTHENTICATION:
		return 4 * (p[1] + 2);
	case FRAGMENT:
		return EXTENSION_MIN;
	default:
		return 0;
	}
}

/* Whether a destination options header of len bytes has a home address. */
static bool
has_home_address(const uint8_t *p, size_t len)
{
	for (size_t at = 2; at < len;) {
		if (p[at] == IPV6_HOME_ADDRESS)
			return true;
		if (p[at] == IPV6_PAD1)
			at++;
		else if (at + 1 < len)
			at += 2 + p[at + 1];
		else
			return false;
	}
	return false;
}

static bool
leads_elsewhere(unsigned protocol, const uint8_t *p, size_t len)
{
	if (protocol == ROUTING)
		return p[3] != 0; /* segments left */
	return protocol == DESTINATION && has_home_address(p, len);
}

static void
find_ipv6(struct transport *t, const uint8_t *packet, size_t len)
{
	unsigned protocol = packet[6];
	size_t at = IPV6_HEADER;

	t->version = 6;
	t->kind = TRANSPORT_ODD;
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		const uint8_t *p = packet + at;
		size_t left = len - at;
		size_t n = left < EXTENSION_MIN ? 0
						: extension_len(protocol, p);

		if (n == 0)
			break;
		if (n > left)
			return;
		/* An atomic fragment (RFC 6946) is a whole packet. */
		if (protocol == FRAGMENT &&
		    get16(p + 2) & IPV6_MORE_AND_OFFSET) {
			t->kind = TRANSPORT_FRAGMENT;
			t->protocol = p[0];
			t->at = at + 4;
			return;
		}
		t->elsewhere |= leads_elsewhere(protocol, p, n);
		protocol = p[0];
		at += n;
	}
	t->kind = TRANSPORT_WHOLE;
	t->protocol = protocol;
	t->at = at;
}

void
transport_find(struct transport *t, const uint8_t *packet, size_t len)
{
	*t = (struct transport){ .kind = TRANSPORT_NOT_IP };
	if (len >= IPV4_HEADER_MIN && packet[0] >> 4 == 4)
		find_ipv4(t, packet, len);
	else if (len >= IPV6_HEADER && packet[0] >> 4 == 6)
		find_ipv6(t, packet, len);
}

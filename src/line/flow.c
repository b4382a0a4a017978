#include "line/flow.h"

#include <stdbool.h>
#include <string.h>

#include "line/transport.h"

static void
set(struct flow *flow, enum flow_kind kind, unsigned protocol,
    const uint8_t *part, size_t len)
{
	flow->kind = kind;
	flow->protocol = protocol;
	if (len)
		memcpy(flow->part, part, len);
}

/* RFC 792, RFC 950, RFC 4443: echo, timestamp, information, address mask. */
static bool
is_query(unsigned protocol, unsigned type)
{
	if (protocol == TRANSPORT_ICMPV6)
		return type == 128 || type == 129;
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static void
by_icmp(struct flow *flow, unsigned protocol, const uint8_t *p, size_t len)
{
	if (len < 8)
		return;
	if (is_query(protocol, p[0]))
		set(flow, FLOW_QUERY, protocol, p + 4, 2);
	else
		set(flow, FLOW_PROTOCOL, protocol, NULL, 0);
}

/* By what the transport header of len bytes at p tells. */
static void
by_transport(
    struct flow *flow, const struct transport *t, const uint8_t *p, size_t len)
{
	switch (t->protocol) {
	case TRANSPORT_TCP:
	case TRANSPORT_UDP:
	case TRANSPORT_UDPLITE:
	case TRANSPORT_DCCP:
	case TRANSPORT_SCTP:
		if (len >= 4)
			set(flow, FLOW_PORTS, t->protocol, p, 4);
		return;
	case TRANSPORT_ICMP:
		if (t->version == 4)
			by_icmp(flow, t->protocol, p, len);
		return;
	case TRANSPORT_ICMPV6:
		if (t->version == 6)
			by_icmp(flow, t->protocol, p, len);
		return;
	}
}

/* The protocol in the fragment header of IPv6 may differ from fragment to
 * fragment (RFC 8200 4.5). */
static void
by_identification(
    struct flow *flow, const struct transport *t, const uint8_t *packet)
{
	if (t->version == 4)
		set(flow, FLOW_FRAGMENT, t->protocol, packet + t->at, 2);
	else
		set(flow, FLOW_FRAGMENT, 0, packet + t->at, 4);
}

void
flow_of(struct flow *flow, const uint8_t *packet, size_t len)
{
	struct transport t;
	size_t address_len;
	const uint8_t *addresses;

	memset(flow, 0, sizeof(*flow));
	transport_find(&t, packet, len);
	if (t.kind == TRANSPORT_NOT_IP)
		return;
	flow->version = t.version;
	flow->kind = FLOW_ADDRESSES;
	address_len = t.version == 4 ? 4 : 16;
	addresses = packet + (t.version == 4 ? 12 : 8);
	memcpy(flow->src, addresses, address_len);
	memcpy(flow->dst, addresses + address_len, address_len);
	if (t.kind == TRANSPORT_FRAGMENT)
		by_identification(flow, &t, packet);
	else if (t.kind == TRANSPORT_WHOLE)
		by_transport(flow, &t, packet + t.at, len - t.at);
}

/* SipHash, by its paper. */

static uint64_t
get64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint64_t
rotated(uint64_t v, int bits)
{
	return v << bits | v >> (64 - bits);
}

static void
sip_rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotated(v[1], 13) ^ v[0];
		v[3] = rotated(v[3], 16) ^ v[2];
		v[0] = rotated(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotated(v[1], 17) ^ v[2];
		v[3] = rotated(v[3], 21) ^ v[0];
		v[2] = rotated(v[2], 32);
	}
}

static void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

uint64_t
flow_hash(const struct flow *flow, const uint8_t key[FLOW_KEY_BYTES])
{
	uint64_t k0 = get64(key), k1 = get64(key + 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	const uint8_t *bytes = (const uint8_t *)flow;

	_Static_assert(sizeof(*flow) == 40, "no holes, whole words");
	for (size_t i = 0; i < sizeof(*flow); i += 8)
		sip_word(v, get64(bytes + i));
	sip_word(v, (uint64_t)sizeof(*flow) << 56);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

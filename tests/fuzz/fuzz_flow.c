/*
 * Any bytes as a packet: which flow it is, where its transport header is,
 * whether its checksums hold, marked.  The input is the packet.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line/flow.h"
#include "line/packet.h"
#include "line/transport.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[FLOW_KEY_BYTES] = { 7 };

/* In memory of its own, so that reading beyond it is seen. */
static uint8_t *
copy(const uint8_t *data, size_t size)
{
	uint8_t *packet = malloc(size ? size : 1);

	MUST(packet);
	if (size)
		memcpy(packet, data, size);
	return packet;
}

static struct flow
flow_exact(const uint8_t *data, size_t size)
{
	uint8_t *packet = copy(data, size);
	struct flow flow;

	memset(&flow, 0xa5, sizeof(flow));
	flow_of(&flow, packet, size);
	free(packet);
	return flow;
}

static bool
same(const struct flow *a, const struct flow *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
check_place(const uint8_t *packet, size_t size, const struct flow *flow)
{
	struct transport t;

	transport_find(&t, packet, size);
	MUST(t.at <= size);
	MUST(t.version == flow->version);
	MUST((t.kind == TRANSPORT_NOT_IP) == (flow->kind == FLOW_NOT_IP));
	MUST((t.kind == TRANSPORT_FRAGMENT) == (flow->kind == FLOW_FRAGMENT));
	if (t.kind == TRANSPORT_FRAGMENT)
		MUST(t.at + (t.version == 4 ? 2 : 4) <= size);
	if (t.kind == TRANSPORT_ODD)
		MUST(flow->kind == FLOW_ADDRESSES);
}

/* What routers change on the way, and what senders choose at will. */
static void
check_what_does_not_count(
    const uint8_t *data, size_t size, const struct flow *flow)
{
	uint8_t *packet = copy(data, size);
	struct flow other;

	if (flow->version == 4) {
		packet[1] ^= 0xff;
		packet[8] ^= 0xff;
		packet[10] ^= 0xff;
	}
	if (flow->version == 6) {
		packet[0] ^= 0x0f;
		packet[1] ^= 0xff;
		packet[3] ^= 0xff;
		packet[7] ^= 0xff;
	}
	other = flow_exact(packet, size);
	MUST(same(flow, &other));
	MUST(flow_hash(flow, key) == flow_hash(&other, key));
	free(packet);
}

/* A packet that is cut off says less, but nothing else. */
static void
check_prefixes(const uint8_t *data, size_t size, const struct flow *flow)
{
	for (size_t len = 0; len < size && len < 200; len++) {
		struct flow less = flow_exact(data, len);

		MUST(same(flow, &less) || less.kind == FLOW_NOT_IP ||
		    less.kind == FLOW_ADDRESSES);
	}
}

static void
check_mark(const uint8_t *data, size_t size)
{
	uint8_t *packet = copy(data, size);
	enum packet_verdict before = packet_check(packet, size);
	enum packet_verdict payload = packet_check_payload(packet, size);
	struct flow flow = flow_exact(packet, size), marked;

	if (packet_mark_ce(packet, size)) {
		MUST(packet_check(packet, size) == before);
		MUST(packet_check_payload(packet, size) == payload);
		marked = flow_exact(packet, size);
		MUST(same(&flow, &marked));
	} else {
		MUST(size == 0 || memcmp(packet, data, size) == 0);
	}
	free(packet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flow flow = flow_exact(data, size);
	uint8_t *packet = copy(data, size);

	MUST(flow.kind <= FLOW_FRAGMENT);
	MUST(flow.zero == 0);
	check_place(packet, size, &flow);
	free(packet);
	check_what_does_not_count(data, size, &flow);
	check_prefixes(data, size, &flow);
	check_mark(data, size);
	return 0;
}

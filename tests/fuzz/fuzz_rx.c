/*
 * The whole way of bytes from the line to the interface: whatever comes, it
 * neither crashes nor spins, every frame is accounted for, only honest
 * packets are delivered, and how the bytes were cut does not matter.
 *
 * The first byte of the input chooses: bit 0 escape_xon, bit 1 an interface
 * that refuses some packets, bit 2 whether payloads are checked, the rest how
 * the line is cut.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line/packet.h"
#include "pump/rx.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

struct run {
	struct rx rx;
	struct stats stats;
	uint64_t digest; /* of all packets delivered, in their order */
	bool refuses;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
deliver(void *arg, const uint8_t *packet, size_t len)
{
	struct run *run = arg;

	MUST(len > 0 && len <= RX_PACKET_MAX);
	MUST(packet_check(packet, len) == PACKET_GOOD);
	if (run->rx.check == RX_CHECK_FULL)
		MUST(packet_check_payload(packet, len) == PACKET_GOOD);
	for (size_t i = 0; i < len; i++)
		run->digest = (run->digest ^ packet[i]) * 0x100000001b3;
	run->digest += len;
	return run->refuses && packet[len - 1] % 4 == 0 ? EIO : 0;
}

static void
begin(struct run *run, uint8_t choice)
{
	memset(run, 0, sizeof(*run));
	run->refuses = choice & 2;
	rx_init(&run->rx, choice & 1, &run->stats, deliver, run);
	run->rx.check = choice & 4 ? RX_CHECK_FULL : RX_CHECK_HEADER;
}

static void
feed(struct run *run, const uint8_t *bytes, size_t len)
{
	/* In memory of its own, so that reading beyond it is seen. */
	uint8_t *chunk = malloc(len ? len : 1);

	MUST(chunk);
	memcpy(chunk, bytes, len);
	MUST(rx_input(&run->rx, chunk, len) == 0);
	free(chunk);
	MUST(stats_rx_imbalance(&run->stats) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, cut;
	uint32_t seed;
	size_t n;

	if (size == 0)
		return 0;
	seed = data[0] >> 2;
	begin(&whole, data[0]);
	begin(&cut, data[0]);
	feed(&whole, data + 1, size - 1);
	for (size_t at = 1; at < size; at += n) {
		seed = seed * 1664525 + 1013904223;
		n = 1 + (seed >> 24) % (1 + data[0] / 4);
		if (n > size - at)
			n = size - at;
		feed(&cut, data + at, n);
	}
	MUST(whole.stats.rx_line_bytes == size - 1);
	MUST(memcmp(&whole.stats, &cut.stats, sizeof(cut.stats)) == 0);
	MUST(whole.digest == cut.digest);
	return 0;
}

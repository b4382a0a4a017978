#include "pump/rx.h"

#include <errno.h>
#include <string.h>

#include "line/packet.h"

#define IPV6_HEADER 40

/* So many bytes of a packet, IPv4 or IPv6, tell its length. */
#define PACKET_LENGTH_KNOWN 6

void
rx_init(struct rx *rx, bool escape_xon, struct stats *stats,
    rx_deliver *deliver, void *arg)
{
	slip_decoder_init(
	    &rx->slip, rx->packet, sizeof(rx->packet), escape_xon);
	rx->stats = stats;
	rx->deliver = deliver;
	rx->arg = arg;
	rx->synced = false;
	rx->lost = false;
	rx->heard = false;
}

/* Why the frame may not go on; STATS_RX_DROPS: it may. */
static enum stats_rx_drop
frame_fault(const struct rx *rx, enum slip_result result)
{
	static const enum stats_rx_drop faults[PACKET_VERDICTS] = {
		[PACKET_GOOD] = STATS_RX_DROPS,
		[PACKET_VERSION] = STATS_RX_VERSION,
		[PACKET_TRUNCATED] = STATS_RX_TRUNCATED,
		[PACKET_HEADER_LENGTH] = STATS_RX_HEADER_LENGTH,
		[PACKET_TOTAL_LENGTH] = STATS_RX_TOTAL_LENGTH,
		[PACKET_HEADER_CHECKSUM] = STATS_RX_HEADER_CHECKSUM,
		[PACKET_PAYLOAD_CHECKSUM] = STATS_RX_PAYLOAD_CHECKSUM,
	};
	enum packet_verdict verdict;

	if (result == SLIP_BAD_ESCAPE)
		return STATS_RX_ESCAPE;
	if (result == SLIP_OVERSIZED)
		return STATS_RX_OVERSIZED;
	verdict = packet_check(rx->slip.packet, rx->slip.len);
	if (verdict == PACKET_GOOD && rx->check == RX_CHECK_FULL)
		verdict = packet_check_payload(rx->slip.packet, rx->slip.len);
	return faults[verdict];
}

/* Counts one frame and delivers it if it is good. */
static int
take_frame(struct rx *rx, enum slip_result result)
{
	struct stats *stats = rx->stats;
	enum stats_rx_drop fault = frame_fault(rx, result);
	int refusal;

	stats->rx_frames++;
	if (fault != STATS_RX_DROPS) {
		/* A port is opened in the middle of whatever passes. */
		stats->rx_dropped[rx->synced ? fault : STATS_RX_NOISE]++;
		rx->lost = true;
		return 0;
	}
	stats->rx_resyncs += rx->lost;
	rx->lost = false;
	rx->synced = true;
	refusal = rx->deliver(rx->arg, rx->slip.packet, rx->slip.len);
	if (refusal == RX_TAKEN) {
		stats->rx_answers++;
		return 0;
	}
	if (refusal) {
		stats->rx_dropped[STATS_RX_REFUSED]++;
		return refusal;
	}
	stats->rx_packets++;
	stats->rx_bytes += rx->slip.len;
	return 0;
}

int
rx_input(struct rx *rx, const uint8_t *bytes, size_t len)
{
	enum slip_result result;

	rx->stats->rx_line_bytes += len;
	if (memchr(bytes, SLIP_END, len))
		rx->heard = true;
	for (;;) {
		result = slip_decode(&rx->slip, &bytes, &len);
		if (result == SLIP_MORE)
			return 0;
		if (take_frame(rx, result) == EBADFD)
			return EBADFD;
	}
}

size_t
rx_missing(const struct rx *rx)
{
	const struct slip_decoder *d = &rx->slip;
	size_t len = 0;

	if (d->done || d->damage != SLIP_MORE || d->len < PACKET_LENGTH_KNOWN)
		return 0;
	if (d->packet[0] >> 4 == 4)
		len = d->packet[2] << 8 | d->packet[3];
	if (d->packet[0] >> 4 == 6)
		len = IPV6_HEADER + (d->packet[4] << 8 | d->packet[5]);
	/* And an END. */
	return len >= d->len ? len - d->len + 1 : 0;
}

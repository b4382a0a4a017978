/*
 * Line to interface: decode, check, count, write.
 */
#ifndef SR_PUMP_RX_H
#define SR_PUMP_RX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line/slip.h"
#include "pump/stats.h"

/* The largest packet that is taken from the line, whatever our own MTU. */
#define RX_PACKET_MAX 9000

/* How closely a packet is looked at before it goes on. */
enum rx_check {
	RX_CHECK_HEADER, /* version, lengths, the IPv4 header's checksum */
	RX_CHECK_FULL,   /* and the checksums of what it carries */
};

/* What deliver returns of a packet that was for the pump itself. */
#define RX_TAKEN (-1)

/* How a packet reaches the interface: like write(2) to a TUN.  Returns 0, an
 * errno value, or RX_TAKEN. */
typedef int rx_deliver(void *arg, const uint8_t *packet, size_t len);

struct rx {
	struct slip_decoder slip;
	struct stats *stats;
	rx_deliver *deliver;
	void *arg;
	enum rx_check check; /* the caller's to set, at any time */
	bool synced; /* a good frame was seen since the port was opened */
	bool lost;   /* the frame before was damaged */
	bool heard;  /* an END came; for who listens, to set it back */
	uint8_t packet[RX_PACKET_MAX];
};

void rx_init(struct rx *rx, bool escape_xon, struct stats *stats,
    rx_deliver *deliver, void *arg);

/*
 * Takes len bytes that came from the line.  Returns 0, or EBADFD where
 * deliver said so: the interface is gone, and bytes after that packet are not
 * decoded.  All refusals are counted.
 */
int rx_input(struct rx *rx, const uint8_t *bytes, size_t len);

/* How many bytes must still come before the frame that has begun can end, by
 * the length that its packet's header says; 0 where that is not known. */
size_t rx_missing(const struct rx *rx);

#endif

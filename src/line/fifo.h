/*
 * A queue of packets, first in, first out, bounded in bytes; what does not
 * fit is refused.  It holds the place of a fair queue: tx uses nothing of it
 * but put, get and the count.
 *
 * Pure: no I/O, no clock, no log; its one block of memory is the caller's.
 */
#ifndef SR_LINE_FIFO_H
#define SR_LINE_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fifo {
	uint8_t *pool; /* the caller's; a ring of length-prefixed packets */
	size_t size;   /* of the pool, bytes */
	size_t head;   /* where the oldest packet begins */
	size_t used;   /* bytes taken, length prefixes included */
	size_t packets;
};

/* Bytes of the pool that one packet of n bytes takes. */
#define FIFO_COST(n) ((n) + sizeof(uint16_t))

void fifo_init(struct fifo *f, uint8_t *pool, size_t size);

/* false: no room, nothing changed.  len is 1 to 65535. */
bool fifo_put(struct fifo *f, const uint8_t *packet, size_t len);

/* Copies the oldest packet to out, which has room for the largest one ever
 * put, and takes it out.  Returns its length, 0 when empty. */
size_t fifo_get(struct fifo *f, uint8_t *out);

#endif

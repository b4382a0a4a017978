/*
 * A bounded queue of bytes.
 */
#ifndef CABLE_BYTES_H
#define CABLE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data;
	size_t size; /* of data */
	size_t head; /* where the oldest byte is */
	size_t used;
};

/* Makes room for size bytes in all, in an all-zero queue or a used one; what
 * is in it stays, so that it is never smaller than that.  -1: no memory, and
 * nothing changed. */
int bytes_resize(struct bytes *b, size_t size);
void bytes_free(struct bytes *b);

static inline size_t
bytes_room(const struct bytes *b)
{
	return b->size - b->used;
}

/* Puts as many of n bytes as fit, and returns how many. */
size_t bytes_put(struct bytes *b, const uint8_t *from, size_t n);

/* Copies the oldest bytes, at most n, and returns how many; they stay until
 * bytes_drop(), whose n is at most what is there. */
size_t bytes_peek(const struct bytes *b, uint8_t *to, size_t n);
void bytes_drop(struct bytes *b, size_t n);

#endif

#include "line/fifo.h"

#include <assert.h>
#include <string.h>

void
fifo_init(struct fifo *f, uint8_t *pool, size_t size)
{
	*f = (struct fifo){ .pool = pool, .size = size };
}

/* Appends bytes behind what is used, around the end of the pool. */
static void
append(struct fifo *f, const void *bytes, size_t len)
{
	size_t to_end = f->size - f->head;
	size_t at = f->used < to_end ? f->head + f->used : f->used - to_end;
	size_t first = f->size - at < len ? f->size - at : len;

	memcpy(f->pool + at, bytes, first);
	memcpy(f->pool, (const uint8_t *)bytes + first, len - first);
	f->used += len;
}

/* Takes bytes from the head, around the end of the pool. */
static void
take(struct fifo *f, void *out, size_t len)
{
	size_t to_end = f->size - f->head;
	size_t first = to_end < len ? to_end : len;

	memcpy(out, f->pool + f->head, first);
	memcpy((uint8_t *)out + first, f->pool, len - first);
	f->head = len < to_end ? f->head + len : len - to_end;
	f->used -= len;
}

bool
fifo_put(struct fifo *f, const uint8_t *packet, size_t len)
{
	uint16_t prefix = len;

	assert(len > 0 && len <= UINT16_MAX);
	if (FIFO_COST(len) > f->size - f->used)
		return false;
	append(f, &prefix, sizeof(prefix));
	append(f, packet, len);
	f->packets++;
	return true;
}

size_t
fifo_get(struct fifo *f, uint8_t *out)
{
	uint16_t len;

	if (f->packets == 0)
		return 0;
	take(f, &len, sizeof(len));
	take(f, out, len);
	f->packets--;
	return len;
}

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

int
bytes_resize(struct bytes *b, size_t size)
{
	uint8_t *data;

	if (size < b->used)
		size = b->used;
	data = malloc(size ? size : 1);
	if (data == NULL)
		return -1;
	bytes_peek(b, data, b->used);
	free(b->data);
	b->data = data;
	b->size = size;
	b->head = 0;
	return 0;
}

void
bytes_free(struct bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

size_t
bytes_put(struct bytes *b, const uint8_t *from, size_t n)
{
	size_t tail, first;

	n = smaller(n, bytes_room(b));
	if (n == 0)
		return 0;
	tail = (b->head + b->used) % b->size;
	first = smaller(n, b->size - tail);
	memcpy(b->data + tail, from, first);
	memcpy(b->data, from + first, n - first);
	b->used += n;
	return n;
}

size_t
bytes_peek(const struct bytes *b, uint8_t *to, size_t n)
{
	size_t first;

	n = smaller(n, b->used);
	if (n == 0)
		return 0;
	first = smaller(n, b->size - b->head);
	memcpy(to, b->data + b->head, first);
	memcpy(to + first, b->data, n - first);
	return n;
}

void
bytes_drop(struct bytes *b, size_t n)
{
	if (n == 0)
		return;
	b->head = (b->head + n) % b->size;
	b->used -= n;
}

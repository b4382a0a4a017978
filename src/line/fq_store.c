#include "line/fq_priv.h"

#include <string.h>

static uint32_t
take_chunk(struct fq *q)
{
	uint32_t chunk = q->free_chunks;

	if (chunk == 0)
		return ++q->chunks_used;
	q->free_chunks = q->chunks[chunk].next;
	return chunk;
}

uint32_t
fq_store(struct fq *q, const uint8_t *packet, size_t len, int64_t now_ns)
{
	uint32_t first = 0, before = 0;

	for (size_t at = 0; at < len;) {
		uint32_t chunk = take_chunk(q);
		struct fq_chunk *c = &q->chunks[chunk];
		size_t n = len - at;

		if (n > sizeof(c->bytes))
			n = sizeof(c->bytes);
		memcpy(c->bytes, packet + at, n);
		c->next = 0;
		at += n;
		if (before)
			q->chunks[before].next = chunk;
		else
			first = chunk;
		before = chunk;
	}
	q->chunks[first].put_ns = now_ns;
	q->chunks[first].len = len;
	q->chunks[first].next_packet = 0;
	return first;
}

void
fq_fetch(const struct fq *q, uint32_t chunk, uint8_t *out)
{
	size_t left = q->chunks[chunk].len;

	while (chunk) {
		const struct fq_chunk *c = &q->chunks[chunk];
		size_t n = left < sizeof(c->bytes) ? left : sizeof(c->bytes);

		memcpy(out, c->bytes, n);
		out += n;
		left -= n;
		chunk = c->next;
	}
}

void
fq_release(struct fq *q, uint32_t chunk)
{
	uint32_t last = chunk;

	while (q->chunks[last].next)
		last = q->chunks[last].next;
	q->chunks[last].next = q->free_chunks;
	q->free_chunks = chunk;
}

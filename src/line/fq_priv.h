/*
 * The parts of a fair queue: packets in pieces, the table of flows, the order
 * of the fattest.  For fq alone.
 */
#ifndef SR_LINE_FQ_PRIV_H
#define SR_LINE_FQ_PRIV_H

#include "line/fq.h"

/* So many flows without packets are remembered: what CoDel learned of them,
 * what is left of their share. */
#define FQ_IDLE_KEPT 128

/* A piece of a packet; what is said of the packet is in its first one. */
struct fq_chunk {
	int64_t put_ns;
	uint32_t len;         /* of the packet */
	uint32_t next_packet; /* of the flow */
	uint32_t next;        /* piece of this packet; or of the free list */
	uint8_t bytes[108];
};

enum fq_where { FQ_UNUSED, FQ_IDLE, FQ_FRESH, FQ_SMALL, FQ_OLD };

struct fq_flow {
	uint64_t hash;
	uint32_t chain; /* the next one in its bucket */
	uint32_t prev, next;
	uint32_t first, last; /* packets */
	uint32_t packets, bytes;
	uint32_t rank;       /* its place in the heap; 0: no packets */
	int32_t deficit;     /* bytes it may send now */
	uint8_t where;       /* enum fq_where: its list */
	uint64_t idle_since; /* on the queue's clock of shares */
	struct codel codel;
};

/* fq_store: packets */

/* A packet as chunks; there is always room for one more than the bound. */
uint32_t fq_store(
    struct fq *q, const uint8_t *packet, size_t len, int64_t now_ns);
void fq_fetch(const struct fq *q, uint32_t chunk, uint8_t *out);
void fq_release(struct fq *q, uint32_t chunk);

/* fq_flow: the table and the lists */

/* The flow of that hash, known or new. */
uint32_t fq_flow_find(struct fq *q, uint64_t hash);
void fq_flow_move(struct fq *q, uint32_t flow, enum fq_where where);
/* It has nothing (more) to send. */
void fq_flow_retire(struct fq *q, uint32_t flow);

/* fq_heap: flows with packets by what they cost */

uint32_t fq_flow_cost(const struct fq_flow *f);
/* After packets of the flow came or went. */
void fq_heap_update(struct fq *q, uint32_t flow);

#endif

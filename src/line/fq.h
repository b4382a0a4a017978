/*
 * A fair queue of packets with CoDel for each flow: RFC 8290, and what a slow
 * line needs beyond it.
 *
 * - Deficit round robin in small steps (FQ_QUANTUM bytes): a flow sends only
 *   what its deficit covers.  Of flows whose deficit covers their next packet,
 *   those with a small one go first: at most FQ_QUANTUM bytes, at most half an
 *   MTU.
 * - A flow that was idle goes before all of these with its small packets, as
 *   far as its deficit goes: what it did not use of its share, one MTU at
 *   most, and as much for a new flow.  But such flows together are never more
 *   than about one MTU ahead of what others sent: however many of them appear,
 *   half of the line remains, and nobody starves.
 * - CoDel's target is 1.5 times the line time of an MTU, 5 ms at least, its
 *   interval 10 times that, 100 ms at least.  (A target that grows with the
 *   number of flows drops less, but lets TCP's time-outs go off too early.)
 *   What may be marked (ECN) is marked instead of dropped.
 * - One bound in bytes for all; beyond it the flow that holds the most loses
 *   from its head.
 * - Packets of one flow never change their order.  Flows are those of flow.h,
 *   told apart by a 64-bit keyed hash.
 *
 * Pure: no I/O, no clock, no log, no allocation: its one pool is the caller's.
 * No call takes long: a put looks at no more than a few packets, a get visits
 * a flow for every FQ_QUANTUM bytes it sends.
 */
#ifndef SR_LINE_FQ_H
#define SR_LINE_FQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line/codel.h"
#include "line/flow.h"

#define FQ_QUANTUM 300

/* The largest packet. */
#define FQ_PACKET_MAX 65535

/* A packet counts as so many bytes more than it has: it takes memory, and a
 * flood of small ones is to be bounded too. */
#define FQ_PACKET_COST 64

/* The bound is never below so many packets of an MTU, and never above this. */
#define FQ_LIMIT_PACKETS 64
#define FQ_LIMIT_BYTES_MAX (2u << 20)

struct fq_settings {
	uint32_t rate;     /* of the line, bytes a second; 1 or more */
	uint32_t mtu;      /* bytes; 1 to FQ_PACKET_MAX */
	uint32_t limit_ms; /* the bound, as line time */
};

enum fq_drop {
	FQ_DROP_FULL,  /* beyond the bound: from the flow that held the most */
	FQ_DROP_CODEL, /* its flow kept a standing wait */
	FQ_DROPS,
};

/* All that was put = all that was got + dropped + packets + cleared. */
struct fq_counts {
	uint64_t dropped[FQ_DROPS];
	uint64_t marked;  /* CE set, and sent: among those that were got */
	uint32_t packets; /* queued now */
	uint32_t bytes;   /* in them */
	uint32_t flows;   /* with packets now */
};

/* Lists of flows by their index; 0 is none. */
struct fq_list {
	uint32_t first, last;
};

struct fq_flow;
struct fq_chunk;

/* Plain data; only counts is for others to read. */
struct fq {
	struct fq_counts counts;
	uint8_t key[FLOW_KEY_BYTES];
	struct codel_settings codel;
	uint32_t small_max;  /* bytes of a packet that may go first */
	uint32_t pool_limit; /* what the pool was made for */
	uint32_t limit;      /* of cost, bytes */
	uint32_t cost;  /* of what is queued: FQ_PACKET_COST each included */
	uint32_t ahead; /* bytes that fresh flows sent beyond others */
	uint64_t share; /* bytes << 16 that one flow had as its share */

	/* In the pool: */
	struct fq_chunk *chunks; /* packets, in pieces */
	struct fq_flow *flows;
	uint32_t *heap;    /* flows with packets, the fattest first */
	uint32_t *buckets; /* hash to flow */
	uint32_t n_chunks, n_flows, n_buckets;
	uint32_t chunks_used, flows_used; /* never used is what is above */
	uint32_t free_chunks;             /* a list of those used before */
	struct fq_list fresh;             /* were idle, may go first */
	struct fq_list small;             /* deficit covers a small packet */
	struct fq_list old;               /* all others that take turns */
	struct fq_list idle;              /* known, with nothing to send */
	uint32_t n_idle;
};

/* The bound that these settings ask for: limit_ms of the line, but at least
 * FQ_LIMIT_PACKETS of an MTU and at most FQ_LIMIT_BYTES_MAX. */
uint32_t fq_limit_bytes(const struct fq_settings *s);

/* Bytes of memory for a queue whose bound will never be above limit bytes.
 * Of this only what is in use is ever touched. */
size_t fq_pool_size(uint32_t limit);

/*
 * pool has fq_pool_size(limit) bytes, all zero, aligned as malloc does; it
 * stays the caller's.  key: random bytes.  fq_set() comes before anything
 * else.
 */
void fq_init(struct fq *q, void *pool, uint32_t limit,
    const uint8_t key[FLOW_KEY_BYTES]);

/* New settings, at any time; nothing queued is lost by it.  A bound that is
 * above the pool's limit is cut down to that. */
void fq_set(struct fq *q, const struct fq_settings *s);

/* Queues a packet of 1 to FQ_PACKET_MAX bytes; this or others may be dropped
 * for it, see counts.  now_ns never goes back and is above 0. */
void fq_put(struct fq *q, const uint8_t *packet, size_t len, int64_t now_ns);

/*
 * Takes the packet that is to be sent next out of the queue: to be called as
 * late as possible.  Copies it to out, which has room for the largest one ever
 * put, and sets *wait_ns (may be NULL) to how long it was queued.  Returns its
 * length; 0 only where nothing is queued, since CoDel never drops the last
 * packet of a flow.
 */
size_t fq_get(struct fq *q, uint8_t *out, int64_t *wait_ns, int64_t now_ns);

/* How long the packet that is queued longest has been, 0 when empty.  Looks
 * at each flow: for those who ask, not for each packet. */
int64_t fq_oldest_ns(const struct fq *q, int64_t now_ns);

/* Throws everything away: not counted as dropped.  Returns the number of
 * packets. */
uint32_t fq_clear(struct fq *q);

#endif

#include "line/fq.h"

#include <assert.h>
#include <string.h>

#include "line/fq_priv.h"
#include "line/packet.h"

#define NS_PER_S 1000000000ll
#define NS_PER_MS 1000000ll

#define TARGET_NS_MIN (5 * NS_PER_MS)
#define INTERVAL_NS_MIN (100 * NS_PER_MS)
#define INTERVAL_TARGETS 10
/* A day: no sum of such times comes near the end of 64 bits. */
#define INTERVAL_NS_MAX (86400 * NS_PER_S)

/* Flows touch them all over: four pages, however large the pool.  Even in a
 * flood only a few flows share one. */
#define BUCKETS_MAX 4096

/* Of the clock of shares. */
#define SHARE_SHIFT 16

/* Two ENDs. */
#define FRAME_BYTES 2

/* Packets that the bound lets in, each of a byte at least, and the one that
 * something is dropped for. */
static uint32_t
packets_max(uint32_t limit)
{
	return limit / (FQ_PACKET_COST + 1) + 1;
}

static uint32_t
chunks_max(uint32_t limit)
{
	/* None of size beyond one chunk takes more for its cost than one of a
	 * byte. */
	return packets_max(limit) +
	    FQ_PACKET_MAX / sizeof(((struct fq_chunk *)0)->bytes) + 1;
}

static uint32_t
flows_max(uint32_t limit)
{
	return packets_max(limit) + FQ_IDLE_KEPT;
}

static uint32_t
buckets_for(uint32_t flows)
{
	uint32_t n = 1;

	while (n < flows && n < BUCKETS_MAX)
		n *= 2;
	return n;
}

/* 0 is no index, so that there is one more of each. */
size_t
fq_pool_size(uint32_t limit)
{
	return (chunks_max(limit) + 1) * sizeof(struct fq_chunk) +
	    (flows_max(limit) + 1) * sizeof(struct fq_flow) +
	    (packets_max(limit) + 1) * sizeof(uint32_t) +
	    buckets_for(flows_max(limit)) * sizeof(uint32_t);
}

uint32_t
fq_limit_bytes(const struct fq_settings *s)
{
	uint64_t limit = (uint64_t)s->rate * s->limit_ms / 1000;
	uint64_t least = (uint64_t)FQ_LIMIT_PACKETS * (s->mtu + FQ_PACKET_COST);

	if (limit < least)
		limit = least;
	return limit < FQ_LIMIT_BYTES_MAX ? limit : FQ_LIMIT_BYTES_MAX;
}

void
fq_init(
    struct fq *q, void *pool, uint32_t limit, const uint8_t key[FLOW_KEY_BYTES])
{
	memset(q, 0, sizeof(*q));
	memcpy(q->key, key, FLOW_KEY_BYTES);
	q->pool_limit = limit;
	q->n_chunks = chunks_max(limit);
	q->n_flows = flows_max(limit);
	q->n_buckets = buckets_for(q->n_flows);
	q->chunks = pool;
	q->flows = (struct fq_flow *)(q->chunks + chunks_max(limit) + 1);
	q->heap = (uint32_t *)(q->flows + q->n_flows + 1);
	q->buckets = q->heap + packets_max(limit) + 1;
}

static int64_t
within(int64_t value, int64_t least, int64_t most)
{
	if (value < least)
		return least;
	return value < most ? value : most;
}

void
fq_set(struct fq *q, const struct fq_settings *s)
{
	int64_t mtu_ns = (s->mtu + FRAME_BYTES) * NS_PER_S / s->rate;
	uint32_t limit = fq_limit_bytes(s);

	q->codel.mtu = s->mtu;
	q->small_max = s->mtu / 2 < FQ_QUANTUM ? s->mtu / 2 : FQ_QUANTUM;
	q->codel.target_ns = within(
	    mtu_ns * 3 / 2, TARGET_NS_MIN, INTERVAL_NS_MAX / INTERVAL_TARGETS);
	q->codel.interval_ns = within(INTERVAL_TARGETS * q->codel.target_ns,
	    INTERVAL_NS_MIN, INTERVAL_NS_MAX);
	q->limit = limit < q->pool_limit ? limit : q->pool_limit;
}

static uint32_t
head_len(const struct fq *q, const struct fq_flow *f)
{
	return q->chunks[f->first].len;
}

static bool
is_covered(const struct fq *q, const struct fq_flow *f)
{
	return (int64_t)head_len(q, f) <= f->deficit;
}

static bool
is_small(const struct fq *q, const struct fq_flow *f)
{
	return is_covered(q, f) && head_len(q, f) <= q->small_max;
}

/* Takes the flow's first packet out of all accounts and returns it. */
static uint32_t
take_head(struct fq *q, uint32_t flow)
{
	struct fq_flow *f = &q->flows[flow];
	uint32_t chunk = f->first;
	uint32_t len = q->chunks[chunk].len;

	f->first = q->chunks[chunk].next_packet;
	f->packets--;
	f->bytes -= len;
	q->counts.packets--;
	q->counts.bytes -= len;
	q->cost -= len + FQ_PACKET_COST;
	fq_heap_update(q, flow);
	if (f->packets == 0)
		fq_flow_retire(q, flow);
	return chunk;
}

static void
drop_head(struct fq *q, uint32_t flow, enum fq_drop cause)
{
	fq_release(q, take_head(q, flow));
	q->counts.dropped[cause]++;
}

static void
append(struct fq *q, uint32_t flow, uint32_t chunk)
{
	struct fq_flow *f = &q->flows[flow];
	uint32_t len = q->chunks[chunk].len;

	if (f->packets)
		q->chunks[f->last].next_packet = chunk;
	else
		f->first = chunk;
	f->last = chunk;
	f->packets++;
	f->bytes += len;
	q->counts.packets++;
	q->counts.bytes += len;
	q->cost += len + FQ_PACKET_COST;
	fq_heap_update(q, flow);
}

/* The deficit of a flow that was idle: what it had, and what it would have
 * got as its share since, but a new one is not worse off than others. */
static void
credit(struct fq *q, struct fq_flow *f)
{
	uint64_t most = q->codel.mtu > FQ_QUANTUM ? q->codel.mtu : FQ_QUANTUM;
	uint64_t saved = (q->share - f->idle_since) >> SHARE_SHIFT;

	if (f->where == FQ_UNUSED || saved > most ||
	    f->deficit + (int64_t)saved > (int64_t)most)
		f->deficit = most;
	else
		f->deficit += saved;
}

/* The flow had nothing to send and has a packet now. */
static void
wake(struct fq *q, uint32_t flow)
{
	credit(q, &q->flows[flow]);
	fq_flow_move(q, flow, is_small(q, &q->flows[flow]) ? FQ_FRESH : FQ_OLD);
}

void
fq_put(struct fq *q, const uint8_t *packet, size_t len, int64_t now_ns)
{
	uint32_t bound = q->cost > q->limit ? q->cost : q->limit;
	struct flow id;
	uint32_t flow;

	assert(len > 0 && len <= FQ_PACKET_MAX);
	flow_of(&id, packet, len);
	flow = fq_flow_find(q, flow_hash(&id, q->key));
	append(q, flow, fq_store(q, packet, len, now_ns));
	if (q->flows[flow].packets == 1)
		wake(q, flow);
	/* A bound that was lowered costs nothing that is here already. */
	while (q->cost > bound)
		drop_head(q, q->heap[1], FQ_DROP_FULL);
}

/* A flow's turn at the head of the fresh or the small: whether it may send. */
static bool
goes_ahead(struct fq *q, uint32_t flow)
{
	if (is_small(q, &q->flows[flow]))
		return true;
	fq_flow_move(q, flow, FQ_OLD);
	return false;
}

/* The same of the old, where the deficit comes from. */
static bool
takes_turn(struct fq *q, uint32_t flow)
{
	struct fq_flow *f = &q->flows[flow];

	if (is_covered(q, f))
		return true;
	f->deficit += FQ_QUANTUM;
	q->share += ((uint64_t)FQ_QUANTUM << SHARE_SHIFT) / q->counts.flows;
	fq_flow_move(q, flow, is_small(q, f) ? FQ_SMALL : FQ_OLD);
	return false;
}

/* The flow whose head is covered and goes next; 0: nothing is queued. */
static uint32_t
choose(struct fq *q)
{
	while (q->counts.packets) {
		uint32_t fresh = q->fresh.first;
		bool others = q->small.first || q->old.first;

		if (!others)
			q->ahead = 0;
		if (fresh && q->ahead < q->codel.mtu) {
			if (goes_ahead(q, fresh))
				return fresh;
		} else if (q->small.first) {
			if (goes_ahead(q, q->small.first))
				return q->small.first;
		} else if (takes_turn(q, q->old.first)) {
			return q->old.first;
		}
	}
	return 0;
}

/* Whether the flow's head is sent now, after CoDel had its say. */
static bool
passes(struct fq *q, uint32_t flow, int64_t now_ns)
{
	struct fq_flow *f = &q->flows[flow];
	struct fq_chunk *head = &q->chunks[f->first];
	size_t there = head->len;

	if (!codel_drops(&f->codel, &q->codel, now_ns - head->put_ns,
		f->bytes - head->len, now_ns))
		return true;
	if (there > sizeof(head->bytes))
		there = sizeof(head->bytes);
	if (packet_mark_ce(head->bytes, there)) {
		codel_marked(&f->codel, &q->codel);
		q->counts.marked++;
		return true;
	}
	drop_head(q, flow, FQ_DROP_CODEL);
	return false;
}

/* The flow pays for its head, of len bytes. */
static void
pay(struct fq *q, uint32_t flow, uint32_t len)
{
	q->flows[flow].deficit -= len;
	if (q->flows[flow].where == FQ_FRESH)
		q->ahead += len;
	else
		q->ahead -= q->ahead < len ? q->ahead : len;
}

/* The flow sent its head: the next one may have another place. */
static void
go_on(struct fq *q, uint32_t flow)
{
	switch ((enum fq_where)q->flows[flow].where) {
	case FQ_UNUSED:
	case FQ_IDLE:
		return;
	case FQ_FRESH:
		if (!is_small(q, &q->flows[flow]))
			fq_flow_move(q, flow, FQ_OLD);
		return;
	case FQ_SMALL:
	case FQ_OLD:
		if (is_small(q, &q->flows[flow]))
			fq_flow_move(q, flow, FQ_SMALL);
		else if (q->flows[flow].where == FQ_SMALL)
			fq_flow_move(q, flow, FQ_OLD);
		return;
	}
}

size_t
fq_get(struct fq *q, uint8_t *out, int64_t *wait_ns, int64_t now_ns)
{
	uint32_t flow, chunk, len;

	do {
		flow = choose(q);
		if (flow == 0)
			return 0;
	} while (!passes(q, flow, now_ns));
	len = head_len(q, &q->flows[flow]);
	pay(q, flow, len);
	chunk = take_head(q, flow);
	go_on(q, flow);
	fq_fetch(q, chunk, out);
	if (wait_ns)
		*wait_ns = now_ns - q->chunks[chunk].put_ns;
	fq_release(q, chunk);
	return len;
}

int64_t
fq_oldest_ns(const struct fq *q, int64_t now_ns)
{
	int64_t oldest_ns = 0;

	for (uint32_t i = 1; i <= q->counts.flows; i++) {
		const struct fq_flow *f = &q->flows[q->heap[i]];
		int64_t wait_ns = now_ns - q->chunks[f->first].put_ns;

		if (wait_ns > oldest_ns)
			oldest_ns = wait_ns;
	}
	return oldest_ns;
}

uint32_t
fq_clear(struct fq *q)
{
	uint32_t n = q->counts.packets;

	while (q->counts.packets)
		fq_release(q, take_head(q, q->heap[1]));
	return n;
}

/*
 * The fair queue against a simple model: nothing is lost without being
 * counted, a flow keeps its order, memory and bytes stay within their bound,
 * and a flow that has a packet is served after a bounded number of bytes.
 *
 * Input: the settings; then two bytes each: what happens, and how much of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line/fq_priv.h"

#define MS INT64_C(1000000)
#define FLOWS 16
#define EVENTS_MAX 400 /* more takes long and shows no more */
#define LEN_MIN 32
#define LEN_MAX 9015

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

struct run {
	struct fq q;
	uint32_t pool_limit;
	int64_t now_ns;
	uint64_t put, got, cleared;
	uint32_t numbers[FLOWS]; /* put */
	uint32_t next[FLOWS];    /* the least that may come out */
	uint64_t waited[FLOWS];  /* bytes of others, since it had its turn */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
settle(struct fq_settings *s, uint8_t choice)
{
	static const uint32_t rates[] = { 5, 960, 11520, 92160 };
	static const uint32_t mtus[] = { 68, 296, 1500, 9000 };
	static const uint32_t limits[] = { 10, 200, 500, 2000 };

	s->rate = rates[choice % 4];
	s->mtu = mtus[choice / 4 % 4];
	s->limit_ms = limits[choice / 16 % 4];
}

static void
make(uint8_t *p, uint32_t len, uint32_t flow, uint32_t number, int64_t now_ns,
    bool markable)
{
	memset(p, flow * 31 + number * 7 + 1, len);
	memset(p, 0, LEN_MIN);
	p[0] = 0x45;
	p[1] = markable ? 2 : 0;
	p[9] = 17;
	p[15] = flow;
	memcpy(p + 4, &number, 2);
	memcpy(p + 24, &now_ns, 8);
}

static uint32_t
flow_in(const uint8_t *p)
{
	MUST(p[15] < FLOWS);
	return p[15];
}

static uint32_t
number_in(const uint8_t *p)
{
	return p[4] | p[5] << 8;
}

/* Which packets are queued, told by their bytes: in order, none twice. */
static void
check(struct run *run)
{
	struct fq *q = &run->q;
	uint32_t packets = 0, bytes = 0;

	for (uint32_t i = 1; i <= q->counts.flows; i++) {
		const struct fq_flow *f = &q->flows[q->heap[i]];
		uint32_t flow = flow_in(q->chunks[f->first].bytes);
		uint32_t least = run->next[flow];
		uint32_t n = 0;

		MUST(f->packets > 0 && f->rank == i && f->deficit >= 0);
		MUST(i == 1 ||
		    fq_flow_cost(f) <= fq_flow_cost(&q->flows[q->heap[i / 2]]));
		for (uint32_t c = f->first; c; c = q->chunks[c].next_packet) {
			const struct fq_chunk *chunk = &q->chunks[c];

			MUST(flow_in(chunk->bytes) == flow);
			MUST(number_in(chunk->bytes) >= least);
			least = number_in(chunk->bytes) + 1;
			bytes += chunk->len;
			n++;
		}
		MUST(n == f->packets);
		packets += n;
	}
	MUST(packets == q->counts.packets && bytes == q->counts.bytes);
	MUST(q->cost == bytes + packets * FQ_PACKET_COST);
	MUST(q->cost <= run->pool_limit);
	MUST(q->chunks_used <= q->n_chunks && q->flows_used <= q->n_flows);
	MUST(run->put ==
	    run->got + run->cleared + packets +
		q->counts.dropped[FQ_DROP_FULL] +
		q->counts.dropped[FQ_DROP_CODEL]);
}

static void
put(struct run *run, uint32_t flow, uint32_t len, bool markable)
{
	uint32_t before = run->q.cost;
	uint8_t *packet;

	if (run->numbers[flow] > UINT16_MAX)
		return;
	packet = malloc(len);
	MUST(packet);
	make(packet, len, flow, run->numbers[flow]++, run->now_ns, markable);
	fq_put(&run->q, packet, len, run->now_ns);
	free(packet);
	run->put++;
	MUST(run->q.cost <= run->q.limit || run->q.cost <= before);
}

/* Others had their turns in so many bytes at most: each flow what it may have
 * saved, what the head of this one takes in rounds, and a packet more; flows
 * that were idle as much again. */
static uint64_t
wait_max(void)
{
	return 2 * FLOWS * 4 * (LEN_MAX + FQ_QUANTUM);
}

static void
note_waiting(struct run *run, uint32_t served, uint32_t len)
{
	const struct fq *q = &run->q;
	bool waits[FLOWS] = { false };

	for (uint32_t i = 1; i <= q->counts.flows; i++) {
		const struct fq_flow *f = &q->flows[q->heap[i]];

		waits[flow_in(q->chunks[f->first].bytes)] = true;
	}
	for (uint32_t flow = 0; flow < FLOWS; flow++) {
		if (waits[flow] && flow != served)
			run->waited[flow] += len;
		else
			run->waited[flow] = 0;
		MUST(run->waited[flow] <= wait_max());
	}
}

static void
check_packet(struct run *run, const uint8_t *p, size_t len, int64_t wait_ns)
{
	uint8_t made[LEN_MAX];
	uint32_t flow, number;
	int64_t put_ns;

	MUST(len >= LEN_MIN && len <= LEN_MAX);
	flow = flow_in(p);
	number = number_in(p);
	MUST(number >= run->next[flow] && number < run->numbers[flow]);
	run->next[flow] = number + 1;
	memcpy(&put_ns, p + 24, 8);
	MUST(wait_ns == run->now_ns - put_ns);
	make(made, len, flow, number, put_ns, (p[1] & 3) != 0);
	MUST(memcmp(p + 12, made + 12, len - 12) == 0);
	MUST(p[0] == made[0] && (p[1] & 3) != 1 &&
	    memcmp(p + 2, made + 2, 8) == 0);
	run->got++;
	note_waiting(run, flow, len);
}

static void
get(struct run *run, unsigned n)
{
	uint8_t out[LEN_MAX];
	int64_t wait_ns;

	while (n-- > 0) {
		bool empty = run->q.counts.packets == 0;
		uint64_t marked = run->q.counts.marked;
		size_t len = fq_get(&run->q, out, &wait_ns, run->now_ns);

		MUST((len == 0) == empty);
		if (len == 0)
			return;
		MUST(run->q.counts.marked == marked || (out[1] & 3) == 3);
		check_packet(run, out, len, wait_ns);
	}
}

static void
happen(struct run *run, uint8_t what, uint8_t much)
{
	static const uint32_t lens[] = { 32, 84, 296, 1500, 300, 108, 9000,
		700 };
	struct fq_settings s;

	switch (what % 8) {
	case 0:
	case 1:
	case 2:
		put(run, what / 8 % FLOWS, lens[much % 8] + much / 16,
		    much & 8);
		return;
	case 3:
		for (unsigned i = 0; i < 24; i++)
			put(run, (what / 8 + i * much) % FLOWS,
			    lens[(much + i) % 6], false);
		return;
	case 4:
	case 5:
		get(run, 1 + much % 16);
		return;
	case 6:
		run->now_ns += much * (what & 8 ? MS / 4 : 100 * MS);
		return;
	case 7:
		if (what == 255)
			run->cleared += fq_clear(&run->q);
		settle(&s, much);
		fq_set(&run->q, &s);
		return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[FLOW_KEY_BYTES] = { 3 };
	struct run run = { .now_ns = 1 };
	struct fq_settings s;
	void *pool;

	if (size < 2)
		return 0;
	settle(&s, data[0]);
	run.pool_limit = fq_limit_bytes(&s);
	pool = calloc(1, fq_pool_size(run.pool_limit));
	MUST(pool);
	fq_init(&run.q, pool, run.pool_limit, key);
	fq_set(&run.q, &s);
	for (size_t at = 1; at + 1 < size && at < EVENTS_MAX * 2; at += 2) {
		happen(&run, data[at], data[at + 1]);
		if (run.q.counts.packets < 64 || at % 16 == 1)
			check(&run);
	}
	get(&run, UINT16_MAX);
	MUST(run.q.counts.packets == 0 && run.q.counts.flows == 0);
	check(&run);
	free(pool);
	return 0;
}

#include "line/fq_priv.h"

/* A binary heap from 1 on; counts.flows are in it. */

uint32_t
fq_flow_cost(const struct fq_flow *f)
{
	return f->bytes + f->packets * FQ_PACKET_COST;
}

static uint32_t
cost_at(const struct fq *q, uint32_t rank)
{
	return fq_flow_cost(&q->flows[q->heap[rank]]);
}

static void
place(struct fq *q, uint32_t rank, uint32_t flow)
{
	q->heap[rank] = flow;
	q->flows[flow].rank = rank;
}

static void
swap(struct fq *q, uint32_t a, uint32_t b)
{
	uint32_t flow = q->heap[a];

	place(q, a, q->heap[b]);
	place(q, b, flow);
}

static void
rise(struct fq *q, uint32_t rank)
{
	while (rank > 1 && cost_at(q, rank / 2) < cost_at(q, rank)) {
		swap(q, rank, rank / 2);
		rank /= 2;
	}
}

static void
sink(struct fq *q, uint32_t rank)
{
	for (;;) {
		uint32_t child = 2 * rank;

		if (child > q->counts.flows)
			return;
		if (child < q->counts.flows &&
		    cost_at(q, child + 1) > cost_at(q, child))
			child++;
		if (cost_at(q, child) <= cost_at(q, rank))
			return;
		swap(q, rank, child);
		rank = child;
	}
}

static void
leave(struct fq *q, uint32_t flow)
{
	uint32_t rank = q->flows[flow].rank;
	uint32_t last = q->heap[q->counts.flows--];

	q->flows[flow].rank = 0;
	if (last == flow)
		return;
	place(q, rank, last);
	rise(q, rank);
	sink(q, q->flows[last].rank);
}

void
fq_heap_update(struct fq *q, uint32_t flow)
{
	struct fq_flow *f = &q->flows[flow];

	if (f->packets == 0) {
		leave(q, flow);
		return;
	}
	if (f->rank == 0)
		place(q, ++q->counts.flows, flow);
	rise(q, f->rank);
	sink(q, f->rank);
}

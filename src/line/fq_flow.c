#include "line/fq_priv.h"

static struct fq_list *
list_of(struct fq *q, enum fq_where where)
{
	switch (where) {
	case FQ_UNUSED:
		break;
	case FQ_IDLE:
		return &q->idle;
	case FQ_FRESH:
		return &q->fresh;
	case FQ_SMALL:
		return &q->small;
	case FQ_OLD:
		return &q->old;
	}
	return NULL;
}

static void
unlink_flow(struct fq *q, struct fq_flow *f)
{
	struct fq_list *list = list_of(q, f->where);

	if (!list)
		return;
	if (f->prev)
		q->flows[f->prev].next = f->next;
	else
		list->first = f->next;
	if (f->next)
		q->flows[f->next].prev = f->prev;
	else
		list->last = f->prev;
	if (f->where == FQ_IDLE)
		q->n_idle--;
}

/* To the end of that list. */
void
fq_flow_move(struct fq *q, uint32_t flow, enum fq_where where)
{
	struct fq_flow *f = &q->flows[flow];
	struct fq_list *list = list_of(q, where);

	unlink_flow(q, f);
	f->where = where;
	f->next = 0;
	f->prev = list->last;
	if (list->last)
		q->flows[list->last].next = flow;
	else
		list->first = flow;
	list->last = flow;
	if (where == FQ_IDLE)
		q->n_idle++;
}

void
fq_flow_retire(struct fq *q, uint32_t flow)
{
	codel_empty(&q->flows[flow].codel);
	q->flows[flow].idle_since = q->share;
	fq_flow_move(q, flow, FQ_IDLE);
}

static uint32_t *
bucket_of(struct fq *q, uint64_t hash)
{
	return &q->buckets[hash & (q->n_buckets - 1)];
}

static void
forget(struct fq *q, uint32_t flow)
{
	uint32_t *link = bucket_of(q, q->flows[flow].hash);

	while (*link != flow)
		link = &q->flows[*link].chain;
	*link = q->flows[flow].chain;
}

/* A record for another flow: one never used before, or the one that is idle
 * for longest.  There are so many more than packets that one of them is. */
static uint32_t
take_record(struct fq *q)
{
	uint32_t flow = q->idle.first;

	if (q->flows_used < q->n_flows && q->n_idle < FQ_IDLE_KEPT)
		return ++q->flows_used;
	forget(q, flow);
	unlink_flow(q, &q->flows[flow]);
	return flow;
}

uint32_t
fq_flow_find(struct fq *q, uint64_t hash)
{
	uint32_t flow = *bucket_of(q, hash);
	uint32_t *bucket;

	while (flow && q->flows[flow].hash != hash)
		flow = q->flows[flow].chain;
	if (flow)
		return flow;
	flow = take_record(q);
	bucket = bucket_of(q, hash);
	q->flows[flow] = (struct fq_flow){ .hash = hash, .chain = *bucket };
	*bucket = flow;
	return flow;
}

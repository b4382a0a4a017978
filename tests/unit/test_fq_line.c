/*
 * The fair queue in front of a line, in virtual time, with senders that
 * behave as TCP does: slow start, growth by the packet a round, less after a
 * loss, a time-out.  Who gets how much of the line, and how long a ping waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/fq.h"

#define SECOND INT64_C(1000000000)
#define ACK_NS (SECOND / 100) /* the way back */
#define RTO_MIN_NS (SECOND / 5)

enum { FLOWS_MAX = 16, WINDOW = 1024, ACKS = 4096, PING = 84 };

struct segment {
	int64_t sent_ns;
	uint32_t order; /* of transmission */
	bool acked, lost;
};

struct sender {
	struct segment segments[WINDOW];
	uint32_t first, next; /* not yet acknowledged, not yet sent */
	uint32_t order;
	uint32_t recover; /* no second reduction before this is passed */
	double window, threshold;
	int64_t srtt_ns, var_ns, timer_ns;
	/* Of the last time-out, until it is known to have been right. */
	uint32_t undo_order;
	double undo_window, undo_threshold;
	uint64_t delivered;
};

struct ack {
	int64_t at_ns;
	uint32_t flow, number, order;
};

struct line {
	struct fq q;
	struct fq_settings s;
	int64_t now_ns, busy_until_ns, idle_ns, ping_ns, ping_every_ns;
	uint8_t sending[FQ_PACKET_MAX];
	size_t sending_len;
	struct sender senders[FLOWS_MAX];
	uint32_t n_senders;
	uint32_t flood_bytes; /* of a packet; 0: no flood */
	int64_t flood_ns, flood_every_ns;
	uint64_t flooded; /* bytes of it that arrived */
	struct ack acks[ACKS];
	uint32_t first_ack, next_ack;
	uint64_t pings, pongs;
	int64_t ping_max_ns;
};

static int64_t
line_ns(const struct line *l, size_t bytes)
{
	return (bytes + 2) * SECOND / l->s.rate;
}

static struct line *
line_new(uint32_t rate, uint32_t mtu, uint32_t senders)
{
	static const uint8_t key[FLOW_KEY_BYTES] = "a key";
	struct line *l = calloc(1, sizeof(*l));
	void *pool;

	assert_non_null(l);
	l->s = (struct fq_settings){ rate, mtu, 2000 };
	pool = calloc(1, fq_pool_size(fq_limit_bytes(&l->s)));
	assert_non_null(pool);
	fq_init(&l->q, pool, fq_limit_bytes(&l->s), key);
	fq_set(&l->q, &l->s);
	l->now_ns = l->busy_until_ns = 1;
	l->n_senders = senders;
	l->ping_every_ns = SECOND;
	for (uint32_t i = 0; i < senders; i++) {
		l->senders[i].window = 10;
		l->senders[i].threshold = WINDOW;
	}
	return l;
}

static void
line_free(struct line *l)
{
	free(l->q.chunks);
	free(l);
}

static void
put(struct line *l, uint32_t protocol, uint32_t flow, size_t len,
    const struct ack *what)
{
	uint8_t packet[FQ_PACKET_MAX] = { 0x45 };

	packet[9] = protocol;
	packet[12] = flow;
	memcpy(packet + 40, what, sizeof(*what));
	fq_put(&l->q, packet, len, l->now_ns);
}

static int64_t
rto_ns(const struct sender *t)
{
	int64_t var_ns = 4 * t->var_ns;

	if (t->srtt_ns == 0)
		return SECOND;
	return t->srtt_ns + (var_ns > RTO_MIN_NS ? var_ns : RTO_MIN_NS);
}

static void
transmit(struct line *l, uint32_t flow, uint32_t number)
{
	struct sender *t = &l->senders[flow];
	struct segment *s = &t->segments[number % WINDOW];
	struct ack what = { .flow = flow, .number = number };

	*s = (struct segment){ .sent_ns = l->now_ns, .order = ++t->order };
	what.order = s->order;
	if (t->timer_ns == 0 || number == t->first)
		t->timer_ns = l->now_ns + rto_ns(t);
	put(l, 6, flow, l->s.mtu, &what);
}

/* What was lost first, then new data, as far as the window goes. */
static void
send_more(struct line *l, uint32_t flow)
{
	struct sender *t = &l->senders[flow];
	uint32_t in_flight = 0;

	for (uint32_t i = t->first; i != t->next; i++) {
		const struct segment *s = &t->segments[i % WINDOW];

		in_flight += !s->acked && !s->lost;
	}
	for (uint32_t i = t->first; i != t->next; i++) {
		if (in_flight >= t->window)
			return;
		if (!t->segments[i % WINDOW].lost)
			continue;
		transmit(l, flow, i);
		in_flight++;
	}
	while (in_flight++ < t->window && t->next - t->first < WINDOW - 1)
		transmit(l, flow, t->next++);
}

static void
measure(struct sender *t, int64_t rtt_ns)
{
	int64_t off_ns = llabs(rtt_ns - t->srtt_ns);

	if (t->srtt_ns == 0) {
		t->srtt_ns = rtt_ns;
		t->var_ns = rtt_ns / 2;
		return;
	}
	t->var_ns = (3 * t->var_ns + off_ns) / 4;
	t->srtt_ns = (7 * t->srtt_ns + rtt_ns) / 8;
}

static void
reduce(struct sender *t)
{
	if ((int32_t)(t->first - t->recover) < 0)
		return;
	t->recover = t->next;
	t->threshold = t->window * 0.7 < 2 ? 2 : t->window * 0.7;
	t->window = t->threshold;
}

/* Nothing overtakes: what was sent before an acknowledged one is lost. */
static void
find_losses(struct sender *t, uint32_t order)
{
	bool lost = false;

	for (uint32_t i = t->first; i != t->next; i++) {
		struct segment *s = &t->segments[i % WINDOW];

		if (s->acked || s->lost || s->order + 3 > order)
			continue;
		s->lost = lost = true;
	}
	if (lost)
		reduce(t);
	else if ((int32_t)(t->first - t->recover) >= 0)
		t->window += t->window < t->threshold ? 1 : 1 / t->window;
}

/* RFC 3522, RFC 5682: what was sent before the time-out still arrives. */
static void
judge_time_out(struct sender *t, uint32_t order)
{
	if (t->undo_order == 0)
		return;
	if (order < t->undo_order) {
		t->window = t->undo_window;
		t->threshold = t->undo_threshold;
		for (uint32_t i = t->first; i != t->next; i++)
			t->segments[i % WINDOW].lost = false;
	}
	t->undo_order = 0;
}

static void
take_ack(struct line *l, const struct ack *a)
{
	struct sender *t = &l->senders[a->flow];
	struct segment *s = &t->segments[a->number % WINDOW];

	if ((int32_t)(a->number - t->first) < 0 || s->acked)
		return;
	if (a->order == s->order)
		measure(t, l->now_ns - s->sent_ns);
	s->acked = true;
	s->lost = false;
	t->delivered++;
	t->timer_ns = l->now_ns + rto_ns(t);
	judge_time_out(t, a->order);
	find_losses(t, a->order);
	while (t->first != t->next && t->segments[t->first % WINDOW].acked)
		t->first++;
	if (t->first == t->next)
		t->timer_ns = 0;
	send_more(l, a->flow);
}

static void
time_out(struct line *l, uint32_t flow)
{
	struct sender *t = &l->senders[flow];

	for (uint32_t i = t->first; i != t->next; i++) {
		struct segment *s = &t->segments[i % WINDOW];

		s->lost = !s->acked;
	}
	t->undo_order = t->order + 1;
	t->undo_window = t->window;
	t->undo_threshold = t->threshold;
	t->threshold = t->window * 0.7 < 2 ? 2 : t->window * 0.7;
	t->window = 1;
	t->recover = t->first;
	t->srtt_ns *= 2;
	t->timer_ns = 0;
	send_more(l, flow);
}

static void
arrive(struct line *l)
{
	struct ack what;

	memcpy(&what, l->sending + 40, sizeof(what));
	what.at_ns = l->now_ns + ACK_NS;
	switch (l->sending[9]) {
	case 6:
		assert_true(l->next_ack - l->first_ack < ACKS);
		l->acks[l->next_ack++ % ACKS] = what;
		break;
	case 17:
		l->flooded += l->sending_len;
		break;
	case 1:
		memcpy(&what, l->sending + 40, sizeof(what));
		l->pongs++;
		if (l->now_ns - what.at_ns > l->ping_max_ns)
			l->ping_max_ns = l->now_ns - what.at_ns;
		break;
	}
	l->sending_len = 0;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
next_event_ns(const struct line *l)
{
	int64_t next_ns = l->ping_ns;

	if (l->flood_bytes)
		next_ns = sooner(next_ns, l->flood_ns);
	if (l->sending_len)
		next_ns = sooner(next_ns, l->busy_until_ns);
	if (l->first_ack != l->next_ack)
		next_ns = sooner(next_ns, l->acks[l->first_ack % ACKS].at_ns);
	for (uint32_t i = 0; i < l->n_senders; i++) {
		if (l->senders[i].timer_ns)
			next_ns = sooner(next_ns, l->senders[i].timer_ns);
	}
	return next_ns > l->now_ns ? next_ns : l->now_ns;
}

static void
make_traffic(struct line *l)
{
	struct ack ping = { .at_ns = l->now_ns };

	if (l->now_ns >= l->ping_ns) {
		put(l, 1, 200, PING, &ping);
		l->pings++;
		/* Not always at the same place of a packet. */
		l->ping_ns = l->now_ns + l->ping_every_ns +
		    l->pings * 7919 % 97 * l->ping_every_ns / 500;
	}
	if (l->flood_bytes && l->now_ns >= l->flood_ns) {
		put(l, 17, 100, l->flood_bytes, &ping);
		l->flood_ns = l->now_ns + l->flood_every_ns;
	}
	for (uint32_t i = 0; i < l->n_senders; i++) {
		if (l->senders[i].timer_ns &&
		    l->senders[i].timer_ns <= l->now_ns)
			time_out(l, i);
	}
}

static void
run(struct line *l, int seconds)
{
	int64_t end_ns = l->now_ns + seconds * SECOND;
	int64_t next_ns;

	while ((next_ns = next_event_ns(l)) < end_ns) {
		if (l->sending_len == 0)
			l->idle_ns += next_ns - l->now_ns;
		l->now_ns = next_ns;
		if (l->sending_len && l->busy_until_ns <= l->now_ns)
			arrive(l);
		while (l->first_ack != l->next_ack &&
		    l->acks[l->first_ack % ACKS].at_ns <= l->now_ns)
			take_ack(l, &l->acks[l->first_ack++ % ACKS]);
		make_traffic(l);
		if (l->sending_len)
			continue;
		l->sending_len = fq_get(&l->q, l->sending, NULL, l->now_ns);
		l->busy_until_ns = l->now_ns + line_ns(l, l->sending_len);
	}
	l->now_ns = end_ns;
}

/* Until the storm of the start is over; then what is counted begins. */
static void
begin(struct line *l)
{
	for (uint32_t i = 0; i < l->n_senders; i++)
		send_more(l, i);
	run(l, 30);
	for (uint32_t i = 0; i < l->n_senders; i++)
		l->senders[i].delivered = 0;
	l->flooded = 0;
	l->idle_ns = l->ping_max_ns = 0;
}

/* Jain's index, and what was delivered of what the line carries. */
static double
fairness(const struct line *l)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < l->n_senders; i++) {
		double x = l->senders[i].delivered;

		sum += x;
		squares += x * x;
	}
	return sum * sum / squares / l->n_senders;
}

static double
share(const struct line *l, int seconds)
{
	double sum = 0;

	for (uint32_t i = 0; i < l->n_senders; i++)
		sum += l->senders[i].delivered;
	return sum * line_ns(l, l->s.mtu) / SECOND / seconds;
}

/* The one that is being sent, and the ping itself. */
static void
assert_pings_wait_for_one_packet(const struct line *l)
{
	assert_in_range(l->pings - l->pongs, 0, 1);
	assert_in_range(
	    l->ping_max_ns, 1, line_ns(l, l->s.mtu) + line_ns(l, PING) + 1);
}

static void
flows_share_the_line(uint32_t rate, uint32_t mtu, uint32_t flows, int seconds)
{
	struct line *l = line_new(rate, mtu, flows);
	double pings = (double)line_ns(l, PING) / l->ping_every_ns;

	begin(l);
	run(l, seconds);
	assert_true(fairness(l) >= 0.98);
	assert_int_equal(l->idle_ns, 0);
	assert_true(share(l, seconds) + pings >= 0.97);
	assert_pings_wait_for_one_packet(l);
	line_free(l);
}

static void
four_tcp_flows_share_9600_baud(void **state)
{
	(void)state;
	flows_share_the_line(960, 296, 4, 60);
}

static void
one_tcp_flow_fills_the_line(void **state)
{
	(void)state;
	flows_share_the_line(960, 296, 1, 60);
	flows_share_the_line(11520, 1500, 1, 60);
	flows_share_the_line(92160, 1500, 1, 30);
}

static void
four_tcp_flows_share_the_line(void **state)
{
	(void)state;
	flows_share_the_line(11520, 1500, 4, 60);
	flows_share_the_line(92160, 1500, 4, 30);
	flows_share_the_line(300000, 1500, 4, 30);
}

static void
sixteen_tcp_flows_share_the_line(void **state)
{
	(void)state;
	flows_share_the_line(11520, 1500, 16, 120);
	flows_share_the_line(92160, 1500, 16, 30);
}

/* Twice what the line carries, and nothing that slows it down. */
static void
a_flood_takes_no_more_than_its_share(void **state)
{
	struct line *l = line_new(11520, 1500, 3);
	double flood;

	(void)state;
	l->flood_bytes = 1000;
	l->flood_every_ns = line_ns(l, l->flood_bytes) / 2;
	begin(l);
	run(l, 60);
	flood = l->flooded / 11520.0 / 60;
	assert_true(flood > 0.23 && flood < 0.27);
	assert_true(share(l, 60) > 0.7);
	assert_true(fairness(l) >= 0.98);
	assert_pings_wait_for_one_packet(l);
	line_free(l);
}

/* Small ones too, which go first only as far as they are paid for. */
static void
a_flood_of_small_packets_takes_no_more_than_its_share(void **state)
{
	struct line *l = line_new(11520, 1500, 3);
	double flood;

	(void)state;
	l->flood_bytes = 100;
	l->flood_every_ns = line_ns(l, l->flood_bytes) / 2;
	begin(l);
	run(l, 60);
	flood = l->flooded / 11520.0 / 60;
	assert_true(flood > 0.23 && flood < 0.27);
	assert_true(share(l, 60) > 0.7);
	line_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_tcp_flows_share_9600_baud),
		cmocka_unit_test(one_tcp_flow_fills_the_line),
		cmocka_unit_test(four_tcp_flows_share_the_line),
		cmocka_unit_test(sixteen_tcp_flows_share_the_line),
		cmocka_unit_test(a_flood_takes_no_more_than_its_share),
		cmocka_unit_test(
		    a_flood_of_small_packets_takes_no_more_than_its_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

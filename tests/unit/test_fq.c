#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/fq.h"

#define MS 1000000ll

static const uint8_t key[FLOW_KEY_BYTES] = "sixteen bytes...";

/* 115200 baud, 8N1. */
static const struct fq_settings usual = {
	.rate = 11520,
	.mtu = 1500,
	.limit_ms = 2000,
};

static struct fq *
fq_new(const struct fq_settings *s)
{
	uint32_t limit = fq_limit_bytes(s);
	struct fq *q = malloc(sizeof(*q));
	void *pool = calloc(1, fq_pool_size(limit));

	assert_non_null(q);
	assert_non_null(pool);
	fq_init(q, pool, limit, key);
	fq_set(q, s);
	return q;
}

static void
fq_free(struct fq *q)
{
	free(q->chunks);
	free(q);
}

/* A UDP packet over IPv4 of flow `flow`, with a number in it. */
static void
make(uint8_t *p, size_t len, unsigned flow, unsigned number)
{
	memset(p, 'd', len);
	memset(p, 0, 28);
	p[0] = 0x45;
	p[2] = len >> 8;
	p[3] = len & 0xff;
	p[9] = 17;
	memcpy(p + 12, &flow, 4);
	memcpy(p + 24, &number, 4);
}

static void
put(struct fq *q, size_t len, unsigned flow, unsigned number, int64_t now_ns)
{
	uint8_t packet[FQ_PACKET_MAX];

	make(packet, len, flow, number);
	fq_put(q, packet, len, now_ns);
}

struct got {
	size_t len;
	unsigned flow, number;
	int64_t wait_ns;
};

static struct got
get(struct fq *q, int64_t now_ns)
{
	uint8_t packet[FQ_PACKET_MAX];
	struct got got = { 0 };

	got.len = fq_get(q, packet, &got.wait_ns, now_ns);
	if (got.len) {
		memcpy(&got.flow, packet + 12, 4);
		memcpy(&got.number, packet + 24, 4);
	}
	return got;
}

static void
gives_back_what_was_put(void **state)
{
	static const size_t sizes[] = { 1, 20, 107, 108, 109, 216, 217, 1500,
		9000, 20000 };
	struct fq *q = fq_new(&usual);
	uint8_t packet[20000], out[20000];
	int64_t wait_ns;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			packet[k] = k * 7 + k / 256;
		fq_put(q, packet, sizes[i], 5 * MS);
		assert_int_equal(q->counts.packets, 1);
		assert_int_equal(q->counts.bytes, sizes[i]);
		assert_int_equal(q->counts.flows, 1);
		assert_int_equal(fq_oldest_ns(q, 12 * MS), 7 * MS);
		assert_int_equal(fq_get(q, out, &wait_ns, 12 * MS), sizes[i]);
		assert_memory_equal(out, packet, sizes[i]);
		assert_int_equal(wait_ns, 7 * MS);
		assert_int_equal(q->counts.packets, 0);
		assert_int_equal(q->counts.bytes, 0);
		assert_int_equal(q->counts.flows, 0);
	}
	assert_int_equal(fq_get(q, out, NULL, 12 * MS), 0);
	assert_int_equal(fq_oldest_ns(q, 12 * MS), 0);
	fq_free(q);
}

static void
a_flow_keeps_its_order(void **state)
{
	struct fq *q = fq_new(&usual);
	unsigned next[4] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		put(q, 100 + 200 * (i % 3), i % 4, i / 4, 1);
	for (unsigned i = 0; i < 40; i++) {
		struct got got = get(q, 1);

		assert_int_equal(got.number, next[got.flow]++);
	}
	fq_free(q);
}

/* Bytes, not packets: whoever sends small packets sends more of them. */
static void
backlogged_flows_get_equal_bytes(void **state)
{
	static const size_t sizes[4] = { 1500, 750, 400, 100 };
	struct fq *q = fq_new(&usual);
	size_t sent[4] = { 0 };

	(void)state;
	for (unsigned flow = 0; flow < 4; flow++)
		for (unsigned i = 0; i < 12000 / sizes[flow]; i++)
			put(q, sizes[flow], flow, i, 1);
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL], 0);
	for (size_t all = 0; all < 36000;) {
		struct got got = get(q, 1);

		all += got.len;
		sent[got.flow] += got.len;
		for (int a = 0; a < 4; a++)
			for (int b = 0; b < 4; b++)
				assert_true(
				    sent[a] <= sent[b] + 1500 + FQ_QUANTUM);
	}
	fq_free(q);
}

static void
a_ping_goes_before_all_that_waits(void **state)
{
	struct fq *q = fq_new(&usual);
	struct got got;

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		put(q, 1500, i % 8, i / 8, 1);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(get(q, 2).len, 1500);
		/* One every packet: sparse still. */
		put(q, 84, 99, i, 3);
		got = get(q, 3);
		assert_int_equal(got.flow, 99);
		assert_int_equal(got.number, i);
	}
	fq_free(q);
}

/* A train of pings is no longer sparse: its first quantum goes ahead, the
 * rest takes turns as everything else does. */
static void
small_packets_have_no_more_than_their_share(void **state)
{
	struct fq *q = fq_new(&usual);
	size_t pings = 0, bulk = 0;

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		put(q, 1500, i % 4, i / 4, 1);
	for (unsigned i = 0; i < 300; i++)
		put(q, 84, 99, i, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(get(q, 1).flow, 99);
	while (bulk < 24000) {
		struct got got = get(q, 1);

		if (got.flow == 99)
			pings += got.len;
		else
			bulk += got.len;
	}
	assert_in_range(pings, bulk / 4 - 1800, bulk / 4 + 1800);
	fq_free(q);
}

/* What was sent while nobody else waited is not held against anybody. */
static void
sparse_flows_owe_nothing_for_an_idle_line(void **state)
{
	struct fq *q = fq_new(&usual);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		put(q, 84, i % 50, i, 1);
		assert_int_equal(get(q, 1).number, i);
	}
	for (unsigned i = 0; i < 8; i++)
		put(q, 1500, 100, i, 1);
	for (unsigned i = 0; i < 6; i++) {
		put(q, 84, 99, i, 1);
		assert_int_equal(get(q, 1).flow, 99);
		assert_int_equal(get(q, 1).flow, 100);
	}
	fq_free(q);
}

/* Each from a new address: half of the line at most is theirs. */
static void
ever_new_flows_starve_nobody(void **state)
{
	struct fq *q = fq_new(&usual);
	size_t fresh = 0, bulk = 0;
	unsigned n = 1000;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		put(q, 1500, i % 2, i / 2, 1);
	while (bulk < 15000) {
		struct got got;

		while (q->counts.packets < 60)
			put(q, 84, n++, 0, 1);
		got = get(q, 1);
		if (got.flow < 2)
			bulk += got.len;
		else
			fresh += got.len;
		assert_true(fresh <= bulk + 1500 + 84);
	}
	assert_true(fresh + 1584 >= bulk);
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL], 0);
	fq_free(q);
}

static void
the_fattest_flow_loses_from_its_head(void **state)
{
	struct fq *q = fq_new(&usual);
	unsigned fat = 0;
	struct got got;

	(void)state;
	put(q, 84, 7, 0, 1);
	for (unsigned i = 0; i < 3; i++)
		put(q, 1500, 8, i, 1);
	for (unsigned i = 0; i < 1000; i++)
		put(q, 1500, 9, i, 1);
	assert_int_equal(
	    q->counts.dropped[FQ_DROP_FULL], 1004 - q->counts.packets);
	assert_true(q->counts.packets >= FQ_LIMIT_PACKETS);
	assert_true(q->counts.packets * 1564 <= q->limit + 1564);
	assert_int_equal(get(q, 1).flow, 7);
	for (unsigned other = 0; q->counts.packets;) {
		got = get(q, 1);
		if (got.flow == 8)
			assert_int_equal(got.number, other++);
		else if (fat == 0)
			fat = got.number;
		else
			assert_int_equal(got.number, ++fat);
		if (q->counts.packets == 0)
			assert_int_equal(other, 3);
	}
	assert_int_equal(fat, 999);
	fq_free(q);
}

/* Between them, 16 flows with more than the queue takes. */
static void
a_ping_is_not_lost_beside_full_flows(void **state)
{
	struct fq *q = fq_new(&usual);

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		put(q, 1500, i % 16, i, 1);
		put(q, 1500, i % 16, i, 1);
		assert_int_equal(get(q, 1).len, 1500);
		if (i % 2)
			continue;
		put(q, 84, 99, i, 1);
		assert_int_equal(get(q, 1).number, i);
	}
	assert_true(q->counts.dropped[FQ_DROP_FULL] > 1000);
	fq_free(q);
}

/* More flows than anything is kept for: memory is bounded, all is counted. */
static void
a_flood_of_tiny_flows_is_bounded(void **state)
{
	struct fq *q = fq_new(&usual);
	uint64_t got = 0;
	unsigned n;

	(void)state;
	for (n = 0; n < 100000; n++) {
		put(q, 28, n, 0, 1);
		if (n % 5 == 0)
			got += get(q, 1).len / 28;
		assert_true(q->cost <= q->limit);
		assert_int_equal(
		    q->counts.dropped[FQ_DROP_FULL] + got + q->counts.packets,
		    n + 1);
	}
	assert_true(q->chunks_used <= q->n_chunks);
	assert_true(q->flows_used <= q->n_flows);
	while (get(q, 1).len)
		got++;
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL] + got, n);
	fq_free(q);
}

static void
target_and_interval_follow_the_line(void **state)
{
	static const struct {
		struct fq_settings s;
		int64_t target_us, interval_us;
	} lines[] = {
		{ { 960, 296, 2000 }, 465625, 4656250 },
		{ { 11520, 1500, 2000 }, 195573, 1955730 },
		{ { 92160, 1500, 2000 }, 24447, 244470 },
		{ { 300000, 1500, 2000 }, 7510, 100000 },
		{ { 1600000, 1500, 2000 }, 5000, 100000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct fq *q = fq_new(&lines[i].s);

		assert_in_range(q->codel.target_ns / 1000,
		    lines[i].target_us - 1, lines[i].target_us + 1);
		assert_in_range(q->codel.interval_ns / 1000,
		    lines[i].interval_us - 10, lines[i].interval_us + 10);
		fq_free(q);
	}
}

static void
the_bound_follows_the_line(void **state)
{
	struct fq_settings s = usual;

	(void)state;
	/* 64 packets of an MTU are more than two seconds here. */
	assert_int_equal(fq_limit_bytes(&s), 64 * 1564);
	s.limit_ms = 60000;
	assert_int_equal(fq_limit_bytes(&s), 60 * 11520);
	s.rate = 300000;
	assert_int_equal(fq_limit_bytes(&s), FQ_LIMIT_BYTES_MAX);
	s.limit_ms = 2000;
	assert_int_equal(fq_limit_bytes(&s), 600000);
	s.rate = UINT32_MAX;
	s.limit_ms = UINT32_MAX;
	assert_int_equal(fq_limit_bytes(&s), FQ_LIMIT_BYTES_MAX);
	s = (struct fq_settings){ .rate = 1, .mtu = 68, .limit_ms = 10 };
	assert_int_equal(fq_limit_bytes(&s), 64 * 132);
}

/* Puts so much ahead of what the line takes that CoDel has to act; returns
 * the number of packets that were got. */
static unsigned
overload(struct fq *q, uint8_t *packet, size_t len, int64_t ms)
{
	static uint8_t out[FQ_PACKET_MAX];
	unsigned got = 0;

	for (int64_t now = 1; now < ms * MS; now += 130 * MS) {
		while (q->counts.packets < 10)
			fq_put(q, packet, len, now);
		got += fq_get(q, out, NULL, now) == len;
	}
	return got;
}

static void
a_standing_queue_is_dropped_from(void **state)
{
	struct fq *q = fq_new(&usual);
	uint8_t packet[1500];

	(void)state;
	make(packet, sizeof(packet), 1, 0);
	/* 10 packets are 1.3 s: first drop after 0.2 + 1.96 s. */
	overload(q, packet, sizeof(packet), 2000);
	assert_int_equal(q->counts.dropped[FQ_DROP_CODEL], 0);
	fq_free(q);
	q = fq_new(&usual);
	overload(q, packet, sizeof(packet), 10000);
	assert_in_range(q->counts.dropped[FQ_DROP_CODEL], 4, 16);
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL], 0);
	assert_int_equal(q->counts.marked, 0);
	fq_free(q);
}

static unsigned
ipv4_sum(const uint8_t *p)
{
	unsigned sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
what_may_be_marked_is_marked_instead(void **state)
{
	struct fq *q = fq_new(&usual);
	uint8_t packet[1500], out[1500];
	unsigned sum, marked = 0;

	(void)state;
	make(packet, sizeof(packet), 1, 0);
	packet[1] = 0xb8 | 2; /* ECT(0) */
	sum = ~ipv4_sum(packet);
	packet[10] = sum >> 8;
	packet[11] = sum;
	assert_int_equal(ipv4_sum(packet), 0xffff);
	for (int64_t now = 1; now < 10000 * MS; now += 130 * MS) {
		while (q->counts.packets < 10)
			fq_put(q, packet, sizeof(packet), now);
		assert_int_equal(fq_get(q, out, NULL, now), sizeof(packet));
		assert_int_equal(ipv4_sum(out), 0xffff);
		assert_memory_equal(out + 12, packet + 12, 1488);
		marked += (out[1] & 3) == 3;
		assert_int_equal(out[1] >> 2, 0xb8 >> 2);
	}
	assert_in_range(marked, 4, 16);
	assert_int_equal(q->counts.marked, marked);
	assert_int_equal(q->counts.dropped[FQ_DROP_CODEL], 0);
	fq_free(q);
}

static void
ipv6_is_marked_too(void **state)
{
	struct fq *q = fq_new(&usual);
	uint8_t packet[1500] = { 0x60, 0x10, 0, 0, 1460 >> 8, 1460 & 0xff, 17 };

	(void)state;
	overload(q, packet, sizeof(packet), 10000);
	assert_in_range(q->counts.marked, 4, 16);
	assert_int_equal(q->counts.dropped[FQ_DROP_CODEL], 0);
	fq_free(q);
}

/* As a ping of 4000 bytes at an MTU of 296: a burst is no standing queue. */
static void
a_burst_of_fragments_passes_whole(void **state)
{
	const struct fq_settings slow = { 960, 296, 2000 };
	struct fq *q = fq_new(&slow);
	int64_t now = 1;

	(void)state;
	for (int round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 15; i++)
			put(q, 296, round, i, now);
		for (unsigned i = 0; i < 15; i++) {
			assert_int_equal(get(q, now).number, i);
			now += 310 * MS;
		}
	}
	assert_int_equal(q->counts.dropped[FQ_DROP_CODEL], 0);
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL], 0);
	fq_free(q);
}

static void
settings_change_without_a_loss(void **state)
{
	struct fq_settings most = usual, least = usual;
	struct fq *q;
	unsigned flow_next[4] = { 0 };

	(void)state;
	most.limit_ms = 60000;
	least.rate = 1000;
	least.mtu = 68;
	least.limit_ms = 10;
	q = fq_new(&most);
	for (unsigned i = 0; i < 200; i++)
		put(q, 1500, i % 4, i / 4, 1);
	fq_set(q, &least);
	assert_int_equal(q->counts.packets, 200);
	/* The bound holds again as soon as the queue is below it: until then
	 * a packet is let in for each one that leaves. */
	put(q, 30, 99, 0, 1);
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL], 1);
	assert_int_equal(q->counts.packets, 200);
	assert_int_equal(get(q, 1).flow, 99);
	fq_set(q, &most);
	flow_next[0] = flow_next[1] = flow_next[2] = flow_next[3] = 50;
	for (unsigned i = 0; i < 199; i++) {
		struct got got = get(q, 1);

		assert_true(flow_next[got.flow] == 50 ||
		    got.number == flow_next[got.flow]);
		flow_next[got.flow] = got.number + 1;
	}
	assert_int_equal(q->counts.packets, 0);
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL], 1);
	fq_free(q);
}

static void
a_bound_beyond_the_pool_is_cut_down_to_it(void **state)
{
	struct fq_settings more = usual;
	struct fq *q = fq_new(&usual);

	(void)state;
	more.limit_ms = 60000;
	fq_set(q, &more);
	for (unsigned i = 0; i < 50000; i++)
		put(q, 28 + i % 1400, i % 100, i, 1);
	assert_true(q->cost <= fq_limit_bytes(&usual));
	assert_true(q->chunks_used <= q->n_chunks);
	fq_free(q);
}

static void
clearing_empties_and_goes_on(void **state)
{
	struct fq *q = fq_new(&usual);

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		put(q, 500, i % 7, i, 1);
	assert_int_equal(fq_clear(q), 30);
	assert_int_equal(fq_clear(q), 0);
	assert_int_equal(q->counts.dropped[FQ_DROP_FULL], 0);
	assert_int_equal(get(q, 1).len, 0);
	put(q, 500, 3, 77, 1);
	assert_int_equal(get(q, 1).number, 77);
	fq_free(q);
}

/* What CoDel learned of a flow that was idle for a moment is not lost. */
static void
an_idle_flow_is_remembered(void **state)
{
	struct fq *q = fq_new(&usual);
	uint32_t used;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		put(q, 1500, i % 10, i, 1);
		assert_int_equal(get(q, 1).flow, i % 10);
	}
	assert_int_equal(q->flows_used, 10);
	for (unsigned i = 0; i < 1000; i++) {
		put(q, 84, 1000 + i, i, 1);
		assert_int_equal(get(q, 1).number, i);
	}
	/* ... and memory is touched no more than for some of them. */
	used = q->flows_used;
	assert_in_range(used, 10, 140);
	fq_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_put),
		cmocka_unit_test(a_flow_keeps_its_order),
		cmocka_unit_test(backlogged_flows_get_equal_bytes),
		cmocka_unit_test(a_ping_goes_before_all_that_waits),
		cmocka_unit_test(small_packets_have_no_more_than_their_share),
		cmocka_unit_test(sparse_flows_owe_nothing_for_an_idle_line),
		cmocka_unit_test(ever_new_flows_starve_nobody),
		cmocka_unit_test(the_fattest_flow_loses_from_its_head),
		cmocka_unit_test(a_ping_is_not_lost_beside_full_flows),
		cmocka_unit_test(a_flood_of_tiny_flows_is_bounded),
		cmocka_unit_test(target_and_interval_follow_the_line),
		cmocka_unit_test(the_bound_follows_the_line),
		cmocka_unit_test(a_standing_queue_is_dropped_from),
		cmocka_unit_test(what_may_be_marked_is_marked_instead),
		cmocka_unit_test(ipv6_is_marked_too),
		cmocka_unit_test(a_burst_of_fragments_passes_whole),
		cmocka_unit_test(settings_change_without_a_loss),
		cmocka_unit_test(a_bound_beyond_the_pool_is_cut_down_to_it),
		cmocka_unit_test(clearing_empties_and_goes_on),
		cmocka_unit_test(an_idle_flow_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

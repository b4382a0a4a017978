#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pump/stats.h"

#define DEADLINE_S 60

/* Balanced counters that differ in every field with n. */
static struct stats
balanced(uint64_t n)
{
	struct stats s = { .tx_packets = 5 * n, .tx_queued = n % 64 };

	s.tx_in_packets = s.tx_packets + s.tx_queued;
	for (int i = 0; i < STATS_TX_DROPS; i++) {
		s.tx_dropped[i] = n * (i + 1);
		s.tx_in_packets += s.tx_dropped[i];
	}
	s.rx_packets = s.rx_frames = 7 * n;
	for (int i = 0; i < STATS_RX_DROPS; i++) {
		s.rx_dropped[i] = n * (i + 2);
		s.rx_frames += s.rx_dropped[i];
	}
	s.tx_in_bytes = s.tx_bytes = s.rx_bytes = 100 * n;
	s.tx_line_bytes = s.rx_line_bytes = 101 * n;
	s.tx_stuck = s.tx_marked = s.rx_resyncs = n;
	s.tx_busy_ns = 1000 * n;
	for (int i = 0; i < STATS_DELAYS; i++)
		s.tx_delays[i] = n + i * n;
	return s;
}

static void
assert_balanced(const struct stats *s)
{
	assert_int_equal(stats_tx_imbalance(s), 0);
	assert_int_equal(stats_rx_imbalance(s), 0);
}

static struct stats_page *
new_page(void)
{
	struct stats_page *page = stats_page_new();

	assert_non_null(page);
	return page;
}

/* In a child of its own, which ends with its parent or at the deadline. */
static pid_t
start(void (*run)(struct stats_page *), struct stats_page *page)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(DEADLINE_S);
		run(page);
		_exit(0);
	}
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
publish_for_ever(struct stats_page *page)
{
	for (uint64_t n = page->copies[page->sequence % 2].tx_stuck;; n++) {
		struct stats s = balanced(n);

		stats_publish(page, &s);
	}
}

static void
move_the_count_for_ever(struct stats_page *page)
{
	for (;;)
		__atomic_add_fetch(&page->sequence, 1, __ATOMIC_RELAXED);
}

static void
die_half_way(struct stats_page *page)
{
	struct stats s = balanced(1000);

	memcpy(&page->copies[(page->sequence + 1) % 2], &s, sizeof(s) / 2);
}

static void
wait_for_count(const struct stats_page *page, uint32_t count)
{
	int64_t deadline_ms = clock_ms() + 1000 * DEADLINE_S;

	while (__atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE) < count) {
		assert_true(clock_ms() < deadline_ms);
		usleep(100);
	}
}

static void
a_new_page_is_all_zero_and_nothing_was_trapped(void **state)
{
	const struct stats zero = { .tx_in_packets = 0 };
	struct stats_page *page = new_page();
	struct stats s;

	(void)state;
	assert_true(stats_snapshot(page, &s));
	assert_memory_equal(&s, &zero, sizeof(s));
	assert_int_equal(page->trapped, -1);
	assert_int_equal(page->answered, 0);
	stats_page_free(page);
	stats_page_free(NULL);
}

static void
a_snapshot_is_what_was_published_last(void **state)
{
	struct stats_page *page = new_page();
	struct stats s, got;

	(void)state;
	for (uint64_t n = 1; n < 100; n++) {
		s = balanced(n);
		stats_publish(page, &s);
		assert_true(stats_snapshot(page, &got));
		assert_memory_equal(&got, &s, sizeof(s));
	}
	stats_page_free(page);
}

static void
the_count_may_wrap_around(void **state)
{
	struct stats_page *page = new_page();
	struct stats s, got;

	(void)state;
	page->sequence = UINT32_MAX - 2;
	for (uint64_t n = 1; n < 6; n++) {
		s = balanced(n);
		stats_publish(page, &s);
		assert_true(stats_snapshot(page, &got));
		assert_memory_equal(&got, &s, sizeof(s));
	}
	assert_int_equal(page->sequence, 2);
	stats_page_free(page);
}

static void
every_snapshot_of_a_busy_writer_balances(void **state)
{
	struct stats_page *page = new_page();
	pid_t writer = start(publish_for_ever, page);
	struct stats s, last;

	(void)state;
	wait_for_count(page, 1);
	assert_true(stats_snapshot(page, &last));
	for (int i = 0; i < 100000; i++) {
		assert_true(stats_snapshot(page, &s));
		assert_balanced(&s);
		assert_true(s.tx_stuck >= last.tx_stuck);
		last = s;
	}
	/* It did write meanwhile, or does so when it gets a processor. */
	wait_for_count(page, 1000);
	end(writer);
	stats_page_free(page);
}

static void
a_writer_killed_anywhere_leaves_balanced_counters(void **state)
{
	struct stats_page *page = new_page();
	struct stats s;

	(void)state;
	for (int i = 0; i < 50; i++) {
		uint32_t before = page->sequence;
		pid_t writer = start(publish_for_ever, page);

		wait_for_count(page, before + 1);
		end(writer);
		assert_true(stats_snapshot(page, &s));
		assert_balanced(&s);
	}
	stats_page_free(page);
}

static void
a_writer_that_died_half_way_leaves_what_it_published(void **state)
{
	struct stats_page *page = new_page();
	struct stats s = balanced(7), got;
	pid_t pid;

	(void)state;
	stats_publish(page, &s);
	pid = start(die_half_way, page);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(stats_snapshot(page, &got));
	assert_memory_equal(&got, &s, sizeof(s));
	s = balanced(8);
	stats_publish(page, &s);
	assert_true(stats_snapshot(page, &got));
	assert_memory_equal(&got, &s, sizeof(s));
	stats_page_free(page);
}

static void
a_writer_gone_mad_is_not_waited_for(void **state)
{
	struct stats_page *page = new_page();
	pid_t writer = start(move_the_count_for_ever, page);
	struct stats s;

	(void)state;
	wait_for_count(page, 1);
	alarm(DEADLINE_S);
	for (int i = 0; i < 1000; i++)
		stats_snapshot(page, &s);
	alarm(0);
	end(writer);
	stats_page_free(page);
}

static void
an_ended_pump_is_added_and_its_queue_counts_as_dropped(void **state)
{
	struct stats a = balanced(3), b = balanced(40), want = balanced(43);

	(void)state;
	b.tx_in_packets += 2;
	b.tx_queued += 2;
	a.tx_tty_wait_max_ns = want.tx_tty_wait_max_ns = 7;
	b.tx_tty_wait_max_ns = 5;
	/* What a queue has now goes with its pump. */
	b.queue_bytes = b.queue_flows = 4;
	b.queue_limit_bytes = b.queue_target_ns = 5;
	stats_add_ended(&a, &b);
	assert_balanced(&a);
	assert_int_equal(a.tx_queued, 3);
	assert_int_equal(a.tx_dropped[STATS_TX_CLOSED],
	    want.tx_dropped[STATS_TX_CLOSED] + 42);
	a.tx_dropped[STATS_TX_CLOSED] = want.tx_dropped[STATS_TX_CLOSED];
	a.tx_queued = want.tx_queued;
	want.tx_in_packets += 2;
	assert_memory_equal(&a, &want, sizeof(a));
}

static void
a_wait_is_counted_by_its_length(void **state)
{
	struct stats s = { .tx_in_packets = 0 };

	(void)state;
	stats_count_delay(&s, 0);
	stats_count_delay(&s, CLOCK_NS_PER_MS);
	assert_int_equal(s.tx_delays[0], 2);
	for (unsigned i = 0; i < STATS_DELAYS - 1; i++) {
		assert_true(stats_delay_ns(i) < stats_delay_ns(i + 1));
		stats_count_delay(&s, stats_delay_ns(i) + 1);
		assert_int_equal(s.tx_delays[i + 1], 1);
	}
	stats_count_delay(&s, INT64_MAX);
	assert_int_equal(s.tx_delays[STATS_DELAYS - 1], 2);
	assert_int_equal(stats_delay_ns(STATS_DELAYS - 1), INT64_MAX);
}

static void
an_imbalance_is_what_is_missing(void **state)
{
	struct stats s = balanced(9);

	(void)state;
	s.tx_in_packets += 2;
	s.rx_frames -= 3;
	assert_int_equal(stats_tx_imbalance(&s), 2);
	assert_int_equal(stats_rx_imbalance(&s), -3);
}

static void
every_cause_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < STATS_TX_DROPS; i++) {
		assert_string_not_equal(stats_tx_drop_name(i), "unknown");
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(
			    stats_tx_drop_name(i), stats_tx_drop_name(j));
		}
	}
	for (int i = 0; i < STATS_RX_DROPS; i++) {
		assert_string_not_equal(stats_rx_drop_name(i), "unknown");
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(
			    stats_rx_drop_name(i), stats_rx_drop_name(j));
		}
	}
	assert_string_equal(stats_tx_drop_name(STATS_TX_STALE), "stale");
	assert_string_equal(
	    stats_rx_drop_name(STATS_RX_HEADER_CHECKSUM), "header-checksum");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_new_page_is_all_zero_and_nothing_was_trapped),
		cmocka_unit_test(a_snapshot_is_what_was_published_last),
		cmocka_unit_test(the_count_may_wrap_around),
		cmocka_unit_test(every_snapshot_of_a_busy_writer_balances),
		cmocka_unit_test(
		    a_writer_killed_anywhere_leaves_balanced_counters),
		cmocka_unit_test(
		    a_writer_that_died_half_way_leaves_what_it_published),
		cmocka_unit_test(a_writer_gone_mad_is_not_waited_for),
		cmocka_unit_test(
		    an_ended_pump_is_added_and_its_queue_counts_as_dropped),
		cmocka_unit_test(a_wait_is_counted_by_its_length),
		cmocka_unit_test(an_imbalance_is_what_is_missing),
		cmocka_unit_test(every_cause_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

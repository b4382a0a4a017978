/* A pump as the supervisor sees it: the real one, on a pty. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "pumps.h"

/* The smallest honest packet: a header alone, with its checksum. */
static const uint8_t packet[20] = { 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0x66,
	0xad, 10, 0, 0, 1, 10, 0, 0, 2 };

static void
start_and_open(struct pumps *p)
{
	struct pump_report report;

	pumps_start(p);
	report = pumps_report(p);
	assert_int_equal(report.type, PUMP_OPENED);
	assert_string_equal(report.port.node, p->device);
	assert_string_equal(report.port.also, "");
	assert_int_equal(report.port.baud, 115200);
}

static bool
has_answered(struct pumps *p)
{
	return p->proc.page->answered == p->proc.asked;
}

static void
starts_answers_and_ends_in_order(void **state)
{
	struct pumps *p = *state;
	struct pump_report report;

	start_and_open(p);
	assert_int_equal(pump_proc_read(&p->proc, &report), 0);
	assert_false(pump_proc_reap(&p->proc, &p->ended, &p->err));
	for (int i = 0; i < 3; i++) {
		assert_true(pump_proc_ask(&p->proc));
		pumps_wait(p, has_answered);
	}
	pump_proc_stop(&p->proc);
	report = pumps_report(p);
	assert_int_equal(report.type, PUMP_ENDED);
	assert_int_equal(report.end, PUMP_END_STOPPED);
	pumps_reap(p);
	assert_int_equal(p->err.code, 0);
	assert_string_equal(p->err.text, "the pump ended");
	assert_int_equal(pump_proc_read(&p->proc, &report), -1);
}

static void
starts_again_after_it_has_ended(void **state)
{
	struct pumps *p = *state;

	for (int i = 0; i < 3; i++) {
		start_and_open(p);
		/* The first question of each pump is a new one. */
		assert_true(pump_proc_ask(&p->proc));
		pump_proc_stop(&p->proc);
		pumps_reap(p);
		assert_int_equal(p->err.code, 0);
		pump_proc_close(&p->proc);
		close(p->interface);
		p->interface = -1;
	}
}

static void
keeps_the_counters_of_those_that_ended(void **state)
{
	struct pumps *p = *state;
	uint8_t buf[64];

	for (int i = 0; i < 2; i++) {
		start_and_open(p);
		assert_int_equal(write(p->interface, packet, 20), 20);
		pumps_wait_readable(p->master);
		assert_int_equal(read(p->master, buf, sizeof(buf)), 21);
		pump_proc_stop(&p->proc);
		pumps_reap(p);
		pump_proc_close(&p->proc);
		close(p->interface);
		p->interface = -1;
	}
	assert_int_equal(p->ended.tx_packets, 2);
	assert_int_equal(p->ended.tx_bytes, 40);
	assert_int_equal(stats_tx_imbalance(&p->ended), 0);
}

static void
names_the_signal_that_killed_it(void **state)
{
	struct pumps *p = *state;

	start_and_open(p);
	pump_proc_kill(&p->proc);
	pumps_reap(p);
	assert_int_equal(p->err.code, EINTR);
	assert_string_equal(
	    p->err.text, "the pump was killed by signal 9 (Killed)");
}

static void
ends_when_its_socket_is_closed(void **state)
{
	struct pumps *p = *state;

	start_and_open(p);
	pump_proc_close(&p->proc);
	assert_int_equal(p->proc.sock, -1);
	pump_proc_stop(&p->proc);
	pumps_reap(p);
	assert_int_equal(p->err.code, 0);
}

static void
does_not_answer_while_it_is_stopped(void **state)
{
	struct pumps *p = *state;

	start_and_open(p);
	assert_int_equal(kill(p->proc.pid, SIGSTOP), 0);
	assert_true(pump_proc_ask(&p->proc));
	assert_false(pump_proc_ask(&p->proc));
	assert_false(pump_proc_ask(&p->proc));
	assert_int_equal(kill(p->proc.pid, SIGCONT), 0);
	pumps_wait(p, has_answered);
	assert_true(pump_proc_ask(&p->proc));
}

static void
tells_it_what_has_changed(void **state)
{
	struct pumps *p = *state;
	struct pump_live live = p->options.live;
	uint8_t buf[64];

	start_and_open(p);
	live.leading_end = TX_LEADING_END_ALWAYS;
	assert_true(pump_proc_set(&p->proc, &live));
	/* An answer comes after what was told before. */
	assert_true(pump_proc_ask(&p->proc));
	pumps_wait(p, has_answered);
	assert_int_equal(write(p->interface, packet, 20), 20);
	pumps_wait_readable(p->master);
	assert_int_equal(read(p->master, buf, sizeof(buf)), 22);
	pump_proc_close(&p->proc);
	assert_false(pump_proc_set(&p->proc, &live));
}

static void
gives_the_supervisor_its_signals_back(void **state)
{
	struct pumps *p = *state;
	sigset_t before, after;

	sigprocmask(SIG_SETMASK, NULL, &before);
	start_and_open(p);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		assert_int_equal(
		    sigismember(&before, sig), sigismember(&after, sig));
}

static void
leaves_nothing_behind_where_it_cannot_start(void **state)
{
	struct pumps *p = *state;
	struct rlimit limit, none;
	struct pump_report report;
	int rc;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = pump_proc_start(&p->proc, &p->options, -1, &p->err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(rc, -1);
	assert_int_equal(p->err.code, EMFILE);
	assert_string_equal(
	    p->err.text, "socket of the pump: Too many open files");
	assert_int_equal(p->proc.pid, 0);
	assert_int_equal(p->proc.sock, -1);
	assert_null(p->proc.page);

	/* All else is a matter of no pump. */
	assert_false(pump_proc_ask(&p->proc));
	assert_false(pump_proc_reap(&p->proc, &p->ended, &p->err));
	assert_int_equal(pump_proc_read(&p->proc, &report), -1);
	pump_proc_stop(&p->proc);
	pump_proc_kill(&p->proc);
	start_and_open(p);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, pumps_setup, pumps_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(starts_answers_and_ends_in_order),
		TEST(starts_again_after_it_has_ended),
		TEST(keeps_the_counters_of_those_that_ended),
		TEST(names_the_signal_that_killed_it),
		TEST(ends_when_its_socket_is_closed),
		TEST(does_not_answer_while_it_is_stopped),
		TEST(tells_it_what_has_changed),
		TEST(gives_the_supervisor_its_signals_back),
		TEST(leaves_nothing_behind_where_it_cannot_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a pump does that has gone mad, and what the supervisor makes of it. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake/fake.h"
#include "os/sandbox.h"
#include "pumps.h"

#define MANY 10000

static void
start(struct pumps *p,
    void (*life)(
	const struct pump_options *options, int sock, struct stats_page *page))
{
	fake_pump_run = life;
	pumps_start(p);
}

static void
make_forbidden_call(
    const struct pump_options *options, int sock, struct stats_page *page)
{
	struct error err;

	(void)sock;
	if (sandbox_drop(options->uid, options->gid, &err) < 0 ||
	    sandbox_filter(&page->trapped, &err) < 0)
		_exit(1);
	syscall(SYS_getppid);
	_exit(2);
}

static void
names_the_system_call_that_was_refused(void **state)
{
	struct pumps *p = *state;

#ifndef HAVE_SECCOMP
	skip();
#endif
	start(p, make_forbidden_call);
	pumps_reap(p);
	assert_int_equal(p->err.code, EPERM);
	assert_string_equal(p->err.text,
	    "the pump made a system call that it may not make: getppid");
}

static void
claim_strange_call(
    const struct pump_options *options, int sock, struct stats_page *page)
{
	(void)options;
	(void)sock;
	page->trapped = 123456789;
	_exit(SANDBOX_EXIT_TRAPPED);
}

static void
numbers_a_system_call_without_a_name(void **state)
{
	struct pumps *p = *state;

	start(p, claim_strange_call);
	pumps_reap(p);
	assert_string_equal(p->err.text,
	    "the pump made a system call that it may not make: 123456789");
}

static void
exit_3(const struct pump_options *options, int sock, struct stats_page *page)
{
	struct pump_report report = { .type = PUMP_STUCK };

	(void)options;
	(void)page;
	for (int i = 0; i < 2; i++)
		if (write(sock, &report, sizeof(report)) < 0)
			_exit(4);
	_exit(3);
}

static void
tells_the_status_and_what_it_still_said(void **state)
{
	struct pumps *p = *state;
	struct pump_report report;

	start(p, exit_3);
	pumps_reap(p);
	assert_int_equal(p->err.code, EIO);
	assert_string_equal(p->err.text, "the pump ended with status 3");
	for (int i = 0; i < 2; i++)
		assert_int_equal(pumps_report(p).type, PUMP_STUCK);
	assert_int_equal(pump_proc_read(&p->proc, &report), -1);
	pump_proc_close(&p->proc);
	assert_int_equal(pump_proc_read(&p->proc, &report), -1);
}

static void
be_killed(const struct pump_options *options, int sock, struct stats_page *page)
{
	struct stats stats = {
		.tx_in_packets = 5, .tx_packets = 2, .tx_queued = 3
	};

	(void)options;
	(void)sock;
	stats_publish(page, &stats);
	kill(getpid(), SIGKILL);
}

static void
counts_what_a_killed_pump_had_queued_as_dropped(void **state)
{
	struct pumps *p = *state;

	start(p, be_killed);
	pumps_reap(p);
	assert_non_null(strstr(p->err.text, "signal 9"));
	assert_int_equal(p->ended.tx_queued, 0);
	assert_int_equal(p->ended.tx_dropped[STATS_TX_CLOSED], 3);
	assert_int_equal(stats_tx_imbalance(&p->ended), 0);
}

static void
send_short(
    const struct pump_options *options, int sock, struct stats_page *page)
{
	struct pump_report report = { .type = PUMP_STUCK };

	(void)options;
	(void)page;
	if (write(sock, &report, sizeof(report) - 1) < 0)
		_exit(4);
}

static void
send_long(const struct pump_options *options, int sock, struct stats_page *page)
{
	static const char bytes[sizeof(struct pump_report) + 1];

	(void)options;
	(void)page;
	if (write(sock, bytes, sizeof(bytes)) < 0)
		_exit(4);
}

static void
listens_no_more_to_what_is_no_report(void **state)
{
	struct pumps *p = *state;
	struct pump_report report;

	start(p, send_short);
	pumps_wait_readable(p->proc.sock);
	assert_int_equal(pump_proc_read(&p->proc, &report), -1);
	pumps_reap(p);
	pump_proc_close(&p->proc);
	close(p->interface);

	start(p, send_long);
	pumps_wait_readable(p->proc.sock);
	assert_int_equal(pump_proc_read(&p->proc, &report), -1);
	pumps_reap(p);
}

static void
send_filth(
    const struct pump_options *options, int sock, struct stats_page *page)
{
	struct pump_report report;

	(void)options;
	(void)page;
	memset(&report, 0xff, sizeof(report));
	memset(report.port.node, '\033', sizeof(report.port.node));
	memset(report.port.also, 'x', sizeof(report.port.also));
	memcpy(report.error.text, "two\nlines \033[31m", 15);
	if (write(sock, &report, sizeof(report)) < 0)
		_exit(4);
}

static void
assert_printable(const char *text, size_t len)
{
	assert_int_equal(strlen(text), len);
	for (size_t i = 0; i < len; i++)
		assert_true(isprint((unsigned char)text[i]));
}

static void
makes_texts_printable_and_terminated(void **state)
{
	struct pumps *p = *state;
	struct pump_report report;

	start(p, send_filth);
	report = pumps_report(p);
	assert_printable(report.port.node, sizeof(report.port.node) - 1);
	assert_printable(report.port.also, sizeof(report.port.also) - 1);
	assert_printable(report.error.text, sizeof(report.error.text) - 1);
	assert_memory_equal(report.error.text, "two?lines ?[31m???", 18);
	assert_int_equal(report.port.node[0], '?');
	assert_int_equal(report.port.also[0], 'x');
}

static void
say_much(const struct pump_options *options, int sock, struct stats_page *page)
{
	struct pump_report report = { .type = PUMP_STUCK };
	struct pollfd writable = { .fd = sock, .events = POLLOUT };

	(void)options;
	(void)page;
	for (uint32_t i = 0; i < MANY; i++) {
		report.end = i;
		while (write(sock, &report, sizeof(report)) < 0) {
			if (errno != EAGAIN || poll(&writable, 1, -1) < 0)
				_exit(4);
		}
	}
}

static void
reads_one_report_at_a_time(void **state)
{
	struct pumps *p = *state;
	struct pump_report report;

	start(p, say_much);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(pumps_report(p).end, i);
	pumps_reap(p);
	assert_int_equal(p->err.code, 0);
	assert_int_equal(pump_proc_read(&p->proc, &report), -1);
}

static void
read_nothing(
    const struct pump_options *options, int sock, struct stats_page *page)
{
	char byte;

	(void)options;
	(void)page;
	/* For as long as the supervisor has the other end. */
	while (recv(sock, &byte, 1, MSG_PEEK) != 0)
		poll(NULL, 0, 10);
}

static void
is_not_held_up_by_one_that_does_not_listen(void **state)
{
	struct pumps *p = *state;

	start(p, read_nothing);
	assert_true(pump_proc_ask(&p->proc));
	assert_false(pump_proc_ask(&p->proc));
	for (int i = 0; i < MANY; i++)
		pump_proc_stop(&p->proc);
	assert_false(pump_proc_reap(&p->proc, &p->ended, &p->err));
	pump_proc_kill(&p->proc);
	pumps_reap(p);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, pumps_setup, pumps_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_the_system_call_that_was_refused),
		TEST(numbers_a_system_call_without_a_name),
		TEST(tells_the_status_and_what_it_still_said),
		TEST(counts_what_a_killed_pump_had_queued_as_dropped),
		TEST(listens_no_more_to_what_is_no_report),
		TEST(makes_texts_printable_and_terminated),
		TEST(reads_one_report_at_a_time),
		TEST(is_not_held_up_by_one_that_does_not_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

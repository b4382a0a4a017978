#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

#define DEADLINE_MS 20000
#define LINES_MAX 8

/* What a child wrote to stderr: each write is a line here. */
struct said {
	size_t n;
	char lines[LINES_MAX][2048];
};

static void
become_a_logger(int sock, void (*body)(void))
{
	alarm(DEADLINE_MS / 1000);
	dup2(sock, STDERR_FILENO);
	close(sock);
	body();
	_exit(0);
}

static void
listen_to(int sock, struct said *said)
{
	struct pollfd fd = { .fd = sock, .events = POLLIN };

	memset(said, 0, sizeof(*said));
	for (;;) {
		char *line = said->lines[said->n];
		ssize_t len;

		assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
		assert_true(said->n < LINES_MAX);
		len = recv(sock, line, sizeof(said->lines[0]) - 1, 0);
		assert_true(len >= 0);
		if (len == 0)
			return;
		line[len] = '\0';
		said->n++;
	}
}

static void
run(void (*body)(void), struct said *said)
{
	int pair[2], status;
	pid_t pid;

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_a_logger(pair[1], body);
	close(pair[1]);
	listen_to(pair[0], said);
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
say_at_every_level(void)
{
	log_err("uno0: %d", 1);
	log_warn("uno0: %d", 2);
	log_info("uno0: %d", 3);
	log_debug("uno0: %d", 4);
}

/* JOURNAL_STREAM as systemd would set it if it were stderr, and off. */
static void
set_journal_stream(unsigned long long off)
{
	char text[64];
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0)
		_exit(1);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
	    st.st_ino + off);
	setenv("JOURNAL_STREAM", text, 1);
}

static void
log_before_open(void)
{
	set_journal_stream(0);
	say_at_every_level();
}

static void
nothing_has_to_be_opened_to_log_up_to_info(void **state)
{
	struct said said;

	(void)state;
	run(log_before_open, &said);
	assert_int_equal(said.n, 3);
	assert_string_equal(said.lines[0], "uno0: 1\n");
	assert_string_equal(said.lines[2], "uno0: 3\n");
}

static void
log_to_the_journal(void)
{
	set_journal_stream(0);
	log_open(false, LOG_LEVEL_DEBUG);
	say_at_every_level();
}

static void
the_journal_gets_priorities(void **state)
{
	struct said said;

	(void)state;
	run(log_to_the_journal, &said);
	assert_int_equal(said.n, 4);
	assert_string_equal(said.lines[0], "<3>uno0: 1\n");
	assert_string_equal(said.lines[1], "<4>uno0: 2\n");
	assert_string_equal(said.lines[2], "<6>uno0: 3\n");
	assert_string_equal(said.lines[3], "<7>uno0: 4\n");
}

static void
log_elsewhere(void)
{
	set_journal_stream(1);
	log_open(false, LOG_LEVEL_ERR);
	say_at_every_level();
	setenv("JOURNAL_STREAM", "journal", 1);
	log_open(false, LOG_LEVEL_ERR);
	say_at_every_level();
	setenv("JOURNAL_STREAM", "", 1);
	log_open(false, LOG_LEVEL_ERR);
	say_at_every_level();
	unsetenv("JOURNAL_STREAM");
	log_open(false, LOG_LEVEL_ERR);
	say_at_every_level();
}

static void
whatever_is_not_the_journal_gets_none(void **state)
{
	struct said said;

	(void)state;
	run(log_elsewhere, &said);
	assert_int_equal(said.n, 4);
	for (size_t i = 0; i < said.n; i++)
		assert_string_equal(said.lines[i], "uno0: 1\n");
}

static void
log_hostile_text(void)
{
	unsetenv("JOURNAL_STREAM");
	log_open(false, LOG_LEVEL_INFO);
	log_info("uno0: %s", "a\nb\r\tc\x1b[31md\x7f\x01.");
	log_info("uno0: %s", "\xc3\xa4%s%n");
}

static void
control_characters_become_question_marks(void **state)
{
	struct said said;

	(void)state;
	run(log_hostile_text, &said);
	assert_int_equal(said.n, 2);
	assert_string_equal(said.lines[0], "uno0: a?b??c?[31md??.\n");
	assert_string_equal(said.lines[1], "uno0: \xc3\xa4%s%n\n");
}

static void
log_too_much(void)
{
	char longer[4000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	set_journal_stream(0);
	log_open(false, LOG_LEVEL_INFO);
	log_info("uno0: %s", longer);
	log_info("uno0: next");
}

static void
a_line_that_is_too_long_is_cut_and_ended(void **state)
{
	struct said said;

	(void)state;
	run(log_too_much, &said);
	assert_int_equal(said.n, 2);
	assert_memory_equal(said.lines[0], "<6>uno0: xxx", 12);
	assert_in_range(strlen(said.lines[0]), 1000, 1100);
	assert_string_equal(strchr(said.lines[0], '\n'), "\n");
	assert_string_equal(said.lines[1], "<6>uno0: next\n");
}

static void
log_to_nobody(void)
{
	close(STDERR_FILENO);
	log_open(false, LOG_LEVEL_INFO);
	say_at_every_level();
}

static void
a_closed_stderr_is_no_harm(void **state)
{
	struct said said;

	(void)state;
	run(log_to_nobody, &said);
	assert_int_equal(said.n, 0);
}

/* How many of n lines in a row may be logged. */
static unsigned
take(struct log_bucket *b, int64_t now_ms, unsigned n)
{
	unsigned suppressed, taken = 0;

	for (unsigned i = 0; i < n; i++)
		taken += log_bucket_take(b, now_ms, &suppressed);
	return taken;
}

static void
a_burst_is_let_through_and_no_more(void **state)
{
	struct log_bucket b = { 0 };

	(void)state;
	assert_int_equal(take(&b, 1000000, 100), LOG_BUCKET_BURST);
	assert_int_equal(take(&b, 1000000 + LOG_BUCKET_REFILL_MS - 1, 100), 0);
}

static void
afterwards_one_line_comes_at_a_time(void **state)
{
	struct log_bucket b = { 0 };
	int64_t now_ms = 1000000;

	(void)state;
	take(&b, now_ms, 100);
	for (int i = 0; i < 20; i++) {
		now_ms += LOG_BUCKET_REFILL_MS;
		assert_int_equal(take(&b, now_ms, 100), 1);
	}
}

static void
what_is_left_of_a_wait_counts_for_the_next(void **state)
{
	struct log_bucket b = { 0 };

	(void)state;
	take(&b, 0, LOG_BUCKET_BURST);
	assert_int_equal(take(&b, LOG_BUCKET_REFILL_MS * 3 / 2, 2), 1);
	assert_int_equal(take(&b, LOG_BUCKET_REFILL_MS * 2 - 1, 1), 0);
	assert_int_equal(take(&b, LOG_BUCKET_REFILL_MS * 2, 2), 1);
}

static void
after_a_long_silence_a_burst_is_let_through_again(void **state)
{
	struct log_bucket b = { 0 };
	int64_t long_ms = (int64_t)LOG_BUCKET_BURST * LOG_BUCKET_REFILL_MS;

	(void)state;
	take(&b, 0, 100);
	assert_int_equal(take(&b, long_ms, 100), LOG_BUCKET_BURST);
	assert_int_equal(take(&b, INT64_C(1) << 60, 100), LOG_BUCKET_BURST);
}

static void
what_was_suppressed_is_told_once(void **state)
{
	struct log_bucket b = { 0 };
	unsigned suppressed = 99;

	(void)state;
	assert_true(log_bucket_take(&b, 0, &suppressed));
	assert_int_equal(suppressed, 0);
	take(&b, 0, LOG_BUCKET_BURST - 1);
	for (int i = 0; i < 7; i++) {
		assert_false(log_bucket_take(&b, 1, &suppressed));
		assert_int_equal(suppressed, 0);
	}
	assert_true(log_bucket_take(&b, LOG_BUCKET_REFILL_MS, &suppressed));
	assert_int_equal(suppressed, 7);
	assert_true(log_bucket_take(&b, 2 * LOG_BUCKET_REFILL_MS, &suppressed));
	assert_int_equal(suppressed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_has_to_be_opened_to_log_up_to_info),
		cmocka_unit_test(the_journal_gets_priorities),
		cmocka_unit_test(whatever_is_not_the_journal_gets_none),
		cmocka_unit_test(control_characters_become_question_marks),
		cmocka_unit_test(a_line_that_is_too_long_is_cut_and_ended),
		cmocka_unit_test(a_closed_stderr_is_no_harm),
		cmocka_unit_test(a_burst_is_let_through_and_no_more),
		cmocka_unit_test(afterwards_one_line_comes_at_a_time),
		cmocka_unit_test(what_is_left_of_a_wait_counts_for_the_next),
		cmocka_unit_test(
		    after_a_long_silence_a_burst_is_let_through_again),
		cmocka_unit_test(what_was_suppressed_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

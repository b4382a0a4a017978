/* Reloads of a real file by a real child, with a link that has no kernel. */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake/fake.h"
#include "router/links.h"
#include "router/reload.h"
#include "router/state.h"

#define DEADLINE_MS 20000

/* What was told, of the last answer. */
struct told {
	int n;
	enum reload_outcome outcome;
	enum reload_cause cause;
	struct error error, refused;
	size_t n_mistakes, n_warnings;
	unsigned first_line;
	char first[128];
	enum plan_change change; /* of the first link */
	char key[64];
	unsigned confirm_s;
};

struct fixture {
	char dir[64], file[128], place[128];
	struct event_base *base;
	struct netif *netif;
	struct links *links;
	struct reload *reload;
	struct told asked, all;
	bool told; /* since somebody who asked was */
};

static void
take(struct told *t, const struct reload_answer *a)
{
	*t = (struct told){ .n = t->n + 1,
		.outcome = a->outcome,
		.cause = a->cause,
		.error = a->error,
		.confirm_s = a->confirm_s };
	for (size_t i = 0; i < a->n_complaints; i++) {
		const struct reload_complaint *c = &a->complaints[i];

		*(c->warning ? &t->n_warnings : &t->n_mistakes) += 1;
		if (i > 0)
			continue;
		t->first_line = c->line;
		snprintf(t->first, sizeof(t->first), "%s", c->text);
	}
	if (!a->plan || a->plan->n_links == 0)
		return;
	t->change = a->plan->links[0].change;
	t->refused = a->plan->links[0].refused;
	if (a->plan->links[0].keys.n > 0)
		snprintf(t->key, sizeof(t->key), "%s",
		    a->plan->links[0].keys.names[0]);
}

static void
on_answer(const struct reload_answer *a, void *arg)
{
	struct fixture *f = arg;

	/* All are told first. */
	assert_true(f->told);
	f->told = false;
	take(&f->asked, a);
}

static void
on_told(const struct reload_answer *a, void *arg)
{
	struct fixture *f = arg;

	f->told = true;
	take(&f->all, a);
}

static void
on_changed(struct link *l, void *arg)
{
	(void)l;
	(void)arg;
}

static void
write_text(struct fixture *f, const char *text)
{
	FILE *out = fopen(f->file, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void
write_mtu(struct fixture *f, unsigned mtu)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "links: (\n{ name = \"a\";\n"
	    "port: { device = \"/dev/null\"; baud = 115200; };\n"
	    "interface: { name = \"test-reload\"; mtu = %u; };\n} );\n",
	    mtu);
	write_text(f, text);
}

static void
make(struct fixture *f, const char *file)
{
	struct error err;
	struct conf *conf = conf_read(f->file, NULL, NULL, &err);
	struct link_env env = {
		.base = f->base, .netif = f->netif, .changed = on_changed
	};
	struct reload_env reload_env = {
		.base = f->base, .file = file, .told = on_told, .arg = f
	};

	assert_non_null(conf);
	f->links = links_new(&env, conf, &err);
	assert_non_null(f->links);
	reload_env.links = f->links;
	f->reload = reload_new(&reload_env, conf, &err);
	assert_non_null(f->reload);
	conf_free(conf);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err;

	if (!f)
		return -1;
	strcpy(f->dir, "/tmp/test_reload-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->file, sizeof(f->file), "%s/x.conf", f->dir);
	snprintf(f->place, sizeof(f->place), "%s/state", f->dir);
	setenv("STATE_DIRECTORY", f->place, 1);
	memset(&fake_interface, 0, sizeof(fake_interface));
	memset(&fake_pump, 0, sizeof(fake_pump));
	f->base = event_base_new();
	f->netif = netif_new(&err);
	write_mtu(f, 500);
	make(f, f->file);
	*state = f;
	return f->netif ? 0 : -1;
}

static void
serve(struct fixture *f)
{
	struct timeval step = { .tv_usec = 2000 };

	event_base_loopexit(f->base, &step);
	event_base_dispatch(f->base);
	reload_reap(f->reload);
}

static void
end_links(struct fixture *f)
{
	links_stop(f->links);
	fake_pump.dead = true;
	links_reap(f->links);
	assert_true(links_are_down(f->links));
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[256];

	reload_stop(f->reload);
	end_links(f);
	reload_free(f->reload);
	links_free(f->links);
	netif_free(f->netif);
	event_base_free(f->base);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* Serves until so many answers were told in all. */
static void
await(struct fixture *f, int n)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	while (f->all.n < n && clock_ms() < deadline_ms)
		serve(f);
	assert_true(f->all.n >= n);
}

static void
reload(struct fixture *f, unsigned confirm_s)
{
	int n = f->all.n;

	reload_start(f->reload, confirm_s, on_answer, f);
	await(f, n + 1);
}

static unsigned
mtu(const struct fixture *f)
{
	return reload_conf(f->reload)->links[0].netif.mtu;
}

static bool
state_is_there(const struct fixture *f)
{
	struct state state;

	state_init(&state, f->file);
	return access(state.path, F_OK) == 0;
}

static void
takes_what_has_changed(void **state)
{
	struct fixture *f = *state;

	write_mtu(f, 501);
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(f->asked.cause, RELOAD_ASKED);
	assert_int_equal(f->asked.change, PLAN_LIVE);
	assert_string_equal(f->asked.key, "interface.mtu");
	assert_int_equal(mtu(f), 501);
	assert_int_equal(reload_confirm_left_ms(f->reload), -1);
	assert_false(state_is_there(f));
	reload(f, 0);
	assert_int_equal(f->asked.change, PLAN_UNCHANGED);
}

static void
tells_every_mistake_and_changes_nothing(void **state)
{
	struct fixture *f = *state;

	write_text(f,
	    "links: (\n{ name = \"a\";\nport: { device = \"x\"; baud = 7; };\n"
	    "interface: { mtu = 501; mtv = 3; };\n} );\n");
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_INVALID);
	assert_int_equal(f->asked.n_mistakes, 3);
	assert_int_equal(f->asked.first_line, 3);
	assert_non_null(strstr(f->asked.first, "links[0].port."));
	assert_non_null(strstr(f->asked.error.text, "3 mistakes"));
	assert_int_equal(mtu(f), 500);
	assert_int_equal(fake_interface.changed, 0);
	write_text(f, "links: (\n");
	reload(f, 60);
	assert_int_equal(f->asked.outcome, RELOAD_INVALID);
	assert_false(state_is_there(f));
}

static void
tells_warnings_besides(void **state)
{
	struct fixture *f = *state;

	write_text(f,
	    "links: ( { name = \"a\"; port: { device = \"/dev/null\"; baud = "
	    "115200; };\ninterface: { name = \"test-reload\"; routes = ( "
	    "\"10.0.0.0/8\", \"10.0.0.0/8\" ); }; } );\n");
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(f->asked.n_mistakes, 0);
	assert_int_equal(f->asked.n_warnings, 1);
	assert_int_equal(f->asked.first_line, 2);
}

static void
a_file_that_is_gone_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(unlink(f->file), 0);
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_FAILED);
	assert_int_equal(f->asked.error.code, ENOENT);
	assert_int_equal(mkfifo(f->file, 0600), 0);
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_FAILED);
	assert_int_equal(mtu(f), 500);
}

static void
is_busy_while_it_reads(void **state)
{
	struct fixture *f = *state;
	struct error err;

	reload_start(f->reload, 0, on_answer, f);
	assert_int_equal(f->all.n, 0);
	reload_start(f->reload, 0, on_answer, f);
	assert_int_equal(f->all.n, 1);
	assert_int_equal(f->asked.outcome, RELOAD_BUSY);
	reload_undo(f->reload, on_answer, f);
	assert_int_equal(f->asked.outcome, RELOAD_BUSY);
	assert_int_equal(reload_confirm(f->reload, &err), -1);
	assert_int_equal(err.code, EBUSY);
	await(f, 3);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
}

static void
reads_again_for_a_signal_that_came_meanwhile(void **state)
{
	struct fixture *f = *state;

	reload_start(f->reload, 0, NULL, NULL);
	write_mtu(f, 502);
	for (int i = 0; i < 5; i++)
		reload_start(f->reload, 0, NULL, NULL);
	await(f, 2);
	assert_int_equal(mtu(f), 502);
	for (int i = 0; i < 20; i++)
		serve(f);
	assert_int_equal(f->all.n, 2);
}

static void
comes_back_by_itself_without_a_confirm(void **state)
{
	struct fixture *f = *state;

	write_mtu(f, 503);
	reload(f, 1);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(f->asked.confirm_s, 1);
	/* Unless the second is over already. */
	if (f->all.n == 1) {
		assert_int_equal(mtu(f), 503);
		assert_in_range(reload_confirm_left_ms(f->reload), 0, 1000);
	}
	assert_true(state_is_there(f));
	await(f, 2);
	assert_int_equal(f->asked.n, 1);
	assert_int_equal(f->all.outcome, RELOAD_APPLIED);
	assert_int_equal(f->all.cause, RELOAD_TIMEOUT);
	assert_int_equal(mtu(f), 500);
	assert_int_equal(reload_confirm_left_ms(f->reload), -1);
	/* A restart is not to take it, either. */
	assert_true(state_is_there(f));
	reload(f, 0);
	assert_int_equal(mtu(f), 503);
	assert_false(state_is_there(f));
}

static void
stays_once_it_is_confirmed(void **state)
{
	struct fixture *f = *state;
	struct error err;

	assert_int_equal(reload_confirm(f->reload, &err), -1);
	assert_int_equal(err.code, ENOENT);
	write_mtu(f, 504);
	reload(f, 2);
	assert_int_equal(reload_confirm(f->reload, &err), 0);
	assert_int_equal(reload_confirm_left_ms(f->reload), -1);
	assert_false(state_is_there(f));
	for (int64_t end_ms = clock_ms() + 2200; clock_ms() < end_ms;)
		serve(f);
	assert_int_equal(f->all.n, 1);
	assert_int_equal(mtu(f), 504);
	assert_int_equal(reload_confirm(f->reload, &err), -1);
}

static void
comes_back_at_once_where_it_is_undone(void **state)
{
	struct fixture *f = *state;

	reload_undo(f->reload, on_answer, f);
	assert_int_equal(f->asked.outcome, RELOAD_REFUSED);
	write_mtu(f, 505);
	reload(f, 600);
	assert_int_equal(mtu(f), 505);
	reload_undo(f->reload, on_answer, f);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(f->asked.cause, RELOAD_UNDONE);
	assert_string_equal(f->asked.key, "interface.mtu");
	assert_int_equal(mtu(f), 500);
	assert_true(state_is_there(f));
	reload_undo(f->reload, on_answer, f);
	assert_int_equal(f->asked.outcome, RELOAD_REFUSED);
}

static void
several_with_a_confirm_go_back_to_the_last_confirmed_one(void **state)
{
	struct fixture *f = *state;

	write_mtu(f, 506);
	reload(f, 600);
	write_mtu(f, 507);
	/* Nobody is to lose the way back by accident. */
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_BUSY);
	reload(f, 700);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(mtu(f), 507);
	assert_true(reload_confirm_left_ms(f->reload) > 600000);
	write_text(f, "links = 1;\n");
	reload(f, 700);
	assert_int_equal(f->asked.outcome, RELOAD_INVALID);
	assert_int_equal(mtu(f), 507);
	reload_undo(f->reload, NULL, NULL);
	assert_int_equal(mtu(f), 500);
}

static void
the_time_of_one_ends_the_reading_of_the_next(void **state)
{
	struct fixture *f = *state;
	int64_t end_ms, deadline_ms;

	write_mtu(f, 508);
	reload(f, 1);
	end_ms = clock_ms() + 1200;
	deadline_ms = clock_ms() + DEADLINE_MS;
	/* Not served, and so neither read nor timed. */
	reload_start(f->reload, 600, on_answer, f);
	while (clock_ms() < end_ms)
		usleep(10000);
	while (f->all.cause != RELOAD_TIMEOUT &&
	    reload_confirm_left_ms(f->reload) < 2000 &&
	    clock_ms() < deadline_ms)
		serve(f);
	/* Which of the two the loop sees first is open. */
	if (f->all.cause == RELOAD_TIMEOUT) {
		assert_int_equal(f->asked.outcome, RELOAD_BUSY);
		assert_int_equal(mtu(f), 500);
		assert_int_equal(reload_confirm_left_ms(f->reload), -1);
	} else {
		assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
		assert_int_equal(mtu(f), 508);
	}
}

static void
without_a_place_for_the_state_there_is_no_confirm(void **state)
{
	struct fixture *f = *state;
	FILE *out = fopen(f->place, "w");

	assert_non_null(out);
	fclose(out);
	write_mtu(f, 509);
	reload(f, 60);
	assert_int_equal(f->asked.outcome, RELOAD_REFUSED);
	assert_non_null(strstr(f->asked.error.text, f->place));
	assert_int_equal(mtu(f), 500);
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(mtu(f), 509);
}

static void
refuses_what_cannot_be(void **state)
{
	struct fixture *f = *state;

	reload(f, RELOAD_CONFIRM_MAX_S + 1);
	assert_int_equal(f->asked.outcome, RELOAD_REFUSED);
	reload_free(f->reload);
	end_links(f);
	links_free(f->links);
	make(f, NULL);
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_REFUSED);
	assert_non_null(strstr(f->asked.error.text, "command line"));
	reload_stop(f->reload);
	reload(f, 0);
	assert_int_not_equal(f->asked.outcome, RELOAD_APPLIED);
}

static void
who_went_away_is_not_answered(void **state)
{
	struct fixture *f = *state;

	write_mtu(f, 510);
	reload_start(f->reload, 0, on_answer, f);
	reload_forget(f->reload, &f->asked);
	reload_forget(f->reload, f);
	await(f, 1);
	assert_int_equal(f->asked.n, 0);
	assert_int_equal(mtu(f), 510);
}

static void
nothing_is_applied_at_the_end(void **state)
{
	struct fixture *f = *state;

	write_mtu(f, 511);
	reload_start(f->reload, 0, on_answer, f);
	reload_stop(f->reload);
	for (int i = 0; i < 50; i++)
		serve(f);
	assert_int_equal(f->all.n, 0);
	assert_int_equal(mtu(f), 500);
}

static void
run_until_up(struct fixture *f)
{
	int64_t deadline_ms = clock_ms() + DEADLINE_MS;

	links_start(f->links);
	fake_pump_says(PUMP_OPENED, 0, "");
	while (
	    links_at(f->links, 0)->state != LINK_UP && clock_ms() < deadline_ms)
		serve(f);
	assert_int_equal(links_at(f->links, 0)->state, LINK_UP);
}

static void
a_running_pump_is_told_what_it_takes_live(void **state)
{
	struct fixture *f = *state;

	run_until_up(f);
	write_mtu(f, 512);
	reload(f, 0);
	assert_int_equal(fake_interface.changed, 1);
	assert_int_equal(fake_pump.set, 1);
	assert_int_equal(fake_pump.live.mtu, 512);
	assert_int_equal(fake_pump.stopped, 0);
	/* What has not changed is not told. */
	reload(f, 0);
	assert_int_equal(fake_interface.changed, 1);
	assert_int_equal(fake_pump.set, 1);
}

static void
what_the_kernel_refuses_stays_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct link *l = links_at(f->links, 0);

	run_until_up(f);
	assert_null(link_degraded(l));
	write_mtu(f, 513);
	fake_interface.refusal = "no such thing";
	for (int i = 1; i < 3; i++) {
		reload(f, 0);
		assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
		assert_int_equal(f->asked.change, PLAN_LIVE);
		assert_string_equal(f->asked.refused.text, "no such thing");
		assert_int_equal(fake_interface.undone, i);
		assert_int_equal(fake_pump.set, 0);
		assert_int_equal(mtu(f), 500);
		assert_ptr_equal(l->conf, &reload_conf(f->reload)->links[0]);
		assert_string_equal(link_degraded(l)->text, "no such thing");
	}
	fake_interface.refusal = NULL;
	reload(f, 0);
	assert_int_equal(mtu(f), 513);
	assert_int_equal(fake_pump.live.mtu, 513);
	assert_null(link_degraded(l));
}

static void
an_undo_of_what_was_refused_has_nothing_to_do(void **state)
{
	struct fixture *f = *state;

	run_until_up(f);
	write_mtu(f, 514);
	fake_interface.refusal = "no such thing";
	reload(f, 600);
	fake_interface.refusal = NULL;
	reload_undo(f->reload, on_answer, f);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(f->asked.change, PLAN_UNCHANGED);
	assert_int_equal(mtu(f), 500);
	assert_null(link_degraded(links_at(f->links, 0)));
}

static void
a_reader_that_dies_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char path[64];
	int tries = 0;
	pid_t last = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	do {
		FILE *in;

		write_mtu(f, 600 + tries);
		reload_start(f->reload, 0, on_answer, f);
		in = fopen(path, "r");
		/* A kernel that does not say whose children are whose. */
		if (!in)
			break;
		/* Those before may be there, not reaped. */
		for (int pid = 0; fscanf(in, "%d", &pid) == 1;)
			last = pid;
		fclose(in);
		if (last > 1)
			kill(last, SIGKILL);
		await(f, ++tries);
	} while (f->asked.outcome == RELOAD_APPLIED && tries < 200);
	if (tries == 0)
		await(f, 1);
	else
		assert_int_equal(f->asked.outcome, RELOAD_FAILED);
	/* And the next one does. */
	write_mtu(f, 900);
	reload(f, 0);
	assert_int_equal(f->asked.outcome, RELOAD_APPLIED);
	assert_int_equal(mtu(f), 900);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_what_has_changed),
		TEST(tells_every_mistake_and_changes_nothing),
		TEST(tells_warnings_besides),
		TEST(a_file_that_is_gone_changes_nothing),
		TEST(is_busy_while_it_reads),
		TEST(reads_again_for_a_signal_that_came_meanwhile),
		TEST(comes_back_by_itself_without_a_confirm),
		TEST(stays_once_it_is_confirmed),
		TEST(comes_back_at_once_where_it_is_undone),
		TEST(several_with_a_confirm_go_back_to_the_last_confirmed_one),
		TEST(the_time_of_one_ends_the_reading_of_the_next),
		TEST(without_a_place_for_the_state_there_is_no_confirm),
		TEST(refuses_what_cannot_be),
		TEST(who_went_away_is_not_answered),
		TEST(nothing_is_applied_at_the_end),
		TEST(a_running_pump_is_told_what_it_takes_live),
		TEST(what_the_kernel_refuses_stays_as_it_was),
		TEST(an_undo_of_what_was_refused_has_nothing_to_do),
		TEST(a_reader_that_dies_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

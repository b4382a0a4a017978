/* The last confirmed configuration, kept and found again. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "router/state.h"

#define CONFIRMED \
	"user = 7; control: { path = \"/old\"; }; links: ( { name = \"a\"; port: { device = \"/dev/a\"; " \
	"baud = 9600; }; } );"
#define NOW "user = 9; control: { path = \"/now\"; }; links: ( );"
#define SOURCES "/etc/x.conf\n4\n#abc"

struct fixture {
	char dir[64];
	char place[80]; /* below dir, does not exist */
	struct state state;
	struct conf *confirmed, *now;
	struct error err;
};

static struct conf *
parse(const char *text)
{
	struct error err;
	struct conf *conf = conf_parse_untried(text, "test", NULL, NULL, &err);

	if (!conf)
		fail_msg("%s: %s", text, err.text);
	return conf;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->dir, "/tmp/test_state-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->place, sizeof(f->place), "%s/state", f->dir);
	setenv("STATE_DIRECTORY", f->place, 1);
	state_init(&f->state, "/etc/x.conf");
	f->confirmed = parse(CONFIRMED);
	f->now = parse(NOW);
	*state = f;
	return 0;
}

static size_t
count_files(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n < 2 ? 0 : n - 2;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->state.path);
	rmdir(f->place);
	unlink(f->place);
	rmdir(f->dir);
	conf_free(f->confirmed);
	conf_free(f->now);
	free(f);
	return 0;
}

static struct conf *
recall(struct fixture *f, const char *sources)
{
	f->err.code = -1;
	return state_recall(
	    &f->state, sources, strlen(sources), f->now, &f->err);
}

static void
keep(struct fixture *f)
{
	if (state_keep(
		&f->state, SOURCES, strlen(SOURCES), f->confirmed, &f->err) < 0)
		fail_msg("%s", f->err.text);
}

static void
each_file_has_a_state_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct state a, b;
	char cwd[PATH_MAX];

	state_init(&a, "/etc/x.conf");
	assert_string_equal(a.path, f->state.path);
	state_init(&b, "/etc/serial-router/x.conf");
	assert_string_not_equal(a.path, b.path);
	assert_memory_equal(a.path, f->place, strlen(f->place));
	state_init(&b, "x.conf");
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_memory_equal(b.file, cwd, strlen(cwd));
	state_init(&a, "./x.conf");
	assert_string_equal(a.path, b.path);
}

static void
takes_odd_and_long_names(void **state)
{
	char name[1000];
	struct state a;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[500] = '/';
	name[sizeof(name) - 1] = '\0';
	state_init(&a, name);
	assert_true(strlen(strrchr(a.path, '/')) < NAME_MAX);
	state_init(&a, "/etc/a b\n$(c).conf");
	assert_null(strpbrk(strrchr(a.path, '/'), " \n$()"));
	state_init(&a, "/");
	assert_non_null(strstr(a.path, ".unconfirmed"));
}

static void
without_systemd_it_is_in_a_usual_place(void **state)
{
	struct state a;

	(void)state;
	unsetenv("STATE_DIRECTORY");
	state_init(&a, "/etc/x.conf");
	assert_memory_equal(a.path, LOCALSTATEDIR "/lib/serial-router/",
	    strlen(LOCALSTATEDIR "/lib/serial-router/"));
	setenv("STATE_DIRECTORY", "/run/first:/run/second", 1);
	state_init(&a, "/etc/x.conf");
	assert_memory_equal(a.path, "/run/first/", strlen("/run/first/"));
}

static void
gives_back_what_was_confirmed(void **state)
{
	struct fixture *f = *state;
	struct conf *conf;
	struct stat st;

	assert_null(recall(f, SOURCES));
	assert_int_equal(f->err.code, 0);
	keep(f);
	assert_int_equal(stat(f->state.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_files(f->place), 1);
	conf = recall(f, SOURCES);
	assert_non_null(conf);
	assert_int_equal(conf->n_links, 1);
	assert_string_equal(conf->links[0].port.device, "/dev/a");
	/* The state is not to say whom root becomes. */
	assert_int_equal(conf->user, 9);
	assert_string_equal(conf->control.path, "/now");
	conf_free(conf);
}

static void
only_while_the_files_are_the_same_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct state other;

	keep(f);
	assert_null(recall(f, "/etc/x.conf\n4\n#abd"));
	assert_int_equal(f->err.code, 0);
	assert_null(recall(f, "/etc/x.conf\n5\n#abc\n"));
	assert_null(recall(f, "/etc/x.conf\n3\n#ab"));
	assert_null(recall(f, ""));
	assert_int_equal(f->err.code, 0);
	/* One whose name has the same sum would not be taken either. */
	state_init(&other, "/etc/y.conf");
	strcpy(other.path, f->state.path);
	assert_null(
	    state_recall(&other, SOURCES, strlen(SOURCES), f->now, &f->err));
	assert_int_equal(f->err.code, 0);
}

static void
the_last_one_counts_and_none_after_a_drop(void **state)
{
	struct fixture *f = *state;
	struct conf *conf;

	keep(f);
	assert_int_equal(state_keep(&f->state, "other", 5, f->now, &f->err), 0);
	assert_null(recall(f, SOURCES));
	conf = recall(f, "other");
	assert_non_null(conf);
	conf_free(conf);
	assert_int_equal(state_drop(&f->state, &f->err), 0);
	assert_null(recall(f, "other"));
	assert_int_equal(f->err.code, 0);
	assert_int_equal(state_drop(&f->state, &f->err), 0);
}

static void
a_directory_that_cannot_be_had_is_told_with_the_remedy(void **state)
{
	struct fixture *f = *state;

	setenv("STATE_DIRECTORY", "/proc/nowhere", 1);
	state_init(&f->state, "/etc/x.conf");
	assert_int_equal(state_keep(&f->state, "", 0, f->now, &f->err), -1);
	assert_non_null(strstr(f->err.text, "install -d -m 700 -o "));
	assert_non_null(strstr(f->err.text, " /proc/nowhere"));
	setenv("STATE_DIRECTORY", "/dev/null", 1);
	state_init(&f->state, "/etc/x.conf");
	assert_int_equal(state_keep(&f->state, "", 0, f->now, &f->err), -1);
	assert_null(recall(f, ""));
	assert_int_equal(f->err.code, 0);
	assert_int_equal(state_drop(&f->state, &f->err), 0);
}

/* As where the disk is full. */
static void
what_cannot_be_written_leaves_what_there_was(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, little = { 10, 10 };
	struct conf *conf;
	int result;

	keep(f);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	result = state_keep(&f->state, "other", 5, f->now, &f->err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(result, -1);
	assert_non_null(strstr(f->err.text, "cannot be kept in "));
	assert_int_equal(count_files(f->place), 1);
	conf = recall(f, SOURCES);
	assert_non_null(conf);
	conf_free(conf);
}

static void
what_is_not_ours_is_not_taken(void **state)
{
	struct fixture *f = *state;
	FILE *out;

	keep(f);
	assert_int_equal(chmod(f->state.path, 0620), 0);
	assert_null(recall(f, SOURCES));
	assert_int_equal(f->err.code, EINVAL);
	assert_int_equal(unlink(f->state.path), 0);
	assert_int_equal(symlink("/dev/zero", f->state.path), 0);
	assert_null(recall(f, SOURCES));
	assert_int_equal(f->err.code, ELOOP);
	assert_int_equal(unlink(f->state.path), 0);
	assert_int_equal(mkfifo(f->state.path, 0600), 0);
	assert_null(recall(f, SOURCES));
	assert_int_equal(f->err.code, EINVAL);
	assert_int_equal(unlink(f->state.path), 0);
	out = fopen(f->state.path, "w");
	assert_non_null(out);
	fputs("anything", out);
	fclose(out);
	assert_null(recall(f, SOURCES));
	assert_int_equal(f->err.code, 0);
}

static void
half_of_it_is_none(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	keep(f);
	assert_int_equal(stat(f->state.path, &st), 0);
	for (off_t size = st.st_size - 2; size > 0; size -= 7) {
		assert_int_equal(truncate(f->state.path, size), 0);
		assert_null(recall(f, SOURCES));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_file_has_a_state_of_its_own),
		TEST(takes_odd_and_long_names),
		TEST(without_systemd_it_is_in_a_usual_place),
		TEST(gives_back_what_was_confirmed),
		TEST(only_while_the_files_are_the_same_byte_for_byte),
		TEST(the_last_one_counts_and_none_after_a_drop),
		TEST(a_directory_that_cannot_be_had_is_told_with_the_remedy),
		TEST(what_cannot_be_written_leaves_what_there_was),
		TEST(what_is_not_ours_is_not_taken),
		TEST(half_of_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

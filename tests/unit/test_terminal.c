#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "os/terminal.h"

static char classes[] = "/tmp/test_terminal.XXXXXX";
static struct error err;

static void
write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", classes, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* A class directory with a console of two terminals. */
static int
make_classes(void **state)
{
	static const char *const dirs[] = { "console", "tty0", "ttyS0",
		"ttyS1" };
	char path[PATH_MAX];

	(void)state;
	if (!mkdtemp(classes))
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", classes, dirs[i]);
		if (mkdir(path, 0755) < 0)
			return -1;
	}
	write_file("console/active", "tty0 ttyS0\n");
	write_file("tty0/dev", "4:0\n");
	write_file("ttyS0/dev", "4:64\n");
	write_file("ttyS1/dev", "4:65\n");
	return 0;
}

static int
remove_classes(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", classes);
	return system(command);
}

static void
the_kernels_console_is_refused_by_its_number(void **state)
{
	(void)state;
	/* Whatever the node is called. */
	assert_int_equal(
	    terminal_refuse_console("/dev/uno", makedev(4, 64), classes, &err),
	    -1);
	assert_int_equal(err.code, EBUSY);
	assert_string_equal(err.text,
	    "port /dev/uno is the kernel's console (console=ttyS0 on the "
	    "kernel command line): its messages would go to the line");
	assert_int_equal(
	    terminal_refuse_console("/dev/tty0", makedev(4, 0), classes, &err),
	    -1);
}

static void
other_terminals_are_not(void **state)
{
	(void)state;
	assert_int_equal(terminal_refuse_console(
			     "/dev/ttyS1", makedev(4, 65), classes, &err),
	    0);
	assert_int_equal(terminal_refuse_console(
			     "/dev/ttyS0", makedev(188, 0), classes, &err),
	    0);
}

static void
no_list_of_consoles_refuses_nothing(void **state)
{
	(void)state;
	assert_int_equal(terminal_refuse_console("/dev/ttyS0", makedev(4, 64),
			     "/nonexistent", &err),
	    0);
	write_file("console/active", "");
	assert_int_equal(terminal_refuse_console(
			     "/dev/ttyS0", makedev(4, 64), classes, &err),
	    0);
	write_file("console/active", "gone0 ../../evil  ttyS1");
	assert_int_equal(terminal_refuse_console(
			     "/dev/ttyS0", makedev(4, 64), classes, &err),
	    0);
	assert_int_equal(terminal_refuse_console(
			     "/dev/ttyS1", makedev(4, 65), classes, &err),
	    -1);
	write_file("console/active", "tty0 ttyS0\n");
}

struct pty {
	int master;
	char node[64];
	dev_t rdev;
};

static void
open_pty(struct pty *p)
{
	struct stat st;

	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(p->master >= 0);
	assert_int_equal(grantpt(p->master), 0);
	assert_int_equal(unlockpt(p->master), 0);
	assert_int_equal(ptsname_r(p->master, p->node, sizeof(p->node)), 0);
	assert_int_equal(stat(p->node, &st), 0);
	p->rdev = st.st_rdev;
}

struct login {
	const char *name;
	const char *node;
	bool controlled; /* it is its terminal, not only open */
	int told, wait;
};

static void
log_in(const void *arg)
{
	const struct login *l = arg;
	char byte = 0;

	prctl(PR_SET_NAME, l->name);
	CHILD_CHECK(setsid() > 0);
	CHILD_CHECK(
	    open(l->node, O_RDWR | (l->controlled ? 0 : O_NOCTTY)) >= 0);
	CHILD_CHECK(write(l->told, &byte, 1) == 1);
	CHILD_CHECK(read(l->wait, &byte, 1) == 1);
}

/* What terminal_user() says while such a process is there. */
static bool
look(struct login *l, const struct pty *p, bool only_getty, char *text,
    size_t size, pid_t *pid)
{
	int told[2], wait[2];
	char byte;
	bool found;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	assert_int_equal(pipe2(wait, O_CLOEXEC), 0);
	l->node = p->node;
	l->told = told[1];
	l->wait = wait[0];
	*pid = child_start(log_in, l);
	close(told[1]);
	if (read(told[0], &byte, 1) != 1)
		child_assert_passed(child_wait(*pid));
	found = terminal_user(p->node, p->rdev, only_getty, text, size);
	assert_int_equal(write(wait[1], "", 1), 1);
	child_assert_passed(child_wait(*pid));
	close(told[0]);
	close(wait[0]);
	close(wait[1]);
	return found;
}

static void
a_getty_is_found_by_its_terminal(void **state)
{
	struct login l = { .name = "a) (getty", .controlled = true };
	char text[64], want[64];
	struct pty p;
	pid_t pid;

	(void)state;
	open_pty(&p);
	assert_false(terminal_user(p.node, p.rdev, true, text, sizeof(text)));
	assert_string_equal(text, "");
	l.name = "agetty";
	assert_true(look(&l, &p, true, text, sizeof(text), &pid));
	snprintf(want, sizeof(want), "agetty (pid %d)", (int)pid);
	assert_string_equal(text, want);
	assert_true(terminal_is_getty(text));
	/* A process may call itself what it likes. */
	l.name = "a) (x 1 2 3";
	assert_true(look(&l, &p, false, text, sizeof(text), &pid));
	snprintf(want, sizeof(want), "a) (x 1 2 3 (pid %d)", (int)pid);
	assert_string_equal(text, want);
	close(p.master);
}

static void
another_program_counts_only_where_it_is_asked_for(void **state)
{
	struct login l = { .name = "minicom", .controlled = true };
	char text[64];
	struct pty p;
	pid_t pid;

	(void)state;
	open_pty(&p);
	assert_false(look(&l, &p, true, text, sizeof(text), &pid));
	assert_string_equal(text, "");
	assert_true(look(&l, &p, false, text, sizeof(text), &pid));
	assert_memory_equal(text, "minicom (pid ", 13);
	assert_false(terminal_is_getty(text));
	l.controlled = false;
	assert_true(look(&l, &p, false, text, sizeof(text), &pid));
	assert_memory_equal(text, "minicom (pid ", 13);
	close(p.master);
}

static void
gettys_are_known_by_name(void **state)
{
	(void)state;
	assert_true(terminal_is_getty("agetty (pid 812)"));
	assert_true(terminal_is_getty("getty"));
	assert_true(terminal_is_getty("mgetty (pid 1)"));
	assert_true(terminal_is_getty("login (pid 1)"));
	assert_false(terminal_is_getty("loginctl (pid 1)"));
	assert_false(terminal_is_getty("bash (pid 1)"));
	assert_false(terminal_is_getty("x (agetty)"));
	assert_false(terminal_is_getty(""));
}

static void
the_unit_of_a_getty_is_named_after_the_node(void **state)
{
	char text[64];

	(void)state;
	assert_string_equal(
	    terminal_getty_unit("/dev/ttyS0", text, sizeof(text)),
	    "serial-getty@ttyS0");
	assert_string_equal(
	    terminal_getty_unit("/dev/pts/3", text, sizeof(text)),
	    "serial-getty@pts-3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_console_is_refused_by_its_number),
		cmocka_unit_test(other_terminals_are_not),
		cmocka_unit_test(no_list_of_consoles_refuses_nothing),
		cmocka_unit_test(a_getty_is_found_by_its_terminal),
		cmocka_unit_test(
		    another_program_counts_only_where_it_is_asked_for),
		cmocka_unit_test(gettys_are_known_by_name),
		cmocka_unit_test(the_unit_of_a_getty_is_named_after_the_node),
	};

	return cmocka_run_group_tests(tests, make_classes, remove_classes);
}

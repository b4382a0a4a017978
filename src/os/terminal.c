/* Who else uses a terminal. */
#include "os/terminal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "os/holder.h"

/* The first size - 1 bytes of a small file. */
static bool
read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, buf, size - 1);
	close(fd);
	buf[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* The device number of a terminal that the kernel calls name. */
static bool
number_of(const char *classes, const char *name, dev_t *rdev)
{
	char path[PATH_MAX], text[32];
	unsigned dev_major, dev_minor;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/dev", classes, name);
	if (read_text(path, text, sizeof(text)) &&
	    sscanf(text, "%u:%u", &dev_major, &dev_minor) == 2) {
		*rdev = makedev(dev_major, dev_minor);
		return true;
	}
	snprintf(path, sizeof(path), "/dev/%s", name);
	if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
		return false;
	*rdev = st.st_rdev;
	return true;
}

int
terminal_refuse_console(
    const char *node, dev_t rdev, const char *classes, struct error *err)
{
	char path[PATH_MAX], active[256];
	char *name, *rest = active;
	dev_t console;

	snprintf(path, sizeof(path), "%s/console/active", classes);
	if (!read_text(path, active, sizeof(active)))
		return 0;
	while ((name = strsep(&rest, " \n"))) {
		if (!*name || !number_of(classes, name, &console) ||
		    console != rdev)
			continue;
		return error_set(err, EBUSY,
		    "port %s is the kernel's console (console=%s on the "
		    "kernel command line): its messages would go to the line",
		    node, name);
	}
	return 0;
}

bool
terminal_is_getty(const char *user)
{
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(user, " ("), user);
	return strstr(name, "getty") || strcmp(name, "login") == 0;
}

/* As /proc/PID/stat writes the number of a controlling terminal. */
static long
encode(dev_t rdev)
{
	unsigned low = minor(rdev) & 0xff, high = minor(rdev) & ~0xffu;

	return (int)(low | major(rdev) << 8 | high << 12);
}

/* Fills name where the terminal is the process's controlling one; the name of
 * a process may have anything in it, also parentheses. */
static bool
is_controlled(const char *pid, long terminal, char *name, size_t size)
{
	char path[32], text[512];
	char *begin, *end;
	long tty;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	if (!read_text(path, text, sizeof(text)))
		return false;
	begin = strchr(text, '(');
	end = strrchr(text, ')');
	if (!begin || !end || end < begin ||
	    sscanf(end + 1, " %*c %*d %*d %*d %ld", &tty) != 1 ||
	    tty != terminal)
		return false;
	*end = '\0';
	snprintf(name, size, "%s", begin + 1);
	return true;
}

static bool
find_controlled(dev_t rdev, bool only_getty, char *buf, size_t size)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool getty = false;
	char name[32];

	if (!proc)
		return false;
	while (!getty && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    atol(entry->d_name) == getpid() ||
		    !is_controlled(
			entry->d_name, encode(rdev), name, sizeof(name)))
			continue;
		getty = terminal_is_getty(name);
		if (getty || (!only_getty && !*buf))
			snprintf(
			    buf, size, "%s (pid %.16s)", name, entry->d_name);
	}
	closedir(proc);
	return *buf;
}

bool
terminal_user(
    const char *node, dev_t rdev, bool only_getty, char *buf, size_t size)
{
	buf[0] = '\0';
	if (find_controlled(rdev, only_getty, buf, size))
		return true;
	if (!only_getty && holder_of_file(node, NULL, buf, size))
		return true;
	buf[0] = '\0';
	return false;
}

const char *
terminal_getty_unit(const char *node, char *buf, size_t size)
{
	const char *name = strncmp(node, "/dev/", 5) == 0 ? node + 5 : node;

	snprintf(buf, size, "serial-getty@%s", name);
	for (char *c = buf; *c; c++) {
		if (*c == '/')
			*c = '-';
	}
	return buf;
}

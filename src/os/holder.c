/* Who has a device or a lock that we want. */
#include "os/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A file below the directory dir, or NULL. */
static FILE *
open_stream(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

static DIR *
open_directory(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream;

	if (fd < 0)
		return NULL;
	stream = fdopendir(fd);
	if (!stream)
		close(fd);
	return stream;
}

static void
describe(const char *pid, char *buf, size_t size)
{
	char path[32], comm[32] = "a process";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = open_stream(AT_FDCWD, path);
	if (file) {
		if (fgets(comm, sizeof(comm), file))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(file);
	}
	snprintf(buf, size, "%s (pid %.16s)", comm, pid);
}

static bool
link_is(int dir, const char *path, const char *target)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(dir, path, text, sizeof(text) - 1);

	if (len < 0)
		return false;
	text[len] = '\0';
	return strcmp(text, target) == 0;
}

static bool
attached_to(int dir, const char *fd, const char *iff)
{
	char path[32], line[128], name[IFNAMSIZ + 1];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "fdinfo/%.16s", fd);
	file = open_stream(dir, path);
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "iff: %16s", name) == 1 &&
		    strcmp(name, iff) == 0;
	fclose(file);
	return found;
}

/* dir: /proc/PID. */
static bool
has_open(int dir, const char *path, const char *iff)
{
	DIR *fds = open_directory(dir, "fd");
	struct dirent *entry;
	bool found = false;
	char link[32];

	if (!fds)
		return false;
	while (!found && (entry = readdir(fds))) {
		snprintf(link, sizeof(link), "fd/%.16s", entry->d_name);
		found = link_is(dir, link, path) &&
		    (!iff || attached_to(dir, entry->d_name, iff));
	}
	closedir(fds);
	return found;
}

bool
holder_of_file(const char *path, const char *iff, char *buf, size_t size)
{
	char own_net[64] = "";
	DIR *proc = open_directory(AT_FDCWD, "/proc");
	struct dirent *entry;
	bool found = false;

	if (!proc)
		return false;
	if (readlink("/proc/self/ns/net", own_net, sizeof(own_net) - 1) < 0)
		own_net[0] = '\0';
	while (!found && (entry = readdir(proc))) {
		int dir;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    atol(entry->d_name) == getpid())
			continue;
		dir = openat(dirfd(proc), entry->d_name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		found = (!iff || link_is(dir, "ns/net", own_net)) &&
		    has_open(dir, path, iff);
		if (found)
			describe(entry->d_name, buf, size);
		close(dir);
	}
	closedir(proc);
	return found;
}

bool
holder_of_lock(int fd, char *buf, size_t size)
{
	unsigned dev_major, dev_minor;
	unsigned long long inode;
	char line[256], pid[17];
	bool found = false;
	struct stat st;
	FILE *locks;

	if (fstat(fd, &st) < 0)
		return false;
	locks = open_stream(AT_FDCWD, "/proc/locks");
	if (!locks)
		return false;
	while (!found && fgets(line, sizeof(line), locks))
		found = sscanf(line, "%*d: FLOCK %*s %*s %16s %x:%x:%llu", pid,
			    &dev_major, &dev_minor, &inode) == 4 &&
		    dev_major == major(st.st_dev) &&
		    dev_minor == minor(st.st_dev) && inode == st.st_ino;
	fclose(locks);
	if (found)
		describe(pid, buf, size);
	return found;
}

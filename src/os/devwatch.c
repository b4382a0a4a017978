/* Directories of devices, watched. */
#include "os/devwatch.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* Directories at a time: ports are in few of them. */
#define WATCHES_MAX 128

#define SYMLINKS_MAX 8

struct watch {
	int wd;
	bool wanted;
	char *directory; /* as it was asked for last, to ask once a round */
};

struct devwatch {
	int fd;
	struct watch watches[WATCHES_MAX];
	size_t n;
	int code; /* an errno value: why not all can be watched; 0: all can */
};

struct devwatch *
devwatch_new(void)
{
	struct devwatch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		w->code = errno;
	return w;
}

static void
forget(struct devwatch *w, size_t i)
{
	free(w->watches[i].directory);
	w->watches[i] = w->watches[--w->n];
}

static void
stop(struct devwatch *w)
{
	while (w->n > 0) {
		inotify_rm_watch(w->fd, w->watches[w->n - 1].wd);
		forget(w, w->n - 1);
	}
}

void
devwatch_free(struct devwatch *w)
{
	if (!w)
		return;
	stop(w);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int
devwatch_fd(const struct devwatch *w)
{
	return w->fd;
}

static void
ignored(struct devwatch *w, int wd)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->watches[i].wd == wd) {
			forget(w, i);
			return;
		}
	}
}

bool
devwatch_read(struct devwatch *w)
{
	_Alignas(struct inotify_event) char buf[4096];
	const struct inotify_event *ev;
	bool seen = false;
	ssize_t len;

	if (w->fd < 0)
		return false;
	len = read(w->fd, buf, sizeof(buf));
	for (ssize_t at = 0; at < len; at += sizeof(*ev) + ev->len) {
		ev = (const struct inotify_event *)(buf + at);
		/* Ours, or the end of a directory, which is told before. */
		if (ev->mask & IN_IGNORED)
			ignored(w, ev->wd);
		else
			seen = true;
	}
	return seen;
}

void
devwatch_begin(struct devwatch *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->watches[i].wanted = false;
}

static bool
is_wanted(const struct devwatch *w, const char *directory)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->watches[i].wanted &&
		    strcmp(w->watches[i].directory, directory) == 0)
			return true;
	}
	return false;
}

static void
keep(struct devwatch *w, int wd, const char *directory)
{
	struct watch *watch = w->watches;

	while (watch < w->watches + w->n && watch->wd != wd)
		watch++;
	if (watch < w->watches + w->n && watch->wanted)
		return;
	if (watch == w->watches + WATCHES_MAX) {
		inotify_rm_watch(w->fd, wd);
		w->code = ENOSPC;
		return;
	}
	if (watch == w->watches + w->n) {
		*watch = (struct watch){ .wd = wd };
		w->n++;
	}
	watch->wanted = true;
	if (watch->directory && strcmp(watch->directory, directory) == 0)
		return;
	free(watch->directory);
	watch->directory = strdup(directory);
	if (!watch->directory) {
		w->code = ENOMEM;
		watch->wanted = false;
	}
}

/* Cuts the last component of a path off; false: there is no other. */
static bool
cut_component(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || strcmp(path, "/") == 0)
		return false;
	if (slash == path)
		slash++;
	*slash = '\0';
	return true;
}

/* The directory that path is in, or the nearest one above that exists. */
static void
watch_directory(struct devwatch *w, const char *path)
{
	char directory[PATH_MAX];
	int wd;

	strcpy(directory, path);
	while (w->code == 0 && cut_component(directory)) {
		if (is_wanted(w, directory))
			return;
		wd = inotify_add_watch(w->fd, directory, EVENTS);
		if (wd >= 0) {
			keep(w, wd, directory);
			return;
		}
		if (errno == ENOSPC || errno == ENOMEM)
			w->code = errno;
	}
}

/* What the symbolic link at path leads to, in its place; false: it is none. */
static bool
follow(char path[PATH_MAX])
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	size_t at = 0;

	if (len <= 0)
		return false;
	target[len] = '\0';
	if (target[0] != '/')
		at = strrchr(path, '/') + 1 - path;
	if (at + len >= PATH_MAX)
		return false;
	memcpy(path + at, target, len + 1);
	return true;
}

void
devwatch_want(struct devwatch *w, const char *path)
{
	char at[PATH_MAX];

	if (w->fd < 0 || path[0] != '/' || strlen(path) >= sizeof(at))
		return;
	strcpy(at, path);
	for (int i = 0; i < SYMLINKS_MAX; i++) {
		watch_directory(w, at);
		if (!follow(at))
			return;
	}
}

int
devwatch_end(struct devwatch *w, struct error *err)
{
	for (size_t i = w->n; w->code == 0 && i-- > 0;) {
		if (w->watches[i].wanted)
			continue;
		inotify_rm_watch(w->fd, w->watches[i].wd);
		forget(w, i);
	}
	if (w->code == 0)
		return 0;
	stop(w);
	errno = w->code;
	return error_errno(err, "inotify");
}

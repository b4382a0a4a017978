/* Directories of devices, watched. */
#include "os/devwatch.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* Directories at a time: ports are in few of them. */
#define DIRECTORIES_MAX 128

#define SYMLINKS_MAX 8

/* What a directory looked like; all 0: it was not there. */
struct view {
	dev_t dev;
	ino_t ino;
	struct timespec changed;
};

struct directory {
	char *path;
	int wd; /* -1: it is not watched */
	bool wanted;
	bool again; /* it had changed at the last call */
	struct view view;
};

struct devwatch {
	int fd;
	struct directory directories[DIRECTORIES_MAX];
	size_t n;
	bool too_many; /* there are more than that */
	int code;      /* an errno value: why not all is watched; 0: all is */
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

/* Several paths may lead to one directory, and share its watch. */
static bool
is_shared(const struct devwatch *w, size_t i)
{
	for (size_t j = 0; j < w->n; j++) {
		if (j != i && w->directories[j].wd == w->directories[i].wd)
			return true;
	}
	return false;
}

static void
forget(struct devwatch *w, size_t i)
{
	struct directory *d = &w->directories[i];

	if (d->wd >= 0 && !is_shared(w, i))
		inotify_rm_watch(w->fd, d->wd);
	free(d->path);
	*d = w->directories[--w->n];
}

void
devwatch_free(struct devwatch *w)
{
	if (!w)
		return;
	while (w->n > 0)
		forget(w, w->n - 1);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int
devwatch_fd(const struct devwatch *w)
{
	return w->fd;
}

/* The kernel watches it no more. */
static void
ignored(struct devwatch *w, int wd)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->directories[i].wd == wd)
			w->directories[i].wd = -1;
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
		w->directories[i].wanted = false;
	w->too_many = false;
}

static struct view
view_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct view){ .dev = 0 };
	return (struct view){
		.dev = st.st_dev, .ino = st.st_ino, .changed = st.st_mtim
	};
}

static struct directory *
find(struct devwatch *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->directories[i].path, path) == 0)
			return &w->directories[i];
	}
	return NULL;
}

static void
keep(struct devwatch *w, int wd, const char *path)
{
	struct directory *d = find(w, path);

	if (!d && w->n < DIRECTORIES_MAX) {
		d = &w->directories[w->n];
		*d = (struct directory){ .path = strdup(path),
			.view = view_of(path) };
		w->n += d->path != NULL;
		d = d->path ? d : NULL;
	}
	if (!d) {
		w->too_many = true;
		if (wd >= 0 && w->code == 0)
			w->code = ENOSPC;
		return;
	}
	d->wd = wd;
	d->wanted = true;
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

/* A watch of that directory, again where it has one; -1: there is none to be
 * had, *gone: since it is no directory. */
static int
watch(struct devwatch *w, const char *path, bool *gone)
{
	struct stat st;
	int wd;

	if (w->code == 0) {
		wd = inotify_add_watch(w->fd, path, EVENTS);
		*gone = wd < 0 && errno != ENOSPC && errno != ENOMEM;
		if (wd < 0 && !*gone)
			w->code = errno;
		return wd;
	}
	*gone = stat(path, &st) < 0 || !S_ISDIR(st.st_mode);
	return -1;
}

/* The directory that path is in, or the nearest one above that exists. */
static void
watch_directory(struct devwatch *w, const char *path)
{
	char directory[PATH_MAX];

	strcpy(directory, path);
	while (cut_component(directory)) {
		const struct directory *d = find(w, directory);
		bool gone;
		int wd;

		if (d && d->wanted)
			return;
		wd = watch(w, directory, &gone);
		if (gone)
			continue;
		keep(w, wd, directory);
		return;
	}
}

/* What the symbolic link at path leads to, in its place.  1: it does; 0: it is
 * something else; -1: it is not there. */
static int
follow(char path[PATH_MAX])
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	size_t at = 0;

	if (len <= 0)
		return errno == EINVAL ? 0 : -1;
	target[len] = '\0';
	if (target[0] != '/')
		at = strrchr(path, '/') + 1 - path;
	if (at + len >= PATH_MAX)
		return 0;
	memcpy(path + at, target, len + 1);
	return 1;
}

bool
devwatch_want(struct devwatch *w, const char *path)
{
	char at[PATH_MAX];
	bool there = false;
	int result = 1;

	if (path[0] != '/' || strlen(path) >= sizeof(at))
		return false;
	strcpy(at, path);
	for (int i = 0; i < SYMLINKS_MAX && result > 0; i++) {
		watch_directory(w, at);
		result = follow(at);
		there = there || result >= 0;
	}
	return there;
}

int
devwatch_end(struct devwatch *w, struct error *err)
{
	for (size_t i = w->n; i-- > 0;) {
		if (!w->directories[i].wanted)
			forget(w, i);
	}
	if (w->code == 0)
		return 0;
	/* What nobody reads is not to wait in the kernel. */
	for (size_t i = 0; i < w->n; i++) {
		inotify_rm_watch(w->fd, w->directories[i].wd);
		w->directories[i].wd = -1;
	}
	errno = w->code;
	return error_errno(err, "inotify");
}

static bool
same_view(const struct view *a, const struct view *b)
{
	return a->dev == b->dev && a->ino == b->ino &&
	    a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

/* The kernel's time stamps are some milliseconds coarse: a second change may
 * have the same one, so that after a change the next call is a change, too. */
static bool
has_changed(struct directory *d)
{
	struct view now = view_of(d->path);
	bool changed = !same_view(&now, &d->view);
	bool again = d->again;

	d->view = now;
	d->again = changed;
	return changed || again;
}

bool
devwatch_changed(struct devwatch *w)
{
	bool changed = w->too_many;

	for (size_t i = 0; i < w->n; i++) {
		if (has_changed(&w->directories[i]))
			changed = true;
	}
	return changed;
}

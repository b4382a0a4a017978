/* Directories of devices. */
#include "os/devwatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a directory looked like; all 0: it was not there. */
struct look {
	dev_t dev;
	ino_t ino;
	struct timespec changed;
};

struct directory {
	char *path;
	struct look look;
	bool again; /* it changed at the last call */
};

struct devwatch {
	struct directory *directories;
	size_t n;
};

struct devwatch *
devwatch_new(struct error *err)
{
	struct devwatch *w = calloc(1, sizeof(*w));

	if (!w)
		error_set(err, ENOMEM, "no memory");
	return w;
}

void
devwatch_free(struct devwatch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++)
		free(w->directories[i].path);
	free(w->directories);
	free(w);
}

static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	if (slash == path)
		return strdup("/");
	return strndup(path, slash - path);
}

static bool
is_known(const struct devwatch *w, const char *directory)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->directories[i].path, directory) == 0)
			return true;
	}
	return false;
}

int
devwatch_add(struct devwatch *w, const char *path, struct error *err)
{
	char *directory = directory_of(path);
	struct directory *more;

	if (directory && is_known(w, directory)) {
		free(directory);
		return 0;
	}
	more = directory ? reallocarray(w->directories, w->n + 1, sizeof(*more))
			 : NULL;
	if (!more) {
		free(directory);
		return error_set(err, ENOMEM, "no memory");
	}
	w->directories = more;
	more[w->n++] = (struct directory){ .path = directory, .again = true };
	return 0;
}

static struct look
look_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct look){ .dev = 0 };
	return (struct look){
		.dev = st.st_dev, .ino = st.st_ino, .changed = st.st_mtim
	};
}

static bool
same_look(const struct look *a, const struct look *b)
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
	struct look now = look_at(d->path);
	bool changed = !same_look(&now, &d->look);
	bool again = d->again;

	d->look = now;
	d->again = changed;
	return changed || again;
}

bool
devwatch_changed(struct devwatch *w)
{
	bool changed = false;

	for (size_t i = 0; i < w->n; i++) {
		if (has_changed(&w->directories[i]))
			changed = true;
	}
	return changed;
}

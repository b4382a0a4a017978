#include "router/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 4096 /* bytes, at first */

static int
check(const struct stat *st, const char *path, struct error *err)
{
	if (S_ISDIR(st->st_mode))
		return error_set(err, EISDIR, "%s: is a directory", path);
	if (!S_ISREG(st->st_mode))
		return error_set(err, EINVAL, "%s: not a regular file", path);
	if (st->st_mode & S_IWOTH)
		return error_set(err, EINVAL,
		    "%s: everybody may write to it, which chmod o-w ends",
		    path);
	return 0;
}

/* Opening a device can have effects (a watchdog starts, a modem's DTR rises),
 * so look first; and again, for it may have been exchanged. */
static int
open_regular(const char *path, struct stat *st, struct error *err)
{
	int fd;

	if (stat(path, st) < 0)
		return error_errno(err, "open %s", path);
	if (check(st, path, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "open %s", path);
	if (fstat(fd, st) < 0)
		error_errno(err, "stat %s", path);
	else if (check(st, path, err) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Room for one more read, and a terminator. */
static int
make_room(
    struct conf_file *f, size_t *size, const char *path, struct error *err)
{
	char *bytes;

	if (f->len + 1 < *size)
		return 0;
	*size = *size ? 2 * *size : READ_SIZE;
	bytes = realloc(f->bytes, *size);
	if (!bytes)
		return error_set(err, ENOMEM, "read %s: out of memory", path);
	f->bytes = bytes;
	return 0;
}

static int
read_all(struct conf_file *f, int fd, const char *path, size_t max,
    struct error *err)
{
	size_t size = 0;

	for (;;) {
		ssize_t n;

		if (make_room(f, &size, path, err) < 0)
			return -1;
		n = read(fd, f->bytes + f->len, size - f->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read %s", path);
		f->len += n;
		f->bytes[f->len] = '\0';
		if (f->len > max)
			return error_set(
			    err, EFBIG, "%s: larger than %zu bytes", path, max);
		if (n == 0)
			return 0;
	}
}

int
conf_file_read(
    struct conf_file *f, const char *path, size_t max, struct error *err)
{
	struct stat st;
	int result;
	int fd;

	*f = (struct conf_file){ 0 };
	fd = open_regular(path, &st, err);
	if (fd < 0)
		return -1;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	result = read_all(f, fd, path, max, err);
	close(fd);
	if (result < 0)
		conf_file_clear(f);
	return result;
}

void
conf_file_clear(struct conf_file *f)
{
	free(f->bytes);
	*f = (struct conf_file){ 0 };
}

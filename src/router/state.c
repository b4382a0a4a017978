/* The last confirmed configuration. */
#include "router/state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/privilege.h"

#define MAGIC "serial-router unconfirmed 1\n"
#define END "# end\n" /* without it, something is missing */
#define NAME_SIZE 64
#define DIR_MAX (PATH_MAX - NAME_SIZE - 64)
/* More than the printed form of the largest configuration. */
#define FILE_MAX (64 * 1024 * 1024)

/* FNV-1a: names of files are told apart, nobody is kept out by it. */
static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

static void
make_absolute(char *buf, size_t size, const char *file)
{
	size_t len = 0;

	if (*file != '/' && getcwd(buf, size)) {
		len = strlen(buf);
		while (strncmp(file, "./", 2) == 0)
			file += 2;
		if (len > 1 && len + 1 < size)
			buf[len++] = '/';
	}
	snprintf(buf + len, size - len, "%s", file);
}

/* "serial-router.conf": whose it is, for people. */
static void
base_name(char *buf, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(
	    buf, NAME_SIZE, "%.*s", NAME_SIZE - 1, slash ? slash + 1 : path);
	for (; *buf; buf++) {
		if (!isalnum((unsigned char)*buf) && !strchr("._-@", *buf))
			*buf = '_';
	}
}

void
state_init(struct state *s, const char *file)
{
	const char *dir = getenv("STATE_DIRECTORY");
	char name[NAME_SIZE];

	/* systemd names several with colons between them. */
	if (!dir || *dir != '/')
		dir = LOCALSTATEDIR "/lib/serial-router";
	make_absolute(s->file, sizeof(s->file), file);
	base_name(name, s->file);
	snprintf(s->path, sizeof(s->path), "%.*s/%s-%016" PRIx64 ".unconfirmed",
	    strcspn(dir, ":") < DIR_MAX ? (int)strcspn(dir, ":") : DIR_MAX, dir,
	    name, hash(s->file));
}

/* The directory of the state's file, into buf of PATH_MAX bytes. */
static const char *
directory(const struct state *s, char *buf)
{
	snprintf(buf, PATH_MAX, "%.*s", (int)(strrchr(s->path, '/') - s->path),
	    s->path);
	return buf;
}

/* With what gives the right, where that is what is missing. */
static int
explain(const char *dir, struct error *err)
{
	char user[64];

	if (err->code != EACCES && err->code != EPERM && err->code != ENOENT)
		return error_set(err, err->code,
		    "nothing was changed: the configuration in force cannot be "
		    "kept in %.80s: %s: mend that, or reload without --confirm",
		    dir, strerror(err->code));
	snprintf(user, sizeof(user), "%s", privilege_user_name());
	return error_set(err, err->code,
	    "a reload with confirm needs a directory to keep the last "
	    "confirmed configuration in: %.80s: %s: as root: install -d -m 700 "
	    "-o %.40s %.80s",
	    dir, strerror(err->code), user, dir);
}

static int
write_all(FILE *out, const struct state *s, const char *sources, size_t len,
    const struct conf *confirmed)
{
	fprintf(out, "%s%s\n%zu\n", MAGIC, s->file, len);
	fwrite(sources, 1, len, out);
	conf_print(confirmed, out);
	fputs(END, out);
	if (fflush(out) != 0 || ferror(out))
		return -1;
	return fsync(fileno(out));
}

static int
write_file(const struct state *s, const char *path, const char *sources,
    size_t len, const struct conf *confirmed, struct error *err)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int result = 0;

	if (!out) {
		error_errno(err, "open %s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (write_all(out, s, sources, len, confirmed) < 0)
		result = error_errno(err, "write %s", path);
	if (fclose(out) != 0 && result == 0)
		result = error_errno(err, "write %s", path);
	return result;
}

static void
sync_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int
state_keep(const struct state *s, const char *sources, size_t len,
    const struct conf *confirmed, struct error *err)
{
	char dir[PATH_MAX];
	char path[PATH_MAX + 8];

	directory(s, dir);
	snprintf(path, sizeof(path), "%s.new", s->path);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		error_errno(err, "mkdir %s", dir);
		return explain(dir, err);
	}
	if (write_file(s, path, sources, len, confirmed, err) < 0) {
		unlink(path);
		return explain(dir, err);
	}
	if (rename(path, s->path) < 0) {
		error_errno(err, "rename %s", path);
		unlink(path);
		return explain(dir, err);
	}
	sync_directory(dir);
	return 0;
}

int
state_drop(const struct state *s, struct error *err)
{
	if (unlink(s->path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return error_errno(err, "remove %s", s->path);
}

static int
read_file(const struct state *s, char **bytes, size_t *len, struct error *err)
{
	struct stat st;
	int fd = open(s->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	*bytes = NULL;
	if (!in) {
		error_errno(err, "open %s", s->path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_size > FILE_MAX) {
		error_set(err, EINVAL, "%s: not a file of ours", s->path);
	} else {
		*bytes = malloc(st.st_size + 1);
		if (!*bytes)
			error_set(err, ENOMEM, "no memory");
	}
	if (*bytes) {
		*len = fread(*bytes, 1, st.st_size, in);
		(*bytes)[*len] = '\0';
	}
	fclose(in);
	return *bytes ? 0 : -1;
}

/* Past a piece that has to be next; NULL: it is not. */
static const char *
skip(const char *at, const char *end, const char *piece, size_t len)
{
	if (!at || (size_t)(end - at) < len || memcmp(at, piece, len) != 0)
		return NULL;
	return at + len;
}

/* What root does before the daemon becomes the user whose directory the state
 * is in. */
static int
fill_from_now(struct conf *conf, const struct conf *now, struct error *err)
{
	char *path = NULL;

	if (now->control.path) {
		path = strdup(now->control.path);
		if (!path)
			return error_set(err, ENOMEM, "no memory");
	}
	free(conf->control.path);
	conf->control.path = path;
	conf->user = now->user;
	conf->group = now->group;
	return 0;
}

struct conf *
state_recall(const struct state *s, const char *sources, size_t len,
    const struct conf *now, struct error *err)
{
	struct conf *conf = NULL;
	char number[32];
	const char *at, *end;
	char *bytes;
	size_t size;

	if (read_file(s, &bytes, &size, err) < 0) {
		if (err->code == ENOENT || err->code == ENOTDIR)
			err->code = 0;
		return NULL;
	}
	end = bytes + size;
	snprintf(number, sizeof(number), "\n%zu\n", len);
	at = skip(bytes, end, MAGIC, strlen(MAGIC));
	at = skip(at, end, s->file, strlen(s->file));
	at = skip(at, end, number, strlen(number));
	at = skip(at, end, sources, len);
	if (at && (size_t)(end - at) >= strlen(END) &&
	    strcmp(end - strlen(END), END) == 0)
		conf = conf_parse(at, s->path, NULL, NULL, err);
	else
		err->code = 0;
	free(bytes);
	if (conf && fill_from_now(conf, now, err) < 0) {
		conf_free(conf);
		return NULL;
	}
	if (conf)
		conf->recalled = true;
	return conf;
}

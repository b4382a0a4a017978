/* The socket in the file system, and the lock beside it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/holder.h"
#include "router/control_priv.h"

#define BACKLOG 128

/* That of the default path is made like the unit's RuntimeDirectory=. */
static void
make_directory(const char *path, const struct conf *conf)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%.*s",
	    (int)(strrchr(path, '/') - path), path);
	if (mkdir(directory, 0700) < 0)
		return;
	/* What fails here shows when the lock is opened. */
	if (conf->user != (uid_t)-1 && geteuid() == 0 &&
	    chown(directory, conf->user, (gid_t)-1) < 0)
		log_debug(
		    "serial-routerd: chown %s: %s", directory, strerror(errno));
	if (chmod(directory, 0755) < 0)
		log_debug(
		    "serial-routerd: chmod %s: %s", directory, strerror(errno));
}

/* Whatever else is there is not ours to lock. */
static int
check_lock(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return error_set(
		    err, EEXIST, "%s is no file of one name", path);
	return 0;
}

static int
explain_lock(int fd, const char *path, struct error *err)
{
	char holder[64] = "another process";

	if (errno != EWOULDBLOCK)
		return error_errno(err, "lock %s.lock", path);
	holder_of_lock(fd, holder, sizeof(holder));
	return error_set(err, EADDRINUSE, "%s is in use by %s", path, holder);
}

/* The lock lasts as long as the process; the file stays behind, since
 * removing it would take it from who waits for it. */
static int
lock(struct control_socket *s, struct error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.lock", s->path);
	s->lock = open(
	    path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (s->lock < 0 && errno == ENOENT)
		return error_set(err, ENOENT,
		    "there is no directory for %s: make it", s->path);
	if (s->lock < 0)
		return error_errno(err, "open %s", path);
	if (check_lock(s->lock, path, err) < 0)
		return -1;
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return explain_lock(s->lock, s->path, err);
	return 0;
}

/* What a daemon that was killed left behind; nothing else. */
static int
remove_stale(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(
		    err, EEXIST, "%s exists and is no socket", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, "remove the old %s", path);
	return 0;
}

/* Nobody can connect before its group is set. */
static int
bind_private(struct control_socket *s, struct error *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t old;
	int result;

	memcpy(to.sun_path, s->path, strlen(s->path));
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return error_errno(err, "socket");
	old = umask(0177);
	result = bind(s->fd, (const struct sockaddr *)&to, sizeof(to));
	umask(old);
	if (result < 0)
		return error_errno(err, "bind %s", s->path);
	if (lstat(s->path, &st) < 0)
		return error_errno(err, "%s", s->path);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	return 0;
}

/* A descriptor of what we bound, or -1: whoever may write to the directory
 * could have put something else there, which is not ours to give away. */
static int
open_ours(const struct control_socket *s, struct stat *st)
{
	int fd = open(s->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && st->st_dev == s->device &&
	    st->st_ino == s->inode)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

static int
change_owner(
    const struct control_socket *s, uid_t user, gid_t group, struct error *err)
{
	struct stat st;
	int fd = open_ours(s, &st);
	int result;

	if (fd < 0)
		return error_errno(err, "%s", s->path);
	result = fchownat(fd, "", user, group, AT_EMPTY_PATH);
	if (result < 0)
		error_errno(err, "chown %s", s->path);
	close(fd);
	return result;
}

/* What only root can give: the user that the daemon becomes, a group that he
 * is not in. */
static int
give_away(struct control_socket *s, const struct conf *conf, struct error *err)
{
	if (geteuid() != 0)
		return 0;
	if (fchown(s->lock, conf->user, (gid_t)-1) < 0)
		return error_errno(err, "chown %s.lock", s->path);
	return change_owner(s, conf->user, conf->control.group, err);
}

int
control_socket_open(
    struct control_socket *s, const struct conf *conf, struct error *err)
{
	const char *path = conf->control.path;

	*s = (struct control_socket){ .fd = -1, .lock = -1 };
	if (!path) {
		path = CONF_CONTROL_PATH;
		make_directory(path, conf);
	}
	if (strlen(path) >= sizeof(s->path))
		return error_set(err, ENAMETOOLONG, "%s is too long", path);
	strcpy(s->path, path);
	if (lock(s, err) < 0 || remove_stale(s->path, err) < 0 ||
	    bind_private(s, err) < 0 || give_away(s, conf, err) < 0) {
		control_socket_close(s);
		return -1;
	}
	if (listen(s->fd, BACKLOG) < 0) {
		error_errno(err, "listen on %s", s->path);
		control_socket_close(s);
		return -1;
	}
	return 0;
}

/* Only what we bound: somebody may have put another there. */
static void
remove_ours(const struct control_socket *s)
{
	struct stat st;

	if (lstat(s->path, &st) == 0 && st.st_dev == s->device &&
	    st.st_ino == s->inode && unlink(s->path) < 0)
		log_debug(
		    "serial-routerd: remove %s: %s", s->path, strerror(errno));
}

void
control_socket_close(struct control_socket *s)
{
	if (s->fd >= 0) {
		if (s->inode)
			remove_ours(s);
		close(s->fd);
	}
	if (s->lock >= 0)
		close(s->lock);
	s->fd = -1;
	s->lock = -1;
}

void
control_socket_set_group(struct control_socket *s, const struct conf *conf)
{
	gid_t group = control_group(conf);
	struct error err;
	struct stat st;
	int fd = open_ours(s, &st);

	if (fd < 0) {
		log_warn(
		    "serial-routerd: %s was removed: clients find it again "
		    "after a restart of the daemon",
		    s->path);
		return;
	}
	close(fd);
	if (st.st_gid != group && change_owner(s, (uid_t)-1, group, &err) < 0) {
		log_warn("serial-routerd: %s: it cannot be given to group %u "
			 "(control.group): root and user %u alone can ask",
		    err.text, group, geteuid());
		return;
	}
	if ((st.st_mode & 07777) != 0660 && chmod(s->path, 0660) < 0)
		log_warn(
		    "serial-routerd: chmod %s: %s", s->path, strerror(errno));
}

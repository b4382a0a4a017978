/* Who asks, and what he may do. */
#include "router/control_access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As many as a process can have: linux/limits.h, NGROUPS_MAX. */
#define GROUPS_MAX 65536

static int
read_groups(struct control_peer *p, int fd, struct error *err)
{
	socklen_t size = 0;

	/* The size first; of none, this succeeds. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
		return 0;
	if (errno != ERANGE || size > GROUPS_MAX * sizeof(gid_t))
		return error_errno(err, "the groups of a client");
	p->groups = malloc(size);
	if (!p->groups)
		return error_errno(err, "the groups of a client");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, p->groups, &size) < 0)
		return error_errno(err, "the groups of a client");
	p->n_groups = size / sizeof(gid_t);
	return 0;
}

int
control_peer_init(struct control_peer *p, int fd, struct error *err)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	memset(p, 0, sizeof(*p));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return error_errno(err, "the user of a client");
	p->pid = cred.pid;
	p->uid = cred.uid;
	p->gid = cred.gid;
	if (read_groups(p, fd, err) < 0) {
		control_peer_clear(p);
		return -1;
	}
	return 0;
}

void
control_peer_clear(struct control_peer *p)
{
	free(p->groups);
	p->groups = NULL;
	p->n_groups = 0;
}

gid_t
control_group(const struct conf *conf)
{
	if (conf->control.group != (gid_t)-1)
		return conf->control.group;
	if (conf->group != (gid_t)-1)
		return conf->group;
	return getegid();
}

static bool
is_member(const struct control_peer *p, gid_t group)
{
	if (p->gid == group)
		return true;
	for (size_t i = 0; i < p->n_groups; i++) {
		if (p->groups[i] == group)
			return true;
	}
	return false;
}

static bool
is_admin(const struct control_peer *p, const struct conf_control *control)
{
	for (size_t i = 0; i < control->n_admins; i++) {
		const struct conf_admin *admin = &control->admins[i];

		if (admin->is_group ? is_member(p, admin->id)
				    : p->uid == admin->id)
			return true;
	}
	return false;
}

int
control_check_access(const struct control_peer *p, enum control_right right,
    const struct conf *conf, uid_t own, struct error *err)
{
	gid_t group = control_group(conf);

	if (right == CONTROL_ANYBODY || p->uid == 0 || p->uid == own ||
	    is_admin(p, &conf->control))
		return 0;
	if (right == CONTROL_CHANGE)
		return error_set(err, EACCES,
		    "the right to change is lacking: user %u is not in "
		    "control.admins, nor is a group of his",
		    p->uid);
	if (is_member(p, group))
		return 0;
	return error_set(err, EACCES,
	    "the right to read is lacking: user %u is neither in group %u "
	    "(control.group) nor in control.admins",
	    p->uid, group);
}

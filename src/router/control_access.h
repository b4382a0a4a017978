/*
 * Who asks over the control socket, and what he may do: unix(7),
 * SO_PEERCRED, SO_PEERGROUPS.
 */
#ifndef SR_ROUTER_CONTROL_ACCESS_H
#define SR_ROUTER_CONTROL_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "router/conf.h"

enum control_right {
	CONTROL_ANYBODY, /* whoever can connect */
	CONTROL_READ,
	CONTROL_CHANGE,
};

/* As it was when it connected. */
struct control_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones */
	size_t n_groups;
};

/* -1: it is not known who that is. */
int control_peer_init(struct control_peer *p, int fd, struct error *err);
void control_peer_clear(struct control_peer *p);

/* The group that may read: the daemon's where the configuration names none. */
gid_t control_group(const struct conf *conf);

/*
 * Whether the peer has that right, under this configuration, over a daemon
 * that is the user own.  -1: it has not; the text says which right is lacking.
 * Names are not looked up, which can ask the network: users and groups are
 * numbers.
 */
int control_check_access(const struct control_peer *p, enum control_right right,
    const struct conf *conf, uid_t own, struct error *err);

#endif

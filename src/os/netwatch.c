#include "os/netwatch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* About 30 interfaces that are made at once fill the default; this is for some
 * 500. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

/* One call reads so many messages. */
#define BUDGET 64

/* More than the receive buffer can hold. */
#define BUDGET_LOST 4096

struct netwatch {
	int fd;
	bool lost; /* messages were; not told yet with an empty queue */
	uint8_t buf[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static int
open_socket(struct error *err)
{
	struct sockaddr_nl self = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int size = RECEIVE_BUFFER;
	int fd;

	fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0)
		return error_errno(err, "open rtnetlink");
	/* Beyond the system's limit it takes CAP_NET_ADMIN; with less, more
	 * is lost and looked up again. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0) {
		error_errno(err, "listen to rtnetlink");
		close(fd);
		return -1;
	}
	return fd;
}

struct netwatch *
netwatch_new(struct error *err)
{
	struct netwatch *w = calloc(1, sizeof(*w));

	if (!w) {
		error_errno(err, "rtnetlink");
		return NULL;
	}
	w->fd = open_socket(err);
	if (w->fd < 0) {
		free(w);
		return NULL;
	}
	return w;
}

void
netwatch_free(struct netwatch *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w);
}

int
netwatch_fd(const struct netwatch *w)
{
	return w->fd;
}

/* false: the message tells of something else. */
static bool
parse_event(struct nlmsghdr *hdr, struct netwatch_event *ev)
{
	const struct ifinfomsg *ifi = nlmsg_data(hdr);
	struct nlattr *name;

	if (hdr->nlmsg_type != RTM_NEWLINK && hdr->nlmsg_type != RTM_DELLINK)
		return false;
	/* A bridge tells of its ports in the same words: one that leaves it is
	 * not deleted. */
	if ((size_t)nlmsg_datalen(hdr) < sizeof(*ifi) ||
	    ifi->ifi_family != AF_UNSPEC)
		return false;
	*ev = (struct netwatch_event){
		.kind = hdr->nlmsg_type == RTM_DELLINK ? NETWATCH_DELETED
						       : NETWATCH_CHANGED,
		.index = ifi->ifi_index,
		.up = ifi->ifi_flags & IFF_UP,
	};
	name = nlmsg_find_attr(hdr, sizeof(*ifi), IFLA_IFNAME);
	if (name)
		nla_strlcpy(ev->name, name, sizeof(ev->name));
	return true;
}

static void
tell_lost(void (*event)(const struct netwatch_event *ev, void *arg), void *arg)
{
	struct netwatch_event ev = { .kind = NETWATCH_RESYNC };

	event(&ev, arg);
}

/* Returns 1 where something was read or lost, 0 where nothing waits, -1. */
static int
read_some(struct netwatch *w,
    void (*event)(const struct netwatch_event *ev, void *arg), void *arg,
    struct error *err)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)w->buf;
	struct netwatch_event ev;
	ssize_t got;
	int left;

	got = recv(w->fd, w->buf, sizeof(w->buf), MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (got < 0 && errno == EINTR)
		return 1;
	if (got < 0 && errno != ENOBUFS)
		return error_errno(err, "listen to rtnetlink");
	if (got < 0 || (size_t)got > sizeof(w->buf)) {
		w->lost = true;
		return 1;
	}
	for (left = got; nlmsg_ok(hdr, left); hdr = nlmsg_next(hdr, &left)) {
		if (parse_event(hdr, &ev))
			event(&ev, arg);
	}
	return 1;
}

/*
 * Once it has lost a message, the kernel throws away all further ones, and
 * says so no more, until the queue was read empty: a resync is good only from
 * then on.
 */
int
netwatch_read(struct netwatch *w,
    void (*event)(const struct netwatch_event *ev, void *arg), void *arg,
    struct error *err)
{
	int result = 1;

	for (int i = 0; i < (w->lost ? BUDGET_LOST : BUDGET); i++) {
		result = read_some(w, event, arg, err);
		if (result <= 0)
			break;
	}
	if (result < 0)
		return -1;
	if (w->lost)
		tell_lost(event, arg);
	if (result == 0)
		w->lost = false;
	return 0;
}

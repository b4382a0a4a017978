#include "os/netif.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/netif_priv.h"

struct netif *
netif_new(struct error *err)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	struct netif *n = calloc(1, sizeof(*n));
	int on = 1;

	if (!n) {
		error_errno(err, "rtnetlink");
		return NULL;
	}
	netif_set_owner(n, NULL);
	n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (n->fd < 0 ||
	    bind(n->fd, (struct sockaddr *)&self, sizeof(self)) < 0) {
		error_errno(err, "open rtnetlink");
		netif_free(n);
		return NULL;
	}
	/* Older kernels lack some of these; all works without them, with
	 * poorer texts and with more to read. */
	setsockopt(n->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(n->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(n->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return n;
}

void
netif_free(struct netif *n)
{
	if (!n)
		return;
	if (n->fd >= 0)
		close(n->fd);
	free(n);
}

int
netif_get(struct netif *n, const char *name, struct netif_state *state,
    struct error *err)
{
	struct netif_link link;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return error_set(
		    err, ENODEV, "%s: no name of an interface", name);
	if (netif_link_get(n, 0, name, &link, err) < 0)
		return error_prefix(err, "interface %s", name);
	*state = link.state;
	return 0;
}

int
netif_get_index(
    struct netif *n, int index, struct netif_state *state, struct error *err)
{
	struct netif_link link;

	if (netif_link_get(n, index, NULL, &link, err) < 0)
		return error_prefix(err, "interface %d", index);
	*state = link.state;
	return 0;
}

bool
netif_wants_ipv6(const struct netif_settings *s)
{
	for (size_t i = 0; i < s->n_addresses; i++) {
		if (s->addresses[i].local.family == AF_INET6)
			return true;
	}
	for (size_t i = 0; i < s->n_routes; i++) {
		if (s->routes[i].to.family == AF_INET6 ||
		    s->routes[i].via.family == AF_INET6)
			return true;
	}
	return false;
}

void
netif_job_refused(struct netif_job *job, const struct error *err)
{
	if (err->code == ENODEV)
		job->gone = true;
	if (job->refused++ == 0 && job->err)
		*job->err = *err;
}

static bool
link_exists(const struct netif_job *job)
{
	struct netif_link link;
	struct error err;

	return netif_link_get(job->netif, job->index, NULL, &link, &err) == 0 ||
	    err.code != ENODEV;
}

void
netif_job_send(struct netif_job *job, struct netif_request *r, int fine,
    const char *fmt, ...)
{
	char what[ERROR_TEXT_SIZE];
	struct error err;
	va_list ap;

	if (netif_call(job->netif, r, NULL, NULL, &err) == 0)
		return;
	if (fine && err.code == fine)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	error_prefix(&err, "%s", what);
	/* Said also of an IPv6 route where the interface has no IPv6. */
	if (err.code == ENODEV && link_exists(job))
		err.code = EAFNOSUPPORT;
	netif_job_refused(job, &err);
}

int
netif_apply(struct netif *n, int index, const struct netif_settings *s,
    bool set_up, struct error *err)
{
	struct netif_job job = {
		.netif = n,
		.index = index,
		.want = s,
		.what = NETIF_ALL,
		.err = err,
	};

	netif_apply_link(&job, set_up);
	if (!job.gone)
		netif_apply_addresses(&job);
	/* The kernel takes routes only to what is up. */
	if (!job.gone && job.up)
		netif_apply_routes(&job);
	return job.refused;
}

int
netif_push_carrier_loss(struct netif *n, int index, struct error *err)
{
	uint8_t dormant = IF_OPER_DORMANT;
	struct netif_request r;
	struct netif_link link;

	if (netif_link_get(n, index, NULL, &link, err) < 0)
		return error_prefix(err, "push carrier loss");
	/* Nothing would end the state "dormant" then. */
	if (link.carrier)
		return error_set(
		    err, EBUSY, "push carrier loss: the carrier is on");
	netif_link_request(&r, index);
	netif_put(&r, IFLA_OPERSTATE, &dormant, sizeof(dormant));
	if (netif_call(n, &r, NULL, NULL, err) < 0)
		return error_prefix(err, "push carrier loss");
	return 0;
}

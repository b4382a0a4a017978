/* Interfaces that we made: marked, found again, removed. */
#include "os/netif_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct marked {
	const struct netif *netif;
	struct netif_state *states;
	size_t n, size;
	bool no_memory;
};

void
netif_set_owner(struct netif *n, const char *owner)
{
	int len = snprintf(n->mark, sizeof(n->mark), "%s%s%s", NETIF_MARK,
	    owner ? ":" : "", owner ? owner : "");

	n->mark_cut = len < 0 || (size_t)len >= sizeof(n->mark);
}

int
netif_mark(struct netif *n, int index, struct error *err)
{
	struct netif_request r;

	netif_link_request(&r, index);
	netif_put(&r, IFLA_IFALIAS, n->mark, strlen(n->mark));
	if (netif_call(n, &r, NULL, NULL, err) < 0)
		return error_prefix(err, "set ifalias");
	return 0;
}

static bool
grow(struct marked *m)
{
	size_t size = m->size ? 2 * m->size : 16;
	struct netif_state *states;

	if (m->n < m->size)
		return true;
	states = reallocarray(m->states, size, sizeof(*states));
	if (!states) {
		m->no_memory = true;
		return false;
	}
	m->states = states;
	m->size = size;
	return true;
}

static void
take_marked(struct nlmsghdr *hdr, void *arg)
{
	struct marked *m = arg;
	struct netif_link link;

	if (!hdr) {
		m->n = 0;
		return;
	}
	if (!netif_link_parse(m->netif, hdr, &link) || !link.state.tun ||
	    !link.state.marked || !grow(m))
		return;
	m->states[m->n++] = link.state;
}

int
netif_list_marked(struct netif *n, struct netif_state **found, size_t *n_found,
    struct error *err)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct marked m = { .netif = n };
	struct netif_request r;
	int result;

	*found = NULL;
	*n_found = 0;
	netif_request_init(&r, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
	netif_put_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	result = netif_call(n, &r, take_marked, &m, err);
	if (result < 0)
		error_prefix(err, "list interfaces");
	else if (m.no_memory)
		result = error_set(err, ENOMEM, "list interfaces: no memory");
	if (result < 0 || m.n == 0) {
		free(m.states);
		return result;
	}
	*found = m.states;
	*n_found = m.n;
	return 0;
}

int
netif_delete(struct netif *n, int index, struct error *err)
{
	struct ifinfomsg ifi = { .ifi_index = index };
	struct netif_request r;

	netif_request_init(&r, RTM_DELLINK, 0, &ifi, sizeof(ifi));
	if (netif_call(n, &r, NULL, NULL, err) < 0)
		return error_prefix(err, "remove interface");
	return 0;
}

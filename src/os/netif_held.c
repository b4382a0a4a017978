/* Which addresses there are. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "os/netif_priv.h"

/* Memory stays bounded whatever somebody has put there. */
#define HELD_MAX 65536

struct list {
	struct netif_held *held;
	size_t n, room;
	bool no_memory;
};

static void
take_held(struct nlmsghdr *hdr, void *arg)
{
	struct list *list = arg;
	struct netif_held held;
	uint32_t flags;

	if (!hdr) {
		list->n = 0;
		return;
	}
	if (!netif_address_parse(hdr, &held.index, &held.address, &flags) ||
	    list->n == HELD_MAX)
		return;
	if (ip_equal(&held.address.peer, &held.address.local))
		held.address.peer = (struct ip){ .family = AF_UNSPEC };
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct netif_held *more = realloc(
		    list->held, room * sizeof(*more));

		if (!more) {
			list->no_memory = true;
			return;
		}
		list->held = more;
		list->room = room;
	}
	list->held[list->n++] = held;
}

int
netif_list_addresses(struct netif *n, struct netif_held **found,
    size_t *n_found, struct error *err)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC };
	struct list list = { .n = 0 };
	struct netif_request r;
	int result;

	*found = NULL;
	*n_found = 0;
	netif_request_init(&r, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	result = netif_call(n, &r, take_held, &list, err);
	if (result < 0)
		error_prefix(err, "list addresses");
	else if (list.no_memory)
		result = error_set(err, ENOMEM, "list addresses: no memory");
	if (result < 0 || list.n == 0) {
		free(list.held);
		return result;
	}
	*found = list.held;
	*n_found = list.n;
	return 0;
}

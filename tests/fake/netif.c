/* What the kernel says of an interface, without a kernel. */
#include "os/netif.h"

#include <errno.h>
#include <string.h>

#include "fake/fake.h"

struct fake_netif fake_netif;

int
netif_get_index(
    struct netif *n, int index, struct netif_state *state, struct error *err)
{
	(void)n;
	if (fake_netif.deleted)
		return error_set(err, ENODEV, "interface %d", index);
	memset(state, 0, sizeof(*state));
	state->index = index;
	state->up = fake_netif.up;
	return 0;
}

void
netif_drop_routes(struct netif *n, int index, const struct netif_settings *from,
    const struct netif_settings *to)
{
	(void)n;
	(void)index;
	(void)from;
	(void)to;
	fake_netif.yielded++;
}

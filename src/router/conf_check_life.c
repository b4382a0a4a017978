/* A silent line: what holds between liveness and the link's addresses. */
#include "base/ip.h"
#include "router/conf_check.h"
#include "router/conf_read.h"

const struct ip *
conf_probe_from(const struct conf_link *link)
{
	const struct ip *to = &link->live.liveness_probe;
	const struct ip *from = NULL;

	for (size_t i = 0; i < link->netif.n_addresses; i++) {
		const struct netif_address *a = &link->netif.addresses[i];
		const struct ip *far = ip_size(&a->peer) ? &a->peer : &a->local;

		if (a->local.family != to->family)
			continue;
		if (ip_equal_prefix(far, to, a->prefix_len))
			return &a->local;
		if (!from ||
		    (ip_is_link_local(&a->local) == ip_is_link_local(to) &&
			ip_is_link_local(from) != ip_is_link_local(to)))
			from = &a->local;
	}
	return from;
}

static void
check_probe(struct conf_reader *r, const config_setting_t *group,
    const struct conf_link *link)
{
	const config_setting_t *s = conf_nearest(group, "liveness.probe");
	const struct ip *to = &link->live.liveness_probe;
	char text[IP_TEXT_SIZE];

	ip_format(to, text);
	for (size_t i = 0; i < link->netif.n_addresses; i++) {
		if (ip_equal(&link->netif.addresses[i].local, to)) {
			conf_fault(r, s,
			    "expected the address of the other end, got %s, "
			    "which is this link's own",
			    text);
			return;
		}
	}
	if (!conf_probe_from(link))
		conf_fault(r, s,
		    "expected an address of a family that "
		    "interface.addresses has, got %s",
		    text);
	else if (!conf_reaches(&link->netif, to))
		conf_warn(r, s, "no address of this link reaches %s", text);
}

void
conf_check_life(struct conf_reader *r, const config_setting_t *group,
    const struct conf_link *link)
{
	unsigned interval_s = link->live.liveness_interval_s;
	unsigned timeout_s = link->live.liveness_timeout_s;

	if (ip_size(&link->live.liveness_probe))
		check_probe(r, group, link);
	if (timeout_s && interval_s >= timeout_s)
		conf_warn(r, conf_nearest(group, "liveness.timeout_s"),
		    "%u is no longer than interval_s, %u: an idle peer with "
		    "the same settings is taken for silent",
		    timeout_s, interval_s);
}

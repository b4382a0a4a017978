/* net/if.h, through netif.h, must come before the kernel's own headers. */
#include "os/netif_priv.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { .type = NLA_STRING },
	[IFLA_IFALIAS] = { .type = NLA_STRING },
	[IFLA_MTU] = { .type = NLA_U32 },
	[IFLA_TXQLEN] = { .type = NLA_U32 },
	[IFLA_CARRIER] = { .type = NLA_U8 },
	[IFLA_LINKINFO] = { .type = NLA_NESTED },
	[IFLA_AF_SPEC] = { .type = NLA_NESTED },
};

static const struct nla_policy tun_policy[IFLA_TUN_MAX + 1] = {
	[IFLA_TUN_OWNER] = { .type = NLA_U32 },
	[IFLA_TUN_GROUP] = { .type = NLA_U32 },
	[IFLA_TUN_TYPE] = { .type = NLA_U8 },
	[IFLA_TUN_PERSIST] = { .type = NLA_U8 },
};

static const struct nla_policy inet6_policy[IFLA_INET6_MAX + 1] = {
	[IFLA_INET6_ADDR_GEN_MODE] = { .type = NLA_U8 },
};

struct link_search {
	struct netif *netif;
	struct netif_link *link;
	bool found;
};

static bool
text_is(const struct nlattr *a, const char *text)
{
	size_t len = strlen(text);

	return a && strnlen(nla_data(a), nla_len(a)) == len &&
	    memcmp(nla_data(a), text, len) == 0;
}

static void
take_mark(
    const struct netif *n, struct netif_state *state, const struct nlattr *a)
{
	size_t len = strlen(NETIF_MARK);
	const char *text = a ? nla_data(a) : "";
	size_t size = a ? strnlen(text, nla_len(a)) : 0;

	state->marked = size >= len && memcmp(text, NETIF_MARK, len) == 0 &&
	    (size == len || text[len] == ':');
	state->ours = !n->mark_cut && text_is(a, n->mark);
}

static void
take_tun(struct netif_state *state, struct nlattr *info)
{
	struct nlattr *kind[IFLA_INFO_MAX + 1];
	struct nlattr *tun[IFLA_TUN_MAX + 1];

	if (!info || nla_parse_nested(kind, IFLA_INFO_MAX, info, NULL) < 0)
		return;
	if (!text_is(kind[IFLA_INFO_KIND], "tun") || !kind[IFLA_INFO_DATA])
		return;
	if (nla_parse_nested(
		tun, IFLA_TUN_MAX, kind[IFLA_INFO_DATA], tun_policy) < 0)
		return;
	state->tun = tun[IFLA_TUN_TYPE] &&
	    nla_get_u8(tun[IFLA_TUN_TYPE]) == IFF_TUN;
	state->persist = tun[IFLA_TUN_PERSIST] &&
	    nla_get_u8(tun[IFLA_TUN_PERSIST]);
	if (tun[IFLA_TUN_OWNER])
		state->owner = nla_get_u32(tun[IFLA_TUN_OWNER]);
	if (tun[IFLA_TUN_GROUP])
		state->group = nla_get_u32(tun[IFLA_TUN_GROUP]);
}

/* The kernel's array of settings begins with number 1. */
static uint32_t
devconf(const struct nlattr *conf, unsigned number)
{
	uint32_t value = 0;

	if ((size_t)nla_len(conf) >= number * sizeof(value))
		memcpy(&value,
		    (const char *)nla_data(conf) + (number - 1) * sizeof(value),
		    sizeof(value));
	return value;
}

static void
take_inet(struct netif_link *link, struct nlattr *inet)
{
	struct nlattr *tb[IFLA_INET_MAX + 1];
	struct nlattr *conf;

	if (nla_parse_nested(tb, IFLA_INET_MAX, inet, NULL) < 0)
		return;
	conf = tb[IFLA_INET_CONF];
	if (!conf)
		return;
	link->forwarding = devconf(conf, IPV4_DEVCONF_FORWARDING);
	link->rp_filter = devconf(conf, IPV4_DEVCONF_RP_FILTER);
	link->ignore_linkdown = devconf(
	    conf, IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN);
}

static void
take_inet6(struct netif_link *link, struct nlattr *inet6)
{
	struct nlattr *tb[IFLA_INET6_MAX + 1];

	if (nla_parse_nested(tb, IFLA_INET6_MAX, inet6, inet6_policy) < 0)
		return;
	if (tb[IFLA_INET6_ADDR_GEN_MODE])
		link->addr_gen_mode = nla_get_u8(tb[IFLA_INET6_ADDR_GEN_MODE]);
}

static void
take_families(struct netif_link *link, struct nlattr *spec)
{
	struct nlattr *inet;
	struct nlattr *inet6;

	if (!spec)
		return;
	inet = nla_find(nla_data(spec), nla_len(spec), AF_INET);
	inet6 = nla_find(nla_data(spec), nla_len(spec), AF_INET6);
	if (inet)
		take_inet(link, inet);
	if (inet6)
		take_inet6(link, inet6);
}

bool
netif_link_parse(
    const struct netif *n, struct nlmsghdr *hdr, struct netif_link *link)
{
	struct netif_state *state = &link->state;
	const struct ifinfomsg *ifi = nlmsg_data(hdr);
	struct nlattr *tb[IFLA_MAX + 1];

	if (hdr->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(hdr, sizeof(*ifi), tb, IFLA_MAX, link_policy) < 0)
		return false;
	*link = (struct netif_link){ .addr_gen_mode = -1 };
	state->index = ifi->ifi_index;
	state->up = ifi->ifi_flags & IFF_UP;
	state->owner = (uid_t)-1;
	state->group = (gid_t)-1;
	if (tb[IFLA_IFNAME])
		nla_strlcpy(state->name, tb[IFLA_IFNAME], sizeof(state->name));
	take_mark(n, state, tb[IFLA_IFALIAS]);
	if (tb[IFLA_MTU])
		state->mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_TXQLEN])
		link->txqueuelen = nla_get_u32(tb[IFLA_TXQLEN]);
	link->carrier = tb[IFLA_CARRIER] && nla_get_u8(tb[IFLA_CARRIER]);
	take_tun(state, tb[IFLA_LINKINFO]);
	take_families(link, tb[IFLA_AF_SPEC]);
	return true;
}

static void
take_link(struct nlmsghdr *hdr, void *arg)
{
	struct link_search *search = arg;

	if (netif_link_parse(search->netif, hdr, search->link))
		search->found = true;
}

int
netif_link_get(struct netif *n, int index, const char *name,
    struct netif_link *link, struct error *err)
{
	struct ifinfomsg ifi = { .ifi_index = index };
	struct link_search search = { .netif = n, .link = link };
	struct netif_request r;

	netif_request_init(&r, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	if (!index)
		netif_put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	netif_put_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (netif_call(n, &r, take_link, &search, err) < 0)
		return -1;
	if (!search.found)
		return error_set(err, EPROTO, "not understood");
	return 0;
}

void
netif_link_request(struct netif_request *r, int index)
{
	struct ifinfomsg ifi = { .ifi_index = index };

	netif_request_init(r, RTM_SETLINK, 0, &ifi, sizeof(ifi));
}

static void
set_u32(struct netif_job *job, int type, uint32_t value, const char *what)
{
	struct netif_request r;

	netif_link_request(&r, job->index);
	netif_put_u32(&r, type, value);
	netif_job_send(job, &r, 0, "%s %u", what, value);
}

static void
set_devconf(struct netif_job *job, unsigned number, uint32_t now, uint32_t want,
    const char *what)
{
	struct nlattr *spec, *inet, *conf;
	struct netif_request r;

	if (now == want || job->gone)
		return;
	netif_link_request(&r, job->index);
	spec = netif_nest(&r, IFLA_AF_SPEC);
	inet = netif_nest(&r, AF_INET);
	conf = netif_nest(&r, IFLA_INET_CONF);
	netif_put_u32(&r, number, want);
	netif_nest_end(&r, conf);
	netif_nest_end(&r, inet);
	netif_nest_end(&r, spec);
	netif_job_send(job, &r, 0, "%s %u", what, want);
}

static void
set_addr_gen_mode(struct netif_job *job, uint8_t mode)
{
	struct nlattr *spec, *inet6;
	struct netif_request r;

	netif_link_request(&r, job->index);
	spec = netif_nest(&r, IFLA_AF_SPEC);
	inet6 = netif_nest(&r, AF_INET6);
	netif_put(&r, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	netif_nest_end(&r, inet6);
	netif_nest_end(&r, spec);
	/* Somebody may have ended IPv6 here in between. */
	netif_job_send(job, &r, EAFNOSUPPORT, "addr_gen_mode %u", mode);
}

bool
netif_wants_no_link_local(const struct netif_settings *want)
{
	if (!netif_wants_ipv6(want))
		return true;
	for (size_t i = 0; i < want->n_addresses; i++) {
		if (ip_is_link_local(&want->addresses[i].local))
			return true;
	}
	return false;
}

static void
apply_addr_gen_mode(struct netif_job *job, int now)
{
	if (now < 0 || job->gone)
		return;
	if (netif_wants_no_link_local(job->want)) {
		if (now != IN6_ADDR_GEN_MODE_NONE)
			set_addr_gen_mode(job, IN6_ADDR_GEN_MODE_NONE);
		return;
	}
	/* What the kernel itself gives to a TUN that comes up. */
	if (now == IN6_ADDR_GEN_MODE_NONE)
		set_addr_gen_mode(job, IN6_ADDR_GEN_MODE_RANDOM);
}

static int
read_link(struct netif_job *job, struct netif_link *link)
{
	struct error err;

	if (netif_link_get(job->netif, job->index, NULL, link, &err) == 0)
		return 0;
	error_prefix(&err, "read the settings");
	netif_job_refused(job, &err);
	return -1;
}

/* A new MTU can begin and end IPv6, and its settings with it: *link is read
 * again. */
static int
apply_mtu(struct netif_job *job, struct netif_link *link)
{
	uint32_t before = link->state.mtu;

	if (!(job->what & NETIF_MTU) || before == job->want->mtu)
		return 0;
	set_u32(job, IFLA_MTU, job->want->mtu, "MTU");
	if (job->gone || read_link(job, link) < 0)
		return -1;
	if (before < IPV6_MTU_MIN && link->state.mtu >= IPV6_MTU_MIN &&
	    netif_wants_no_link_local(job->want))
		job->drop_link_local = true;
	return 0;
}

static void
set_link_up(struct netif_job *job)
{
	struct ifinfomsg ifi = {
		.ifi_index = job->index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	int before = job->refused;
	struct netif_request r;

	netif_request_init(&r, RTM_SETLINK, 0, &ifi, sizeof(ifi));
	netif_job_send(job, &r, 0, "set up");
	job->up = job->refused == before;
}

void
netif_apply_link(struct netif_job *job, bool set_up)
{
	const struct netif_settings *want = job->want;
	struct netif_link link;

	if (read_link(job, &link) < 0 || apply_mtu(job, &link) < 0) {
		/* Without this nothing else can be compared either. */
		job->gone = true;
		return;
	}
	if ((job->what & NETIF_TXQUEUELEN) &&
	    link.txqueuelen != want->txqueuelen)
		set_u32(job, IFLA_TXQLEN, want->txqueuelen, "txqueuelen");
	if (job->what & NETIF_ADDRESSES)
		apply_addr_gen_mode(job, link.addr_gen_mode);
	if ((job->what & NETIF_FORWARDING) &&
	    want->forwarding != NETIF_UNTOUCHED)
		set_devconf(job, IPV4_DEVCONF_FORWARDING, link.forwarding,
		    want->forwarding, "forwarding");
	if (job->what & NETIF_RP_FILTER)
		set_devconf(job, IPV4_DEVCONF_RP_FILTER, link.rp_filter,
		    want->rp_filter, "rp_filter");
	if (job->what & NETIF_IGNORE_LINKDOWN)
		set_devconf(job, IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN,
		    link.ignore_linkdown, want->ignore_linkdown,
		    "ignore_routes_with_linkdown");
	job->up = link.state.up;
	job->was_down = !job->up;
	if (set_up && !link.state.up && !job->gone)
		set_link_up(job);
}

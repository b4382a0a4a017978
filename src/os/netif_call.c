#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "os/netif_priv.h"

/* Where somebody changes addresses all the time, the last view has to do. */
#define DUMP_TRIES 8

struct exchange {
	uint32_t sequence;
	bool done;
	bool interrupted;
	int code;          /* the verdict, an errno value or 0 */
	const char *words; /* the kernel's own, in the answer; or NULL */
	size_t words_len;
	netif_take *take;
	void *arg;
};

static void
request_fail(struct netif_request *r)
{
	nlmsg_free(r->msg);
	r->msg = NULL;
}

void
netif_request_init(struct netif_request *r, uint16_t type, uint16_t flags,
    const void *header, size_t size)
{
	void *place;

	r->msg = nlmsg_alloc_simple(type, flags | NLM_F_REQUEST);
	if (!r->msg)
		return;
	place = nlmsg_reserve(r->msg, size, NLMSG_ALIGNTO);
	if (!place) {
		request_fail(r);
		return;
	}
	memcpy(place, header, size);
}

void
netif_put(struct netif_request *r, int type, const void *data, size_t size)
{
	if (r->msg && nla_put(r->msg, type, size, data) < 0)
		request_fail(r);
}

void
netif_put_u32(struct netif_request *r, int type, uint32_t value)
{
	netif_put(r, type, &value, sizeof(value));
}

void
netif_put_ip(struct netif_request *r, int type, const struct ip *ip)
{
	netif_put(r, type, ip->bytes, ip_size(ip));
}

struct nlattr *
netif_nest(struct netif_request *r, int type)
{
	struct nlattr *nest;

	if (!r->msg)
		return NULL;
	nest = nla_nest_start(r->msg, type);
	if (!nest)
		request_fail(r);
	return nest;
}

void
netif_nest_end(struct netif_request *r, struct nlattr *nest)
{
	if (r->msg)
		nla_nest_end(r->msg, nest);
}

struct ip
netif_get_ip(const struct nlattr *a, int family)
{
	struct ip ip = { .family = family };

	if (!a || !ip_size(&ip) || (size_t)nla_len(a) < ip_size(&ip))
		return (struct ip){ .family = AF_UNSPEC };
	memcpy(ip.bytes, nla_data(a), ip_size(&ip));
	return ip;
}

/* The verdict stands at the beginning of the payload; behind fixed bytes of
 * it are the attributes of an extended acknowledgement. */
static void
take_verdict(struct exchange *x, struct nlmsghdr *hdr, size_t fixed)
{
	struct nlattr *text;
	int code;

	x->done = true;
	if ((size_t)nlmsg_datalen(hdr) < fixed)
		return;
	memcpy(&code, nlmsg_data(hdr), sizeof(code));
	x->code = code < 0 ? -code : 0;
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	text = nlmsg_find_attr(hdr, fixed, NLMSGERR_ATTR_MSG);
	if (!text)
		return;
	x->words = nla_data(text);
	x->words_len = strnlen(x->words, nla_len(text));
}

static void
take_error(struct exchange *x, struct nlmsghdr *hdr)
{
	const struct nlmsgerr *e = nlmsg_data(hdr);
	size_t fixed = sizeof(*e);

	/* Unless capped, our own message follows as we sent it. */
	if ((size_t)nlmsg_datalen(hdr) >= fixed &&
	    !(hdr->nlmsg_flags & NLM_F_CAPPED) &&
	    e->msg.nlmsg_len > NLMSG_HDRLEN)
		fixed += NLMSG_ALIGN(e->msg.nlmsg_len - NLMSG_HDRLEN);
	take_verdict(x, hdr, fixed);
}

static void
take_message(struct exchange *x, struct nlmsghdr *hdr)
{
	/* What an exchange that broke off left behind. */
	if (hdr->nlmsg_seq != x->sequence)
		return;
	if (hdr->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	if (hdr->nlmsg_type == NLMSG_ERROR)
		take_error(x, hdr);
	else if (hdr->nlmsg_type == NLMSG_DONE)
		take_verdict(x, hdr, sizeof(int));
	else if (hdr->nlmsg_type >= NLMSG_MIN_TYPE && x->take)
		x->take(hdr, x->arg);
}

/*
 * The kernel works while we send and has answered when that returns, and has
 * the next part of a dump ready when one was read: an empty socket is an
 * error, not a reason to wait.
 */
static int
exchange(struct netif *n, struct exchange *x, const struct nlmsghdr *request,
    struct error *err)
{
	ssize_t got;

	if (send(n->fd, request, request->nlmsg_len, MSG_DONTWAIT) < 0)
		return error_errno(err, "send to rtnetlink");
	while (!x->done) {
		struct nlmsghdr *hdr = (struct nlmsghdr *)n->answer;
		int left;

		got = recv(n->fd, n->answer, sizeof(n->answer),
		    MSG_DONTWAIT | MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "receive from rtnetlink");
		if ((size_t)got > sizeof(n->answer))
			return error_set(
			    err, EMSGSIZE, "rtnetlink: answer too long");
		for (left = got; nlmsg_ok(hdr, left) && !x->done;
		     hdr = nlmsg_next(hdr, &left))
			take_message(x, hdr);
	}
	if (x->code && x->words)
		return error_set(
		    err, x->code, "%.*s", (int)x->words_len, x->words);
	if (x->code)
		return error_set(err, x->code, "%s", strerror(x->code));
	return 0;
}

/* One go; *interrupted: what was taken is no consistent view. */
static int
call_once(struct netif *n, struct nlmsghdr *request, netif_take *take,
    void *arg, bool *interrupted, struct error *err)
{
	struct exchange x = { .take = take, .arg = arg };

	x.sequence = ++n->sequence;
	request->nlmsg_seq = x.sequence;
	if (exchange(n, &x, request, err) < 0)
		return -1;
	*interrupted = x.interrupted;
	return 0;
}

int
netif_call(struct netif *n, struct netif_request *r, netif_take *take,
    void *arg, struct error *err)
{
	struct nlmsghdr *request;
	bool again = true;
	bool dump;
	int result = 0;

	if (!r->msg)
		return error_set(err, ENOMEM, "%s", strerror(ENOMEM));
	request = nlmsg_hdr(r->msg);
	dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	if (!dump)
		request->nlmsg_flags |= NLM_F_ACK;
	for (int i = 0; again && result == 0 && i < DUMP_TRIES; i++) {
		again = false;
		if (dump)
			take(NULL, arg);
		result = call_once(n, request, take, arg, &again, err);
	}
	nlmsg_free(r->msg);
	r->msg = NULL;
	return result;
}

/*
 * What the files of the room `links` share: links.c and links_apply.c.  Nobody
 * else includes this.
 */
#ifndef SR_ROUTER_LINKS_PRIV_H
#define SR_ROUTER_LINKS_PRIV_H

#include "router/links.h"
#include "router/look.h"

struct links {
	struct link_env env;        /* that of the links: tells us first */
	void (*changed)(struct link *l, void *arg); /* the caller's */
	void *arg;
	struct link **links;
	size_t n;
	struct look *look;
	struct event
	    *settle; /* pending while a link that changes may be DOWN */
	bool stopping;
};

/* Soon after this, links that are DOWN become what they are to be. */
void links_settle_soon(struct links *ls);

#endif

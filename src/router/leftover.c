/* Interfaces without a link, removed. */
#include "router/leftover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "os/netif.h"
#include "os/privilege.h"
#include "os/tun.h"

const char *
leftover_owner(const char *file, char *buf, size_t size)
{
	size_t len;

	if (strcmp(file, SYSCONFDIR "/serial-router.conf") == 0)
		return NULL;
	if (*file == '/' || !getcwd(buf, size))
		return file;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	len = strlen(buf);
	snprintf(buf + len, size - len, "%s%s", len > 1 ? "/" : "", file);
	return buf;
}

/* Whoever is attached keeps us from being so, and the other way round: nobody
 * loses his interface. */
static int
attach_and_remove(struct netif *netif, const char *name, struct error *err)
{
	struct netif_state now;
	char holder[64];
	int fd = tun_open(name, err);
	int result = 0;

	if (fd < 0 && err->code == EBUSY)
		return error_set(err, EBUSY, "in use by %s",
		    tun_holder(name, holder, sizeof(holder))
			? holder
			: "another process");
	if (fd < 0)
		return -1;
	/* Where it went away in between, this is another one, just made. */
	if (netif_get(netif, name, &now, err) < 0)
		result = -1;
	else if (now.marked)
		result = netif_delete(netif, now.index, err);
	tun_close(fd);
	return result;
}

static bool
has_link(const struct conf *conf, const char *interface)
{
	for (size_t i = 0; i < conf->n_links; i++) {
		if (strcmp(conf->links[i].interface, interface) == 0)
			return true;
	}
	return false;
}

static void
remove_leftover(struct netif *netif, const char *name)
{
	struct error err;

	if (attach_and_remove(netif, name, &err) == 0)
		log_info("serial-routerd: interface %s removed: it has no link "
			 "in the configuration any more",
		    name);
	else if (err.code == EBUSY)
		log_debug("serial-routerd: interface %s has no link in the "
			  "configuration any more, and is %s",
		    name, err.text);
	else
		log_warn("serial-routerd: interface %s has no link in the "
			 "configuration any more: %s",
		    name, err.text);
}

void
leftover_remove_one(struct netif *netif, const char *interface)
{
	struct netif_state now;
	struct error err;

	if (privilege_net_admin() &&
	    netif_get(netif, interface, &now, &err) == 0 && now.tun && now.ours)
		remove_leftover(netif, interface);
}

void
leftover_remove(const struct conf *conf, const char *owner)
{
	struct netif_state *found;
	struct netif *netif;
	struct error err;
	size_t n;

	if (!privilege_net_admin())
		return;
	netif = netif_new(&err);
	if (netif)
		netif_set_owner(netif, owner);
	if (!netif || netif_list_marked(netif, &found, &n, &err) < 0) {
		log_warn("serial-routerd: %s", err.text);
		netif_free(netif);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (found[i].ours && !has_link(conf, found[i].name))
			remove_leftover(netif, found[i].name);
	}
	free(found);
	netif_free(netif);
}

static int
remove_listed(struct netif *netif, const struct netif_state *found, size_t n)
{
	int status = EX_OK;
	struct error err;

	for (size_t i = 0; i < n; i++) {
		if (attach_and_remove(netif, found[i].name, &err) == 0) {
			printf("%s removed\n", found[i].name);
			continue;
		}
		fprintf(stderr, "serial-routerd: interface %s is left: %s\n",
		    found[i].name, err.text);
		status = EXIT_FAILURE;
	}
	return status;
}

int
leftover_remove_all(void)
{
	struct netif_state *found;
	struct netif *netif;
	struct error err;
	int status;
	size_t n;

	if (!privilege_net_admin()) {
		fprintf(stderr,
		    "serial-routerd: to remove interfaces takes "
		    "CAP_NET_ADMIN: start it as root\n");
		return EX_NOPERM;
	}
	netif = netif_new(&err);
	if (!netif || netif_list_marked(netif, &found, &n, &err) < 0) {
		fprintf(stderr, "serial-routerd: %s\n", err.text);
		netif_free(netif);
		return EX_UNAVAILABLE;
	}
	status = remove_listed(netif, found, n);
	free(found);
	netif_free(netif);
	return status;
}

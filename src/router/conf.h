/*
 * The configuration: text to a checked struct of plain data.  One table of
 * keys drives parsing and checking; see serial-router.conf(5).
 */
#ifndef SR_ROUTER_CONF_H
#define SR_ROUTER_CONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"
#include "os/netif.h"
#include "os/port.h"
#include "pump/pump.h"
#include "router/conf_fault.h"

#define CONF_LINKS_MAX 1024
#define CONF_MTU_MAX 9000
#define CONF_CONTROL_PATH RUNSTATEDIR "/serial-router/control"

struct conf_link {
	char name[IFNAMSIZ];
	bool enabled;
	struct port_settings port;
	char interface[IFNAMSIZ]; /* interface.name */
	bool persist;
	uid_t owner; /* (uid_t)-1: none */
	gid_t group; /* (gid_t)-1: none */
	struct netif_settings netif;
	struct pump_live live; /* but its mtu, which is netif.mtu */
	unsigned retry_first_ms, retry_max_ms;
};

/* Who may change things: a user, or whoever is in a group. */
struct conf_admin {
	bool is_group;
	uint32_t id;
};

struct conf_control {
	char *path;  /* NULL: not given, CONF_CONTROL_PATH */
	gid_t group; /* (gid_t)-1: not given, that of struct conf */
	struct conf_admin *admins;
	size_t n_admins;
};

struct conf {
	uid_t user;  /* (uid_t)-1: as started */
	gid_t group; /* (gid_t)-1: as started */
	struct conf_control control;
	struct conf_link *links;
	size_t n_links;
	unsigned holders; /* who are to call conf_free() */
	bool recalled;    /* the last confirmed one, not what the file says */
};

/* What a reload does when the value of a key has changed. */
enum conf_change {
	CONF_CHANGE_NONE,
	CONF_CHANGE_DAEMON, /* takes effect at the next start */
	CONF_CHANGE_LIVE,   /* applies it to the running link */
	CONF_CHANGE_PUMP,   /* starts a new pump */
	CONF_CHANGE_LINK,   /* makes a new interface */
};

/*
 * Reads and checks a file.  Every mistake of meaning goes to complain as one
 * line without newline ("FILE:LINE: links[2].port.baud: expected ..."), of
 * syntax the first; warnings too, with warning set.  Returns the
 * configuration, to be freed with conf_free, or NULL where there was a
 * mistake.  err says in one line what failed (err->code ENOENT, EACCES where
 * the file could not be read; EINVAL where complain, which may be NULL, was
 * told the mistakes).
 *
 * Looks up users and groups, which can ask the network, and waits at most
 * 5 s for a child process: nothing to be done while links are up.
 */
struct conf *conf_read(
    const char *path, conf_complain *complain, void *arg, struct error *err);

/* The same, and sources (NULL: not) gets what was read: of the file, and of each
 * that it includes where it does, its name, its length in bytes, each with a
 * newline, and its bytes. */
struct conf *conf_read_sources(const char *path, FILE *sources,
    conf_complain *complain, void *arg, struct error *err);

/* The same of a text in memory; name stands for the file in complaints, and
 * @include is relative to it. */
struct conf *conf_parse(const char *text, const char *name,
    conf_complain *complain, void *arg, struct error *err);

/* The same without libconfig's trial in a child process: only for a process
 * that may leak and hang with it, such as a fuzzer. */
struct conf *conf_parse_untried(const char *text, const char *name,
    conf_complain *complain, void *arg, struct error *err);

/* The exit status of a program that ends because one of these failed. */
int conf_exit_status(const struct error *err);

/* Prints it as a file that is read as the same configuration: each key, with
 * its default where the file did not give it, users and groups by number. */
void conf_print(const struct conf *conf, FILE *out);

/* The address of its own that a link sends its probe from; NULL: it has none
 * of that family. */
const struct ip *conf_probe_from(const struct conf_link *link);

/* The same once more, by its text, in some 100 ms where there are 1024 links;
 * NULL: failed. */
struct conf *conf_copy(const struct conf *conf, struct error *err);

/* One more holder of it. */
struct conf *conf_hold(struct conf *conf);
/* One holder less; it ends with the last.  NULL is allowed. */
void conf_free(struct conf *conf);

/* Is told a key of a link by its name within it, "interface.mtu", or one of
 * the daemon, "control.group"; the text is static. */
typedef void conf_differs(const char *key, enum conf_change change, void *arg);

/*
 * Tells each key whose values differ, in the order of the key table: of two
 * links but for their names; of the daemon but for its links.  Values are the
 * same where conf_print() prints them alike.  -1: no memory.
 */
int conf_compare_links(const struct conf_link *a, const struct conf_link *b,
    conf_differs *differs, void *arg);
int conf_compare_daemons(const struct conf *a, const struct conf *b,
    conf_differs *differs, void *arg);

/* Prints the key table for tests and documents: one key a line, tab
 * separated: key, type and range, default, what a change does. */
void conf_print_keys(FILE *out);

#endif

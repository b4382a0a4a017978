/* serial-routerd: configuration, user, start. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "os/privilege.h"
#include "os/tun.h"
#include "router/conf.h"
#include "router/control.h"
#include "router/forward.h"
#include "router/leftover.h"
#include "router/options.h"
#include "router/ports.h"
#include "router/state.h"
#include "router/supervisor.h"

static void
complain(const char *line, bool warning, void *arg)
{
	const struct options *o = arg;
	char text[CONF_COMPLAINT_SIZE + 64];

	if (o->link.interface) {
		strcpy(text, "serial-routerd: ");
		options_complaint(
		    line, text + strlen(text), sizeof(text) - strlen(text));
		line = text;
	}
	if (warning)
		log_warn("%s", line);
	else
		log_err("%s", line);
}

/* What the file says, unless it is one that was not confirmed. */
static struct conf *
confirmed_conf(
    struct conf *conf, const struct options *o, const char *sources, size_t len)
{
	struct conf *confirmed;
	struct state state;
	struct error err;

	state_init(&state, o->file);
	confirmed = state_recall(&state, sources, len, conf, &err);
	if (!confirmed && err.code != 0)
		log_warn("serial-routerd: the last confirmed configuration "
			 "cannot be had: %s",
		    err.text);
	if (!confirmed)
		return conf;
	log_warn("serial-routerd: %s was not confirmed and has not changed "
		 "since: started with the last confirmed configuration; a "
		 "reload takes the file after all",
	    o->file);
	conf_free(conf);
	return confirmed;
}

static struct conf *
read_file(struct options *o, struct error *err)
{
	char *sources = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&sources, &len);
	struct conf *conf;

	if (!memory) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	conf = conf_read_sources(o->file, memory, complain, o, err);
	if (fclose(memory) == 0 && conf && !o->check && !o->print)
		conf = confirmed_conf(conf, o, sources, len);
	free(sources);
	return conf;
}

static struct conf *
read_conf(struct options *o, struct error *err)
{
	struct conf *conf;
	char *text;

	if (!o->link.interface)
		return read_file(o, err);
	text = options_text(&o->link);
	if (!text) {
		error_set(err, ENOMEM, "no memory");
		return NULL;
	}
	conf = conf_parse(text, OPTIONS_NAME, complain, o, err);
	free(text);
	return conf;
}

/* Standard descriptors that are closed would be taken by a port. */
static int
fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd;
}

static size_t
count_enabled(const struct conf *conf)
{
	size_t n = 0;

	for (size_t i = 0; i < conf->n_links; i++)
		n += conf->links[i].enabled;
	return n;
}

/* Becomes the user of the configuration, where root has started it; what that
 * user may not open is opened before. */
static int
become_user(const struct conf *conf, struct error *err)
{
	if (conf->user == (uid_t)-1 || conf->user == geteuid())
		return 0;
	if (geteuid() != 0) {
		log_warn("serial-routerd: only root can become user %u of the "
			 "configuration: it stays %s",
		    (unsigned)conf->user, privilege_user_name());
		return 0;
	}
	if (tun_reserve(count_enabled(conf), err) < 0 ||
	    privilege_drop(conf->user, conf->group, err) < 0)
		return -1;
	if (tun_may_open())
		tun_reserve_clear();
	log_info("serial-routerd: now user %s, group %u, %s",
	    privilege_user_name(), (unsigned)getegid(),
	    privilege_net_admin() ? "with CAP_NET_ADMIN alone"
				  : "without CAP_NET_ADMIN");
	return 0;
}

static int
fail(const struct error *err)
{
	log_err("serial-routerd: %s", err->text);
	switch (err->code) {
	case EPERM:
	case EACCES:
		return EX_NOPERM;
	case EINVAL:
		return EX_CONFIG;
	/* What systemd may try again. */
	case EADDRINUSE:
		return EXIT_FAILURE;
	}
	return EX_UNAVAILABLE;
}

/* What somebody else made is not to have another MTU unless that was said. */
static void
leave_mtu(struct conf *conf, const struct options *o)
{
	if (o->link.interface && !o->link.mtu && !privilege_net_admin())
		conf->links[0].netif.mtu = 0;
}

/* Those of other command lines are not ours to remove. */
static const char *
own_interfaces(const struct conf *conf, const struct options *o)
{
	static char path[PATH_MAX + NAME_MAX];
	const char *owner;

	if (o->link.interface)
		return OPTIONS_NAME;
	owner = leftover_owner(o->file, path, sizeof(path));
	leftover_remove(conf, owner);
	return owner;
}

/*
 * -1: the daemon is not to run without its socket.  That is so where the file
 * says where it is; *control is NULL where the default cannot be had.
 */
static int
take_control(
    const struct conf *conf, struct control **control, struct error *err)
{
	*control = control_listen(conf, err);
	if (*control)
		return 0;
	if (conf->control.path)
		return error_prefix(err, "control.path");
	log_warn("serial-routerd: nobody can ask or tell this daemon things: "
		 "%s; name another control.path",
	    err->text);
	return 0;
}

static int
run(struct supervisor *s, struct control *control)
{
	struct error err;

	if ((!control || supervisor_serve(s, control, &err) == 0) &&
	    supervisor_run(s, &err) == 0)
		return EXIT_SUCCESS;
	log_err("serial-routerd: %s", err.text);
	return EXIT_FAILURE;
}

static int
serve(struct conf *conf, const struct options *o)
{
	struct control *control;
	struct supervisor *s;
	struct error err;
	int status;

	/* Whether there is a chance at all; each link says the rest. */
	if (count_enabled(conf) > 0 && tun_check(&err) < 0)
		return fail(&err);
	supervisor_raise_limits();
	if (take_control(conf, &control, &err) < 0)
		return fail(&err);
	if (become_user(conf, &err) < 0) {
		control_free(control);
		return fail(&err);
	}
	leave_mtu(conf, o);
	/* Asks for the name while that may take a while. */
	privilege_user_name();
	s = supervisor_new(conf, own_interfaces(conf, o),
	    o->link.interface ? NULL : o->file, &err);
	if (!s) {
		control_free(control);
		return fail(&err);
	}
	forward_warn(conf);
	status = run(s, control);
	control_free(control);
	supervisor_free(s);
	tun_reserve_clear();
	return status;
}

static int
flush_output(void)
{
	if (fflush(stdout) == 0)
		return EX_OK;
	log_err("serial-routerd: standard output: %s", strerror(errno));
	return EX_IOERR;
}

static int
print(const struct conf *conf)
{
	conf_print(conf, stdout);
	return flush_output();
}

/* Without a configuration, which there need not be yet, it says less. */
static int
list_ports(const struct options *o)
{
	struct error err;
	struct conf *conf = conf_read(o->file, NULL, NULL, &err);
	int result;

	if (!conf && err.code != ENOENT)
		log_warn("serial-routerd: links are not shown: %s", err.text);
	result = ports_print(stdout, USB_SYSFS, PORTS_DEV, conf, &err);
	conf_free(conf);
	return result < 0 ? fail(&err) : flush_output();
}

/* What was inherited: a reader of stderr that went away must not end us, and
 * signals that a parent had blocked must reach us. */
static void
reset_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t none;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int
main(int argc, char **argv)
{
	struct options o;
	struct conf *conf;
	struct error err;
	int status = options_parse(&o, argc, argv);

	if (status >= 0)
		return status;
	if (fill_standard_descriptors() < 0) {
		log_err("serial-routerd: /dev/null: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	reset_signals();
	if (o.remove_interfaces)
		return leftover_remove_all();
	log_open(o.to_syslog, o.most);
	if (o.list_ports)
		return list_ports(&o);

	conf = read_conf(&o, &err);
	if (!conf) {
		log_err("serial-routerd: %s", err.text);
		return conf_exit_status(&err);
	}
	status = EX_OK;
	if (o.print)
		status = print(conf);
	else if (!o.check)
		status = serve(conf, &o);
	conf_free(conf);
	return status;
}

/* serial-routerd: options, configuration, start. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "os/sandbox.h"
#include "router/conf.h"
#include "router/supervisor.h"

#define TUN_DEVICE "/dev/net/tun"

struct options {
	const char *file;
	bool check;
	bool to_syslog;
	enum log_level most;
};

static void
print_usage(FILE *out)
{
	fprintf(out,
	    "usage: serial-routerd [-tv] [-c file] [--syslog]\n"
	    "       serial-routerd -V | --help\n"
	    "\n"
	    "  -c, --config FILE  configuration, default\n"
	    "                     " SYSCONFDIR "/serial-router.conf\n"
	    "  -t, --check        check the configuration and exit\n"
	    "  -v, --verbose      log debugging lines too\n"
	    "      --syslog       log to syslog instead of stderr\n"
	    "  -V, --version      print the version and exit\n"
	    "  -h, --help         print this and exit\n"
	    "\n"
	    "It stays in the foreground.  SIGUSR1 logs each link's state and "
	    "counters.\n"
	    "See serial-routerd(8) and serial-router.conf(5).\n");
}

static void
print_version(void)
{
	printf("serial-routerd %s\nsandbox: %s\n", PACKAGE_VERSION,
	    sandbox_kind());
}

/* Exits where there is nothing to do, or nothing to be understood. */
static void
parse_options(int argc, char **argv, struct options *o)
{
	enum { OPT_SYSLOG = 256 };
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "syslog", no_argument, NULL, OPT_SYSLOG },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:tvVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->file = optarg;
			break;
		case 't':
			o->check = true;
			break;
		case 'v':
			o->most = LOG_LEVEL_DEBUG;
			break;
		case OPT_SYSLOG:
			o->to_syslog = true;
			break;
		case 'V':
			print_version();
			exit(EX_OK);
		case 'h':
			print_usage(stdout);
			exit(EX_OK);
		default:
			print_usage(stderr);
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "serial-routerd: unexpected argument: %s\n",
		    argv[optind]);
		print_usage(stderr);
		exit(EX_USAGE);
	}
}

static void
complain(const char *line, bool warning, void *arg)
{
	(void)arg;
	if (warning)
		log_warn("%s", line);
	else
		log_err("%s", line);
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

/* Whether there is a chance at all; each link says the rest by itself. */
static int
check_tun_device(const struct conf *conf)
{
	bool enabled = false;

	for (size_t i = 0; i < conf->n_links; i++)
		enabled = enabled || conf->links[i].enabled;
	if (!enabled || access(TUN_DEVICE, R_OK | W_OK) == 0)
		return EX_OK;
	if (errno == EACCES || errno == EPERM) {
		log_err("serial-routerd: %s: %s: start as root, or "
			"as a user who may open it",
		    TUN_DEVICE, strerror(errno));
		return EX_NOPERM;
	}
	log_err("serial-routerd: %s: %s: load the kernel's TUN driver: "
		"modprobe tun",
	    TUN_DEVICE, strerror(errno));
	return EX_UNAVAILABLE;
}

static int
serve(const struct conf *conf)
{
	struct supervisor *s;
	struct error err;
	int status = check_tun_device(conf);

	if (status != EX_OK)
		return status;
	s = supervisor_new(conf, &err);
	if (!s) {
		log_err("serial-routerd: %s", err.text);
		return err.code == EPERM || err.code == EACCES ?
		    EX_NOPERM : EX_UNAVAILABLE;
	}
	status = EXIT_SUCCESS;
	if (supervisor_run(s, &err) < 0) {
		log_err("serial-routerd: %s", err.text);
		status = EXIT_FAILURE;
	}
	supervisor_free(s);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { .file = SYSCONFDIR "/serial-router.conf",
		.most = LOG_LEVEL_INFO };
	struct conf *conf;
	struct error err;
	int status = EX_OK;

	parse_options(argc, argv, &o);
	if (fill_standard_descriptors() < 0)
		return EXIT_FAILURE;
	log_open(o.to_syslog, o.most);

	conf = conf_read(o.file, complain, NULL, &err);
	if (!conf) {
		log_err("serial-routerd: %s", err.text);
		return err.code == EACCES ? EX_NOPERM : EX_CONFIG;
	}
	if (!o.check)
		status = serve(conf);
	conf_free(conf);
	return status;
}

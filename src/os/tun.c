/* A TUN interface as a file descriptor. */
#include "os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "os/holder.h"

#define TUN_DEVICE "/dev/net/tun"

int
tun_open(const char *name, struct error *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	size_t len = strlen(name);
	int fd;

	if (len >= sizeof(ifr.ifr_name))
		return error_set(err, EINVAL, "%s: name too long", name);
	memcpy(ifr.ifr_name, name, len + 1);

	fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "open %s", TUN_DEVICE);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		error_errno(err, "attach to interface %s", name);
		close(fd);
		return -1;
	}
	return fd;
}

int
tun_set_persist(int fd, bool on, struct error *err)
{
	if (ioctl(fd, TUNSETPERSIST, (unsigned long)on) < 0)
		return error_errno(err, "make the interface persistent");
	return 0;
}

int
tun_set_owner(int fd, uid_t uid, struct error *err)
{
	if (ioctl(fd, TUNSETOWNER, (unsigned long)uid) < 0)
		return error_errno(err, "set the interface's owner");
	return 0;
}

int
tun_set_group(int fd, gid_t gid, struct error *err)
{
	if (ioctl(fd, TUNSETGROUP, (unsigned long)gid) < 0)
		return error_errno(err, "set the interface's group");
	return 0;
}

int
tun_set_carrier(int fd, bool on, struct error *err)
{
	int value = on;

	if (ioctl(fd, TUNSETCARRIER, &value) < 0)
		return error_errno(err, "set the carrier %s", on ? "on" : "off");
	return 0;
}

bool
tun_holder(const char *name, char *buf, size_t size)
{
	return holder_of_file(TUN_DEVICE, name, buf, size);
}

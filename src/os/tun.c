/* A TUN interface as a file descriptor. */
#include "os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/holder.h"

#define TUN_DEVICE "/dev/net/tun"

/* Descriptors that are attached to nothing. */
static struct {
	int *fds;
	size_t n, size;
} reserve;

static int
open_device(struct error *err)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, "open %s", TUN_DEVICE);
	return fd;
}

int
tun_attach(int fd, const char *name, struct error *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	size_t len = strlen(name);

	if (len >= sizeof(ifr.ifr_name))
		return error_set(err, EINVAL, "%s: name too long", name);
	memcpy(ifr.ifr_name, name, len + 1);

	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return error_errno(err, "attach to interface %s", name);
	return 0;
}

int
tun_open(const char *name, struct error *err)
{
	int fd = reserve.n > 0 ? reserve.fds[--reserve.n] : open_device(err);

	if (fd < 0)
		return -1;
	if (tun_attach(fd, name, err) < 0) {
		tun_close(fd);
		return -1;
	}
	return fd;
}

bool
tun_attached(int fd)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	return ioctl(fd, TUNGETIFF, &ifr) == 0;
}

/* One that is attached stays so until it is closed. */
void
tun_close(int fd)
{
	if (reserve.n < reserve.size && !tun_attached(fd))
		reserve.fds[reserve.n++] = fd;
	else
		close(fd);
}

bool
tun_may_open(void)
{
	int fd = open_device(NULL);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int
tun_check(struct error *err)
{
	struct stat st;

	if (reserve.size > 0 || tun_may_open())
		return 0;
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		return error_errno(err,
		    "load the kernel's TUN driver (modprobe tun): %s",
		    TUN_DEVICE);
	if (errno != EACCES || stat(TUN_DEVICE, &st) < 0)
		return error_errno(err, "open %s", TUN_DEVICE);
	return error_set(err, EACCES,
	    "%s: Permission denied: its mode is %04o: start as root, or let "
	    "everybody open it, as udev does (chmod 0666 %s): it gives no "
	    "right to interfaces of others",
	    TUN_DEVICE, (unsigned)(st.st_mode & 07777), TUN_DEVICE);
}

int
tun_reserve(size_t n, struct error *err)
{
	reserve.fds = calloc(n + 1, sizeof(*reserve.fds));
	if (!reserve.fds)
		return error_set(err, ENOMEM, "no memory");
	reserve.size = n;
	for (reserve.n = 0; reserve.n < n; reserve.n++) {
		reserve.fds[reserve.n] = open_device(err);
		if (reserve.fds[reserve.n] < 0) {
			tun_reserve_clear();
			return -1;
		}
	}
	return 0;
}

void
tun_reserve_clear(void)
{
	while (reserve.n > 0)
		close(reserve.fds[--reserve.n]);
	free(reserve.fds);
	reserve.fds = NULL;
	reserve.size = 0;
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
		return error_errno(
		    err, "set the carrier %s", on ? "on" : "off");
	return 0;
}

bool
tun_holder(const char *name, char *buf, size_t size)
{
	return holder_of_file(TUN_DEVICE, name, buf, size);
}

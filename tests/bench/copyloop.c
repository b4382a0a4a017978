/*
 * copyloop: the least that joins an interface and a port, as a measure for a
 * pump on the same machine in the same minute.
 *
 *   copyloop INTERFACE PORT
 *
 * Both exist, and the port is raw.  A packet travels behind its length of two
 * bytes; nothing is queued, checked, counted, paced or ever found again once a
 * byte is lost.  It runs until it is killed, or exits 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LENGTH_BYTES 2
#define PACKET_MAX 65535

struct buffer {
	size_t used, done;
	uint8_t bytes[4 * (LENGTH_BYTES + PACKET_MAX)];
};

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "copyloop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
open_interface(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0)
		fail(name);
	return fd;
}

/* -1: nothing now. */
static ssize_t
take(int fd, uint8_t *to, size_t size, const char *what)
{
	ssize_t n = read(fd, to, size);

	if (n == 0)
		errno = EIO;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fail(what);
	return n;
}

static void
interface_to_port(int tun, int port, struct buffer *b)
{
	ssize_t n;

	if (b->used == 0) {
		n = take(tun, b->bytes + LENGTH_BYTES, PACKET_MAX, "interface");
		if (n < 0)
			return;
		b->bytes[0] = (uint8_t)(n >> 8);
		b->bytes[1] = (uint8_t)n;
		b->used = LENGTH_BYTES + (size_t)n;
	}
	n = write(port, b->bytes + b->done, b->used - b->done);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail("port");
	b->done += n > 0 ? (size_t)n : 0;
	if (b->done == b->used)
		b->done = b->used = 0;
}

static void
port_to_interface(int tun, int port, struct buffer *b)
{
	ssize_t n = take(
	    port, b->bytes + b->used, sizeof(b->bytes) - b->used, "port");

	if (n < 0)
		return;
	b->used += (size_t)n;
	for (b->done = 0; b->used - b->done >= LENGTH_BYTES;) {
		const uint8_t *at = b->bytes + b->done;
		size_t len = (size_t)at[0] << 8 | at[1];

		if (b->used - b->done < LENGTH_BYTES + len)
			break;
		if (write(tun, at + LENGTH_BYTES, len) < 0)
			fail("write to the interface");
		b->done += LENGTH_BYTES + len;
	}
	b->used -= b->done;
	memmove(b->bytes, b->bytes + b->done, b->used);
}

int
main(int argc, char **argv)
{
	static struct buffer out, in;
	int tun, port;

	if (argc != 3) {
		fputs("usage: copyloop INTERFACE PORT\n", stderr);
		return 64;
	}
	tun = open_interface(argv[1]);
	port = open(argv[2], O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (port < 0)
		fail(argv[2]);
	for (;;) {
		struct pollfd fds[] = {
			{ tun, out.used ? 0 : POLLIN, 0 },
			{ port, out.used ? POLLIN | POLLOUT : POLLIN, 0 },
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		if (fds[0].revents || fds[1].revents & POLLOUT)
			interface_to_port(tun, port, &out);
		if (fds[1].revents & ~POLLOUT)
			port_to_interface(tun, port, &in);
	}
}

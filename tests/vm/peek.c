/*
 * peek: what the driver of a serial port says while somebody else has it open.
 *
 *   peek DEVICE              "baud=N parity=none|even|odd stop_bits=1|2
 *                            rtscts=0|1 dtr=0|1 hupcl=0|1 unsent=N"
 *   peek DEVICE MS           samples TIOCOUTQ every millisecond for so long:
 *                            "samples=N max=N mean=N zero=N", in bytes; zero
 *                            counts the samples that were
 *
 * Exit status 64: usage, 1: failed.
 */
#include <asm/termbits.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 64
#define NS_PER_MS 1000000L

static int
settings(int fd)
{
	struct termios2 t;
	int lines = 0, unsent;

	if (ioctl(fd, TCGETS2, &t) < 0 || ioctl(fd, TIOCOUTQ, &unsent) < 0) {
		perror("peek: settings");
		return 1;
	}
	ioctl(fd, TIOCMGET, &lines);
	printf("baud=%u parity=%s stop_bits=%d rtscts=%d dtr=%d hupcl=%d "
	       "unsent=%d\n",
	    t.c_ospeed,
	    !(t.c_cflag & PARENB)      ? "none"
		: (t.c_cflag & PARODD) ? "odd"
				       : "even",
	    t.c_cflag & CSTOPB ? 2 : 1, (t.c_cflag & CRTSCTS) != 0,
	    (lines & TIOCM_DTR) != 0, (t.c_cflag & HUPCL) != 0, unsent);
	return 0;
}

static long
elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 +
	    (now.tv_nsec - since->tv_nsec) / NS_PER_MS;
}

static int
samples(int fd, long ms)
{
	const struct timespec pause = { 0, NS_PER_MS };
	struct timespec start;
	long n = 0, zero = 0;
	double sum = 0;
	int max = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (elapsed_ms(&start) < ms) {
		int unsent;

		if (ioctl(fd, TIOCOUTQ, &unsent) < 0) {
			perror("peek: TIOCOUTQ");
			return 1;
		}
		n++;
		sum += unsent;
		zero += unsent == 0;
		max = unsent > max ? unsent : max;
		nanosleep(&pause, NULL);
	}
	printf("samples=%ld max=%d mean=%.0f zero=%ld\n", n, max,
	    n > 0 ? sum / (double)n : 0, zero);
	return 0;
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc < 2 || argc > 3) {
		fputs("usage: peek DEVICE [MS]\n", stderr);
		return EXIT_USAGE;
	}
	fd = open(argv[1], O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	return argc == 2 ? settings(fd) : samples(fd, atol(argv[2]));
}

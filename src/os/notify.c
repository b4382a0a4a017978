#include "os/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

/* The length of the address in *sun, or 0 where name is none. */
static socklen_t
socket_address(const char *name, struct sockaddr_un *sun)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(sun->sun_path))
		return 0;
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(sun->sun_path, name, len);
	/* To the kernel an abstract name begins with a 0 and ends nowhere. */
	if (name[0] == '@')
		sun->sun_path[0] = '\0';
	return offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/');
}

static bool
send_parts(struct iovec *parts, size_t n)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun;
	struct msghdr msg = {
		.msg_name = &sun,
		.msg_iov = parts,
		.msg_iovlen = n,
	};
	bool sent;
	int saved;
	int fd;

	if (!name || !*name)
		return true;
	msg.msg_namelen = socket_address(name, &sun);
	if (msg.msg_namelen == 0) {
		errno = EINVAL;
		return false;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	sent = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	saved = errno;
	close(fd);
	errno = saved;
	return sent;
}

/* An iovec is for reading into, too: it has no const. */
static struct iovec
part_of(const char *text, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)text, len };
}

static bool
send_text(const char *text)
{
	struct iovec part = part_of(text, strlen(text));

	return send_parts(&part, 1);
}

bool
notify_ready(void)
{
	return send_text("READY=1");
}

bool
notify_reloading(void)
{
	char text[64];

	/* sd_notify(3): which reload it is, for a unit of Type=notify-reload */
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    clock_ns() / 1000);
	return send_text(text);
}

bool
notify_stopping(void)
{
	return send_text("STOPPING=1");
}

bool
notify_watchdog(void)
{
	return send_text("WATCHDOG=1");
}

bool
notify_status(const char *text)
{
	/* A newline would begin another assignment, of whatever it likes. */
	struct iovec parts[] = {
		part_of("STATUS=", strlen("STATUS=")),
		part_of(text, strcspn(text, "\n")),
	};

	return send_parts(parts, 2);
}

/* false: not set, or no number. */
static bool
environment_number(const char *name, unsigned long long *number)
{
	const char *text = getenv(name);
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

int64_t
notify_watchdog_ms(void)
{
	unsigned long long us, pid;

	if (!environment_number("WATCHDOG_USEC", &us) || us == 0)
		return 0;
	if (getenv("WATCHDOG_PID") &&
	    (!environment_number("WATCHDOG_PID", &pid) ||
		pid != (unsigned long long)getpid()))
		return 0;
	return us < 2000 ? 1 : (int64_t)(us / 2000);
}

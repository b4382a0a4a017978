/* What the operator reads. */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_NAME "serial-routerd"

static struct {
	bool to_syslog;
	bool to_journal;
	enum log_level most;
	int syslog_fd; /* of SYSLOG_SOCKET; -1: not connected */
} out = { .most = LOG_LEVEL_INFO, .syslog_fd = -1 };

static const int priorities[] = {
	[LOG_LEVEL_ERR] = LOG_ERR,
	[LOG_LEVEL_WARN] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the journal's socket;
 * a stderr that was redirected since is another file. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	if (fstat(STDERR_FILENO, &st) < 0)
		return false;
	return st.st_dev == device && st.st_ino == inode;
}

static void
connect_syslog(void)
{
	const struct sockaddr_un to = { .sun_family = AF_UNIX,
		.sun_path = SYSLOG_SOCKET };

	if (out.syslog_fd >= 0)
		close(out.syslog_fd);
	out.syslog_fd = socket(
	    AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (out.syslog_fd < 0 ||
	    connect(out.syslog_fd, (const struct sockaddr *)&to, sizeof(to)) ==
		0)
		return;
	close(out.syslog_fd);
	out.syslog_fd = -1;
}

/*
 * syslog(3) waits for a syslogd that does not read; this drops the line then.
 * One that was started anew is connected to anew.  The format wants the wall
 * clock, which decides nothing here.
 */
static void
send_syslog(int priority, const char *text)
{
	char line[LINE_MAX_BYTES + 64], stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int len;

	if (localtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	len = snprintf(line, sizeof(line), "<%d>%s " SYSLOG_NAME "[%d]: %s",
	    LOG_DAEMON | priority, stamp, (int)getpid(), text);
	if (send(out.syslog_fd, line, len, MSG_NOSIGNAL) >= 0 ||
	    errno == EAGAIN)
		return;
	connect_syslog();
	if (send(out.syslog_fd, line, len, MSG_NOSIGNAL) < 0)
		return;
}

void
log_open(bool to_syslog, enum log_level most)
{
	out.to_syslog = to_syslog;
	out.to_journal = stderr_is_journal();
	out.most = most;
	if (to_syslog)
		connect_syslog();
}

void
log_set_level(enum log_level most)
{
	out.most = most;
}

enum log_level
log_get_level(void)
{
	return out.most;
}

const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = {
		[LOG_LEVEL_ERR] = "err",
		[LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	return names[level];
}

static void
mask_control_characters(char *text)
{
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

/* Whoever reads stderr may have stopped doing so; a full pipe would hold up
 * every link. */
static bool
stderr_takes_a_line(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

/* One write, so that lines of several processes do not mix. */
static void
write_stderr(int priority, const char *text)
{
	char line[LINE_MAX_BYTES + 8];
	int len;

	if (!stderr_takes_a_line())
		return;
	if (out.to_journal)
		len = snprintf(line, sizeof(line), "<%d>%s\n", priority, text);
	else
		len = snprintf(line, sizeof(line), "%s\n", text);
	/* Nobody is left to be told that stderr is full or gone. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	if (level > out.most)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mask_control_characters(text);

	if (out.to_syslog)
		send_syslog(priorities[level], text);
	else
		write_stderr(priorities[level], text);
}

bool
log_bucket_take(struct log_bucket *bucket, int64_t now_ms, unsigned *suppressed)
{
	int64_t refill = (now_ms - bucket->refilled_ms) / LOG_BUCKET_REFILL_MS;

	*suppressed = 0;
	if (bucket->taken == 0 || refill >= bucket->taken) {
		bucket->taken = 0;
		bucket->refilled_ms = now_ms;
	} else if (refill > 0) {
		bucket->taken -= refill;
		bucket->refilled_ms += refill * LOG_BUCKET_REFILL_MS;
	}
	if (bucket->taken >= LOG_BUCKET_BURST) {
		bucket->suppressed++;
		return false;
	}
	bucket->taken++;
	*suppressed = bucket->suppressed;
	bucket->suppressed = 0;
	return true;
}

/* What the operator reads. */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static struct {
	bool to_syslog;
	bool to_journal;
	enum log_level most;
} out = { .most = LOG_LEVEL_INFO };

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

void
log_open(bool to_syslog, enum log_level most)
{
	out.to_syslog = to_syslog;
	out.to_journal = stderr_is_journal();
	out.most = most;
	if (to_syslog)
		openlog("serial-routerd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
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
		syslog(priorities[level], "%s", text);
	else
		write_stderr(priorities[level], text);
}

bool
log_bucket_take(
    struct log_bucket *bucket, int64_t now_ms, unsigned *suppressed)
{
	int64_t refill =
	    (now_ms - bucket->refilled_ms) / LOG_BUCKET_REFILL_MS;

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

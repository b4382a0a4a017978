/*
 * What the operator reads: lines to stderr, with the journal's priority
 * prefix where stderr goes to the journal, or to /dev/log as syslog(3) does.
 *
 * A line begins with its object ("uno0: ...") and has no newline.  Control
 * characters are shown as '?': text may come from a file or a kernel.  A line
 * that is not taken at once is dropped: nobody waits for a reader.
 */
#ifndef SR_BASE_LOG_H
#define SR_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* In syslog's order: a smaller number matters more. */
enum log_level {
	LOG_LEVEL_ERR,   /* an operator must act */
	LOG_LEVEL_WARN,  /* it hurts, but we go on */
	LOG_LEVEL_INFO,  /* a link went up or down */
	LOG_LEVEL_DEBUG, /* the rest */
};

/* Until called: stderr, up to info. */
void log_open(bool to_syslog, enum log_level most);

/* From now on up to this level. */
void log_set_level(enum log_level most);
enum log_level log_get_level(void);
const char *log_level_name(enum log_level level); /* "warn" */

void log_line(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_err(...) log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/*
 * A token bucket, one per object that outsiders can make talk: a burst of
 * LOG_BUCKET_BURST lines, then one every LOG_BUCKET_REFILL_MS: no more than ten
 * in any minute.  All 0 is a full one.
 */
#define LOG_BUCKET_BURST 6
#define LOG_BUCKET_REFILL_MS 15000

struct log_bucket {
	unsigned taken;      /* lines of the burst that are used up */
	unsigned suppressed; /* lines dropped since the last one */
	int64_t refilled_ms;
};

/*
 * Whether a line may be logged at now_ms.  When it may after others were
 * dropped, *suppressed is how many (0 otherwise); the caller says so.
 */
bool log_bucket_take(
    struct log_bucket *bucket, int64_t now_ms, unsigned *suppressed);

#endif

#include "router/conf_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The tokens here are those of libconfig's scanner, exactly: if the two did
 * not agree on what is a string or a comment, an @include could hide. */
struct scan {
	const char *in; /* terminated, no NUL before the end */
	char *out;      /* the next byte of the copy */
	unsigned line;
	unsigned depth;
	unsigned settings[CONF_TEXT_DEPTH_MAX + 1]; /* so far, by depth */
	bool after_string;
	struct conf_text *text;
	struct conf_faults *faults;
};

static int
check_kind(mode_t mode, const char *path, struct error *err)
{
	if (S_ISDIR(mode))
		return error_set(err, EISDIR, "%s: is a directory", path);
	if (!S_ISREG(mode))
		return error_set(err, EINVAL, "%s: not a regular file", path);
	return 0;
}

/* Opening a device can have effects (a watchdog starts, a modem's DTR rises),
 * so look first; and again, for it may have been exchanged. */
static int
open_regular(const char *path, struct error *err)
{
	struct stat st;
	int fd;

	if (stat(path, &st) < 0)
		return error_errno(err, "open %s", path);
	if (check_kind(st.st_mode, path, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "open %s", path);
	if (fstat(fd, &st) < 0) {
		error_errno(err, "stat %s", path);
		close(fd);
		return -1;
	}
	if (check_kind(st.st_mode, path, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static ssize_t
read_all(int fd, const char *path, char *buf, size_t size, struct error *err)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read %s", path);
		if (n == 0)
			return len;
		len += n;
	}
	return error_set(
	    err, EFBIG, "%s: larger than %d bytes", path, CONF_TEXT_MAX);
}

char *
conf_text_read(const char *path, size_t *len, struct error *err)
{
	int fd = open_regular(path, err);
	ssize_t n = -1;
	char *buf;

	if (fd < 0)
		return NULL;
	buf = malloc(CONF_TEXT_MAX + 1);
	if (buf)
		n = read_all(fd, path, buf, CONF_TEXT_MAX + 1, err);
	else
		error_set(err, ENOMEM, "read %s: out of memory", path);
	close(fd);
	if (n < 0) {
		free(buf);
		return NULL;
	}
	buf[n] = '\0';
	*len = n;
	return buf;
}

static void
copy(struct scan *s, size_t n)
{
	for (; n > 0 && *s->in; n--) {
		if (*s->in == '\n')
			s->line++;
		*s->out++ = *s->in++;
	}
}

static bool
scan_string(struct scan *s)
{
	unsigned line = s->line;

	if (!s->after_string)
		s->text->string_lines[s->text->n_strings++] = line;
	copy(s, 1);
	while (*s->in != '"') {
		if (!*s->in) {
			conf_faults_add(s->faults, line,
			    "the string that begins here has no end");
			return false;
		}
		if (strncasecmp(s->in, "\\x00", 4) == 0)
			conf_faults_add(s->faults, s->line,
			    "\\x00 cannot be part of a string");
		copy(s, *s->in == '\\' ? 2 : 1);
	}
	copy(s, 1);
	s->after_string = true;
	return true;
}

static bool
scan_comment(struct scan *s)
{
	unsigned line = s->line;

	if (s->in[0] == '#' || s->in[1] == '/') {
		copy(s, strcspn(s->in, "\n"));
		return true;
	}
	copy(s, 2);
	while (*s->in && (s->in[0] != '*' || s->in[1] != '/'))
		copy(s, 1);
	if (!*s->in) {
		conf_faults_add(
		    s->faults, line, "the comment that begins here has no end");
		return false;
	}
	copy(s, 2);
	return true;
}

/* The length of an exponent at p, 0 where there is none. */
static size_t
exponent(const char *p)
{
	size_t sign = p[0] != '\0' && (p[1] == '-' || p[1] == '+');
	size_t digits;

	if (*p != 'e' && *p != 'E')
		return 0;
	digits = strspn(p + 1 + sign, "0123456789");
	return digits ? 1 + sign + digits : 0;
}

static void
scan_integer(struct scan *s, size_t len, int base)
{
	size_t suffix = 0;
	long long value;

	errno = 0;
	value = strtoll(s->in, NULL, base);
	if (errno == ERANGE)
		conf_faults_add(s->faults, s->line,
		    "%.*s%s: the number is too large", len < 40 ? (int)len : 40,
		    s->in, len < 40 ? "" : "...");
	copy(s, len);
	while (suffix < 2 && s->in[suffix] == 'L')
		suffix++;
	if (suffix == 0 && (value > INT_MAX || value < INT_MIN))
		*s->out++ = 'L';
	copy(s, suffix);
}

static void
scan_number(struct scan *s)
{
	const char *p = s->in;
	size_t hex = strspn(p + 1, "xX") == 0
	    ? 0
	    : strspn(p + 2, "0123456789abcdefABCDEF");
	size_t len;

	if (p[0] == '0' && hex) {
		scan_integer(s, 2 + hex, 16);
		return;
	}
	len = (*p == '-' || *p == '+');
	len += strspn(p + len, "0123456789");
	if (p[len] == '.') {
		len++;
		len += strspn(p + len, "0123456789");
		copy(s, len + exponent(p + len));
		return;
	}
	if (exponent(p + len))
		copy(s, len + exponent(p + len));
	else
		scan_integer(s, len, 10);
}

static bool
begins_number(const char *p)
{
	if (*p == '-' || *p == '+')
		p++;
	return isdigit((unsigned char)*p) || *p == '.';
}

static bool
scan_mark(struct scan *s)
{
	if (strncmp(s->in, "@include", 8) == 0)
		conf_faults_add(
		    s->faults, s->line, "@include is not supported");
	if (strchr("({[", *s->in)) {
		if (s->depth == CONF_TEXT_DEPTH_MAX) {
			conf_faults_add(s->faults, s->line,
			    "more than %d groups and lists within each other",
			    CONF_TEXT_DEPTH_MAX);
			return false;
		}
		s->settings[++s->depth] = 0;
	}
	if (strchr(")}]", *s->in) && s->depth > 0)
		s->depth--;
	/* libconfig's time grows with the square of this. */
	if (strchr("=:", *s->in) &&
	    ++s->settings[s->depth] > CONF_TEXT_GROUP_MAX) {
		conf_faults_add(s->faults, s->line,
		    "more than %d settings in one group", CONF_TEXT_GROUP_MAX);
		return false;
	}
	copy(s, 1);
	return true;
}

/* Takes one token; false: no use to go on. */
static bool
scan_token(struct scan *s)
{
	char c = *s->in;

	if (isspace((unsigned char)c)) {
		copy(s, 1);
		return true;
	}
	if (c == '#' || (c == '/' && (s->in[1] == '/' || s->in[1] == '*')))
		return scan_comment(s);
	if (c == '"')
		return scan_string(s);
	s->after_string = false;
	if (isalpha((unsigned char)c) || c == '*') {
		do
			copy(s, 1);
		while (isalnum((unsigned char)*s->in) ||
		    (*s->in && strchr("-_*", *s->in)));
		return true;
	}
	if (begins_number(s->in)) {
		scan_number(s);
		return true;
	}
	return scan_mark(s);
}

static size_t
count(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

static void
refuse_nul(const char *raw, const char *nul, struct conf_faults *faults)
{
	unsigned line = 1;

	for (const char *p = raw; p < nul; p++)
		line += *p == '\n';
	conf_faults_add(faults, line, "a NUL byte: this is no text file");
}

bool
conf_text_init(struct conf_text *t, const char *raw, size_t len,
    struct conf_faults *faults)
{
	struct scan s = { .in = raw, .line = 1, .text = t, .faults = faults };
	const char *nul = memchr(raw, '\0', len);
	size_t before = faults->n;

	*t = (struct conf_text){ 0 };
	if (nul) {
		refuse_nul(raw, nul, faults);
		return false;
	}
	/* At most one "L" a number, and a newline, without which libconfig
	 * does not know a comment. */
	t->text = malloc(2 * len + 2);
	t->string_lines = calloc(count(raw, '"') + 1, sizeof(unsigned));
	if (!t->text || !t->string_lines) {
		faults->no_memory = true;
		return false;
	}
	s.out = t->text;
	while (*s.in && scan_token(&s))
		;
	strcpy(s.out, "\n");
	return faults->n == before && !faults->no_memory;
}

void
conf_text_clear(struct conf_text *t)
{
	free(t->text);
	free(t->string_lines);
	*t = (struct conf_text){ 0 };
}

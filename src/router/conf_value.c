#include "router/conf_value.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "router/conf_read.h"

#define NAME_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

#define ACCOUNT_MAX 255 /* bytes of the name of a user or group */

void
conf_set_name(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	const char *name = conf_string(s);
	size_t len = name ? strlen(name) : 0;

	if (len == 0 || len >= IFNAMSIZ || name[strspn(name, NAME_CHARS)] ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		conf_expected(r, s, key->expected, true);
	else
		memcpy((char *)base + key->offset, name, len + 1);
}

static bool
has_control(const char *text)
{
	while (*text && !iscntrl((unsigned char)*text))
		text++;
	return *text;
}

void
conf_set_device(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	char **device = (char **)((char *)base + key->offset);
	const char *path = conf_string(s);

	if (!path || path[0] != '/' || strlen(path) >= PATH_MAX ||
	    has_control(path)) {
		conf_expected(r, s, key->expected, true);
		return;
	}
	*device = strdup(path);
	if (!*device)
		r->faults.no_memory = true;
}

void
conf_set_usb(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	if (config_setting_is_group(s))
		conf_read_group(r, s, key->path, base);
	else
		conf_expected(r, s, key->expected, false);
}

/* Whatever bytes an adapter may send: \x01 in the file is one of them. */
void
conf_set_serial(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	const char *text = conf_string(s);
	size_t len = text ? strlen(text) : 0;

	if (len == 0 || len >= USB_STRING_SIZE)
		conf_expected(r, s, key->expected, true);
	else
		memcpy((char *)base + key->offset, text, len + 1);
}

void
conf_set_place(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	const char *text = conf_string(s);

	if (!text || !usb_is_place(text))
		conf_expected(r, s, key->expected, true);
	else
		strcpy((char *)base + key->offset, text);
}

/* (uint32_t)-1 means none to the kernel. */
static bool
take_number(long long n, uint32_t *id)
{
	if (n < 0 || n >= UINT32_MAX)
		return false;
	*id = n;
	return true;
}

/* errno after getpwnam(3) or getgrnam(3) found nothing: whether they could
 * not look. */
static bool
could_not_look(int code)
{
	return code == EINTR || code == EIO || code == EMFILE ||
	    code == ENFILE || code == ENOMEM;
}

static void
not_found(struct conf_reader *r, const config_setting_t *s, const char *kind,
    const char *name)
{
	int code = errno;

	if (could_not_look(code))
		conf_fault(r, s, "cannot look up %s \"%.60s\": %s", kind, name,
		    strerror(code));
	else
		conf_fault(r, s, "there is no %s \"%.60s\" on this machine",
		    kind, name);
}

static bool
look_up(const char *name, bool group, uint32_t *id)
{
	const struct passwd *user;
	const struct group *entry;

	errno = 0;
	if (group) {
		entry = getgrnam(name);
		if (entry)
			*id = entry->gr_gid;
		return entry;
	}
	user = getpwnam(name);
	if (user)
		*id = user->pw_uid;
	return user;
}

bool
conf_account(struct conf_reader *r, const config_setting_t *s,
    const char *text, bool group, const char *expected, uint32_t *id)
{
	int type = config_setting_type(s);

	if ((type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) &&
	    take_number(config_setting_get_int64(s), id))
		return true;
	if (!text || !*text || strlen(text) > ACCOUNT_MAX) {
		conf_expected(r, s, expected, true);
		return false;
	}
	if (!text[strspn(text, "0123456789")] &&
	    take_number(strtoll(text, NULL, 10), id))
		return true;
	if (look_up(text, group, id))
		return true;
	not_found(r, s, group ? "group" : "user", text);
	return false;
}

void
conf_set_owner(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	conf_account(r, s, conf_string(s), false, key->expected,
	    (uid_t *)((char *)base + key->offset));
}

void
conf_set_group(struct conf_reader *r, const struct conf_key *key,
    const config_setting_t *s, void *base)
{
	conf_account(r, s, conf_string(s), true, key->expected,
	    (gid_t *)((char *)base + key->offset));
}

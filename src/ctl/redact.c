#include "ctl/redact.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

/* A shorter serial number is found only where it is called one. */
#define SERIAL_LEAST 4

#define ADDRESS "0123456789abcdefABCDEF:."
#define BY_ID "/dev/serial/by-id/"

void
redact_init(struct redact *r)
{
	*r = (struct redact){ 0 };
}

static void
list_clear(struct redact_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->texts[i]);
	free(l->texts);
}

void
redact_clear(struct redact *r)
{
	list_clear(&r->serials);
	list_clear(&r->addresses);
	list_clear(&r->names);
}

/* The number of a text in the list, from 1; it is added where it is new. */
static size_t
list_number(struct redact_list *l, const char *text, size_t len)
{
	char **more;

	for (size_t i = 0; i < l->n; i++) {
		if (strncmp(l->texts[i], text, len) == 0 && !l->texts[i][len])
			return i + 1;
	}
	more = reallocarray(l->texts, l->n + 1, sizeof(*l->texts));
	if (!more)
		text_no_memory();
	l->texts = more;
	l->texts[l->n++] = text_printf("%.*s", (int)len, text);
	return l->n;
}

/* serial = "..."; of a configuration. */
static void
learn_text(struct redact *r, const char *text)
{
	while ((text = strstr(text, "serial"))) {
		size_t len;

		text += strlen("serial");
		text += strspn(text, " \t=:");
		if (*text != '"')
			continue;
		len = strcspn(text + 1, "\"\n");
		if (len > 0)
			list_number(&r->serials, text + 1, len);
		text += 1 + len;
	}
}

void
redact_learn(struct redact *r, const json_t *answer)
{
	const json_t *each;
	const char *key;
	size_t i;

	if (json_is_string(answer))
		learn_text(r, json_string_value(answer));
	json_array_foreach(answer, i, each) redact_learn(r, each);
	json_object_foreach((json_t *)(uintptr_t)answer, key, each)
	{
		const char *text = json_string_value(each);

		if (text && *text && strcmp(key, "serial") == 0)
			list_number(&r->serials, text, strlen(text));
		redact_learn(r, each);
	}
}

static bool
is_private4(const struct in_addr *address)
{
	uint32_t a = ntohl(address->s_addr);

	return a >> 24 == 0 || a >> 24 == 10 || a >> 24 == 127 ||
	    a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe ||
	    a >> 22 == 0x191 || a >> 28 >= 14;
}

static bool
is_private6(const struct in6_addr *a)
{
	struct in_addr last;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&last, a->s6_addr + 12, sizeof(last));
		return is_private4(&last);
	}
	return IN6_IS_ADDR_UNSPECIFIED(a) || IN6_IS_ADDR_LOOPBACK(a) ||
	    IN6_IS_ADDR_LINKLOCAL(a) || IN6_IS_ADDR_MULTICAST(a) ||
	    (a->s6_addr[0] & 0xfe) == 0xfc;
}

/* How long a public address is that the text begins with, or 0. */
static size_t
public_address(const char *text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;
	size_t len = strspn(text, ADDRESS);

	/* "203.0.113.1: ..." */
	while (len > 0 && (text[len - 1] == ':' || text[len - 1] == '.') &&
	    !(len > 1 && text[len - 2] == ':'))
		len--;
	if (len == 0 || len >= sizeof(copy))
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1)
		return is_private4(&v4) ? 0 : len;
	if (inet_pton(AF_INET6, copy, &v6) == 1)
		return is_private6(&v6) ? 0 : len;
	return 0;
}

static size_t
serial_at(const struct redact *r, const char *text)
{
	for (size_t i = 0; i < r->serials.n; i++) {
		size_t len = strlen(r->serials.texts[i]);

		if (len >= SERIAL_LEAST &&
		    strncmp(text, r->serials.texts[i], len) == 0)
			return len;
	}
	return 0;
}

/* Writes what is to be there instead, and returns how much of text it is
 * instead of; 0: nothing is to be replaced. */
static size_t
replace(struct redact *r, const char *text, bool begins, FILE *out)
{
	size_t len = strlen(BY_ID);

	if (strncmp(text, BY_ID, len) == 0) {
		size_t name = strcspn(text + len, "\"';, \t\n");

		fprintf(out, BY_ID "(name %zu)",
		    list_number(&r->names, text + len, name));
		return len + name;
	}
	len = serial_at(r, text);
	if (len > 0) {
		fprintf(
		    out, "(serial %zu)", list_number(&r->serials, text, len));
		return len;
	}
	len = begins ? public_address(text) : 0;
	if (len > 0)
		fprintf(out, "(address %zu)",
		    list_number(&r->addresses, text, len));
	return len;
}

char *
redact_text(struct redact *r, const char *text)
{
	char *clean;
	size_t len, n;
	FILE *out = text_open(&clean, &len);
	bool begins = true;

	while (*text) {
		n = replace(r, text, begins, out);
		if (n == 0) {
			begins = !strchr(ADDRESS, *text);
			fputc(*text++, out);
			continue;
		}
		text += n;
		begins = false;
	}
	fclose(out);
	return clean;
}

static json_t *
clean(struct redact *r, const char *key, json_t *value)
{
	const char *text = json_string_value(value);
	char *safe;
	json_t *new;

	if (!text) {
		redact_answer(r, value);
		return json_incref(value);
	}
	if (key && *text && strcmp(key, "serial") == 0)
		safe = text_printf("(serial %zu)",
		    list_number(&r->serials, text, strlen(text)));
	else
		safe = redact_text(r, text);
	new = json_string_nocheck(safe);
	free(safe);
	return new;
}

void
redact_answer(struct redact *r, json_t *answer)
{
	const char *key;
	json_t *each;
	size_t i;

	json_object_foreach(answer, key, each)
	    json_object_set_new_nocheck(answer, key, clean(r, key, each));
	json_array_foreach(answer, i, each)
	    json_array_set_new(answer, i, clean(r, NULL, each));
}

#include "base/ip.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
ip_parse(const char *text, struct ip *ip)
{
	struct ip parsed = { .family = AF_INET };

	if (inet_pton(AF_INET, text, parsed.bytes) != 1) {
		parsed.family = AF_INET6;
		if (inet_pton(AF_INET6, text, parsed.bytes) != 1)
			return false;
	}
	*ip = parsed;
	return true;
}

bool
ip_parse_prefix(const char *text, struct ip *ip, unsigned *prefix_len)
{
	const char *slash = strchr(text, '/');
	char address[IP_TEXT_SIZE];
	struct ip parsed;
	unsigned long n;
	char *end;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	if (!ip_parse(address, &parsed))
		return false;
	if (!isdigit((unsigned char)slash[1]) || strlen(slash + 1) > 3)
		return false;
	n = strtoul(slash + 1, &end, 10);
	if (*end || n > ip_bits(&parsed))
		return false;
	*ip = parsed;
	*prefix_len = n;
	return true;
}

const char *
ip_format(const struct ip *ip, char *buf)
{
	if (!ip_size(ip) ||
	    !inet_ntop(ip->family, ip->bytes, buf, IP_TEXT_SIZE))
		snprintf(buf, IP_TEXT_SIZE, "none");
	return buf;
}

const char *
ip_format_prefix(const struct ip *ip, unsigned prefix_len, char *buf)
{
	size_t len = strlen(ip_format(ip, buf));

	snprintf(buf + len, IP_TEXT_SIZE - len, "/%u", prefix_len);
	return buf;
}

bool
ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, ip_size(a)) == 0;
}

bool
ip_equal_prefix(const struct ip *a, const struct ip *b, unsigned prefix_len)
{
	unsigned whole = prefix_len / 8;
	unsigned rest = prefix_len % 8;

	if (a->family != b->family || memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	    ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}

bool
ip_is_network(const struct ip *ip, unsigned prefix_len)
{
	for (unsigned bit = prefix_len; bit < ip_bits(ip); bit++) {
		if (ip->bytes[bit / 8] & (0x80 >> (bit % 8)))
			return false;
	}
	return true;
}

bool
ip_is_link_local(const struct ip *ip)
{
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe &&
	    (ip->bytes[1] & 0xc0) == 0x80;
}

size_t
ip_size(const struct ip *ip)
{
	if (ip->family == AF_INET)
		return 4;
	return ip->family == AF_INET6 ? 16 : 0;
}

unsigned
ip_bits(const struct ip *ip)
{
	return 8 * ip_size(ip);
}

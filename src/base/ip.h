/*
 * IP addresses and prefixes as plain data, IPv4 and IPv6 alike: from text, to
 * text, compared.
 */
#ifndef SR_BASE_IP_H
#define SR_BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Room for the text of any address with its prefix length. */
#define IP_TEXT_SIZE 64

struct ip {
	sa_family_t family; /* AF_INET, AF_INET6; AF_UNSPEC: none */
	uint8_t bytes[16]; /* network order; the first 4 with AF_INET, rest 0 */
};

/* Both parsers fill *ip only on success and accept exactly what inet_pton(3)
 * does; false: the text is no address (no prefix). */
bool ip_parse(const char *text, struct ip *ip);

/* "ADDR/LENGTH"; LENGTH is at most ip_bits(). */
bool ip_parse_prefix(const char *text, struct ip *ip, unsigned *prefix_len);

/* Into buf, which must hold IP_TEXT_SIZE; returns buf. */
const char *ip_format(const struct ip *ip, char *buf);
const char *ip_format_prefix(
    const struct ip *ip, unsigned prefix_len, char *buf);

bool ip_equal(const struct ip *a, const struct ip *b);
/* Whether the first prefix_len bits of both are the same. */
bool ip_equal_prefix(
    const struct ip *a, const struct ip *b, unsigned prefix_len);
/* Whether all bits behind the prefix are 0, as a route's must be. */
bool ip_is_network(const struct ip *ip, unsigned prefix_len);
bool ip_is_link_local(const struct ip *ip); /* fe80::/10 */

/* 4 or 16, 32 or 128; 0 for none. */
size_t ip_size(const struct ip *ip);
unsigned ip_bits(const struct ip *ip);

#endif

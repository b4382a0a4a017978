/*
 * Why a thing failed, for the one who asked.
 */
#ifndef CABLE_WHY_H
#define CABLE_WHY_H

struct why {
	char text[256]; /* longer ones are cut; always terminated */
};

/* Both fill *why and return -1; why_errno appends ": " and errno's text. */
int why_set(struct why *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int why_errno(struct why *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/*
 * One link of an answer to show, in words: what show, top and the detailed view
 * have in common.
 */
#ifndef SR_CTL_LINK_H
#define SR_CTL_LINK_H

#include <jansson.h>

#include "ctl/terminal.h"

const char *link_name(const json_t *link); /* never NULL */
const char *link_state(const json_t *link);
enum colour link_colour(const json_t *link);

/* The node of the port, or what it is looked for by; to be freed. */
char *link_port(const json_t *link);

/* An adapter, as configured or as found, in words; to be freed. */
char *link_usb(const json_t *usb);

/* Of frames that ended on the line so many were damaged; NAN: not known. */
double link_damaged(const json_t *link);

/*
 * Tells each remark, safe or not, to say(): why it is not up, flags, the next
 * try.
 */
void link_remarks(
    const json_t *link, void (*say)(void *arg, const char *text), void *arg);

#endif

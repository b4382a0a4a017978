/*
 * A request and its answer, from the command line to an exit status.
 */
#ifndef SR_CTL_ASK_H
#define SR_CTL_ASK_H

#include <jansson.h>

#include "base/error.h"
#include "ctl/client.h"
#include "ctl/options.h"

/* Connects, and checks who it is. */
int ask_open(struct client *c, const struct options *o, struct error *err);

/* Asks, and returns the answer whatever it is, to be dropped with
 * json_decref(); NULL: err says why there is none.  *line, which may be NULL,
 * becomes the answer as received, valid until the client's next. */
json_t *ask(struct client *c, const char *request, const char **line,
    struct error *err);

/*
 * The same as a whole: connects, asks for "VERB WORD..." with words that end
 * with NULL, and disconnects.  With --json the answer goes to standard output
 * as received.  Returns the answer, or NULL: what is wrong was told, and
 * *status is the exit status.
 */
json_t *ask_once(const struct options *o, const char *verb,
    const char *const *words, int *status);

/* "VERB WORD..." to be freed, or NULL: a word that a request cannot have in it
 * was told, and *status is EX_USAGE. */
char *ask_request(const char *verb, const char *const *words, int *status);

/* A line of JSON to standard output. */
void ask_put_line(const char *line);

#endif

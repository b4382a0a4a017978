/*
 * What a change of the configuration does, told the same way before it (diff)
 * and after it (reload, undo).
 */
#ifndef SR_CTL_WORDS_H
#define SR_CTL_WORDS_H

#include <jansson.h>
#include <stddef.h>

/* "uno0: applied live: interface.mtu" to standard output; change is one of
 * serial-router-control(7). */
void words_put(const char *link, const char *change, const char *const *keys,
    size_t n_keys);

/* Keys of the daemon itself that are applied live, if there are any. */
void words_put_daemon(const char *const *keys, size_t n_keys);

/* And those that wait for its next start. */
void words_put_waiting(const char *const *keys, size_t n_keys);

/* An answer to reload or undo. */
void words_put_answer(const json_t *answer);

#endif

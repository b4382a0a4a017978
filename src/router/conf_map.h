/*
 * Where a line of the flat text comes from: the file that was read, or one
 * that it includes, and the line there.
 */
#ifndef SR_ROUTER_CONF_MAP_H
#define SR_ROUTER_CONF_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct conf_part {
	unsigned flat; /* its first line in the flat text */
	unsigned line; /* which line of the file that is */
	size_t file;
};

struct conf_map {
	struct conf_part *parts; /* in the order of the flat text */
	size_t n_parts, parts_size;
	char **files;
	size_t n_files, files_size;
};

/* Notes a file's name; returns its number, or -1: out of memory. */
int conf_map_file(struct conf_map *m, const char *name);

/* From the flat line on come the lines of a file, from line on.  false: out
 * of memory. */
bool conf_map_add(
    struct conf_map *m, unsigned flat, size_t file, unsigned line);

/* The name of the file of a flat line, and the line there; NULL where the map
 * has nothing. */
const char *conf_map_find(
    const struct conf_map *m, unsigned flat, unsigned *line);

/* Frees what is in it. */
void conf_map_clear(struct conf_map *m);

#endif

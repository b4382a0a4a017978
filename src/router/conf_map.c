#include "router/conf_map.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void *
grown(void *list, size_t n, size_t *size, size_t each)
{
	size_t more = *size ? 2 * *size : 8;

	if (n < *size)
		return list;
	list = reallocarray(list, more, each);
	if (list)
		*size = more;
	return list;
}

int
conf_map_file(struct conf_map *m, const char *name)
{
	char **files = grown(
	    m->files, m->n_files, &m->files_size, sizeof(*m->files));

	if (!files)
		return -1;
	m->files = files;
	files[m->n_files] = strdup(name);
	if (!files[m->n_files] || m->n_files == INT_MAX)
		return -1;
	return m->n_files++;
}

bool
conf_map_add(struct conf_map *m, unsigned flat, size_t file, unsigned line)
{
	struct conf_part *parts = grown(
	    m->parts, m->n_parts, &m->parts_size, sizeof(*m->parts));

	if (!parts)
		return false;
	m->parts = parts;
	parts[m->n_parts++] = (struct conf_part){
		.flat = flat, .line = line, .file = file
	};
	return true;
}

const char *
conf_map_find(const struct conf_map *m, unsigned flat, unsigned *line)
{
	size_t low = 0;
	size_t high = m->n_parts;

	/* parts[low] begins at or before the line, parts[high] behind it. */
	if (high == 0 || m->parts[0].flat > flat)
		return NULL;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (m->parts[mid].flat <= flat)
			low = mid;
		else
			high = mid;
	}
	*line = m->parts[low].line + (flat - m->parts[low].flat);
	return m->files[m->parts[low].file];
}

void
conf_map_clear(struct conf_map *m)
{
	for (size_t i = 0; i < m->n_files; i++)
		free(m->files[i]);
	free(m->files);
	free(m->parts);
	*m = (struct conf_map){ 0 };
}

/*
 * Which daemon is meant: the one of a configuration, by its control.path.
 */
#ifndef SR_CTL_LOCATE_H
#define SR_CTL_LOCATE_H

/*
 * The control.path of that file, read with the rights of whoever asks; to be
 * freed.  NULL: what is wrong with the file was told, *status is the exit
 * status.
 */
char *locate_socket(const char *file, int *status);

#endif

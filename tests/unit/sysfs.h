/* A tree like /sys, with terminals and USB adapters as a test wants them. */
#ifndef SR_TESTS_UNIT_SYSFS_H
#define SR_TESTS_UNIT_SYSFS_H

#include <stddef.h>

struct sysfs_adapter {
	const char *place;
	unsigned vendor, product;
	const char *serial, *maker, *model; /* NULL: no such file */
};

extern char sysfs_root[64]; /* the tree of this test */

int sysfs_setup(void **state);
int sysfs_teardown(void **state);

/* Writes a file below the root, with the directories that it is in. */
void sysfs_write(const char *path, const char *text);
void sysfs_write_bytes(const char *path, const void *bytes, size_t len);
/* Makes a symbolic link below the root, with the directories it is in. */
void sysfs_link(const char *path, const char *target);
void sysfs_remove(const char *path); /* with all that is in it */

void sysfs_adapter(const struct sysfs_adapter *a);
/* A terminal of a function of an adapter: as drivers of usb-serial make it, as
 * cdc_acm does. */
void sysfs_usb_serial(const char *place, unsigned function, const char *name,
    const char *driver, const char *dev);
void sysfs_cdc_acm(
    const char *place, unsigned function, const char *name, const char *dev);
/* A UART; type 0: there is none. */
void sysfs_uart(const char *name, const char *type, const char *dev);
void sysfs_console(const char *name, const char *dev); /* without device */

#endif

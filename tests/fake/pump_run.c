/* A pump that does what a test has for it, in a process of its own. */
#include <unistd.h>

#include "fake/fake.h"

void (*fake_pump_run)(
    const struct pump_options *options, int sock, struct stats_page *page);

_Noreturn void
pump_run(const struct pump_options *options, int tun, int sock,
    struct stats_page *page)
{
	(void)tun;
	fake_pump_run(options, sock, page);
	_exit(0);
}

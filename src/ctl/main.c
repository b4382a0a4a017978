/* serial-routerctl: asks serial-routerd, and tells it things. */
#include "base/usage.h"
#include "ctl/command.h"
#include "ctl/options.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

int
main(int argc, char **argv)
{
	struct options o;
	int status;

	text_init();
	terminal_init();
	usage_init("serial-routerctl", command_print_synopsis);
	status = options_parse(&o, argc, argv);
	return status >= 0 ? status : command_run(&o);
}

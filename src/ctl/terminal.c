#include "ctl/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool colours;

void
terminal_init(void)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	colours = isatty(STDOUT_FILENO) && term && *term &&
	    strcmp(term, "dumb") != 0 && !(no && *no);
}

size_t
terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void
terminal_colour(FILE *out, enum colour colour)
{
	static const char *const codes[] = {
		[COLOUR_NONE] = "0",
		[COLOUR_GOOD] = "32",
		[COLOUR_CARE] = "33",
		[COLOUR_BAD] = "31",
		[COLOUR_FAINT] = "2",
		[COLOUR_TITLE] = "1",
	};

	if (colours)
		fprintf(out, "\033[%sm", codes[colour]);
}

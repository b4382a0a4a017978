#include "ctl/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Another screen, no cursor; and back. */
#define ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define LEAVE "\033[?25h\033[?1049l"

static struct termios before, ours;
static sigset_t mask;
static volatile sig_atomic_t spoilt;

static struct {
	unsigned char bytes[64];
	size_t len, used;
} input;

bool
screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
	    strcmp(term, "dumb") != 0;
}

/* What follows is called in handlers of signals, too. */

static void
put(const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len > 0 && (n = write(STDOUT_FILENO, text, len)) > 0) {
		text += n;
		len -= n;
	}
}

static void
enter(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &ours);
	put(ENTER);
	spoilt = 1;
}

static void
leave(void)
{
	put(LEAVE);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void
handle_end(int number)
{
	leave();
	raise(number); /* with its default action, when this returns */
}

static void
handle_stop(int number)
{
	int code = errno;

	(void)number;
	leave();
	raise(SIGSTOP);
	errno = code;
}

static void
handle_continue(int number)
{
	int code = errno;

	(void)number;
	enter();
	errno = code;
}

static void
handle_size(int number)
{
	(void)number;
	spoilt = 1;
}

static void
set_handlers(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_flags = SA_RESTART };

	sigfillset(&action.sa_mask);
	action.sa_handler = handle_stop;
	sigaction(SIGTSTP, &action, NULL);
	action.sa_handler = handle_continue;
	sigaction(SIGCONT, &action, NULL);
	action.sa_handler = handle_size;
	sigaction(SIGWINCH, &action, NULL);
	action.sa_handler = handle_end;
	action.sa_flags = SA_RESETHAND;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
}

int
screen_open(struct error *err)
{
	sigset_t size;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return error_errno(err, "terminal");
	ours = before;
	/* Signals by keys stay; Ctrl-S would hold us up. */
	ours.c_lflag &= ~(ICANON | ECHO);
	ours.c_iflag &= ~(IXON | ICRNL);
	ours.c_cc[VMIN] = 0;
	ours.c_cc[VTIME] = 0;
	sigemptyset(&size);
	sigaddset(&size, SIGWINCH);
	sigprocmask(SIG_BLOCK, &size, &mask);
	sigdelset(&mask, SIGWINCH);
	set_handlers();
	enter();
	return 0;
}

void
screen_close(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGTSTP, SIGCONT, SIGWINCH };

	leave();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], SIG_DFL);
}

size_t
screen_lines(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		return size.ws_row;
	return 24;
}

const sigset_t *
screen_mask(void)
{
	return &mask;
}

bool
screen_is_spoilt(void)
{
	bool was = spoilt;

	spoilt = 0;
	return was;
}

/* The next byte, or -1: there is none, or with end of file set, none ever. */
static int
next_byte(bool *end)
{
	ssize_t n;

	if (input.used == input.len) {
		n = read(STDIN_FILENO, input.bytes, sizeof(input.bytes));
		input.used = 0;
		input.len = n > 0 ? n : 0;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			*end = true;
	}
	return input.used < input.len ? input.bytes[input.used++] : -1;
}

/* The rest of a sequence may come a moment later, over a slow line. */
static int
next_in_sequence(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	bool end;

	if (input.used == input.len)
		poll(&p, 1, 50);
	return next_byte(&end);
}

/* CSI, parameters, and a final byte; or SS3 and a byte. */
static enum screen_key
sequence(void)
{
	int c = next_in_sequence(), parameter = 0;

	if (c != '[' && c != 'O')
		return SCREEN_KEY_NONE;
	do {
		c = next_in_sequence();
		if (c >= '0' && c <= '9' && parameter < 100)
			parameter = 10 * parameter + c - '0';
	} while (c >= 0x20 && c < 0x40);
	switch (c) {
	case 'A':
		return SCREEN_KEY_UP;
	case 'B':
		return SCREEN_KEY_DOWN;
	case 'C':
		return SCREEN_KEY_RIGHT;
	case 'D':
		return SCREEN_KEY_LEFT;
	case 'H':
		return SCREEN_KEY_HOME;
	case 'F':
		return SCREEN_KEY_END;
	case '~':
		break;
	default:
		return SCREEN_KEY_NONE;
	}
	switch (parameter) {
	case 1:
	case 7:
		return SCREEN_KEY_HOME;
	case 4:
	case 8:
		return SCREEN_KEY_END;
	case 5:
		return SCREEN_KEY_PAGE_UP;
	case 6:
		return SCREEN_KEY_PAGE_DOWN;
	}
	return SCREEN_KEY_NONE;
}

enum screen_key
screen_key(void)
{
	enum screen_key key = SCREEN_KEY_NONE;
	bool end = false;
	int c;

	while (key == SCREEN_KEY_NONE && (c = next_byte(&end)) >= 0) {
		switch (c) {
		case 'q':
		case 'Q':
		case 3:
			key = SCREEN_KEY_QUIT;
			break;
		case 'k':
			key = SCREEN_KEY_UP;
			break;
		case 'j':
			key = SCREEN_KEY_DOWN;
			break;
		case 033:
			key = sequence();
			break;
		}
	}
	return end ? SCREEN_KEY_QUIT : key;
}

/* A serial port: opened, locked and set up. */
#include "os/port.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libserialport.h>
#include <linux/serial.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os/holder.h"
#include "os/privilege.h"
#include "os/terminal.h"

/* Before anything is set: a port that another has must not change under it. */
static int
lock_node(int fd, const struct port_info *info, struct error *err)
{
	char holder[64];

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return error_errno(err, "port %s: lock", info->node);
	if (!holder_of_lock(fd, holder, sizeof(holder)))
		strcpy(holder, "another process");
	return error_set(
	    err, EBUSY, "port %s is in use by %s", info->node, holder);
}

/* Looking up a group can take a while: the pump has it. */
static int
explain_denial(const char *node, struct error *err)
{
	const char *user = privilege_user_name();
	const struct group *group;
	struct stat st;

	if (stat(node, &st) < 0)
		return error_errno(err, "port %s", node);
	group = getgrgid(st.st_gid);
	if ((st.st_mode & 060) != 060 || !group)
		return error_set(err, EACCES,
		    "port %s: Permission denied: its mode %04o (owner %u, "
		    "group %u) does not let user %s read and write",
		    node, (unsigned)(st.st_mode & 07777), (unsigned)st.st_uid,
		    (unsigned)st.st_gid, user);
	return error_set(err, EACCES,
	    "port %s: Permission denied: add user %s to group %s (usermod "
	    "-aG %s %s), and log in again",
	    node, user, group->gr_name, group->gr_name, user);
}

static int
explain_open(const char *node, struct error *err)
{
	int code = errno;
	char holder[64];

	if (code == EACCES)
		return explain_denial(node, err);
	if (code == EBUSY && holder_of_file(node, NULL, holder, sizeof(holder)))
		return error_set(
		    err, EBUSY, "port %s is in use by %s", node, holder);
	errno = code;
	return error_errno(err, "open %s", node);
}

/* Between finding and opening an adapter may go, and another take its name. */
static int
check_same(int fd, const struct port_info *info, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_rdev == info->rdev)
		return 0;
	return error_set(err, ENODEV,
	    "port %s: another took its place while it was opened", info->node);
}

static int
open_node(const struct port_info *info, struct error *err)
{
	struct termios2 t;
	int fd = open(info->node, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return explain_open(info->node, err);
	if (check_same(fd, info, err) < 0) {
		close(fd);
		return -1;
	}
	if (ioctl(fd, TCGETS2, &t) < 0) {
		int code = errno;

		close(fd);
		if (code != ENOTTY && code != EINVAL) {
			errno = code;
			return error_errno(err, "port %s", info->node);
		}
		return error_set(err, ENOTTY,
		    "port %s: not a serial port (not a terminal device)",
		    info->node);
	}
	if (lock_node(fd, info, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
fill_config(struct sp_port_config *config, const struct port_settings *s)
{
	static const enum sp_parity parity[] = {
		[PORT_PARITY_NONE] = SP_PARITY_NONE,
		[PORT_PARITY_EVEN] = SP_PARITY_EVEN,
		[PORT_PARITY_ODD] = SP_PARITY_ODD,
	};
	static const enum sp_flowcontrol flow[] = {
		[PORT_FLOW_NONE] = SP_FLOWCONTROL_NONE,
		[PORT_FLOW_RTSCTS] = SP_FLOWCONTROL_RTSCTS,
		[PORT_FLOW_XONXOFF] = SP_FLOWCONTROL_XONXOFF,
	};

	if (sp_set_config_baudrate(config, s->baud) != SP_OK ||
	    sp_set_config_bits(config, 8) != SP_OK ||
	    sp_set_config_parity(config, parity[s->parity]) != SP_OK ||
	    sp_set_config_stopbits(config, s->stop_bits) != SP_OK ||
	    sp_set_config_flowcontrol(config, flow[s->flow]) != SP_OK)
		return -1;
	return 0;
}

static int
configure_opened(struct sp_port *port, const struct port_settings *s)
{
	struct sp_port_config *config;
	int result;

	if (sp_new_config(&config) != SP_OK)
		return -1;
	result = fill_config(config, s);
	if (result == 0 && sp_set_config(port, config) != SP_OK)
		result = -1;
	sp_free_config(config);
	return result;
}

/*
 * libserialport works on a descriptor of its own, which goes away again: the
 * settings belong to the port.  Returns false where it cannot serve, as with
 * ptys and gadget ports; set_termios() then does all of it.
 */
static bool
set_by_libserialport(const char *node, const struct port_settings *s)
{
	struct sp_port *port;
	bool done = false;

	if (sp_get_port_by_name(node, &port) != SP_OK)
		return false;
	if (sp_open(port, SP_MODE_READ_WRITE) == SP_OK) {
		done = configure_opened(port, s) == 0;
		sp_close(port);
	}
	sp_free_port(port);
	return done;
}

static void
set_raw(struct termios2 *t, const struct port_settings *s)
{
	/* Bytes damaged on the way are dropped, not passed as 0: a frame of
	 * another length is found out. */
	t->c_iflag = IGNBRK | IGNPAR;
	t->c_oflag = 0;
	t->c_lflag = 0;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
	/* They survive a close, and somebody may have undefined them. */
	t->c_cc[VSTART] = '\021';
	t->c_cc[VSTOP] = '\023';
	/* HUPCL would drop DTR at close, which resets an Arduino. */
	t->c_cflag &= ~(
	    HUPCL | CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS);
	t->c_cflag |= CREAD | CLOCAL | CS8;
	if (s->stop_bits == 2)
		t->c_cflag |= CSTOPB;
	if (s->parity != PORT_PARITY_NONE) {
		t->c_cflag |= PARENB;
		t->c_iflag |= INPCK;
	}
	if (s->parity == PORT_PARITY_ODD)
		t->c_cflag |= PARODD;
	if (s->flow == PORT_FLOW_RTSCTS)
		t->c_cflag |= CRTSCTS;
	if (s->flow == PORT_FLOW_XONXOFF)
		t->c_iflag |= IXON | IXOFF;
}

/* What libserialport did not set, or all of it.  The rate that the driver
 * made of ours is left alone. */
static int
set_termios(int fd, const struct port_settings *s, bool set_baud,
    struct port_info *info, struct error *err)
{
	struct termios2 t;

	if (ioctl(fd, TCGETS2, &t) < 0)
		return error_errno(err, "port %s: read settings", info->node);
	set_raw(&t, s);
	if (set_baud) {
		t.c_cflag &= ~(CBAUD | (CBAUD << IBSHIFT));
		t.c_cflag |= BOTHER;
		t.c_ospeed = s->baud;
		t.c_ispeed = s->baud;
	}
	if (ioctl(fd, TCSETS2, &t) < 0)
		return error_errno(
		    err, "port %s: set %u baud", info->node, s->baud);
	if (ioctl(fd, TCGETS2, &t) < 0)
		return error_errno(err, "port %s: read settings", info->node);
	info->baud = t.c_ospeed;
	info->rtscts = t.c_cflag & CRTSCTS;
	info->parity = t.c_cflag & PARENB;
	return 0;
}

/* An FTDI chip hands over after 1 ms then, instead of 16.  Drivers that have
 * no such setting, or do not let it be changed, go without. */
static void
set_latency(int fd, bool low, struct port_info *info)
{
	struct serial_struct serial;
	bool is_low;

	memset(&serial, 0, sizeof(serial));
	if (ioctl(fd, TIOCGSERIAL, &serial) < 0)
		return;
	is_low = serial.flags & ASYNC_LOW_LATENCY;
	if (is_low != low) {
		serial.flags ^= ASYNC_LOW_LATENCY;
		if (ioctl(fd, TIOCSSERIAL, &serial) == 0 &&
		    ioctl(fd, TIOCGSERIAL, &serial) == 0)
			is_low = serial.flags & ASYNC_LOW_LATENCY;
	}
	info->latency = is_low ? PORT_LATENCY_LOW : PORT_LATENCY_USUAL;
}

static void
add_line(enum port_line what, int line, int *off, int *on, int *pulse)
{
	switch (what) {
	case PORT_LINE_KEEP:
		return;
	case PORT_LINE_ON:
		*on |= line;
		return;
	case PORT_LINE_OFF:
		*off |= line;
		return;
	case PORT_LINE_PULSE:
		*pulse |= line;
		return;
	}
}

/* Ptys and some drivers have no such lines. */
static int
change_lines(int fd, unsigned long request, int lines, struct port_info *info,
    struct error *err)
{
	if (lines == 0 || info->no_lines || ioctl(fd, request, &lines) == 0)
		return 0;
	if (errno != ENOTTY && errno != EINVAL)
		return error_errno(
		    err, "port %s: set its control lines", info->node);
	info->no_lines = true;
	return 0;
}

static int
set_lines(int fd, const struct port_settings *s, struct port_info *info,
    struct error *err)
{
	const struct timespec length = { .tv_nsec = PORT_PULSE_MS * 1000000L };
	int off = 0, on = 0, pulse = 0;

	add_line(s->dtr, TIOCM_DTR, &off, &on, &pulse);
	add_line(s->rts, TIOCM_RTS, &off, &on, &pulse);
	if (change_lines(fd, TIOCMBIC, off | pulse, info, err) < 0)
		return -1;
	if (pulse && !info->no_lines)
		nanosleep(&length, NULL);
	return change_lines(fd, TIOCMBIS, on | pulse, info, err);
}

static int
set_up(int fd, const struct port_settings *s, struct port_info *info,
    struct error *err)
{
	bool served = !info->pty && set_by_libserialport(info->node, s);

	if (set_termios(fd, s, !served, info, err) < 0)
		return -1;
	set_latency(fd, s->low_latency, info);
	/* On a pty the mark would outlive this process. */
	if (!info->pty && ioctl(fd, TIOCEXCL) < 0)
		return error_errno(err, "port %s: lock", info->node);
	if (set_lines(fd, s, info, err) < 0)
		return -1;
	if (ioctl(fd, TCFLSH, TCIOFLUSH) < 0)
		return error_errno(err, "port %s: flush", info->node);
	return 0;
}

int
port_open(
    const struct port_settings *s, struct port_info *info, struct error *err)
{
	int fd;

	if (terminal_refuse_console(
		info->node, info->rdev, TERMINAL_CLASS, err) < 0)
		return -1;
	fd = open_node(info, err);
	if (fd < 0)
		return -1;
	if (set_up(fd, s, info, err) < 0) {
		port_close(fd);
		return -1;
	}
	/* Whoever made a pty may hold its slave, too. */
	terminal_user(
	    info->node, info->rdev, info->pty, info->also, sizeof(info->also));
	return fd;
}

void
port_close(int fd)
{
	/* The mark would stay while another process has the port open. */
	ioctl(fd, TIOCNXCL);
	ioctl(fd, TCFLSH, TCIOFLUSH);
	close(fd);
}

unsigned
port_unsent(int fd)
{
	int bytes;

	if (ioctl(fd, TIOCOUTQ, &bytes) < 0 || bytes < 0)
		return 0;
	return bytes;
}

bool
port_errors(int fd, struct port_errors *errors)
{
	struct serial_icounter_struct counts;

	if (ioctl(fd, TIOCGICOUNT, &counts) < 0)
		return false;
	/* The driver's own buffer counts like the chip's. */
	*errors = (struct port_errors){
		.framing = counts.frame,
		.parity = counts.parity,
		.overrun = (uint32_t)counts.overrun + counts.buf_overrun,
		.brk = counts.brk,
	};
	return true;
}

void
port_resume_output(int fd)
{
	/* TCOON alone undoes only a TCOOFF. */
	ioctl(fd, TCXONC, TCOOFF);
	ioctl(fd, TCXONC, TCOON);
}

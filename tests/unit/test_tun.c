#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "os/tun.h"

#define TUN_DEVICE "/dev/net/tun"
#define NAME "srtest0"
#define DEADLINE_MS 10000

static struct error err;

static void
cannot(const char *what)
{
	if (getenv("SR_CI"))
		fail_msg("%s: %s", what, strerror(errno));
	print_message("%s: %s\n", what, strerror(errno));
	skip();
}

/* Everything here happens in a network namespace that ends with the test. */
static void
need_namespace(void)
{
	static bool there;
	int fd;

	if (there)
		return;
	child_need_root();
	fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		cannot("open " TUN_DEVICE);
	close(fd);
	if (unshare(CLONE_NEWNET) < 0)
		cannot("make a network namespace");
	there = true;
}

static int
open_tun(const char *name)
{
	int fd = tun_open(name, &err);

	if (fd < 0)
		fail_msg("%s", err.text);
	return fd;
}

/* ioctl(2) about an interface. */
static void
ask(unsigned long request, struct ifreq *ifr)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(sock >= 0);
	strcpy(ifr->ifr_name, NAME);
	assert_return_code(ioctl(sock, request, ifr), errno);
	close(sock);
}

static void
set_up(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x0a400001) };
	struct ifreq ifr = { .ifr_flags = 0 };

	memcpy(&ifr.ifr_addr, &address, sizeof(address));
	ask(SIOCSIFADDR, &ifr);
	address.sin_addr.s_addr = htonl(0xffffff00);
	memcpy(&ifr.ifr_netmask, &address, sizeof(address));
	ask(SIOCSIFNETMASK, &ifr);
	ask(SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	ask(SIOCSIFFLAGS, &ifr);
}

static bool
has_carrier(void)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GLINK };
	struct ifreq ifr = { .ifr_data = (char *)&value };

	ask(SIOCETHTOOL, &ifr);
	return value.data;
}

struct who {
	uid_t uid;
	gid_t gid;
};

static const struct who nobody = { 65534, 65534 };
static const struct who owner = { 64001, 65534 };
static const struct who member = { 65534, 64002 };

/* Without any right but to open /dev/net/tun, which some machines keep for
 * root. */
static void
become(const struct who *who)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	caps[0].effective = caps[0].permitted = 1 << CAP_DAC_OVERRIDE;
	CHILD_CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(setresgid(who->gid, who->gid, who->gid) == 0);
	CHILD_CHECK(setresuid(who->uid, who->uid, who->uid) == 0);
	CHILD_CHECK(syscall(SYS_capset, &header, caps) == 0);
}

static void
an_interface_is_made_and_goes_with_its_descriptor(void **state)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int fd;

	(void)state;
	need_namespace();
	assert_int_equal(if_nametoindex(NAME), 0);
	fd = open_tun(NAME);
	assert_int_not_equal(if_nametoindex(NAME), 0);
	assert_return_code(ioctl(fd, TUNGETIFF, &ifr), errno);
	assert_string_equal(ifr.ifr_name, NAME);
	assert_int_equal(ifr.ifr_flags, IFF_TUN | IFF_NO_PI);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(if_nametoindex(NAME), 0);
}

static void
a_persistent_one_stays_and_is_attached_to_again(void **state)
{
	unsigned index;
	int fd;

	(void)state;
	need_namespace();
	fd = open_tun(NAME);
	index = if_nametoindex(NAME);
	assert_int_equal(tun_set_persist(fd, true, &err), 0);
	close(fd);
	assert_int_equal(if_nametoindex(NAME), index);
	fd = open_tun(NAME);
	assert_int_equal(if_nametoindex(NAME), index);
	assert_int_equal(tun_set_persist(fd, false, &err), 0);
	close(fd);
	assert_int_equal(if_nametoindex(NAME), 0);
}

static void
a_packet_comes_out_whole_and_without_a_header(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a400002) };
	struct pollfd pfd = { .events = POLLIN };
	uint8_t packet[2000];
	char payload[1400];
	ssize_t len;
	int sock;

	(void)state;
	need_namespace();
	pfd.fd = open_tun(NAME);
	set_up();
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memset(payload, 0xc0, sizeof(payload));
	assert_int_equal(sendto(sock, payload, sizeof(payload), 0,
			     (struct sockaddr *)&to, sizeof(to)),
	    sizeof(payload));
	/* The kernel's own IPv6 packets may come first. */
	do {
		assert_int_equal(poll(&pfd, 1, DEADLINE_MS), 1);
		len = read(pfd.fd, packet, sizeof(packet));
		assert_true(len > 0);
	} while (packet[0] != 0x45);
	assert_int_equal(len, 20 + 8 + sizeof(payload));
	assert_memory_equal(packet + 28, payload, sizeof(payload));
	close(sock);
	close(pfd.fd);
}

static void
the_carrier_goes_off_and_on(void **state)
{
	int fd;

	(void)state;
	need_namespace();
	fd = open_tun(NAME);
	set_up();
	assert_true(has_carrier());
	assert_int_equal(tun_set_carrier(fd, false, &err), 0);
	assert_false(has_carrier());
	assert_int_equal(tun_set_carrier(fd, true, &err), 0);
	assert_true(has_carrier());
	close(fd);
}

struct holding {
	bool elsewhere; /* in a network namespace of its own */
	int told, wait; /* pipes: it holds; it may end */
};

static void
hold(const void *arg)
{
	const struct holding *h = arg;
	char byte = 0;

	if (h->elsewhere)
		CHILD_CHECK(unshare(CLONE_NEWNET) == 0);
	CHILD_CHECK(tun_open(NAME, &child->err) >= 0);
	CHILD_CHECK(write(h->told, &byte, 1) == 1);
	CHILD_CHECK(read(h->wait, &byte, 1) == 1);
}

struct holder {
	pid_t pid;
	int told[2], wait[2];
};

static void
start_holder(struct holder *h, bool elsewhere)
{
	struct holding arg = { .elsewhere = elsewhere };
	char byte;

	assert_int_equal(pipe2(h->told, O_CLOEXEC), 0);
	assert_int_equal(pipe2(h->wait, O_CLOEXEC), 0);
	arg.told = h->told[1];
	arg.wait = h->wait[0];
	h->pid = child_start(hold, &arg);
	close(h->told[1]);
	if (read(h->told[0], &byte, 1) != 1)
		child_assert_passed(child_wait(h->pid));
}

static void
end_holder(struct holder *h)
{
	assert_int_equal(write(h->wait[1], "", 1), 1);
	child_assert_passed(child_wait(h->pid));
	close(h->told[0]);
	close(h->wait[0]);
	close(h->wait[1]);
}

static void
one_that_is_in_use_is_busy_and_its_holder_is_named(void **state)
{
	char text[64], want[64];
	struct holder h;
	int fd;

	(void)state;
	need_namespace();
	start_holder(&h, false);
	assert_int_equal(tun_open(NAME, &err), -1);
	assert_int_equal(err.code, EBUSY);
	assert_true(tun_holder(NAME, text, sizeof(text)));
	assert_int_equal(prctl(PR_GET_NAME, want), 0);
	snprintf(want + strlen(want), 24, " (pid %d)", (int)h.pid);
	assert_string_equal(text, want);
	/* Others that are made from the same device are not meant. */
	assert_false(tun_holder("srtest1", text, sizeof(text)));
	end_holder(&h);
	assert_false(tun_holder(NAME, text, sizeof(text)));
	fd = open_tun(NAME);
	close(fd);
}

static void
this_process_and_other_namespaces_hold_nothing(void **state)
{
	char text[64];
	struct holder h;
	int fd;

	(void)state;
	need_namespace();
	start_holder(&h, true);
	fd = open_tun(NAME);
	assert_false(tun_holder(NAME, text, sizeof(text)));
	assert_int_equal(tun_open(NAME, &err), -1);
	assert_int_equal(err.code, EBUSY);
	close(fd);
	end_holder(&h);
}

static void
what_is_no_tun_is_refused(void **state)
{
	struct ifreq tap = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd;

	(void)state;
	need_namespace();
	assert_int_equal(tun_open("lo", &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_non_null(strstr(err.text, "lo"));

	fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	strcpy(tap.ifr_name, NAME);
	assert_return_code(ioctl(fd, TUNSETIFF, &tap), errno);
	assert_int_equal(tun_set_persist(fd, true, &err), 0);
	assert_int_equal(tun_open(NAME, &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_int_equal(tun_set_persist(fd, false, &err), 0);
	close(fd);
}

static void
a_name_of_fifteen_fits_and_of_sixteen_does_not(void **state)
{
	int fd;

	(void)state;
	need_namespace();
	fd = open_tun("srtest789012345");
	assert_int_not_equal(if_nametoindex("srtest789012345"), 0);
	close(fd);
	assert_int_equal(tun_open("srtest7890123456", &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.text, "srtest7890123456: name too long");
}

static void
be_refused(const void *arg)
{
	become(arg);
	CHILD_CHECK(tun_open(NAME, &child->err) < 0);
	CHILD_CHECK(child->err.code == EPERM);
}

static void
be_let_in(const void *arg)
{
	int fd;

	become(arg);
	fd = tun_open(NAME, &child->err);
	CHILD_CHECK(fd >= 0);
	CHILD_CHECK(tun_set_carrier(fd, false, &child->err) == 0);
}

/* Returns its descriptor. */
static int
make_persistent(void)
{
	int fd = open_tun(NAME);

	assert_int_equal(tun_set_persist(fd, true, &err), 0);
	return fd;
}

static void
unmake(void)
{
	int fd = open_tun(NAME);

	assert_int_equal(tun_set_persist(fd, false, &err), 0);
	close(fd);
	assert_int_equal(if_nametoindex(NAME), 0);
}

static void
without_the_right_none_is_made(void **state)
{
	(void)state;
	need_namespace();
	child_assert_passed(child_run(be_refused, &nobody));
}

static void
its_owner_attaches_without_rights_and_others_do_not(void **state)
{
	int fd;

	(void)state;
	need_namespace();
	fd = make_persistent();
	assert_int_equal(tun_set_owner(fd, owner.uid, &err), 0);
	close(fd);
	child_assert_passed(child_run(be_let_in, &owner));
	child_assert_passed(child_run(be_refused, &member));
	unmake();
}

static void
so_does_its_group(void **state)
{
	int fd;

	(void)state;
	need_namespace();
	fd = make_persistent();
	assert_int_equal(tun_set_group(fd, member.gid, &err), 0);
	close(fd);
	child_assert_passed(child_run(be_let_in, &member));
	child_assert_passed(child_run(be_refused, &owner));
	unmake();
}

static void
one_that_nobody_owns_is_anybodys(void **state)
{
	(void)state;
	need_namespace();
	close(make_persistent());
	child_assert_passed(child_run(be_let_in, &nobody));
	unmake();
}

static void
the_error_says_what_was_tried(void **state)
{
	(void)state;
	assert_int_equal(tun_set_persist(-1, true, &err), -1);
	assert_int_equal(err.code, EBADF);
	assert_non_null(strstr(err.text, "persistent"));
	assert_int_equal(tun_set_owner(-1, 0, &err), -1);
	assert_non_null(strstr(err.text, "owner"));
	assert_int_equal(tun_set_group(-1, 0, &err), -1);
	assert_non_null(strstr(err.text, "group"));
	assert_int_equal(tun_set_carrier(-1, false, &err), -1);
	assert_non_null(strstr(err.text, "carrier off"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_interface_is_made_and_goes_with_its_descriptor),
		cmocka_unit_test(
		    a_persistent_one_stays_and_is_attached_to_again),
		cmocka_unit_test(a_packet_comes_out_whole_and_without_a_header),
		cmocka_unit_test(the_carrier_goes_off_and_on),
		cmocka_unit_test(
		    one_that_is_in_use_is_busy_and_its_holder_is_named),
		cmocka_unit_test(
		    this_process_and_other_namespaces_hold_nothing),
		cmocka_unit_test(what_is_no_tun_is_refused),
		cmocka_unit_test(
		    a_name_of_fifteen_fits_and_of_sixteen_does_not),
		cmocka_unit_test(without_the_right_none_is_made),
		cmocka_unit_test(
		    its_owner_attaches_without_rights_and_others_do_not),
		cmocka_unit_test(so_does_its_group),
		cmocka_unit_test(one_that_nobody_owns_is_anybodys),
		cmocka_unit_test(the_error_says_what_was_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

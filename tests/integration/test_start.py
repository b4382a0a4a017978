"""Started as root: the user that it becomes, and ports that are not for us."""

import os
import pty
import subprocess

import pytest

from lab import A4, B4
from privilege import (NET_ADMIN_ONLY, NOBODY, NOGROUP, UNKNOWN, as_user,
                       become, open_to, private)
from router import link
from wait import proc_status, wait_for

CONFIG = 78


def ours(device, **more):
    return link("sl0", device, addresses=[{"local": A4, "peer": B4}], **more)


def peer(lab, cable):
    return lab.router(lab.namespace(), [
        link("sl0", cable.b[0], addresses=[{"local": B4, "peer": A4}])])


def check_dropped(pid, uid, gid):
    status = proc_status(pid)
    assert status["Uid"].split() == [str(uid)] * 4
    assert status["Gid"].split() == [str(gid)] * 4
    for key in ("CapEff", "CapPrm", "CapBnd"):
        assert int(status[key], 16) == NET_ADMIN_ONLY, key
    for key in ("CapInh", "CapAmb"):
        assert int(status[key], 16) == 0, key
    assert status["NoNewPrivs"] == "1"
    return status


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_root_becomes_the_user_and_its_links_work(lab, mode):
    cable, n = lab.cable(), lab.namespace()
    open_to(cable.a[0], 0o666)
    r = become(lab, n, [ours(cable.a[0])], UNKNOWN, UNKNOWN,
               wrap=private(mode))
    peer(lab, cable)
    r.wait_up()
    n.wait_ping(B4)
    status = check_dropped(r.pid, UNKNOWN, UNKNOWN)
    assert status["Groups"] == str(UNKNOWN)
    pump = proc_status(r.pump())
    assert pump["Uid"].split() == [str(UNKNOWN)] * 4
    assert int(pump["CapEff"], 16) == int(pump["CapPrm"], 16) == 0
    r.wait_log("^serial-routerd: now user 64001, group 64001, with "
               "CAP_NET_ADMIN alone")


@pytest.mark.parametrize("persist", [True, False])
def test_a_deleted_interface_is_made_anew_without_the_right_to_open(
        lab, persist):
    cable, n = lab.cable(), lab.namespace()
    open_to(cable.a[0], 0o666)
    r = become(lab, n, [ours(cable.a[0], persist=persist)], UNKNOWN, UNKNOWN,
               wrap=private(0o600))
    peer(lab, cable)
    for _ in range(4):
        r.wait_up()
        n.wait_ping(B4)
        index = n.index("sl0")
        n.ip("link", "delete", "sl0")
        wait_for(lambda: n.index("sl0") not in (0, index))
    r.wait_up()
    n.wait_ping(B4)
    assert n.addresses("sl0") == {"%s %s/32" % (A4, B4)}


def test_the_next_start_takes_over_what_the_user_left(lab):
    cable, n = lab.cable(), lab.namespace()
    open_to(cable.a[0], 0o666)
    r = become(lab, n, [ours(cable.a[0])], UNKNOWN, UNKNOWN,
               wrap=private(0o600))
    r.wait_up()
    index = n.index("sl0")
    r.stop()
    r.start()
    r.wait_up()
    assert n.index("sl0") == index


def test_an_enabled_link_for_each_reserved_descriptor(lab):
    cable = lab.cable("baud=921600", "baud=921600")
    for end in cable.a:
        open_to(end, 0o666)
    n = lab.namespace()
    links = [link("sl%d" % i, d) for i, d in enumerate(cable.a)]
    links.append(link("off", "/dev/ttyNONE0", enabled=False))
    r = become(lab, n, links, UNKNOWN, UNKNOWN, wrap=private(0o600))
    r.wait_up("sl0", "sl1")
    assert n.link("off") is None


# A user of a private /etc/group that is a member of dialout.
MEMBER = ("printf 'root:x:0:\\nnogroup:x:65534:\\ndialout:x:64020:nobody\\n' "
          ">/dev/net/group && mount --bind /dev/net/group /etc/group &&")


def test_a_known_user_brings_its_groups_to_the_port(lab):
    cable, n = lab.cable(), lab.namespace()
    open_to(cable.a[0], 0o660, 64020)
    r = become(lab, n, [ours(cable.a[0])], '"nobody"',
               wrap=private(0o600, MEMBER))
    r.wait_up()
    status = check_dropped(r.pid, NOBODY, NOGROUP)
    assert status["Groups"].split() == ["64020", str(NOGROUP)]


def test_an_unknown_user_without_a_group_is_a_mistake(lab):
    r = become(lab, lab.namespace(), [ours("/dev/ttyNONE0")], UNKNOWN,
               start=False)
    r._spawn()
    assert r.process.wait(20) == CONFIG
    assert "user 64001 is not known on this machine: it needs a group" \
        in r.log()


def test_a_user_that_cannot_be_become_is_a_warning(lab):
    n = lab.namespace()
    n.ip("tuntap", "add", "mode", "tun", "user", NOBODY, "dev", "sl0")
    n.ip("link", "set", "sl0", "up")
    cable = lab.cable()
    open_to(cable.a[0], 0o666)
    r = become(lab, n, [link("sl0", cable.a[0])], UNKNOWN, UNKNOWN,
               start=False)
    os.chmod(r.directory, 0o755)
    r.wrap = as_user()
    r.start()
    r.wait_up()
    r.wait_log("^serial-routerd: only root can become user 64001 of the "
               "configuration: it stays nobody")


def test_without_a_user_it_stays_root(lab):
    cable, n = lab.cable(), lab.namespace()
    r = lab.router(n, [ours(cable.a[0])])
    r.wait_up()
    assert proc_status(r.pid)["Uid"].split() == ["0"] * 4


def with_console(lab, names):
    """What runs the rest where these terminals are the kernel's console."""
    path = os.path.join(lab.directory, "active")
    with open(path, "w") as f:
        f.write(names + "\n")
    return ("sh", "-c", "mount --bind %s /sys/class/tty/console/active && "
            "exec \"$@\"" % path, "sh")


@pytest.mark.skipif(not os.path.exists("/sys/class/tty/console/active"),
                    reason="no consoles here")
def test_the_kernels_console_is_not_opened(lab):
    line, n = lab.line(), lab.namespace()
    name = line.node[len("/dev/"):]
    r = lab.router(n, [ours(line.path)], wrap=with_console(lab, "tty0 " + name))
    r.wait_log("^sl0: port %s is the kernel's console" % line.node)
    r.wait_state("BACKOFF")
    assert line.is_free()
    assert line.read() == b""


def log_in(node):
    """A process with that controlling terminal that is called agetty."""
    script = ("import fcntl, os, sys, termios, time\n"
              "os.setsid()\n"
              "fd = os.open(sys.argv[1], os.O_RDWR)\n"
              "open('/proc/self/comm', 'w').write('agetty')\n"
              "print('ready', flush=True)\n"
              "sys.stdin.read()\n")
    p = subprocess.Popen(["/usr/bin/python3", "-c", script, node],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"ready\n"
    return p


@pytest.mark.parametrize("wrap", [(), as_user()], ids=["root", "user"])
def test_a_getty_on_the_port_is_told_once(lab, wrap):
    line, n = lab.line(), lab.namespace()
    n.ip("tuntap", "add", "mode", "tun", "user", NOBODY, "dev", "sl0")
    n.ip("link", "set", "sl0", "up")
    node = open_to(line.path, 0o666)
    getty = log_in(node)
    try:
        r = lab.router(n, [link("sl0", line.path)], wrap=wrap)
        r.wait_up()
        r.wait_log(r"^sl0: %s is also open in agetty \(pid %d\): systemctl "
                   r"disable --now serial-getty@%s" % (
                       node, getty.pid, node[5:].replace("/", "-")))
        os.kill(r.pump(), 9)
        r.wait_state("UP", restarts="1")
        assert r.log().count("is also open in") == 1
    finally:
        getty.stdin.close()
        getty.wait(10)
        getty.stdout.close()


def test_what_made_a_pty_is_not_told(lab):
    line, n = lab.line(), lab.namespace()
    r = lab.router(n, [link("sl0", line.path)])
    r.wait_up()
    assert "also open" not in r.log()

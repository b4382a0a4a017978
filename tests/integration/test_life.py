"""What surrounds a start: other daemons, leftovers, containers, strange
machines."""

import fcntl
import os
import struct
import subprocess

import pytest

from lab import A4, B4
from privilege import (NOBODY, as_user, one_liner, open_to, private,
                       reachable)
from router import Router, both, is_sanitizer_build, link
from transfer import Numbers
from wait import holds_for, is_alive, proc_status, run, wait_for

NOPERM = 77
PEER = [{"local": A4, "peer": B4}]
SOON = {"first_ms": 10, "max_ms": 100}

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


class Attached:
    """An interface that this process is attached to."""

    def __init__(self, n, name):
        def attach():
            fd = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack(
                "16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
            return fd

        self.fd = n.inside(attach)

    def close(self):
        os.close(self.fd)


def leave_interface(n, name, alias):
    n.ip("tuntap", "add", "mode", "tun", "dev", name)
    n.ip("link", "set", "dev", name, "alias", alias)


def remove_interfaces(n, wrap=()):
    """Exit status, standard output, standard error."""
    done = subprocess.run(
        n.exec(*wrap, os.environ["SERIAL_ROUTERD"], "--remove-interfaces"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def test_interfaces_are_removed_by_their_mark_and_not_from_under_anybody(lab):
    n, line = lab.namespace(), lab.line()
    leave_interface(n, "one", "serial-router")
    leave_interface(n, "two", "serial-router:/etc/other.conf")
    leave_interface(n, "foreign", "serial-routers")
    n.ip("tuntap", "add", "mode", "tun", "dev", "plain")
    n.ip("tuntap", "add", "mode", "tap", "dev", "tap")
    n.ip("link", "set", "dev", "tap", "alias", "serial-router")
    r = lab.router(n, [link("sl0", line.path, addresses=PEER)])
    r.wait_up()

    status, out, err = remove_interfaces(n)
    assert status == 1
    assert sorted(out.splitlines()) == ["one removed", "two removed"]
    assert "interface sl0 is left: in use by serial-routerd (pid %d)" % r.pid \
        in err
    left = {x["ifname"] for x in n.ip_json("link", "show")}
    assert {"foreign", "plain", "tap", "sl0"} <= left
    assert not {"one", "two"} & left
    assert r.state() == "UP"

    assert r.stop() == 0
    assert remove_interfaces(n) == (0, "sl0 removed\n", "")
    assert remove_interfaces(n) == (0, "", "")


def test_to_remove_interfaces_takes_the_right_to(lab):
    n = lab.namespace()
    leave_interface(n, "one", "serial-router")
    status, out, err = remove_interfaces(
        n, wrap=("setpriv", "--bounding-set=-net_admin",
                 "--inh-caps=-net_admin"))
    assert (status, out) == (NOPERM, "")
    assert "CAP_NET_ADMIN" in err
    assert n.link("one")


def test_what_has_no_link_any_more_goes_at_the_next_start(lab):
    n = lab.namespace()
    links = [link("sl%d" % i, "/dev/ttyNONE%d" % i, addresses=both(i)[0])
             for i in range(4)]
    # One route: it must be free for the link that has it afterwards.
    links[1]["interface"]["routes"] = ["10.65.0.0/16"]
    r = lab.router(n, links)
    for i in range(4):
        r.wait_state("ABSENT", "sl%d" % i)
    r.stop()
    leave_interface(n, "other", "serial-router:/etc/other.conf")
    leave_interface(n, "first", "serial-router")
    leave_interface(n, "plain", "")
    attached = lab.keep(Attached(n, "sl3"))

    links[0]["interface"]["routes"] = ["10.65.0.0/16"]
    links[2]["enabled"] = False
    r.configure([links[0], links[2]])
    since = r.mark()
    r.start()
    r.wait_state("ABSENT", "sl0", degraded="no")
    assert n.link("sl1") is None
    for name in ("sl0", "sl2", "sl3", "other", "first", "plain"):
        assert n.link(name), name
    said = [x for x in r.lines(since) if "has no link" in x]
    assert said[0] == ("serial-routerd: interface sl1 removed: it has no link "
                       "in the configuration any more")
    # Who is attached to the other is for debugging only.
    assert "interface sl3" in said[1] and len(said) == 2
    assert [r["dev"] for r in n.routes("10.65.0.0/16")] == ["sl0"]
    r.stop()
    attached.close()
    lab.things.remove(attached)
    r.start()
    assert n.link("sl3") is None


def test_a_link_that_moves_to_another_file_takes_its_interface_along(lab):
    n = lab.namespace()
    ours = link("sl0", "/dev/ttyNONE0", addresses=PEER)
    r = lab.router(n, [ours])
    r.wait_state("ABSENT")
    r.stop()
    index = n.index("sl0")
    other = lab.router(n, [ours])
    other.wait_state("ABSENT")
    other.stop()
    assert n.index("sl0") == index
    assert n.link("sl0")["ifalias"] == "serial-router:" + other.file
    r.configure([])
    r.start()
    assert n.index("sl0") == index


def test_a_path_without_directory_is_the_same_file(lab):
    n = lab.namespace()
    r = lab.router(n, [link("sl0", "/dev/ttyNONE0")])
    r.wait_state("ABSENT")
    r.stop()
    r.configure([])
    r.wrap = ("sh", "-c", "cd %s && shift && exec %s -v -c ./serial-router.conf"
              % (r.directory, os.environ["SERIAL_ROUTERD"]), "sh")
    r.start()
    assert n.link("sl0") is None


def test_a_command_line_marks_its_interface_and_removes_none(lab):
    n = lab.namespace()
    mark = "serial-router:command line"
    leave_interface(n, "old", mark)
    r = one_liner(lab, n, "-p", "/dev/ttyNONE0", "-b", 9600)
    r.wait_state("ABSENT", "tun0")
    assert n.link("tun0")["ifalias"] == mark
    assert n.link("old")


def test_a_second_daemon_waits_and_takes_over(pair):
    n = pair.na
    numbers = Numbers(n.bound(A4), pair.nb.bound(B4))
    wait_for(lambda: len(numbers.got) > 10)
    second = pair.lab.router(
        n, [link("sl0", pair.cable.a[0], addresses=PEER, retry=SOON)])
    second.wait_log(r"^sl0: interface sl0 is in use by serial-routerd "
                    r"\(pid %d\); trying again" % pair.a.pid)
    seen = len(numbers.got)
    wait_for(lambda: second.log().count("BACKOFF -> OPENING") >= 5 and
             len(numbers.got) > seen + 50)
    assert second.state() == "BACKOFF"
    assert numbers.finish() == []
    assert pair.a.state() == "UP"
    assert pair.a.status()["restarts"] == "0"
    index = n.index("sl0")
    pair.a.stop()
    second.wait_up()
    assert n.index("sl0") == index
    n.wait_ping(B4)


def test_a_second_daemon_at_the_same_port_waits_and_takes_over(pair):
    numbers = Numbers(pair.na.bound(A4), pair.nb.bound(B4))
    wait_for(lambda: len(numbers.got) > 10)
    n = pair.lab.namespace()
    second = pair.lab.router(
        n, [link("sl0", pair.cable.a[0], addresses=PEER, retry=SOON)])
    second.wait_log(r"^sl0: port \S+ is in use by pump sl0 \(pid %d\); trying "
                    r"again" % pair.a.pump())
    seen = len(numbers.got)
    wait_for(lambda: second.log().count("BACKOFF -> OPENING") >= 5 and
             len(numbers.got) > seen + 50)
    assert numbers.finish() == []
    assert pair.a.status()["restarts"] == "0"
    pair.a.stop()
    second.wait_up()
    n.wait_ping(B4)


def test_two_daemons_with_two_files_do_not_disturb_each_other(lab):
    n, cable = lab.namespace(), lab.cable("baud=921600", "baud=921600")
    one = lab.router(n, [link("sl0", cable.a[0], addresses=PEER)])
    two = lab.router(n, [link("sl1", cable.a[1])])
    one.wait_up()
    two.wait_up()
    index, pump = n.index("sl0"), one.pump()
    two.stop()
    other = n.index("sl1")
    # Each start looks for leftovers, while the other's are not attached to.
    one.stop()
    two.start()
    two.wait_up()
    assert n.index("sl0") == index
    two.stop()
    one.start()
    one.wait_up()
    assert n.index("sl1") == other
    assert one.pump() != pump
    assert not is_alive(pump)


def test_without_links_it_idles(lab):
    r = lab.router(lab.namespace(), [])
    holds_for(lambda: is_alive(r.pid), 0.5, "the daemon ended")
    assert r.stop() == 0
    assert r.said()[0] == "serial-routerd: 0 of 0 links started"


class Elsewhere(Router):
    """In a user and network namespace of its own, and reachable there."""

    def __init__(self, lab, links, wrap):
        self.binary = reachable(lab)
        super().__init__(lab.namespace(), lab.directory, links, wrap=wrap)

    def _spawn(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.namespace.exec(*self.wrap, self.binary, "-v", "-c",
                                    self.file),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def elsewhere(lab, links, wrap):
    r = lab.keep(Elsewhere(lab, links, wrap))
    lab.routers.append(r)
    return r


def may_make_user_namespaces(wrap):
    try:
        run(*wrap, "unshare", "-Urn", "true")
        return True
    except AssertionError:
        return False


def peer(lab, cable):
    n = lab.namespace()
    lab.router(n, [link("sl0", cable.b[0],
                        addresses=[{"local": B4, "peer": A4}])])
    return n


@pytest.mark.parametrize("outside", [
    private(0o666), as_user(0o666)], ids=["root", "nobody"])
def test_starts_in_a_user_namespace_of_its_own(lab, outside):
    user = () if outside == private(0o666) else (
        "setpriv", "--reuid", str(NOBODY), "--clear-groups")
    if not may_make_user_namespaces(user):
        if os.environ.get("SR_CI"):
            pytest.fail("user namespaces cannot be made here")
        pytest.skip("user namespaces cannot be made here")
    cable = lab.cable()
    open_to(cable.a[0], 0o666)
    r = elsewhere(lab, [link("sl0", cable.a[0], addresses=PEER)],
                  (*outside, "unshare", "-Urn"))
    n = peer(lab, cable)
    r.wait_up()
    n.wait_ping(A4)
    assert r.status()["degraded"] == "no"
    said = [x for x in r.lines() if "pumps stay root" in x]
    assert len(said) == 1 and "user namespace" in said[0]
    pump = proc_status(r.pump())
    for key in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert int(pump[key], 16) == 0, key
    assert pump["NoNewPrivs"] == "1"
    assert pump["Seccomp"] == "2"
    os.kill(r.pump(), 9)
    r.wait_state("UP", restarts="1")
    assert r.stop() == 0


def test_starts_where_root_may_change_to_no_user(lab):
    """A container with CAP_NET_ADMIN alone."""
    cable = lab.cable()
    r = lab.router(lab.namespace(), [link("sl0", cable.a[0], addresses=PEER)],
                   wrap=("setpriv", "--bounding-set=-all,+net_admin",
                         "--inh-caps=-all"))
    peer(lab, cable)
    r.wait_up()
    r.wait_log("^serial-routerd: pumps stay root.*: without CAP_SETUID")
    assert int(proc_status(r.pump())["CapEff"], 16) == 0


def strange(script):
    """What runs the rest in the mount namespace of `ip netns exec`."""
    return ("sh", "-c", script + " && exec \"$@\"", "sh")


@pytest.mark.parametrize("script", [
    "mount -o remount,ro,bind / && ! touch /tmp/sr-read-only 2>/dev/null",
    "mount -t tmpfs none /sys",
    "mount -t tmpfs none /proc && mount -t tmpfs none /sys",
    "mount -t tmpfs none /run",
], ids=["read-only", "no-sys", "no-proc", "no-run"])
def test_starts_on_a_strange_machine(lab, script):
    if "/proc" in script and is_sanitizer_build():
        script = "true"  # whose library reads /proc
    cable = lab.cable()
    n = lab.namespace()
    read_only = "remount,ro" in script
    r = lab.router(n, [link("sl0", cable.a[0], addresses=PEER)],
                   wrap=strange(script), control=None if read_only else "")
    peer(lab, cable)
    r.wait_up()
    n.wait_ping(B4)
    assert ("nobody can ask or tell" in r.log()) == read_only
    assert r.status()["degraded"] == "no"
    assert r.stop() == 0


def test_without_ipv6_ipv4_works_and_ipv6_is_told(lab):
    """A kernel booted without it cannot be had here; this refuses the same."""
    cable = lab.cable("baud=921600", "baud=921600")
    n = lab.namespace()
    for name in ("all", "default"):
        n.run("sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % name)
    r = lab.router(n, [
        link("sl0", cable.a[0], addresses=PEER),
        link("sl1", cable.a[1], addresses=[
            {"local": "10.64.1.1", "peer": "10.64.1.2"}, "fd00:64:1::1/64"]),
    ])
    peer(lab, cable)
    r.wait_up()
    n.wait_ping(B4)
    assert r.status("sl0")["degraded"] == "no"
    assert r.status("sl1")["degraded"] == "yes"
    r.wait_log("^sl1: degraded, 1 setting refused: address fd00:64:1::1/64: ")
    assert n.addresses("sl1") == {"10.64.1.1 10.64.1.2/32"}

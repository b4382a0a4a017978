"""Interfaces as the file asks for, and what others do to them."""

import os
import subprocess
import sys

import pytest

from cable import frame, is_free
from lab import A4, A6, B4, B6, Pair, Single
from packets import udp4
from router import link
from wait import holds_for, wait_for

PEER = [{"local": A4, "peer": B4}]
FULL = [{"local": A4, "peer": B4}, "fd00:64::1/64"]
ROUTES = ["10.65.0.0/16", {"to": "10.66.0.0/16", "via": B4, "metric": 77},
          "fd00:65::/48"]


@pytest.fixture(scope="module")
def asked(shared):
    """A link with much asked for, for tests that only look."""
    return Single(shared, baud=115200, mtu=1400, txqueuelen=123, owner="daemon",
                  group=65534, forwarding=True, ignore_linkdown=True,
                  addresses=FULL,
                  routes=ROUTES + [{"to": "default", "metric": 200,
                                    "table": 99}])


def owner(n, name="sl0"):
    return tuple(n.run("cat", "/sys/class/net/%s/%s" % (name, x)).strip()
                 for x in ("owner", "group"))


def test_addresses_are_as_asked(asked):
    found = {a for a in asked.n.addresses("sl0")
             if not a.startswith("fe80:")}
    assert found == {"10.64.0.1 10.64.0.2/32", "fd00:64::1/64"}


def test_routes_are_as_asked_and_have_a_protocol_of_their_own(asked):
    v4 = {r["dst"]: r for r in asked.n.routes("dev", "sl0", "proto", "83")}
    assert set(v4) == {"10.65.0.0/16", "10.66.0.0/16"}
    assert v4["10.66.0.0/16"]["gateway"] == B4
    assert v4["10.66.0.0/16"]["metric"] == 77
    v6 = asked.n.destinations("dev", "sl0", "proto", "83", family="-6")
    assert v6 == {"fd00:65::/48"}


def test_a_route_goes_to_the_table_that_was_asked_for(asked):
    found = asked.n.routes("table", "99")
    assert [(r["dst"], r["dev"], r["metric"]) for r in found] \
        == [("default", "sl0", 200)]


def test_mtu_queue_and_mark_are_as_asked(asked):
    found = asked.n.link("sl0")
    assert found["mtu"] == 1400
    assert found["txqlen"] == 123
    assert found["ifalias"] == "serial-router:" + asked.r.file


def test_owner_and_group_are_as_asked(asked):
    assert owner(asked.n) == ("1", "65534")


def test_sysctls_are_as_asked(asked):
    assert asked.n.sysctl("ipv4/conf/sl0/forwarding") == "1"
    assert asked.n.sysctl("ipv4/conf/sl0/rp_filter") == "2"
    assert asked.n.sysctl("ipv4/conf/sl0/ignore_routes_with_linkdown") == "1"


def test_other_interfaces_are_not_touched(asked):
    assert asked.n.sysctl("ipv4/conf/all/forwarding") == "0"
    assert asked.n.sysctl("ipv4/conf/lo/forwarding") == "0"


def test_sysctls_that_nobody_asked_for_are_left_alone(lab):
    s = Single(lab)
    assert s.n.sysctl("ipv4/conf/sl0/forwarding") == "0"
    assert s.n.sysctl("ipv4/conf/sl0/rp_filter") == "2"
    assert s.n.sysctl("ipv4/conf/sl0/ignore_routes_with_linkdown") == "0"
    assert s.n.link("sl0")["txqlen"] == 500


def test_the_mtu_follows_the_speed_of_the_line(lab):
    lines = [lab.line("l%d" % n) for n in range(4)]
    n = lab.namespace()
    bauds = {9600: 296, 57600: 576, 115200: 1280, 921600: 1500}
    r = lab.router(n, [link("sl%d" % b, x.path, b)
                       for b, x in zip(bauds, lines)])
    r.wait_up()
    assert {b: n.link("sl%d" % b)["mtu"] for b in bauds} == bauds


def test_the_interface_may_have_another_name_than_the_link(lab):
    line, n = lab.line(), lab.namespace()
    r = lab.router(n, [link("uno", line.path, name="serial0")])
    r.wait_up()
    assert n.link("uno") is None
    assert n.carrier("serial0")


def restart(s, **more):
    assert s.r.stop() == 0
    s.r.configure([link("sl0", s.line.path, **more)])
    s.r.start()
    s.r.wait_up()


def test_a_restart_makes_addresses_and_routes_equal_to_the_file(lab):
    s = Single(lab, addresses=FULL, routes=ROUTES)
    index = s.n.index("sl0")
    restart(s, addresses=["10.70.0.1/24", "fd00:70::1/64"],
            routes=["10.71.0.0/16"], mtu=1300, txqueuelen=77)
    assert s.n.index("sl0") == index
    found = {a for a in s.n.addresses("sl0") if not a.startswith("fe80:")}
    assert found == {"10.70.0.1/24", "fd00:70::1/64"}
    for family, wanted in (("-4", {"10.71.0.0/16"}), ("-6", set())):
        assert s.n.destinations("dev", "sl0", "proto", "83",
                                family=family) == wanted
    assert (s.n.link("sl0")["mtu"], s.n.link("sl0")["txqlen"]) == (1300, 77)


def test_an_address_that_is_not_in_the_file_is_taken_away(lab):
    s = Single(lab, addresses=FULL)
    s.n.ip("address", "add", "192.0.2.5/32", "dev", "sl0")
    s.n.ip("address", "add", "2001:db8::5/64", "dev", "sl0")
    restart(s, addresses=FULL)
    found = {a for a in s.n.addresses("sl0") if not a.startswith("fe80:")}
    assert found == {"10.64.0.1 10.64.0.2/32", "fd00:64::1/64"}


def test_link_local_addresses_and_routes_of_others_are_left_alone(lab):
    s = Single(lab, addresses=FULL, routes=ROUTES)
    s.n.ip("address", "add", "fe80::77/64", "dev", "sl0")
    s.n.ip("route", "add", "10.77.0.0/16", "dev", "sl0", "proto", "static")
    s.n.ip("-6", "route", "add", "fd00:77::/48", "dev", "sl0", "proto", "84")
    restart(s, addresses=FULL, routes=ROUTES)
    assert "fe80::77/64" in s.n.addresses("sl0")
    assert "10.77.0.0/16" in s.n.destinations("dev", "sl0")
    assert "fd00:77::/48" in s.n.destinations("dev", "sl0", family="-6")


def test_a_restart_with_the_same_file_disturbs_nothing(lab):
    s = Single(lab, addresses=FULL, routes=ROUTES)
    s.r.stop()
    monitor = subprocess.Popen(
        s.n.exec("ip", "monitor", "address", "route"), stdin=subprocess.DEVNULL,
        stdout=open(lab.directory + "/monitor", "w"))
    try:
        s.r.start()
        s.r.wait_up()
    finally:
        monitor.terminate()
        monitor.wait()
    with open(lab.directory + "/monitor") as f:
        text = f.read()
    assert "Deleted" not in text, text


def test_another_owner_is_corrected_and_that_is_said(lab):
    line, n = lab.line(), lab.namespace()
    n.ip("tuntap", "add", "dev", "sl0", "mode", "tun", "user", "7", "group",
         "8")
    r = lab.router(n, [link("sl0", line.path, owner=2, group=3)])
    r.wait_up()
    assert owner(n) == ("2", "3")
    assert r.wait_log("^sl0: .*owner changed to 2")
    assert r.wait_log("^sl0: .*group changed to 3")


def test_an_owner_that_is_right_is_not_mentioned(lab):
    s = Single(lab, owner=2)
    s.r.stop()
    since = s.r.mark()
    s.r.start()
    s.r.wait_up()
    assert "owner" not in s.r.log(since)


def test_a_foreign_interface_is_taken_without_our_mark(lab):
    line, n = lab.line(), lab.namespace()
    n.ip("tuntap", "add", "dev", "sl0", "mode", "tun")
    index = n.index("sl0")
    r = lab.router(n, [link("sl0", line.path, addresses=PEER)])
    r.wait_up()
    assert n.index("sl0") == index
    assert "ifalias" not in n.link("sl0")
    assert "UP" in n.link("sl0")["flags"]


@pytest.mark.parametrize("kind", ["bridge", "tap"])
def test_a_name_that_is_no_tun_is_a_reason_and_hurts_no_other_link(lab, kind):
    lines, n = [lab.line("one"), lab.line("two")], lab.namespace()
    if kind == "tap":
        n.ip("tuntap", "add", "dev", "sl0", "mode", "tap")
    else:
        n.ip("link", "add", "sl0", "type", kind)
    before = n.link("sl0")
    r = lab.router(n, [link("sl0", lines[0].path, retry={"max_ms": 300}),
                       link("sl1", lines[1].path)])
    status = r.wait_state("BACKOFF")
    assert "not a TUN" in status["last-error"]
    r.wait_up("sl1")
    assert n.link("sl0") == before
    assert lines[0].is_free()
    n.ip("link", "del", "sl0")
    r.wait_up("sl0")


HOLD = """
import fcntl, os, struct, sys
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"sl0", 0x1001))
print(1, flush=True)
sys.stdin.read()
"""


def test_a_busy_interface_is_a_reason_that_names_who_has_it(lab):
    lines, n = [lab.line("one"), lab.line("two")], lab.namespace()
    holder = subprocess.Popen(
        n.exec(sys.executable, "-c", HOLD), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"1\n"
        r = lab.router(n, [link("sl0", lines[0].path, retry={"max_ms": 300}),
                           link("sl1", lines[1].path)])
        status = r.wait_state("BACKOFF")
        assert "in use by" in status["last-error"]
        assert "pid %d" % holder.pid in status["last-error"]
        r.wait_up("sl1")
        holder.communicate(b"")
        r.wait_up("sl0")
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_a_refused_route_is_told_in_the_kernels_words_and_the_rest_is_done(
        lab):
    s = Single(lab, addresses=FULL, mtu=1290, forwarding=True, routes=[
        {"to": "10.99.0.0/16", "via": "192.0.2.1"}, *ROUTES])
    status = s.r.status()
    assert status["state"] == "UP"
    assert status["degraded"] == "yes"
    assert s.r.wait_log("^sl0: degraded, 1 setting refused: .*"
                        "Nexthop has invalid gateway")
    assert s.n.destinations("dev", "sl0", "proto", "83") == {
        "10.65.0.0/16", "10.66.0.0/16"}
    assert "fd00:64::1/64" in s.n.addresses("sl0")
    assert s.n.link("sl0")["mtu"] == 1290
    assert s.n.sysctl("ipv4/conf/sl0/forwarding") == "1"


def test_a_deleted_interface_is_made_again(lab):
    p = Pair(lab, a={"addresses": FULL, "routes": ROUTES})
    old, since = p.na.index("sl0"), p.a.mark()
    p.na.ip("link", "del", "sl0")
    wait_for(lambda: p.na.index("sl0") not in (0, old))
    p.a.wait_up()
    p.na.wait_ping(B4)
    assert "fd00:64::1/64" in p.na.addresses("sl0")
    assert p.na.destinations("dev", "sl0", "proto", "83") == {
        "10.65.0.0/16", "10.66.0.0/16"}
    assert "sl0: interface sl0 was deleted" in p.a.log(since)


def test_an_interface_deleted_while_the_port_is_away_is_made_again(lab):
    line, n = lab.line(), lab.namespace()
    path = os.path.join(lab.directory, "none")
    r = lab.router(n, [link("sl0", path, addresses=FULL)])
    r.wait_state("ABSENT")
    old = n.index("sl0")
    n.ip("link", "del", "sl0")
    wait_for(lambda: n.index("sl0") not in (0, old))
    os.symlink(line.path, path)
    r.wait_up()
    assert "fd00:64::1/64" in n.addresses("sl0")


@pytest.fixture(scope="module")
def played_with(shared):
    return Pair(shared, a={"addresses": FULL, "routes": ROUTES})


def set_down(p):
    p.na.ip("link", "set", "sl0", "down")
    p.a.wait_state("DOWN", held_down="yes")


def is_up(n):
    return "UP" in n.link("sl0")["flags"]


def test_a_link_whose_interface_is_set_down_pauses_and_says_so(played_with):
    p, since = played_with, played_with.a.mark()
    set_down(p)
    assert p.a.wait_log("^sl0: interface sl0 was set down; the link pauses",
                        since=since)
    assert p.a.status()["pump"] == "0"
    assert p.a.status()["carrier"] == "off"
    # Others may use the port meanwhile.
    assert is_free(p.cable.a[0])
    holds_for(lambda: not is_up(p.na) and p.a.state() == "DOWN", 3,
              "it was set up against the operator's hand")
    p.na.ip("link", "set", "sl0", "up")
    p.a.wait_up()


def test_what_the_kernel_took_at_down_is_put_back_at_up(played_with):
    p = played_with
    addresses = p.na.addresses("sl0")
    routes = [p.na.destinations("dev", "sl0", family=f) for f in ("-4", "-6")]
    set_down(p)
    assert "fd00:64::1/64" not in p.na.addresses("sl0")
    p.na.ip("link", "set", "sl0", "up")
    p.a.wait_up()
    wait_for(lambda: {a for a in p.na.addresses("sl0")} >=
             {a for a in addresses if not a.startswith("fe80:")})
    for f, wanted in zip(("-4", "-6"), routes):
        wait_for(lambda: wanted <= p.na.destinations("dev", "sl0", family=f)
                 | {"fe80::/64", "multicast"})
    p.na.wait_ping(B4)
    p.na.wait_ping(B6)


def test_set_down_and_up_at_once_ends_up(played_with):
    p = played_with
    for _ in range(5):
        p.na.ip("link", "set", "sl0", "down")
        p.na.ip("link", "set", "sl0", "up")
    p.na.wait_ping(B4)
    wait_for(lambda: p.a.state() == "UP" and is_up(p.na))
    wait_for(lambda: "fd00:64::1/64" in p.na.addresses("sl0"))
    wait_for(lambda: p.na.destinations("dev", "sl0", "proto", "83") == {
        "10.65.0.0/16", "10.66.0.0/16"})


def test_an_interface_set_down_and_then_deleted_is_made_again(played_with):
    p = played_with
    set_down(p)
    p.na.ip("link", "del", "sl0")
    p.a.wait_up()
    p.na.wait_ping(B4)


def test_an_interface_left_down_is_not_set_up_by_the_next_start(lab):
    s = Single(lab, addresses=FULL)
    s.n.ip("link", "set", "sl0", "down")
    s.r.wait_state("DOWN", held_down="yes")
    assert s.r.stop() == 0
    since = s.r.mark()
    s.r.start()
    s.r.wait_state("DOWN", held_down="yes")
    assert s.r.wait_log("^sl0: interface sl0 is set down", since=since)
    holds_for(lambda: not is_up(s.n), 1, "set up against the operator's hand")
    s.n.ip("link", "set", "sl0", "up")
    s.r.wait_up()
    wait_for(lambda: "fd00:64::1/64" in s.n.addresses("sl0"))


def test_set_down_while_the_port_is_away(lab):
    line, n = lab.line(), lab.namespace()
    path = os.path.join(lab.directory, "none")
    r = lab.router(n, [link("sl0", path, addresses=PEER)])
    r.wait_state("ABSENT")
    n.ip("link", "set", "sl0", "down")
    r.wait_state("DOWN", held_down="yes")
    os.symlink(line.path, path)
    holds_for(lambda: not is_up(n) and line.is_free(), 1.5, "it was taken")
    n.ip("link", "set", "sl0", "up")
    r.wait_up()
    line.write(frame(udp4(B4, A4, b"x"), leading_end=True))
    wait_for(lambda: r.status()["from-line"]["packets"] == 1)


def test_a_packet_from_another_lan_is_delivered(lab):
    """The default, loose rp_filter, where the source has a way elsewhere."""
    s = Single(lab, routes=["10.65.0.0/16"])
    sock = s.n.bound(A4)
    s.line.write(frame(
        udp4("10.65.9.9", A4, b"hello", port=sock.getsockname()[1]),
        leading_end=True))
    assert sock.recv(100) == b"hello"


def test_forwarding_lets_packets_pass_to_another_link(lab):
    """A chain of three: the middle one routes."""
    cable = lab.cable("baud=921600", "baud=921600")
    west, middle, east = (lab.namespace() for _ in range(3))
    lab.router(west, [link("sl0", cable.a[0], routes=["10.64.1.0/24"],
                           addresses=[{"local": A4, "peer": B4}])]).wait_up()
    lab.router(middle, [
        link("sl0", cable.b[0], addresses=[{"local": B4, "peer": A4}],
             forwarding=True),
        link("sl1", cable.a[1], forwarding=True,
             addresses=[{"local": "10.64.1.1", "peer": "10.64.1.2"}]),
    ]).wait_up()
    lab.router(east, [
        link("sl0", cable.b[1], routes=["10.64.0.0/24"],
             addresses=[{"local": "10.64.1.2", "peer": "10.64.1.1"}]),
    ]).wait_up()
    west.wait_ping("10.64.1.2")
    assert west.ping("-c5", "-i0.1", "-W5", "10.64.1.2") == 5
    assert east.ping("-c5", "-i0.1", "-W5", A4) == 5


def test_ipv6_works_from_the_first_packet(lab):
    p = Pair(lab)
    assert p.na.ping("-c1", "-W5", B6) == 1
    assert p.nb.ping("-c1", "-W5", A6) == 1

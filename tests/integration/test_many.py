"""Many links of one daemon, and machines in a row."""

import os
import time

import pytest

from many import Flood, absent, counters, ends, states
from router import both, link
from transfer import Exchange, connect
from wait import cpu_share, wait_for

ETC = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                   os.pardir, "etc")
HINT = "see FORWARDING in serial-routerd"


@pytest.mark.alone
def test_sixteen_busy_links_have_their_full_lines(lab):
    baud, seconds = 115200, 3
    cable = lab.cable(*["baud=%d" % baud] * 16)
    na, nb = lab.namespace(), lab.namespace()
    links_a, links_b = ends(cable, baud)
    a = lab.router(na, links_a, args=())
    b = lab.router(nb, links_b, args=())
    for r in (a, b):
        wait_for(lambda: states(r) == {"UP": 16}, 20, "16 links up")
    lab.keep(Flood(na, ["10.64.%d.2" % n for n in range(16)], baud))
    lab.keep(Flood(nb, ["10.64.%d.1" % n for n in range(16)], baud))

    def busy():
        return all(v > baud / 10 / 2 for r in (a, b)
                   for v in counters(r, "from-line", "line-bytes").values())

    wait_for(busy, 20, "traffic on every line")
    before = [counters(r, "from-line", "bytes") for r in (a, b)]
    start = time.monotonic()
    # What the line carries in that time, of 1000 in 1003 bytes IP.
    share = baud / 10 * seconds * 0.9

    def full():
        return all(counters(r, "from-line", "bytes")[k] - v > share
                   for r, old in zip((a, b), before) for k, v in old.items())

    wait_for(full, 3 * seconds, "the share of the slowest line", every=0.1)
    elapsed = time.monotonic() - start
    # And none has more than there is.
    for r, old in zip((a, b), before):
        for name, value in counters(r, "from-line", "bytes").items():
            assert value - old[name] < baud / 10 * (elapsed + 1), name


@pytest.mark.alone
def test_256_absent_links_cost_nothing_and_64_of_them_come_up(lab):
    cable = lab.cable(*["baud=115200"] * 64)
    for n in range(64):
        cable.cut(n)
    ours, theirs = ends(cable, 115200)
    na, nb = lab.namespace(), lab.namespace()
    r = lab.router(na, ours + absent(192, first=64), args=(), start=False)
    begin = time.monotonic()
    r.start()
    # Expected within one, make bench.
    assert time.monotonic() - begin < 10
    wait_for(lambda: states(r) == {"ABSENT": 256}, 20, "256 absent links")
    # 0.05 % of a core, and three times that where it fails.
    wait_for(lambda: cpu_share(r.pid, 3) < 0.0015, 30, "absent links to idle")
    for n in range(64):
        cable.plug(n)
    wait_for(lambda: states(r) == {"ABSENT": 192, "UP": 64}, 30,
             "64 links up", every=0.1)
    lab.router(nb, theirs, args=())
    for n in (0, 31, 63):
        na.wait_ping("10.64.%d.2" % n)
        na.wait_ping("fd00:64:%d::2" % n)
    for n in range(64):
        cable.cut(n)
    wait_for(lambda: states(r) == {"ABSENT": 256}, 20, "256 absent links")


def chain_links(cable):
    """The links of each of four machines that three lanes join."""
    def end(name, device, n, side, routes, **more):
        return link(name, device, addresses=both(n)[side], routes=routes,
                    **more)

    return [
        [end("east", cable.a[0], 0, 0, ["10.64.0.0/16", "fd00:64::/32"])],
        [end("west", cable.b[0], 0, 1, [], forwarding=True),
         end("east", cable.a[1], 1, 0, ["10.64.2.0/24", "fd00:64:2::/48"],
             forwarding=True)],
        [end("west", cable.b[1], 1, 1, ["10.64.0.0/24", "fd00:64:0::/48"],
             forwarding=True),
         end("east", cable.a[2], 2, 0, [], forwarding=True)],
        [end("west", cable.b[2], 2, 1, ["10.64.0.0/16", "fd00:64::/32"])],
    ]


def no_forwarding(n):
    n.run("sysctl", "-qw", "net.ipv4.ip_forward=0",
          "net.ipv6.conf.all.forwarding=0")


def load_example(n):
    n.run("sysctl", "-q", "-p", os.path.join(ETC, "serial-router.sysctl.conf"))


def test_four_machines_in_a_row(lab):
    cable = lab.cable(*["baud=921600"] * 3)
    machines = [lab.namespace() for _ in range(4)]
    for n in machines:
        no_forwarding(n)
    for n in machines[1:3]:
        load_example(n)
    routers = [lab.router(n, links)
               for n, links in zip(machines, chain_links(cable))]
    for r in routers:
        r.wait_up()
    first, last = machines[0], machines[3]
    for address in ("10.64.2.2", "fd00:64:2::2"):
        first.wait_ping(address)
        Exchange(connect(first, address, last), 30000, 20000).finish()
    for r in routers:
        assert HINT not in r.log()


def test_what_keeps_a_chain_from_forwarding_is_told_once(lab):
    n = lab.namespace()
    no_forwarding(n)
    cable = lab.cable(*["baud=921600"] * 3)
    links = chain_links(cable)[1]
    r = lab.router(n, links)
    said = [x for x in r.lines() if HINT in x]
    assert said == [
        "serial-routerd: packets are not passed on: net.ipv6.conf.all."
        "forwarding is 0; see FORWARDING in serial-routerd(8)"]
    load_example(n)
    r.stop()
    since = r.mark()
    r.start()
    assert HINT not in r.log(since)


def test_routes_on_two_links_want_forwarding(lab):
    n = lab.namespace()
    no_forwarding(n)
    two = [link("sl%d" % i, "/dev/ttyNONE%d" % i, addresses=both(i)[0][:1],
                routes=["10.6%d.0.0/16" % (5 + i)]) for i in range(2)]
    r = lab.router(n, two)
    r.wait_log("sl0 has routes and no `forwarding = true'")
    for answer in (True, False):
        r.stop()
        for one in two:
            one["interface"]["forwarding"] = answer
        r.configure(two)
        since = r.mark()
        r.start()
        assert HINT not in r.log(since)


def test_a_link_that_forwards_alone_is_told(lab):
    n = lab.namespace()
    no_forwarding(n)
    one = link("sl0", "/dev/ttyNONE0", addresses=both(0)[0][:1],
               forwarding=True)
    r = lab.router(n, [one])
    # Without another network there is nothing to pass on.
    assert HINT not in r.log()
    r.stop()
    n.ip("tuntap", "add", "mode", "tap", "dev", "lan0")
    n.ip("address", "add", "192.0.2.1/24", "dev", "lan0")
    since = r.mark()
    r.start()
    r.wait_log(r"sl0 forwards IPv4 alone: net\.ipv4\.conf\.lan0\.forwarding is "
               "0", since=since)
    r.stop()
    n.run("sysctl", "-qw", "net.ipv4.conf.lan0.forwarding=1")
    since = r.mark()
    r.start()
    assert HINT not in r.log(since)


def test_a_host_behind_a_line_is_told_nothing(lab):
    n = lab.namespace()
    no_forwarding(n)
    r = lab.router(n, [link("sl0", "/dev/ttyNONE0", addresses=both(0)[0],
                            routes=["default", "fd00:65::/48"])])
    r.wait_state("ABSENT")
    assert HINT not in r.log()

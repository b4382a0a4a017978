"""Another configuration while links are up."""

import os

import pytest

from lab import A4, B4, Pair, Single
from router import link
from rtnl import Listener
from transfer import Numbers
from wait import holds_for, wait_for

PEER = [{"local": A4, "peer": B4}]


def end(device, link_name="sl0", n=0, **more):
    """A link with an address of its own."""
    more.setdefault("addresses",
                    [{"local": "10.64.%d.1" % n, "peer": "10.64.%d.2" % n}])
    return link(link_name, device, **more)


class Lines:
    """A router with lines that the test holds."""

    def __init__(self, lab, count, **kwargs):
        self.lines = [lab.line("l%d" % n) for n in range(count)]
        self.n = lab.namespace()
        self.links = [end(x.path, "sl%d" % n, n)
                      for n, x in enumerate(self.lines)]
        self.r = lab.router(self.n, self.links, **kwargs)
        self.r.wait_up()


def test_the_same_file_changes_nothing(lab):
    s = Lines(lab, 2)
    before = s.r.snapshot()
    listener = lab.keep(Listener(s.n))
    said = s.r.reload(s.links)
    assert "links: 2 unchanged, 0 live, 0 pump, 0 interface, 0 added, " \
        "0 removed" in said
    assert listener.take() == []
    after = s.r.snapshot()
    for name in ("sl0", "sl1"):
        for key in ("state", "pump", "restarts"):
            assert before[name][key] == after[name][key]


def test_an_added_link_starts(lab):
    s = Lines(lab, 1)
    more = lab.line("more")
    pump = s.r.pump("sl0")
    said = s.r.reload(s.links + [end(more.path, "sl1", 1)])
    assert "sl1: reload: added" in said
    s.r.wait_up("sl1")
    assert s.n.addresses("sl1") == {"10.64.1.1 10.64.1.2/32"}
    assert s.r.pump("sl0") == pump


def test_an_added_link_that_is_not_enabled_does_not_start(lab):
    s = Lines(lab, 1)
    more = lab.line("more")
    s.r.reload(s.links + [end(more.path, "sl1", 1, enabled=False)])
    assert s.r.state("sl1") == "DOWN"
    assert s.n.link("sl1") is None


def test_a_removed_link_takes_its_interface_along(lab):
    s = Lines(lab, 2)
    pump = s.r.pump("sl0")
    said = s.r.reload(s.links[:1])
    assert "sl1: reload: removed" in said
    wait_for(lambda: s.n.link("sl1") is None, 20, "no interface sl1")
    wait_for(s.lines[1].is_free, 20, "the port is free")
    assert s.r.pump("sl0") == pump
    assert set(s.r.snapshot()) == {"sl0"}


def test_a_removed_link_leaves_the_interface_of_somebody_else(lab):
    line, n = lab.line(), lab.namespace()
    n.ip("tuntap", "add", "mode", "tun", "dev", "sl0")
    n.ip("link", "set", "sl0", "up")
    r = lab.router(n, [end(line.path)]).wait_up()
    index = n.index("sl0")
    r.reload([])
    wait_for(line.is_free, 20, "the port is free")
    wait_for(lambda: not n.carrier("sl0"), 20, "no carrier")
    assert n.index("sl0") == index


def test_a_removed_link_that_was_not_running_takes_its_interface_along(lab):
    s = Lines(lab, 1)
    s.r.reload([end(s.lines[0].path, enabled=False)])
    s.r.wait_state("DOWN")
    # It is persistent.
    assert s.n.link("sl0") is not None
    s.r.reload([])
    wait_for(lambda: s.n.link("sl0") is None, 20, "no interface")


def test_all_links_go_and_others_come(lab):
    s = Lines(lab, 3)
    s.r.reload([])
    wait_for(lambda: all(s.n.link("sl%d" % i) is None for i in range(3)), 20,
             "no interface")
    s.r.reload(s.links)
    s.r.wait_up()


def test_another_port_is_another_pump_on_the_same_interface(lab):
    s = Lines(lab, 1)
    other = lab.line("other")
    index, pump = s.n.index("sl0"), s.r.pump()
    said = s.r.reload([end(other.path)])
    assert "sl0: reload: pump (port.device)" in said
    s.r.wait_state("UP", port=other.node)
    assert s.n.index("sl0") == index
    assert s.r.pump() != pump
    assert s.n.addresses("sl0") == {"10.64.0.1 10.64.0.2/32"}
    wait_for(s.lines[0].is_free, 20, "the old port is free")


def test_another_rate_is_another_pump(lab):
    p = Pair(lab)
    change = [end(p.cable.a[0], baud=115200, mtu=1500)]
    said = p.a.reload(change)
    assert "sl0: reload: pump (port.baud" in said
    p.a.wait_state("UP", baud="115200")


def test_another_name_of_the_interface_is_another_interface(lab):
    s = Lines(lab, 1)
    said = s.r.reload([end(s.lines[0].path, name="tun7")])
    assert "sl0: reload: interface (interface.name)" in said
    s.r.wait_state("UP", interface="tun7")
    assert s.n.link("sl0") is None
    assert s.n.addresses("tun7") == {"10.64.0.1 10.64.0.2/32"}


def test_ports_that_are_swapped(lab):
    s = Lines(lab, 2)
    s.r.reload([end(s.lines[1].path, "sl0", 0),
                end(s.lines[0].path, "sl1", 1)])
    s.r.wait_state("UP", "sl0", port=s.lines[1].node)
    s.r.wait_state("UP", "sl1", port=s.lines[0].node)
    # Each waited until the other had let go of it.
    assert "in use" not in s.r.log()
    assert all(x["last-error"] == "" for x in s.r.snapshot().values())


def test_interfaces_that_are_swapped(lab):
    s = Lines(lab, 2)
    s.r.reload([end(s.lines[0].path, "sl0", 0, name="sl1"),
                end(s.lines[1].path, "sl1", 1, name="sl0")])
    s.r.wait_state("UP", "sl0", interface="sl1")
    s.r.wait_state("UP", "sl1", interface="sl0")
    assert s.n.addresses("sl1") == {"10.64.0.1 10.64.0.2/32"}
    assert s.n.addresses("sl0") == {"10.64.1.1 10.64.1.2/32"}
    assert "in use" not in s.r.log()


def test_a_new_link_on_the_port_of_one_that_goes(lab):
    s = Lines(lab, 1)
    s.r.reload([end(s.lines[0].path, "other", 5)])
    s.r.wait_up("other")
    wait_for(lambda: s.n.link("sl0") is None, 20, "no interface sl0")
    assert "in use" not in s.r.log()


def test_a_route_moves_from_one_link_to_another(lab):
    s = Lines(lab, 2)
    there = [end(s.lines[0].path, "sl0", 0, routes=["10.65.0.0/16"]),
             end(s.lines[1].path, "sl1", 1, routes=["10.66.0.0/16"])]
    back = [end(s.lines[0].path, "sl0", 0, routes=["10.66.0.0/16"]),
            end(s.lines[1].path, "sl1", 1, routes=["10.65.0.0/16"])]
    for links, devices in ((there, ("sl0", "sl1")), (back, ("sl1", "sl0"))):
        said = s.r.reload(links)
        assert "degraded" not in said
        found = {r["dst"]: r["dev"] for r in s.n.routes("proto", "83")}
        assert (found["10.65.0.0/16"], found["10.66.0.0/16"]) == devices


def test_a_route_moves_to_a_link_that_is_new(lab):
    s = Lines(lab, 1)
    other = lab.line("other")
    s.r.reload([end(s.lines[0].path, routes=["10.65.0.0/16"])])
    s.r.reload([end(other.path, "sl1", 1, routes=["10.65.0.0/16"])])
    s.r.wait_up("sl1")
    assert s.r.status("sl1")["degraded"] == "no"
    assert [r["dev"] for r in s.n.routes("proto", "83")] == ["sl1"]


def test_a_reload_without_a_file_is_told(lab):
    from privilege import OneLiner
    line, n = lab.line(), lab.namespace()
    r = lab.keep(OneLiner(lab, n, "-p", line.path, "-b", 115200))
    r.wait_up("tun0")
    r.hup("command line: there is no file")
    assert r.state("tun0") == "UP"


def test_many_signals_are_some_reloads_and_the_last_one_counts(lab):
    s = Lines(lab, 1)
    for mtu in range(600, 640):
        s.r.configure([end(s.lines[0].path, mtu=mtu)])
        s.r.process.send_signal(1)
    wait_for(lambda: s.n.link("sl0")["mtu"] == 639, 20, "the last MTU")


def test_a_reload_leaves_no_process_and_no_descriptor(lab):
    s = Lines(lab, 2)
    s.r.reload([end(s.lines[0].path, "sl0", 0)])
    s.r.reload(s.links)
    s.r.wait_up()
    count = len(os.listdir("/proc/%d/fd" % s.r.pid))
    for _ in range(5):
        s.r.reload(s.links[:1])
        s.r.refused("links = ( 1 );\n")
        s.r.reload(s.links)
        s.r.wait_up()
    wait_for(lambda: len(os.listdir("/proc/%d/fd" % s.r.pid)) == count, 20,
             "as many descriptors as before")
    # Two pumps, the daemon, and what made the namespace for it.
    wait_for(lambda: len(s.n.processes()) == 3, 20, "two pumps and no more")

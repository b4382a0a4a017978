"""What the kernel refuses half way, and what stands in the way."""

import os

from control import client
from rtnl import Listener
from test_reload import Lines, end
from wait import wait_for

# The address of no link reaches it.
BAD_ROUTE = {"to": "10.65.0.0/16", "via": "192.0.2.1"}
INVALID = "Nexthop has invalid gateway"


def change(s, first=None, other=None):
    return s.r.reload([end(s.lines[0].path, "sl0", 0, **(first or {})),
                       end(s.lines[1].path, "sl1", 1, **(other or {}))])


def as_it_was(n):
    found = n.link("sl0")
    return {"mtu": found["mtu"], "txqlen": found["txqlen"],
            "addresses": n.addresses("sl0"),
            "routes": n.destinations("dev", "sl0", "proto", "83"),
            "forwarding": n.sysctl("ipv4/conf/sl0/forwarding"),
            "rp_filter": n.sysctl("ipv4/conf/sl0/rp_filter"),
            "owner": n.run("cat", "/sys/class/net/sl0/owner").strip()}


def test_what_was_applied_of_that_link_is_undone(lab):
    s = Lines(lab, 2)
    change(s, {"routes": ["10.66.0.0/16"]})
    before, pump = as_it_was(s.n), s.r.pump("sl0")
    said = change(s, {
        "mtu": 1300, "txqueuelen": 99, "forwarding": True, "owner": 1,
        "rp_filter": "off", "routes": [BAD_ROUTE, "10.67.0.0/16"],
        "addresses": ["10.70.0.1/24", "fd00:70::1/64"]}, {"mtu": 1200})
    assert "sl0: degraded, left as it was (" in said
    assert INVALID in said
    assert as_it_was(s.n) == before
    status = s.r.status("sl0")
    assert status["degraded"] == "yes" and status["state"] == "UP"
    assert s.r.pump("sl0") == pump
    # The rest is as asked.
    assert s.n.link("sl1")["mtu"] == 1200
    assert s.r.status("sl1")["degraded"] == "no"


def test_a_refused_change_is_tried_again_until_it_is_good(lab):
    s = Lines(lab, 2)
    for _ in range(2):
        said = change(s, {"mtu": 1300, "routes": [BAD_ROUTE]})
        assert "sl0: degraded, left as it was (interface.mtu, " \
            "interface.routes)" in said
        assert s.n.link("sl0")["mtu"] == 1500
    change(s, {"mtu": 1300, "routes": ["10.65.0.0/16"]})
    assert s.n.link("sl0")["mtu"] == 1300
    assert s.r.status("sl0")["degraded"] == "no"
    assert s.n.destinations("dev", "sl0", "proto", "83") == {"10.65.0.0/16"}


def test_who_watches_is_told_of_a_refusal_and_of_its_end(lab):
    s = Lines(lab, 2)
    with client(s.r) as watcher:
        assert [watcher.ask("watch")["link"], watcher.read()["link"]] == [
            "sl0", "sl1"]
        for routes, flags in ([BAD_ROUTE], ["degraded"]), ([], []):
            change(s, {"mtu": 1300, "routes": routes})
            told = watcher.read()
            assert (told["event"], told["link"]) == ("state", "sl0")
            assert [x["flag"] for x in told["flags"]] == flags
            assert watcher.read()["what"] == "applied"


def test_going_back_needs_nothing_and_ends_it(lab):
    s = Lines(lab, 2)
    change(s, {"mtu": 1300, "routes": [BAD_ROUTE]})
    listener = lab.keep(Listener(s.n))
    said = change(s)
    assert "links: 2 unchanged" in said
    assert s.r.status("sl0")["degraded"] == "no"
    assert listener.take() == []


def test_a_refusal_keeps_the_pump_too(lab):
    s = Lines(lab, 2)
    pump = s.r.pump("sl0")
    said = change(s, {"baud": 115200, "mtu": 1500, "routes": [BAD_ROUTE]})
    assert "sl0: degraded, left as it was (port.baud, interface.routes)" \
        in said
    assert s.r.pump("sl0") == pump
    assert s.r.status("sl0")["baud"] == "921600"


def test_who_loses_his_port_cannot_stay_as_he_was(lab):
    s = Lines(lab, 2)
    s.r.reload([end(s.lines[1].path, "sl0", 0, routes=[BAD_ROUTE],
                    mtu=1300),
                end(s.lines[0].path, "sl1", 1)])
    s.r.wait_state("UP", "sl0", port=s.lines[1].node, degraded="yes")
    s.r.wait_state("UP", "sl1", port=s.lines[0].node, degraded="no")
    assert s.n.link("sl0")["mtu"] == 1300
    # The same again is nothing new.
    said = s.r.hup(r"serial-routerd: reloaded: .*\n")
    assert "links: 2 unchanged" in said


def test_what_was_degraded_at_the_start_is_mended(lab):
    line, n = lab.line(), lab.namespace()
    r = lab.router(n, [end(line.path, routes=[BAD_ROUTE])])
    r.wait_state("UP", degraded="yes")
    said = r.reload([end(line.path, routes=["10.65.0.0/16"])])
    assert "all settings in place again" in said
    assert r.status()["degraded"] == "no"


def test_an_added_link_that_is_refused_something_is_up_and_degraded(lab):
    s = Lines(lab, 1)
    other = lab.line("other")
    s.r.reload(s.links + [end(other.path, "sl1", 1, routes=[BAD_ROUTE])])
    s.r.wait_state("UP", "sl1", degraded="yes")


def test_an_interface_that_was_set_down_stays_so(lab):
    s = Lines(lab, 2)
    s.n.ip("link", "set", "sl0", "down")
    s.r.wait_state("DOWN", "sl0", held_down="yes")
    change(s, {"mtu": 1300, "routes": ["10.65.0.0/16"]})
    assert s.n.link("sl0")["mtu"] == 1300
    assert s.r.status("sl0")["held-down"] == "yes"
    change(s, {"mtu": 1300, "routes": ["10.65.0.0/16"],
               "port": {"stop_bits": 2}})
    assert s.r.status("sl0")["state"] == "DOWN"
    s.n.ip("link", "set", "sl0", "up")
    s.r.wait_state("UP", "sl0")
    assert s.n.destinations("dev", "sl0", "proto", "83") == {"10.65.0.0/16"}


def test_an_absent_port_is_given_up_for_one_that_is_there(lab):
    line, n = lab.line(), lab.namespace()
    r = lab.router(n, [end(os.path.join(lab.directory, "absent"))])
    r.wait_state("ABSENT")
    r.reload([end(line.path)])
    r.wait_state("UP")


def test_a_port_that_appears_later_is_found_after_a_reload(lab):
    s = Lines(lab, 1)
    place = os.path.join(lab.directory, "later", "tty")
    s.r.reload(s.links + [end(place, "sl1", 1)])
    s.r.wait_state("ABSENT", "sl1")
    other = lab.line("other")
    os.mkdir(os.path.dirname(place))
    os.symlink(other.node, place)
    s.r.wait_state("UP", "sl1")


def test_a_pump_that_does_not_end_in_time_holds_up_only_its_own_link(lab):
    s = Lines(lab, 2)
    pump = s.r.pump("sl0")
    os.kill(pump, 19)
    said = s.r.reload([end(s.lines[0].path, "sl0", 0,
                           port={"stop_bits": 2}),
                       end(s.lines[1].path, "sl1", 1,
                           port={"stop_bits": 2})])
    assert "2 pump" in said
    s.r.wait_state("UP", "sl1")
    # It is killed after a second.
    s.r.wait_state("UP", "sl0")
    assert s.r.pump("sl0") != pump


def test_a_reload_right_after_another_takes_up_where_that_one_is(lab):
    s = Lines(lab, 2)
    for n in range(10):
        s.r.reload([end(s.lines[n % 2].path, "sl0", 0),
                    end(s.lines[(n + 1) % 2].path, "sl1", 1)])
    s.r.wait_state("UP", "sl0", port=s.lines[1].node)
    s.r.wait_state("UP", "sl1", port=s.lines[0].node)
    for n in range(6):
        s.r.reload([] if n % 2 else s.links)
    s.r.reload(s.links)
    s.r.wait_up()
    wait_for(lambda: len(s.n.processes()) == 3, 20, "two pumps and no more")

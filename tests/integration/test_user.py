"""One link without a file, as root and as an ordinary user without any
capability."""

import grp
import os

import pytest

from lab import A4, B4
from privilege import (NOBODY, UNKNOWN, as_user, do_as_told, one_liner, open_to,
                       reachable, wait_line)
from router import link
from wait import descriptors, holds_for, proc_status, run

USAGE, NOPERM, CONFIG = 64, 77, 78


def port_of(cable):
    """An end of a cable that everybody may open."""
    open_to(cable.a[0], 0o666)
    return cable.a[0]


def add_interface(n, user=NOBODY, up=True, mtu=1400, address=True):
    n.ip("tuntap", "add", "mode", "tun", "user", user, "dev", "tun0")
    n.ip("link", "set", "tun0", "mtu", mtu)
    if address:
        n.ip("address", "add", A4, "peer", B4, "dev", "tun0")
    if up:
        n.ip("link", "set", "tun0", "up")


def peer(lab, cable):
    n = lab.namespace()
    lab.router(n, [link("sl0", cable.b[0],
                        addresses=[{"local": B4, "peer": A4}])])
    return n


def seen(n):
    """What is the operator's of an interface."""
    state = n.link("tun0")
    info = state["linkinfo"]["info_data"]
    return (state["ifindex"], state["mtu"], state["txqlen"],
            "UP" in state["flags"], state.get("ifalias"), info,
            sorted(a for a in n.addresses("tun0") if not a.startswith("fe80")),
            n.sysctl("ipv4/conf/tun0/rp_filter"),
            n.ip_json("route", "show", "dev", "tun0"))


def settled(state):
    """The part of it that the carrier does not change."""
    routes = [(r["dst"], r.get("prefsrc")) for r in state[-1]]
    return (*state[:-1], routes)


def start(lab, n, port, *options, baud=921600, **kwargs):
    kwargs.setdefault("wrap", as_user())
    return one_liner(lab, n, "-p", port, "-b", baud, *options, **kwargs)


def test_an_ordinary_users_link_works_and_leaves_the_interface_alone(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n)
    before = settled(seen(n))
    r = start(lab, n, port_of(cable))
    peer(lab, cable)
    r.wait_up()
    n.wait_ping(B4)
    status = proc_status(r.pid)
    assert status["Uid"].split() == [str(NOBODY)] * 4
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    pump = proc_status(r.pump("tun0"))
    assert pump["Uid"].split() == [str(NOBODY)] * 4
    assert n.carrier("tun0")
    assert settled(seen(n)) == before
    r.wait_log(r"^tun0: without CAP_NET_ADMIN interface tun0 is taken as it is "
               r"\(MTU 1400\)")
    assert r.stop() == 0
    assert not n.carrier("tun0")
    assert settled(seen(n)) == before
    # The control socket's default place is not this user's.
    said = "\n".join(x for x in r.lines() if "control.path" not in x)
    for word in (": degraded", "not as configured", "ermission", "permitted"):
        assert word not in said


def test_the_carrier_follows_the_port_without_any_right(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n)
    r = start(lab, n, port_of(cable))
    r.wait_up()
    cable.cut()
    r.wait_state("ABSENT", "tun0", carrier="off")
    assert not n.carrier("tun0")
    cable.plug()
    open_to(cable.a[0], 0o666)
    r.wait_up()
    assert n.carrier("tun0")


def test_the_command_that_makes_the_interface_is_told(lab):
    cable, n = lab.cable(), lab.namespace()
    r = start(lab, n, port_of(cable))
    line = wait_line(r, "^tun0: there is no interface tun0, .*CAP_NET_ADMIN")
    assert "ip tuntap add mode tun user nobody dev tun0" in line
    do_as_told(n, line)
    r.wait_up()


def test_the_command_that_gives_anothers_interface_is_told(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n, user=UNKNOWN)
    r = start(lab, n, port_of(cable))
    line = wait_line(r, "^tun0: interface tun0 does not belong to user nobody")
    do_as_told(n, line)
    r.wait_up()


def test_an_interface_that_is_down_is_waited_for(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n, up=False)
    r = start(lab, n, port_of(cable))
    r.wait_log("^tun0: interface tun0 is set down; the link waits for: "
               "ip link set tun0 up")
    r.wait_state("DOWN", "tun0", held_down="yes")
    assert "UP" not in n.link("tun0")["flags"]
    n.ip("link", "set", "tun0", "up")
    r.wait_up()
    n.ip("link", "set", "tun0", "down")
    r.wait_state("DOWN", "tun0")
    n.ip("link", "set", "tun0", "up")
    r.wait_up()


def test_a_deleted_interface_is_waited_for(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n)
    r = start(lab, n, port_of(cable))
    r.wait_up()
    n.ip("link", "delete", "tun0")
    do_as_told(n, wait_line(r, "^tun0: there is no interface tun0"))
    r.wait_up()


@pytest.mark.parametrize("mode, gid, told", [
    (0o660, "dialout", "Permission denied: add user nobody to group dialout "
     r"\(usermod -aG dialout nobody\)"),
    (0o600, "root", r"Permission denied: its mode 0600 \(owner 0, group 0\)"),
], ids=["group", "mode"])
def test_what_is_missing_for_the_port_is_told(lab, mode, gid, told):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n)
    node = open_to(cable.a[0], mode, grp.getgrnam(gid).gr_gid)
    r = start(lab, n, cable.a[0])
    r.wait_log("^tun0: port %s: %s" % (node, told))
    open_to(cable.a[0], 0o666)
    r.wait_up()


def test_the_group_that_was_told_is_enough(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n)
    dialout = grp.getgrnam("dialout").gr_gid
    open_to(cable.a[0], 0o660, dialout)
    wrap = as_user()[:-1] + ("--groups", str(dialout))
    start(lab, n, cable.a[0], wrap=wrap).wait_up()


def test_a_closed_tun_device_is_told_with_its_mode(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n)
    r = start(lab, n, port_of(cable), wrap=as_user(0o600), start=False)
    r._spawn()
    assert r.process.wait(20) == NOPERM
    assert "/dev/net/tun: Permission denied: its mode is 0600" in r.log()
    assert "chmod 0666 /dev/net/tun" in r.log()


def test_settings_that_cannot_be_made_are_one_warning(lab):
    cable, n = lab.cable(), lab.namespace()
    add_interface(n, address=False)
    r = start(lab, n, port_of(cable), "--mtu", 576, "--address", A4, "--peer",
              B4, "--address", "10.9.0.1/24")
    r.wait_up()
    said = [x for x in r.lines() if "not as configured" in x]
    assert len(said) == 1
    assert said[0].endswith(
        "as root: ip link set tun0 mtu 576; ip address add %s peer %s dev tun0;"
        " ip address add 10.9.0.1/24 dev tun0" % (A4, B4))
    assert n.link("tun0")["mtu"] == 1400
    assert not any(a.startswith("10.") for a in n.addresses("tun0"))
    do_as_told(n, said[0])
    r.stop()
    since = r.mark()
    r.start()
    r.wait_up()
    assert "not as configured" not in r.log(since)


def test_as_root_it_makes_the_interface_with_its_settings(lab):
    cable, n = lab.cable(), lab.namespace()
    r = start(lab, n, cable.a[0], "--mtu", 1000, "--address", A4, "--peer", B4,
              wrap=())
    peer(lab, cable)
    r.wait_up()
    n.wait_ping(B4)
    assert n.link("tun0")["mtu"] == 1000
    assert n.addresses("tun0") == {"%s %s/32" % (A4, B4)}


def daemon(lab, *args):
    r = reachable(lab)
    return run("sh", "-c", "\"$@\"; echo status=$?", "sh", r, *args)


def test_a_mistake_is_told_by_its_option(lab):
    out = daemon(lab, "-i", "tun0", "-p", "/dev/ttyNONE0", "-b", "7")
    assert "serial-routerd: --baud: expected 50 to 16000000, got 7\n" in out
    assert "status=%d" % CONFIG in out


def test_half_a_link_is_a_mistake_of_usage(lab):
    out = daemon(lab, "-i", "tun0", "-b", "9600")
    assert "--interface without --port (-p)" in out
    assert "status=%d" % USAGE in out


def test_check_and_print_work_without_a_file(lab):
    good = ("-i", "tun0", "-p", "/dev/ttyNONE0", "-b", "9600")
    assert daemon(lab, "-t", *good) == "status=0\n"
    out = daemon(lab, "-T", *good)
    assert '"/dev/ttyNONE0"' in out and out.endswith("status=0\n")
    path = os.path.join(lab.directory, "printed.conf")
    with open(path, "w") as f:
        f.write(out.replace("status=0\n", ""))
    os.chmod(path, 0o644)
    assert daemon(lab, "-T", "-c", path) == out


def test_an_absent_port_is_waited_for_without_a_descriptor_more(lab):
    n = lab.namespace()
    add_interface(n)
    r = start(lab, n, "/dev/ttyNONE0")
    r.wait_state("ABSENT", "tun0")
    before = len(descriptors(r.pid))
    holds_for(lambda: len(descriptors(r.pid)) == before, 1.5, "descriptors")


def test_a_capability_for_another_network_makes_no_interface(lab):
    cable, n = lab.cable(), lab.namespace()
    r = start(lab, n, port_of(cable), wrap=(*as_user(), "unshare", "-Ur"))
    r.wait_log("^tun0: there is no interface tun0, and making it takes "
               "CAP_NET_ADMIN")

"""Pumps and supervisors that die, hang, and have nothing to give away."""

import os
import signal
import time

import pytest

from lab import A4, B4, Pair
from router import both, is_sanitizer_build, link
from transfer import Exchange, Numbers, connect
from wait import (
    cpu_share, descriptors, holds_for, is_alive, proc_status, run,
    signal_process, wait_for,
)

NOBODY = 65534


@pytest.fixture(scope="module")
def two(shared):
    """Two links of one daemon at each end."""
    # Killed often: what back-off would make of that is not the matter here.
    return Pair(shared, options=["baud=921600", "baud=921600"],
                retry={"max_ms": 300})


def revived(r, name, old):
    """The link is up with another pump."""
    def is_new():
        s = r.status(name)
        return s["state"] == "UP" and int(s["pump"]) not in (0, old)

    wait_for(is_new, 20, "a new pump", every=0.05)


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGABRT,
                                 signal.SIGTERM])
def test_a_killed_pump_comes_back_and_no_other_link_loses_a_packet(two, sig):
    index = two.na.index("sl0")
    numbers = Numbers(two.na.bound("10.64.1.1"), two.nb.bound("10.64.1.2"))
    restarts = int(two.a.status("sl0")["restarts"])
    since = two.a.mark()
    for _ in range(3):
        pump = two.a.pump("sl0")
        signal_process(pump, sig)
        revived(two.a, "sl0", pump)
    two.na.wait_ping("10.64.0.2")
    assert numbers.finish() == []
    assert numbers.sent > 30
    assert two.na.index("sl0") == index
    assert int(two.a.status("sl0")["restarts"]) == restarts + 3
    assert int(two.a.status("sl1")["restarts"]) == 0
    assert "killed by signal %d" % sig in two.a.log(since)


def test_a_pump_that_hangs_is_replaced(two):
    numbers = Numbers(two.na.bound("10.64.1.1"), two.nb.bound("10.64.1.2"))
    pump, since = two.a.pump("sl0"), two.a.mark()
    signal_process(pump, signal.SIGSTOP)
    start = time.monotonic()
    wait_for(lambda: not is_alive(pump), 30, "the end of the pump")
    revived(two.a, "sl0", pump)
    assert time.monotonic() - start < 15
    assert "does not answer" in two.a.log(since)
    two.na.wait_ping("10.64.0.2")
    assert numbers.finish() == []


def test_a_pump_that_was_stopped_for_a_moment_goes_on(two):
    pump = two.a.pump("sl1")
    for _ in range(20):
        signal_process(pump, signal.SIGSTOP)
        signal_process(pump, signal.SIGCONT)
    two.na.wait_ping("10.64.1.2")
    assert two.a.pump("sl1") == pump


def test_what_a_terminal_sends_to_all_does_not_end_a_pump(two):
    pump = two.a.pump("sl1")
    for sig in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
        signal_process(pump, sig)
    two.na.wait_ping("10.64.1.2")
    assert two.a.pump("sl1") == pump


def test_a_pump_has_nothing_to_give_away(two):
    for name in ("sl0", "sl1"):
        status = proc_status(two.a.pump(name))
        assert status["Uid"].split() == [str(NOBODY)] * 4
        assert status["Gid"].split() == [str(NOBODY)] * 4
        assert status["Groups"] == ""
        for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
            assert int(status["Cap" + kind], 16) == 0, kind
        assert status["NoNewPrivs"] == "1"
        assert status["Threads"] == "1"


def test_a_pump_is_in_its_filter(two):
    kind = run(os.environ["SERIAL_ROUTERD"], "-V")
    if "no seccomp" in kind:
        pytest.skip("built --without-seccomp")
    for name in ("sl0", "sl1"):
        assert proc_status(two.a.pump(name))["Seccomp"] == "2"


def test_a_pump_holds_only_what_is_its_own(two):
    for n, name in enumerate(("sl0", "sl1")):
        open_now = descriptors(two.a.pump(name))
        places = list(open_now.values())
        node = os.path.realpath(two.cable.a[n])
        assert places.count("/dev/net/tun") == 1
        assert places.count(node) == 1
        assert sum(p.startswith("socket:") for p in places) == 1
        rest = {fd: p for fd, p in open_now.items()
                if p not in ("/dev/net/tun", node)
                and not p.startswith("socket:")}
        if is_sanitizer_build():
            rest.pop(2, None)
        assert set(rest.values()) <= {"/dev/null"}, rest
        assert set(rest) <= {0, 1, 2}, rest


def test_a_pump_cannot_be_looked_into(two):
    """Not dumpable: its memory belongs to root."""
    path = "/proc/%d/mem" % two.a.pump("sl0")
    assert os.stat(path).st_uid == 0


def test_the_supervisor_never_holds_a_tty(two):
    for place in descriptors(two.a.pid).values():
        assert "/pts/" not in place and "/tty" not in place, place


def test_a_pump_goes_by_its_link(two):
    for name in ("sl0", "sl1"):
        with open("/proc/%d/comm" % two.a.pump(name)) as f:
            assert f.read() == "pump %s\n" % name


def test_pumps_end_with_a_killed_supervisor_and_the_next_start_goes_on(lab):
    p = Pair(lab)
    index, addresses = p.na.index("sl0"), p.na.addresses("sl0")
    pump = p.a.pump()
    exchange = Exchange(connect(p.na, B4, p.nb), 200000, 200000)
    wait_for(lambda: exchange.got() > 20000, what="traffic")
    p.a.kill()
    wait_for(lambda: not is_alive(pump), 5, "the end of the pump")
    assert p.na.index("sl0") == index
    wait_for(lambda: not p.na.carrier("sl0"), 5, "carrier off")
    p.a.start()
    p.a.wait_up()
    assert p.na.index("sl0") == index
    assert p.na.addresses("sl0") == addresses
    exchange.finish()
    p.na.wait_ping(B4)


def test_a_killed_supervisor_ends_pumps_in_every_state(lab):
    """Settling, stuck and idle ones alike."""
    cable = lab.cable("baud=9600", "baud=9600", "baud=9600")
    n = lab.namespace()
    r = lab.router(n, [
        link("sl0", cable.a[0], port={"settle_ms": 10000}),
        link("sl1", cable.a[1], addresses=[{"local": A4, "peer": B4}]),
        link("sl2", cable.a[2])])
    r.wait_up("sl1", "sl2")
    cable.tell("stall", "1.a")
    n.ping("-f", "-c300", "-w2", "-s1000", B4)
    pumps = [int(s["pump"]) for s in r.snapshot().values()]
    assert all(pumps)
    r.kill()
    wait_for(lambda: not any(map(is_alive, pumps)), 5)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_pumps_and_leaves_persistent_interfaces(lab, sig):
    cable = lab.cable("baud=921600", "baud=921600")
    n = lab.namespace()
    first, second = both(0)[0], both(1)[0]
    r = lab.router(n, [
        link("stays", cable.a[0], addresses=first),
        link("goes", cable.a[1], addresses=second, persist=False)])
    r.wait_up()
    index, addresses = n.index("stays"), n.addresses("stays")
    pumps = [r.pump("stays"), r.pump("goes")]
    since = r.mark()
    assert r.stop(sig) == 0
    assert not any(map(is_alive, pumps))
    assert n.index("stays") == index
    assert n.addresses("stays") == addresses
    assert not n.carrier("stays")
    assert n.link("goes") is None
    assert "stopping" in r.log(since)
    r.start()
    r.wait_up()
    assert n.index("stays") == index


def test_a_stop_is_quick_whatever_the_links_do(lab):
    """One that is absent, one that settles, one that hangs, one in back-off."""
    cable = lab.cable("baud=921600", "baud=921600")
    r = lab.router(lab.namespace(), [
        link("absent", lab.directory + "/none"),
        link("settles", cable.a[0], port={"settle_ms": 10000}),
        link("hangs", cable.a[1]),
        link("backoff", "/dev/null")])
    r.wait_up("hangs")
    r.wait_state("BACKOFF", "backoff")
    r.wait_state("ABSENT", "absent")
    signal_process(r.pump("hangs"), signal.SIGSTOP)
    start = time.monotonic()
    assert r.stop() == 0
    assert time.monotonic() - start < 5


def test_a_daemon_with_nothing_to_do_stays_and_is_idle(lab):
    r = lab.router(lab.namespace(), [
        link("off", lab.directory + "/none", enabled=False)])
    r.wait_log("0 of 1 links started")
    assert r.status("off")["state"] == "DOWN"
    assert r.namespace.link("off") is None
    assert cpu_share(r.pid, 1) < 0.01
    holds_for(lambda: r.process.poll() is None, 0.2, "it ended")
    assert r.stop() == 0


def test_a_port_is_tried_at_most_five_times_a_second(lab):
    r = lab.router(lab.namespace(), [
        link("sl0", "/dev/null", retry={"first_ms": 10, "max_ms": 10})])
    tries = r.log().count("-> OPENING")
    since = r.seconds()
    wait_for(lambda: r.log().count("-> OPENING") >= tries + 6)
    assert r.seconds() - since > 0.95
    assert r.log().count("; trying again") == 1


def test_back_off_doubles_up_to_its_bound(lab):
    r = lab.router(lab.namespace(), [
        link("sl0", "/dev/null", retry={"first_ms": 200, "max_ms": 800})])
    wait_for(lambda: r.log().count("-> OPENING") >= 5)
    # 200, 400, 800 and 800, each by up to a quarter less.
    assert r.seconds() > 1.6

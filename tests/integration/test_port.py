"""Ports that come and go, and ports that are none."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from cable import frame
from lab import A4, B4, B6, Pair, Single
from namespace import LinkEvents
from packets import Capture, udp4
from router import link
from transfer import Exchange, Numbers, connect, drain
from wait import LONG, cpu_share, descriptors, is_alive, proc_status
from wait import signal_process, wait_for


def cut(pair):
    pair.cable.cut()
    pair.a.wait_state("ABSENT")
    pair.b.wait_state("ABSENT")


def test_interfaces_and_tcp_outlive_the_cable(pair):
    """Cut and plugged again under traffic."""
    ends = ((pair.na, "10.64.0.2"), (pair.nb, "10.64.0.1"))
    before = [(n.index("sl0"), n.addresses("sl0")) for n, _ in ends]
    # Made first: a TCP connection over both absences.
    exchange = Exchange(connect(pair.na, B4, pair.nb), 300000, 300000)
    for _ in range(2):
        got = exchange.got()
        wait_for(lambda: exchange.got() > got + 20000, what="traffic")
        cut(pair)
        for n, _ in ends:
            assert not n.carrier("sl0")
        assert [(n.index("sl0"), n.addresses("sl0")) for n, _ in ends] \
            == before
        pair.cable.plug()
        pair.wait_up()
    exchange.finish()
    assert [(n.index("sl0"), n.addresses("sl0")) for n, _ in ends] == before
    for n, other in ends:
        assert n.carrier("sl0")
        n.wait_ping(other)
    pair.na.wait_ping(B6)


@pytest.mark.alone
def test_the_kernel_tells_of_a_cut_at_once(pair):
    """By itself it tells of one loss a second, of the second end's late."""
    lab, delays = pair.lab, []
    ends = [(lab.keep(LinkEvents(n)), n.index("sl0"))
            for n in (pair.na, pair.nb)]
    for _ in range(5):
        pair.cable.cut()
        start = time.monotonic()
        for events, index in ends:
            events.wait_running(index, False)
        delays.append(time.monotonic() - start)
        assert all("linkdown" in r["flags"]
                   for r in pair.nb.routes("dev", "sl0"))
        pair.cable.plug()
        for events, index in ends:
            events.wait_running(index, True)
        pair.wait_up()
    assert max(delays) < 3, delays
    assert sorted(delays)[2] < 0.3, delays


@pytest.mark.alone
def test_nothing_runs_and_nothing_is_held_while_the_port_is_away(pair):
    pump = pair.a.pump()
    cut(pair)
    assert not is_alive(pump)
    assert pair.a.status()["pump"] == "0"
    assert cpu_share(pair.a.pid, 2) < 0.01
    assert not any("/pts/" in d for d in descriptors(pair.a.pid).values())
    status = pair.a.status()
    assert status["carrier"] == "off"
    assert "port " in pair.a.log()


def test_what_waited_while_the_port_was_away_is_not_sent_later(pair):
    sender, taker = pair.na.bound(A4), pair.nb.bound(B4)
    pump = pair.a.pump()
    signal_process(pump, signal.SIGSTOP)
    for n in range(50):
        sender.sendto(b"old %d" % n, taker.getsockname())
    before = pair.a.status()["to-line"]
    pair.cable.cut()
    signal_process(pump, signal.SIGKILL)
    pair.a.wait_state("ABSENT")
    for n in range(50):
        try:
            sender.sendto(b"away %d" % n, taker.getsockname())
        except OSError:
            pass
    pair.cable.plug()
    pair.wait_up()
    stale = pair.a.status()["to-line"]["dropped-stale"]
    assert stale - before["dropped-stale"] >= 50
    sender.sendto(b"new", taker.getsockname())
    assert drain(taker, 1) == [b"new"]


def test_a_hundred_cuts_leak_no_descriptor_and_fill_no_log(lab):
    """Ten links at a time; ten times as many with SR_LONG."""
    cable = lab.cable(*["baud=921600"] * 10)
    names = ["sl%d" % n for n in range(10)]
    r = lab.router(lab.namespace(), [
        link(name, device, addresses=["10.64.%d.1/24" % n])
        for n, (name, device) in enumerate(zip(names, cable.a))
    ], args=())
    r.wait_up()
    index = {n: r.namespace.index(n) for n in names}
    # What is made once, at the first need, is no leak.
    count = None
    for _ in range(100 if LONG else 10):
        for n in range(10):
            cable.cut(n)
        wait_for(lambda: all(s["state"] == "ABSENT"
                             for s in r.snapshot().values()), every=0.1)
        for n in range(10):
            cable.plug(n)
        wait_for(lambda: all(s["state"] == "UP"
                             for s in r.snapshot().values()), every=0.1)
        now = len(descriptors(r.pid))
        count = count or now
        assert now == count, descriptors(r.pid)
    assert {n: r.namespace.index(n) for n in names} == index
    # A burst of six a link, then four a minute.
    assert len(r.said()) < 10 * (8 + r.seconds() / 15)


def test_a_port_absent_for_some_looks_is_taken_when_it_comes(lab):
    n = lab.namespace()
    path = os.path.join(lab.directory, "late")
    r = lab.router(n, [link("sl0", path, addresses=["10.64.0.1/24"])])
    r.wait_state("ABSENT")
    index = n.index("sl0")
    assert index and not n.carrier("sl0")
    wakes = int(proc_status(r.pid)["voluntary_ctxt_switches"])
    wait_for(lambda: int(proc_status(r.pid)["voluntary_ctxt_switches"])
             >= wakes + 3, 30, "three looks")
    since = r.mark()
    line = lab.line("late")
    r.wait_up()
    assert n.index("sl0") == index
    assert r.log().count("waiting for it") == 1
    # It never was a failure.
    assert "failed" not in r.log(since)
    line.write(frame(udp4(B4, A4, b"x"), leading_end=True))
    wait_for(lambda: r.status()["from-line"]["packets"] == 1)


def test_a_port_that_comes_under_another_name_is_found(lab):
    """Symlinks are resolved at each attempt."""
    first, second = lab.line("one"), lab.line("two")
    path = os.path.join(lab.directory, "by-id")
    os.symlink(first.path, path)
    r = lab.router(lab.namespace(), [link("sl0", path)])
    r.wait_up()
    assert r.status()["port"] == first.node
    os.unlink(path)
    os.symlink(second.path, path)
    signal_process(r.pump(), signal.SIGKILL)
    wait_for(lambda: r.status()["port"] == second.node)
    r.wait_up()
    assert first.is_free() and not second.is_free()


def test_other_links_lose_nothing_when_one_is_cut(lab):
    p = Pair(lab, options=["baud=921600", "baud=921600"])
    numbers = Numbers(p.na.bound("10.64.1.1"), p.nb.bound("10.64.1.2"))
    for _ in range(3):
        p.cable.cut(0)
        p.a.wait_state("ABSENT")
        p.cable.plug(0)
        p.a.wait_up("sl0")
    assert numbers.finish() == []


def bad_device(lab, kind):
    path = os.path.join(lab.directory, kind)
    if kind == "directory":
        os.mkdir(path)
    elif kind == "file":
        open(path, "w").close()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        s = socket.socket(socket.AF_UNIX)
        s.bind(path)
        lab.keep(s)
    elif kind == "null":
        return "/dev/null"
    elif kind == "loop":
        os.symlink(path, path)
    return path


@pytest.mark.parametrize("kind,reason", [
    ("directory", "not a serial port"), ("file", "not a serial port"),
    ("fifo", "not a serial port"), ("socket", "not a serial port"),
    ("null", "not a serial port"), ("loop", "Too many levels"),
])
def test_what_is_no_serial_port_is_refused_with_a_reason(lab, kind, reason):
    path = bad_device(lab, kind)
    good = lab.line()
    n = lab.namespace()
    r = lab.router(n, [link("sl0", path), link("sl1", good.path)])
    status = r.wait_state("BACKOFF")
    assert reason in status["last-error"]
    assert path in status["last-error"]
    r.wait_up("sl1")
    assert r.log().count("; trying again") == 1
    if kind == "file":
        assert os.path.getsize(path) == 0


def test_a_port_that_another_process_has_is_refused_with_its_name(lab):
    line = lab.line()
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import fcntl,os,sys;"
         "fd=os.open(sys.argv[1],os.O_RDWR|os.O_NOCTTY);"
         "fcntl.flock(fd,fcntl.LOCK_EX);print(1,flush=True);"
         "sys.stdin.read()", line.path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"1\n"
        r = lab.router(lab.namespace(), [
            link("sl0", line.path, retry={"max_ms": 500})])
        status = r.wait_state("BACKOFF")
        assert "in use by" in status["last-error"]
        assert "pid %d" % holder.pid in status["last-error"]
        holder.communicate(b"")
        r.wait_up()
        assert "failed tr" in r.log()
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_a_running_link_holds_the_lock_of_its_port(single):
    assert not single.line.is_free()
    fd = os.open(single.line.path, os.O_RDWR | os.O_NOCTTY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.close(fd)
    single.r.stop()
    assert single.line.is_free()


def test_input_is_discarded_while_the_line_settles(lab):
    """Also what waited in the tty before the port was opened."""
    early, late = udp4(B4, A4, b"early"), udp4(B4, A4, b"late")
    s = Single(lab, port={"settle_ms": 2000}, up=False)
    pump = s.r.pump()
    wait_for(lambda: any("/pts/" in d for d in descriptors(pump).values()))
    s.line.write(frame(early, leading_end=True))
    assert s.r.state() == "OPENING"
    assert not s.n.carrier("sl0")
    s.r.wait_up()
    with Capture(s.n, "sl0") as seen:
        s.line.write(frame(late, leading_end=True))
        wait_for(lambda: seen.packets)
        assert seen.packets == [late]
    assert s.r.status()["from-line"]["frames"] == 1


def test_what_waited_in_the_tty_before_the_start_is_flushed(lab):
    line = lab.line()
    line.write(frame(udp4(B4, A4, b"old"), leading_end=True))
    r = lab.router(lab.namespace(), [link("sl0", line.path)])
    r.wait_up()
    assert r.status()["from-line"]["line-bytes"] == 0


def test_a_stop_is_obeyed_while_the_line_settles(lab):
    s = Single(lab, port={"settle_ms": 10000}, up=False)
    s.r.pump()
    start = time.monotonic()
    assert s.r.stop() == 0
    assert time.monotonic() - start < 5


def test_a_peer_that_reads_nothing_is_told_of_and_waited_for(pair):
    since = pair.a.mark()
    pair.cable.tell("stall", "0.a")
    sender, taker = pair.na.bound(A4), pair.nb.bound(B4)

    def push():
        sender.sendto(b"x" * 1400, taker.getsockname())
        return pair.a.status()["stuck"] == "yes"

    start = time.monotonic()
    wait_for(push, 30, "stuck", every=0.02)
    assert time.monotonic() - start > 4
    assert pair.a.wait_log("sl0: .*takes no output", since=since)
    assert pair.a.status()["to-line"]["stuck"] == 1
    assert pair.a.state() == "UP"
    # It waits, and does not spin.
    assert cpu_share(pair.a.pump(), 1) < 0.02
    pair.cable.tell("flow", "0.a")
    pair.a.wait_state("UP", stuck="no")
    assert pair.a.wait_log("takes output again", since=since)
    pair.na.wait_ping(B4)
    status = pair.a.status()["to-line"]
    assert status["queued"] < 10 or status["dropped-full"] > 0


def test_an_xoff_from_noise_is_recovered_from(lab):
    p = Pair(lab, port={"flow": "xonxoff"})
    p.na.wait_ping(B4)
    p.cable.tell("inject", "0.a", "13")
    since = p.a.mark()
    # An XOFF on the line is nothing that the pump sees.
    wait_for(lambda: p.na.ping("-c1", "-W1", B4) == 0, 5, "output stopped")
    p.na.wait_ping(B4, seconds=25)
    assert "XOFF" in p.a.log(since)
    p.a.wait_state("UP", stuck="no")

"""What surrounds the daemon is out of order: whoever started it, whoever reads
its log, a kernel that had too much to tell."""

import os
import select
import signal
import socket
import sys

import pytest

from cable import frame
from lab import A4, B4, Single
from packets import udp4
from router import link
from wait import holds_for, is_alive, signal_process, wait_for

FULL = [{"local": A4, "peer": B4}, "fd00:64::1/64"]
ROUTES = ["10.65.0.0/16", "fd00:65::/48"]


def start(lab, wrap, args=("-v",), **more):
    """A daemon whose log is not read; the line that it serves; its place."""
    line, n = lab.line(), lab.namespace()
    made = link("sl0", line.path, addresses=[{"local": A4, "peer": B4}])
    r = lab.router(n, [made], start=False, wrap=wrap, args=args, **more)
    r._spawn()
    return r, line, n


def wait_carrier(r, n):
    """Up, as far as it shows without a log."""
    def shows():
        assert r.process.poll() is None, r.process.returncode
        return n.carrier("sl0")

    wait_for(shows)


def check_delivers(n, line, text):
    s = n.bound(A4)
    line.write(frame(udp4(B4, A4, text, port=s.getsockname()[1]),
                     leading_end=True))
    assert s.recv(100) == text
    s.close()


def pending(pid):
    """Signals sent that the process has not taken yet."""
    with open("/proc/%d/status" % pid) as f:
        return any(int(x.split()[1], 16) for x in f
                   if x.startswith(("SigPnd", "ShdPnd")))


def fifo(lab):
    """A FIFO and its read end."""
    path = os.path.join(lab.directory, "stderr")
    os.mkfifo(path)
    return path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def test_a_log_that_nobody_reads_any_more_does_not_end_it(lab):
    path, end = fifo(lab)
    r, line, n = start(
        lab, ("sh", "-c", "exec \"$@\" 2>'%s'" % path, "sh"))
    try:
        wait_carrier(r, n)
        assert select.select([end], [], [], 20)[0]
        assert b"sl0" in os.read(end, 65536)
    finally:
        os.close(end)
    for _ in range(5):
        r.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: not pending(r.pid) or not is_alive(r.pid))
        assert r.process.poll() is None
    check_delivers(n, line, b"still there")
    assert r.process.poll() is None
    assert r.stop() == 0


def test_a_log_that_is_full_does_not_hold_it_up(lab):
    path, end = fifo(lab)
    r, line, n = start(
        lab, ("sh", "-c", "exec \"$@\" 2>'%s'" % path, "sh"))
    try:
        wait_carrier(r, n)
        into = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(into, b"x" * 4096)
        os.close(into)
        for _ in range(5):
            r.process.send_signal(signal.SIGUSR1)
            wait_for(lambda: not pending(r.pid))
        check_delivers(n, line, b"still there")
        r.process.terminate()
        assert r.process.wait(5) == 0
    finally:
        os.close(end)


BLOCKED = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.execvp(sys.argv[1], sys.argv[1:])
"""

IGNORED = """
import os, signal, sys
for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(s, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("script", [BLOCKED, IGNORED],
                         ids=["blocked", "ignored"])
def test_signals_that_were_taken_from_it_are_heard(lab, script):
    r, line, n = start(lab, (sys.executable, "-c", script))
    r.wait_log(r"serial-routerd: 1 of 1 links started")
    wait_carrier(r, n)
    r.wait_up(seconds=5)
    pump = r.pump()
    signal_process(pump, signal.SIGKILL)
    wait_for(lambda: not is_alive(pump))
    r.wait_log("^sl0: .*killed by signal 9", 5)
    r.wait_up()
    assert r.pump() != pump
    check_delivers(n, line, b"still there")
    r.process.terminate()
    assert r.process.wait(5) == 0


def lost(pid):
    """Messages of rtnetlink that a process's sockets had no room for."""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        to = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        if to.startswith("socket:["):
            inodes.add(to[8:-1])
    total = 0
    with open("/proc/%d/net/netlink" % pid) as f:
        for row in map(str.split, f):
            if row[-1] in inodes:
                total += int(row[8])
    return total


def flood(lab, s):
    """Until the kernel has told more of another interface than is kept."""
    path = os.path.join(lab.directory, "batch")
    with open(path, "w") as f:
        f.write("link set lo alias flood\n" * 4000)
    for _ in range(10):
        s.n.ip("-batch", path)
        if lost(s.r.pid):
            return
    raise AssertionError("nothing was lost")


@pytest.fixture
def deaf(lab):
    """A router that is held up, and has lost what the kernel told."""
    s = Single(lab, addresses=FULL, routes=ROUTES)
    signal_process(s.r.pid, signal.SIGSTOP)
    try:
        flood(lab, s)
        yield s
    finally:
        signal_process(s.r.pid, signal.SIGCONT)


def check_complete(s):
    wait_for(lambda: "fd00:64::1/64" in s.n.addresses("sl0"))
    assert "%s %s/32" % (A4, B4) in s.n.addresses("sl0")
    wait_for(lambda: "10.65.0.0/16" in s.n.destinations(
        "dev", "sl0", "proto", "83"))
    wait_for(lambda: "fd00:65::/48" in s.n.destinations(
        "dev", "sl0", "proto", "83", family="-6"))
    s.r.wait_up()
    check_delivers(s.n, s.line, b"still there")


def test_what_went_while_it_was_deaf_is_put_back(deaf):
    deaf.n.ip("link", "set", "sl0", "down")
    deaf.n.ip("link", "set", "sl0", "up")
    assert "fd00:64::1/64" not in deaf.n.addresses("sl0")
    signal_process(deaf.r.pid, signal.SIGCONT)
    check_complete(deaf)


def test_an_interface_deleted_while_it_was_deaf_is_made_again(deaf):
    old = deaf.n.index("sl0")
    deaf.n.ip("link", "delete", "sl0")
    signal_process(deaf.r.pid, signal.SIGCONT)
    wait_for(lambda: deaf.n.index("sl0") not in (0, old))
    check_complete(deaf)


def test_an_interface_set_down_while_it_was_deaf_pauses_the_link(deaf):
    deaf.n.ip("link", "set", "sl0", "down")
    signal_process(deaf.r.pid, signal.SIGCONT)
    deaf.r.wait_state("DOWN", held_down="yes")
    holds_for(lambda: "UP" not in deaf.n.link("sl0")["flags"], 0.5,
              "set up against the operator's hand")
    deaf.n.ip("link", "set", "sl0", "up")
    check_complete(deaf)


class Syslog:
    """A /dev/log that is never read, and full."""

    def __init__(self, lab):
        self.path = os.path.join(lab.directory, "syslog")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        # A /dev of the daemon's own, since this machine's may have no log.
        old = os.path.join(lab.directory, "pts")
        os.mkdir(old)
        self.wrap = ("sh", "-ec", """
            mount --bind /dev/pts '%s'
            mount -t tmpfs none /dev
            mkdir /dev/net /dev/pts
            mknod -m 666 /dev/null c 1 3
            mknod -m 666 /dev/net/tun c 10 200
            mount --bind '%s' /dev/pts
            ln -s '%s' /dev/log
            exec "$@" """ % (old, old, self.path), "sh")
        lab.keep(self)

    def fill(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    s.sendto(b"<30>full", self.path)

    def read(self):
        self.socket.setblocking(False)
        said = []
        try:
            while True:
                said.append(self.socket.recv(4096))
        except BlockingIOError:
            return said

    def close(self):
        self.socket.close()


@pytest.mark.parametrize("full_from", ["start", "later"])
def test_a_syslog_that_nobody_reads_does_not_hold_it_up(lab, full_from):
    log = Syslog(lab)
    if full_from == "start":
        log.fill()
    r, line, n = start(lab, log.wrap, args=("-v", "--syslog"))
    wait_carrier(r, n)
    if full_from == "later":
        # What fills it up may be the daemon itself.
        log.fill()
    r.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: not pending(r.pid))
    check_delivers(n, line, b"still there")
    r.process.terminate()
    assert r.process.wait(5) == 0


def test_a_syslog_that_is_read_again_is_written_to_again(lab):
    log = Syslog(lab)
    r, line, n = start(lab, log.wrap, args=("-v", "--syslog"))
    wait_carrier(r, n)
    log.fill()
    r.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: not pending(r.pid))
    log.read()

    def told():
        r.process.send_signal(signal.SIGUSR1)
        return any(b"sl0: state=UP" in x for x in log.read())

    wait_for(told, every=0.05)
    assert r.stop() == 0
    assert r.log() == ""

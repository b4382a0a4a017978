"""What many links cost: with a flow on each, up and idle, and absent.

Each function is one run; it returns name -> value."""

import os
import re
import socket
import sys
import threading
import time

import limit
from column import make
from feed import Feed
from figures import memory_kib
from lab import Lab
from load import slope
from many import absent, ends, states
from wait import cpu_s, cpu_share, wait_for

BUSY = limit.Line(921600, 1500)
UP_S = 60

SO_RCVBUFFORCE = 33
GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # links, addresses, routes


def wait_up(router, count):
    wait_for(lambda: states(router) == {"UP": count}, UP_S, "links up",
             every=0.1)


def pumps(router):
    return [int(s["pump"]) for s in router.snapshot().values()]


def shares(feed, seconds):
    """The part of its line that each flow gets."""
    series = [[] for _ in feed.received]
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        now = time.monotonic() - start
        for points, got in zip(series, feed.received):
            points.append((now, got))
        time.sleep(0.05)
    return [slope(p) / limit.goodput(BUSY) for p in series]


def busy(count, timing):
    """So many links of one daemon, a flow on each; one cable process."""
    lab = Lab()
    try:
        cable = lab.cable(*["baud=%d" % BUSY.baud] * count)
        ours, theirs = ends(cable, BUSY.baud, mtu=BUSY.mtu)
        na, nb = lab.namespace(), lab.namespace()
        routers = [lab.router(na, ours, args=()),
                   lab.router(nb, theirs, args=())]
        for r in routers:
            wait_up(r, count)
        feed = lab.keep(Feed(na, nb, ["10.64.%d.2" % n
                                      for n in range(count)]))
        wait_for(lambda: all(feed.received), UP_S, "a flow on each link")
        time.sleep(timing.warm_s)
        pids = [p for r in routers for p in [r.pid, *pumps(r)]]
        cable_s, daemon_s = cpu_s(cable.process.pid), sum(map(cpu_s, pids))
        start = time.monotonic()
        found = shares(feed, timing.window_s)
        elapsed = time.monotonic() - start
        cable_s = cpu_s(cable.process.pid) - cable_s
        daemon_s = sum(map(cpu_s, pids)) - daemon_s
        name = "busy/%d/" % count
        return {
            name + "share": sum(found) / count,
            name + "worst": min(found),
            name + "cpu": daemon_s / 2 / count / elapsed * 100,
            name + "cpu-cable": cable_s / count / elapsed * 100,
        }
    finally:
        lab.close()


def switches(pid):
    """How often a process was woken up."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", f.read(),
                             re.M).group(1))


def wakeups(seconds):
    """Of a pump that has nothing to do.  The supervisor asks it for a sign of
    life every five seconds: these are the only ones."""
    lab = Lab()
    try:
        pid = make(lab, BUSY).a.pump()
        time.sleep(1)
        before, start = switches(pid), time.monotonic()
        time.sleep(seconds)
        return {"idle/wakeups": (switches(pid) - before)
                / (time.monotonic() - start)}
    finally:
        lab.close()


def idle(seconds):
    """256 links without a port."""
    lab = Lab()
    try:
        r = lab.router(lab.namespace(), absent(256), args=(), start=False)
        r.start()
        found = {"absent/start": r.seconds()}
        wait_for(lambda: states(r) == {"ABSENT": 256}, UP_S, "absent links")
        found["absent/cpu"] = cpu_share(r.pid, seconds) * 100
        found["absent/rss"] = memory_kib(r.pid)[0]
        return found
    finally:
        lab.close()


class Listener:
    """Counts what the kernel tells of interfaces in a namespace."""

    def __init__(self, namespace):
        self.count, self.ended = 0, False
        self.socket = namespace.open_socket(
            socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.socket.bind((0, GROUPS))
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        while not self.ended:
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            while len(data) >= 16:
                self.count += 1
                size = int.from_bytes(data[:4], sys.byteorder)
                data = data[(size + 3) & ~3:]

    def close(self):
        self.ended = True
        self.thread.join(5)
        self.socket.close()


def requests(count):
    """What a daemon with so many links asks the kernel for at its start, and
    what others hear of it."""
    lab = Lab()
    try:
        n = lab.namespace()
        listener = lab.keep(Listener(n))
        trace = os.path.join(lab.directory, "trace")
        r = lab.router(n, absent(count), args=(), wrap=(
            "strace", "-qq", "-yy", "-e", "trace=sendto", "-o", trace))
        wait_for(lambda: "port /dev/ttyNONE%d is not" % (count - 1)
                 in r.log(), UP_S, "absent links")
        # strace ends with what it traces, whose process is not the one that
        # was started.
        daemon = [p for p in n.processes() if p != r.pid]
        os.kill(daemon[0], 15)
        r.process.wait(20)
        with open(trace, errors="replace") as f:
            asked = len(re.findall(r"^sendto\(\d+<NETLINK", f.read(), re.M))
        return asked, listener.count
    finally:
        lab.close()


def netlink():
    asked = {count: requests(count) for count in (1, 64, 256)}
    one, many = asked[64][0] - asked[1][0], asked[256][0] - asked[64][0]
    return {
        "netlink/link": many / 192,
        "netlink/bend": abs(many / 192 / (one / 63) - 1) * 100,
        "netlink/heard": (asked[256][1] - asked[64][1]) / 192,
    }


def bend(points):
    """The slope of a straight line through them, and by how many per cent of
    the last the worst is off."""
    rise = slope(points)
    n = len(points)
    offset = (sum(y for _, y in points) - rise * sum(x for x, _ in points)) / n
    off = max(abs(y - offset - rise * x) for x, y in points)
    return rise, off / points[-1][1] * 100


def resident(router):
    """KiB of supervisor and pumps: with shared pages in each of them, and
    once; the supervisor's alone."""
    mine = memory_kib(router.pid)
    all_of_them = [mine, *map(memory_kib, pumps(router))]
    return [sum(x) for x in zip(*all_of_them)] + mine


def memory(counts):
    """Links that are up, one cable for all, nothing on it."""
    lab = Lab()
    try:
        cable = lab.cable(*["baud=115200"] * max(counts))
        ours, _ = ends(cable, 115200)
        found, rss, pss = {}, [], []
        for count in counts:
            r = lab.router(lab.namespace(), ours[:count], args=())
            wait_up(r, count)
            all_rss, all_pss, own_rss, own_pss = resident(r)
            rss.append((count, all_rss))
            pss.append((count, all_pss))
            found["memory/%d/rss" % count] = all_rss
            found["memory/%d/pss" % count] = all_pss
            if count == 1:
                found["memory/supervisor/rss"] = own_rss
                found["memory/supervisor/pss"] = own_pss
            r.stop()
        for kind, points in (("rss", rss), ("pss", pss)):
            (found["memory/link/" + kind],
             found["memory/bend/" + kind]) = bend(points)
        return found
    finally:
        lab.close()

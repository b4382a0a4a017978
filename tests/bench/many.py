#!/usr/bin/python3
"""What many links cost: 256 that are absent, and 1 to 64 that are up.

  many.py [--seconds N] [--json FILE]

SERIAL_ROUTERD and NULLMODEM name the programs.  Needs root and strace.  Fails
only where a figure is worse than expected by more than three times.
"""

import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
sys.dont_write_bytecode = True

from figures import arguments, finish, memory_kib  # noqa: E402
from lab import Lab  # noqa: E402
from many import absent, ends, states  # noqa: E402
from wait import cpu_share, run, wait_for  # noqa: E402

COUNTS = (1, 2, 4, 8, 16, 32, 64)

# Name, unit, what is expected, whether more is better.
FIGURES = [
    ("start-256", "s, 256 absent links", 1, False),
    ("cpu-256", "% of a core, absent", 0.05, False),
    ("rss-256", "KiB, the supervisor", 6000, False),
    ("rss-link", "KiB, for one link more", 4000, False),
    ("rss-bend", "%, off a straight line", 5, False),
    ("pss-link", "KiB, shared pages once", 700, False),
    ("pss-bend", "%, off a straight line", 5, False),
    ("netlink-link", "requests, for a link", 20, False),
    ("netlink-bend", "%, 1 and 64 to 256", 2, False),
    ("heard-link", "notifications, for a link", 20, False),
]

SO_RCVBUFFORCE = 33
GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # links, addresses, routes


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


def idle(seconds):
    """256 links without a port."""
    lab = Lab()
    try:
        r = lab.router(lab.namespace(), absent(256), args=(), start=False)
        r.start()
        found = {"start-256": r.seconds()}
        wait_for(lambda: states(r) == {"ABSENT": 256}, 20, "absent links")
        found["cpu-256"] = cpu_share(r.pid, seconds) * 100
        found["rss-256"] = memory_kib(r.pid)[0]
        return found
    finally:
        lab.close()


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
        wait_for(lambda: "port /dev/ttyNONE%d is not" % (count - 1) in r.log())
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
    print("netlink requests, notifications: %s" % asked)
    one, many = asked[64][0] - asked[1][0], asked[256][0] - asked[64][0]
    return {
        "netlink-link": many / 192,
        "netlink-bend": abs(many / 192 / (one / 63) - 1) * 100,
        "heard-link": (asked[256][1] - asked[64][1]) / 192,
    }


def fit(points):
    """The straight line through points: slope, offset."""
    n = len(points)
    mx = sum(x for x, _ in points) / n
    my = sum(y for _, y in points) / n
    slope = sum((x - mx) * (y - my) for x, y in points) / \
        sum((x - mx) ** 2 for x, _ in points)
    return slope, my - slope * mx


def resident(r):
    """What supervisor and pumps have in memory: with shared pages in each of
    them, and once."""
    pumps = [int(s["pump"]) for s in r.snapshot().values()]
    return [sum(x) for x in zip(*map(memory_kib, [r.pid, *pumps]))]


def bend(points):
    """The slope of a straight line through them, and by how many per cent of
    the last the worst is off."""
    slope, offset = fit(points)
    off = max(abs(y - offset - slope * x) for x, y in points)
    return slope, off / points[-1][1] * 100


def memory():
    """Links that are up, one cable for all."""
    lab = Lab()
    try:
        cable = lab.cable(*["baud=115200"] * max(COUNTS))
        ours, _ = ends(cable, 115200)
        points = []
        for count in COUNTS:
            r = lab.router(lab.namespace(), ours[:count], args=())
            wait_for(lambda: states(r) == {"UP": count}, 30, "links up")
            points.append((count, *resident(r)))
            r.stop()
        print("KiB of so many links, RSS and PSS: %s" % points)
        found = {}
        for i, kind in ((1, "rss"), (2, "pss")):
            found[kind + "-link"], found[kind + "-bend"] = bend(
                [(p[0], p[i]) for p in points])
        return found
    finally:
        lab.close()


def main():
    args = arguments("bench of serial-routerd with many links")
    print(run("uname", "-rm").strip())
    found = idle(args.seconds)
    found.update(memory())
    found.update(netlink())
    return finish(FIGURES, found, args)


if __name__ == "__main__":
    sys.exit(main())

"""What it costs to ask a daemon with many busy links.

One run; it returns name -> value."""

import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))

from control import client  # noqa: E402
from feed import Feed  # noqa: E402
from lab import Lab  # noqa: E402
from limit import Line  # noqa: E402
from links import wait_up  # noqa: E402
from many import ends  # noqa: E402
from wait import cpu_s, wait_for  # noqa: E402

# Slow enough for 64 of them, their cable and their flows to leave some of two
# cores.
BUSY = Line(115200, 1500)
LINKS, SHOWS, WATCHERS = 64, 50, 10


def median(values):
    return sorted(values)[len(values) // 2]


def shows(router, count):
    """Milliseconds until the whole answer was there; CPU of the daemon for
    each, in ms."""
    took = []
    with client(router) as c:
        before = cpu_s(router.pid)
        for _ in range(count):
            start = time.monotonic()
            c.send("show\n")
            while not c.rest.endswith(b"\n"):
                c.rest += c.socket.recv(1 << 20)
            took.append((time.monotonic() - start) * 1e3)
            assert c.rest.count(b'"state":"up"') == LINKS
            c.rest = b""
        used = cpu_s(router.pid) - before
    return median(took), used / count * 1e3


class Watcher:
    """Takes what comes and looks at none of it."""

    def __init__(self, router, interval_s):
        self.client = client(router)
        self.client.send("watch %d\n" % interval_s)
        self.shows, self.ended = 0, False
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        try:
            while not self.ended:
                got = self.client.socket.recv(1 << 20)
                if not got:
                    return
                self.shows += got.count(b'"event":"show"')
        except OSError:
            return

    def close(self):
        self.ended = True
        self.client.close()
        self.thread.join(5)


def share(router, seconds):
    """Of a core, in per cent."""
    before, start = cpu_s(router.pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(router.pid) - before) / (time.monotonic() - start) * 100


def answers(window_s):
    lab = Lab()
    try:
        cable = lab.cable(*["baud=%d" % BUSY.baud] * LINKS)
        ours, theirs = ends(cable, BUSY.baud, mtu=BUSY.mtu)
        na, nb = lab.namespace(), lab.namespace()
        a = lab.router(na, ours, args=())
        b = lab.router(nb, theirs, args=())
        wait_up(a, LINKS)
        wait_up(b, LINKS)
        feed = lab.keep(Feed(na, nb, ["10.64.%d.2" % n
                                      for n in range(LINKS)]))
        wait_for(lambda: all(feed.received), 60, "a flow on each link")
        took_ms, cpu_ms = shows(a, SHOWS)
        alone = share(a, window_s)
        watchers = [lab.keep(Watcher(a, 1)) for _ in range(WATCHERS)]
        wait_for(lambda: all(w.shows for w in watchers), 20, "shows")
        watched = share(a, window_s)
        return {
            "control/show": took_ms,
            "control/show-cpu": cpu_ms,
            "control/watch": max(watched - alone, 0),
        }
    finally:
        lab.close()

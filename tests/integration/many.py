"""Daemons with many links, and the packets that keep them busy."""

import os
import threading

from router import both, link

PACKET = 1000
OVERHEAD = 28


def ends(cable, baud, **more):
    """The links of the two ends of each lane of a cable."""
    a, b = [], []
    for n, (da, db) in enumerate(zip(cable.a, cable.b)):
        mine, theirs = both(n)
        a.append(link("sl%d" % n, da, baud, addresses=mine, **more))
        b.append(link("sl%d" % n, db, baud, addresses=theirs, **more))
    return a, b


def absent(count, first=0):
    """Links whose ports do not exist."""
    return [link("sl%d" % n, "/dev/ttyNONE%d" % n, 115200,
                 addresses=both(n)[0][:1])
            for n in range(first, first + count)]


def states(router):
    """State -> how many links are in it."""
    found = {}
    for status in router.snapshot().values():
        found[status["state"]] = found.get(status["state"], 0) + 1
    return found


class Flood:
    """More than the lines can take, from one namespace over all its links."""

    def __init__(self, namespace, addresses, baud):
        self.addresses = addresses
        self.socket = namespace.open_socket()
        self.socket.setblocking(False)
        self.every_s = PACKET * 10 / baud / 1.5
        self.payload = os.urandom(PACKET - OVERHEAD)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._send, daemon=True)
        self.thread.start()

    def _send(self):
        while not self.stopping.wait(self.every_s):
            for address in self.addresses:
                try:
                    self.socket.sendto(self.payload, (address, 9))
                except OSError:
                    pass  # the line is not up yet, or the other end away

    def close(self):
        self.stopping.set()
        self.thread.join(5)
        self.socket.close()


def counters(router, part, key):
    """Link -> one of its counters."""
    return {name: status[part][key]
            for name, status in router.snapshot().items()}

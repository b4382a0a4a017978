"""What several tests do with two ends of a line."""

import hashlib
import os
import re
import tempfile

from router import both, link, pairs
from machine import SECONDS

A4, B4 = "10.64.0.1", "10.64.0.2"
B6 = "fd00:64:0::2"

# END and ESC of SLIP, as ping's pattern.
END_ESC = "c0db"


def peek(guest, device):
    """What the driver says of a port: baud, parity, stop_bits, ..."""
    return pairs(guest.run("peek", device))


def start_samples(bench, device, ms):
    """Samples TIOCOUTQ meanwhile; hand the result to samples()."""
    return bench.start("peek", device, ms)


def samples(process):
    return {k: int(v) for k, v in pairs(process.finish()).items()}


def router(bench, tty, addresses, baud=115200, port=None, args=("-v",),
           **more):
    """One with a link sl0, in a namespace of its own."""
    return bench.router(bench.namespace(), [link(
        "sl0", "/dev/" + tty, baud, port, addresses=addresses, **more)],
        args=args)


def two(bench, pair="isa", baud=115200, port=None, up=True, **more):
    """Two routers, a line between them; both up."""
    ttys = bench.guest.machine.PAIRS[pair]
    found = [router(bench, tty, addresses, baud, port, **more)
             for tty, addresses in zip(ttys, both())]
    for r in found if up else ():
        r.wait_up()
    return found


class Transfer:
    """Random bytes both ways over one TCP connection between namespaces (None:
    the guest's first), through files on the share."""

    PORT = 5000

    def __init__(self, bench, client, server, address, there, back):
        self.directory = tempfile.mkdtemp(dir=bench.guest.machine.share)
        self.sums = [self._make("there", there), self._make("back", back)]
        self.server = self._socat(bench, server, "back", "got-there",
                                  "TCP-LISTEN:%d,reuseaddr" % self.PORT)
        self.client = self._socat(
            bench, client, "there", "got-back",
            "TCP:%s:%d,retry=50,interval=0.2" % (address, self.PORT))

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _make(self, name, size):
        data = os.urandom(size)
        with open(self._path(name), "wb") as f:
            f.write(data)
        return hashlib.sha256(data).hexdigest()

    def _socat(self, bench, namespace, source, to, address):
        command = ["socat", "-t", SECONDS, "OPEN:%s,rdonly!!CREATE:%s" % (
            self._path(source), self._path(to)), address]
        if namespace:
            command = namespace.exec(*command)
        return bench.start(*command)

    def finish(self, seconds=SECONDS):
        """All that was sent has arrived, unchanged."""
        self.client.finish(seconds)
        self.server.finish(seconds)
        for name, wanted in zip(("got-there", "got-back"), self.sums):
            with open(self._path(name), "rb") as f:
                found = f.read()
            assert hashlib.sha256(found).hexdigest() == wanted, (
                name, len(found))


def lost(text):
    """Pings without an answer, of what ping said."""
    m = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    assert m, text
    return int(m.group(1)) - int(m.group(2))


def answered(ping, *args):
    """All of them, once in three times: an emulated UART of a busy machine may
    lose a byte."""
    said = []
    for _ in range(3):
        said.append(ping("ping", "-n", "-q", "-c2", "-i0.2", "-W30", *args,
                         check=False))
        if not lost(said[-1]):
            return True
    raise AssertionError("\n".join(said))


def damaged(status):
    """Frames that were dropped for what they held."""
    return sum(v for k, v in status["from-line"].items()
               if k.startswith("dropped-") and k != "dropped-noise")


def assert_unharmed(*routers):
    """But for one frame in fifty, as answered() has it."""
    for r in routers:
        status = r.status()
        assert damaged(status) <= 1 + status["from-line"]["frames"] / 50, \
            status["from-line"]

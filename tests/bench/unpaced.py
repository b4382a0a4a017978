"""How fast a pump is where no line holds it: a cable without a rate, TCP in
one direction, and beside it, in the same run, the least that could do the
same job (copyloop).  Machines differ and are shared: the ratio is what can be
compared."""

import os
import time

from column import start
from lab import A4, B4, Lab, Pair
from load import Command, watch
from wait import cpu_s, wait_for

MIB = 1 << 20
MTU, SEGMENT = 1500, 1448
FASTEST = 16000000
CABLE = "baud=0,txbuf=65536"
NAME = "sl0"


def measure(pair, pids, timing):
    """Mbit/s, CPU seconds for a MiB."""
    pair.na.wait_ping(B4)
    flows = start(pair, 1)
    time.sleep(timing.warm_s)
    before = [cpu_s(p) for p in pids]
    window = watch(flows, timing.window_s)
    spent = [cpu_s(p) - b for p, b in zip(pids, before)]
    moved = sum(window.shares[0]) * SEGMENT / MIB
    return window.rates[0] * SEGMENT * 8 / 1e6, [s / moved for s in spent]


def pumps(timing):
    lab = Lab()
    try:
        pair = Pair(lab, options=[CABLE], baud=FASTEST, mtu=MTU, args=(),
                    queue={"pace": False},
                    a={"addresses": [{"local": A4, "peer": B4}]},
                    b={"addresses": [{"local": B4, "peer": A4}]})
        pids = [pair.a.pump(), pair.b.pump(), pair.cable.process.pid]
        speed, (a, b, cable) = measure(pair, pids, timing)
        return speed, a + b, cable
    finally:
        lab.close()


class Copies:
    """A pair whose routers are copyloops."""

    def __init__(self, lab):
        self.lab = lab
        self.cable = lab.cable(CABLE)
        self.na, self.nb = lab.namespace(), lab.namespace()
        self.pids = [self._end(self.na, self.cable.a[0], A4, B4),
                     self._end(self.nb, self.cable.b[0], B4, A4)]

    def _end(self, n, port, ours, theirs):
        n.ip("tuntap", "add", "mode", "tun", "dev", NAME)
        n.ip("address", "add", ours, "peer", theirs, "dev", NAME)
        n.ip("link", "set", NAME, "mtu", MTU, "up")
        loop = self.lab.keep(Command(n, os.environ["COPYLOOP"], NAME, port))
        wait_for(lambda: n.carrier(NAME), 20, "a copyloop")
        return loop.process.pid


def copies(timing):
    lab = Lab()
    try:
        pair = Copies(lab)
        speed, cpu = measure(pair, pair.pids, timing)
        return speed, sum(cpu)
    finally:
        lab.close()


def unpaced(timing):
    speed, cpu, cable = pumps(timing)
    least_speed, least_cpu = copies(timing)
    return {
        "unpaced/mbit": speed,
        "unpaced/cpu": cpu,
        "unpaced/cpu-cable": cable,
        "copyloop/mbit": least_speed,
        "copyloop/cpu": least_cpu,
        "unpaced/speed-ratio": speed / least_speed,
        "unpaced/cpu-ratio": cpu / least_cpu,
    }

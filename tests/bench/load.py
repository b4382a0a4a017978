"""Load on a line, and what it does there: TCP flows of iperf3, ping beside
them, and windows of time in which both are watched."""

import re
import statistics
import subprocess
import time
from typing import NamedTuple

from diag import Diag
from wait import wait_for

SAMPLE_S = 0.02
PING_WAIT_S = 10

# Flows are ended by us; nothing that is left behind goes on for ever.
END_S = 900


class Command:
    """A program that runs in a namespace until it is closed."""

    def __init__(self, namespace, *args, output=subprocess.DEVNULL):
        self.process = subprocess.Popen(
            namespace.exec(*args), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.DEVNULL, text=True)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()


class Flows:
    """So many TCP flows (cubic) in one direction.  iperf3 makes them, and is
    asked for nothing else: its own sums have the slow start in them, and what
    the queue still holds at the end not.  How far a flow has come the kernel
    knows (diag); the connection that iperf3 talks to itself on is not among
    them."""

    def __init__(self, lab, source, sink, address, count=1, port=5201):
        self.count, self.first = count, port + 1000
        self.diag, self.sender = lab.keep(Diag(sink)), lab.keep(Diag(source))
        lab.keep(Command(sink, "iperf3", "-s", "-1", "-p", port,
                         "-B", address))
        wait_for(lambda: sink.run("ss", "-Hltn", "sport = %d" % port), 20,
                 "iperf3's server")
        self.client = lab.keep(Command(
            source, "iperf3", "-C", "cubic", "-t", END_S, "-P", count,
            "-p", port, "--cport", self.first, "-c", address))

    def _ours(self, flows, end):
        ports = range(self.first, self.first + self.count)
        found = {getattr(f, end): f for f in flows
                 if getattr(f, end) in ports}
        return [found[p] for p in sorted(found)]

    def received(self):
        """Flow by flow, at the receiver."""
        return self._ours(self.diag.flows(), "remote")

    def sent(self):
        """Flow by flow, at the sender."""
        return self._ours(self.sender.flows(), "local")

    def wait_flowing(self, seconds):
        def flowing():
            found = self.received()
            return len(found) == self.count and all(
                f.received > 0 for f in found)

        wait_for(flowing, seconds, "%d flows" % self.count, every=0.1)


class Pings(NamedTuple):
    sent: int
    times_ms: list

    def lost_percent(self):
        return 100 * (self.sent - len(self.times_ms)) / self.sent

    def _all(self):
        """One that was lost took for ever; as far as we know, this long."""
        lost = self.sent - len(self.times_ms)
        return sorted(self.times_ms) + [PING_WAIT_S * 1e3] * lost

    def median(self):
        return statistics.median(self._all())

    def p95(self):
        times = self._all()
        return times[min(len(times) - 1, int(0.95 * len(times)))]


def parse_ping(text, sent):
    """Of what ping(8) printed; an answer that came twice counts once."""
    found = {}
    for number, ms in re.findall(r"icmp_seq=(\d+) .*time=([\d.]+) ms", text):
        found.setdefault(int(number), float(ms))
    return Pings(sent, list(found.values()))


class Pinger:
    def __init__(self, lab, namespace, address, every_s, seconds):
        self.count = max(1, round(seconds / every_s))
        self.seconds = self.count * every_s + 2 * PING_WAIT_S
        self.command = lab.keep(Command(
            namespace, "ping", "-n", "-i", "%.3f" % every_s, "-c", self.count,
            "-W", PING_WAIT_S, address, output=subprocess.PIPE))

    def result(self):
        text, _ = self.command.process.communicate(timeout=self.seconds)
        return parse_ping(text, self.count)


def slope(points):
    """Of the straight line through points (least squares): where in a packet
    the window begins and ends does not show in it."""
    n = len(points)
    mx = sum(x for x, _ in points) / n
    my = sum(y for _, y in points) / n
    return (sum((x - mx) * (y - my) for x, y in points)
            / sum((x - mx) ** 2 for x, _ in points))


def jain(shares):
    """Jain's index of fairness: 1 where all have the same, 1/n where one has
    everything."""
    squares = sum(x * x for x in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0


class Window(NamedTuple):
    rates: list   # segments a second of each Flows
    shares: list  # of each Flows: the segments of each flow
    acks: list    # of each Flows: acknowledgements for a segment
    retransmits: int


def _since(before, after, key):
    return [getattr(y, key) - getattr(x, key) for x, y in zip(before, after)]


def watch(all_flows, seconds):
    """How Flows, which already run, do for that long.

    Segments are counted as they come, also those behind a hole that a lost one
    has left, since a hole at the edge of the window would count for all that is
    in the queue; less those that came twice.  They are full ones: iperf3 always
    has something to send."""
    start, end = time.monotonic(), time.monotonic() + seconds
    points = [[] for _ in all_flows]
    first = [(f.received(), f.sent()) for f in all_flows]
    while time.monotonic() < end:
        for flows, series in zip(all_flows, points):
            got = sum(f.data_segments for f in flows.received())
            series.append((time.monotonic() - start, got))
        time.sleep(SAMPLE_S)
    seconds = time.monotonic() - start
    last = [(f.received(), f.sent()) for f in all_flows]
    rates, shares, acks, again = [], [], [], 0
    for series, (got, sent), (more, since) in zip(points, first, last):
        twice = sum(_since(sent, since, "duplicates"))
        rates.append(slope(series) - twice / seconds)
        shares.append(_since(got, more, "data_segments"))
        acks.append(sum(_since(got, more, "segments")) / max(1, sum(shares[-1])))
        again += sum(_since(sent, since, "retransmits"))
    return Window(rates, shares, acks, again)

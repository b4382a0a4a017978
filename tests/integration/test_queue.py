"""Who gets the line, and who waits, when more is sent than it carries."""

import re
import statistics
import threading
import time

import pytest

from lab import A4, B4, Pair
from transfer import connect
from wait import wait_for

BAUD = 921600
# TCP's data, with timestamps, of what the line carries with MTU 1500.
TCP_BYTES_S = BAUD / 10 * 1448 / 1502


class Flow:
    """A TCP connection that never runs dry, and how far it has come."""

    def __init__(self, client, address, server):
        self.ends = connect(client, address, server)
        self.got, self.ended = 0, False
        self.threads = [threading.Thread(target=f, daemon=True)
                        for f in (self._send, self._take)]
        for thread in self.threads:
            thread.start()

    def _send(self):
        try:
            while not self.ended:
                self.ends[0].sendall(bytes(16384))
        except OSError:
            assert self.ended

    def _take(self):
        try:
            while not self.ended:
                self.got += len(self.ends[1].recv(65536))
        except OSError:
            assert self.ended

    def close(self):
        self.ended = True
        for end in self.ends:
            end.shutdown(2)
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive()
        for end in self.ends:
            end.close()


def start(lab, pair, there, back=0):
    """So many flows each way, all of which have got something through."""
    flows = [lab.keep(Flow(pair.na, B4, pair.nb)) for _ in range(there)]
    flows += [lab.keep(Flow(pair.nb, A4, pair.na)) for _ in range(back)]
    wait_for(lambda: all(f.got > 20000 for f in flows), 60, "every flow")
    return flows


def rates(flows, seconds):
    """Bytes a second of each, over some time."""
    before, since = [f.got for f in flows], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - since
    return [(f.got - b) / took for f, b in zip(flows, before)]


def round_trips(namespace, address, count):
    """Of pings none of which may be lost, in ms."""
    out = namespace.run("ping", "-n", "-i0.05", "-W20", "-c", str(count),
                        address, check=False, seconds=60)
    found = [float(t) for t in re.findall(r"time=([\d.]+)", out)]
    assert len(found) == count, out
    return found


@pytest.fixture
def pair(lab):
    return Pair(lab, options=["baud=%d" % BAUD], baud=BAUD, mtu=1500)


def test_no_ping_is_lost_beside_16_flows(lab, pair):
    flows = start(lab, pair, 16)
    round_trips(pair.na, B4, 60)
    assert all(f.got > 20000 for f in flows)
    to = pair.a.status()["to-line"]
    assert to["dropped-full"] + to["dropped-codel"] > 0


@pytest.mark.alone
def test_a_ping_beside_4_flows_each_way_waits_for_about_one_packet(lab, pair):
    start(lab, pair, 4, 4)
    # One packet is 16 ms; three times what it should be, and a queue that
    # all share would make a second of it.
    wait_for(lambda: statistics.median(round_trips(pair.na, B4, 20)) < 60, 60,
             "round trips below 60 ms")


@pytest.mark.alone
def test_both_directions_get_their_share(lab, pair):
    flows = start(lab, pair, 1, 1)
    wait_for(lambda: min(rates(flows, 2)) > TCP_BYTES_S / 3, 60,
             "a third of the line each way")


@pytest.mark.alone
def test_flows_get_their_shares(lab, pair):
    flows = start(lab, pair, 4)

    def fair():
        got = rates(flows, 3)
        return min(got) > sum(got) / 4 / 3 and sum(got) > TCP_BYTES_S / 3

    wait_for(fair, 60, "four shares")

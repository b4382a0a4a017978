"""What waits for the line waits in a fair queue, and not in the port."""

import re
import statistics
import struct
import socket
import threading
import time

import pytest

from lab import A4, B4, Pair
from transfer import connect
from wait import proc_status, wait_for

# A figure fails a test only when it is three times as bad as it should be.
MARGIN = 3
BAUD = 921600
PACKET = 1500


@pytest.fixture
def pair(lab):
    return ipv4_pair(lab, BAUD)


def ipv4_pair(lab, baud, cable=None, **more):
    """Without IPv6 nothing but what a test sends is on the line."""
    pair = Pair(lab, options=[cable or "baud=%d" % baud], baud=baud, mtu=PACKET,
                a={"addresses": [{"local": A4, "peer": B4}]},
                b={"addresses": [{"local": B4, "peer": A4}]}, **more)
    pair.na.wait_ping(B4)
    return pair


class Flow:
    """TCP that sends until it is closed; got: bytes that arrived."""

    def __init__(self, client, address, server):
        self.sockets = connect(client, address, server, seconds=60)
        self.got = 0
        self.threads = [threading.Thread(target=f, daemon=True)
                        for f in (self._send, self._take)]
        for thread in self.threads:
            thread.start()

    def _send(self):
        try:
            while True:
                self.sockets[0].sendall(bytes(16384))
        except OSError:
            pass

    def _take(self):
        try:
            while True:
                data = self.sockets[1].recv(65536)
                if not data:
                    return
                self.got += len(data)
        except OSError:
            pass

    def close(self):
        for sock in self.sockets:
            # What is on its way is not waited for.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(20)
        for sock in self.sockets:
            sock.close()


def start(pair, there, back=0):
    """So many flows from a to b, so many back, all of them moving."""
    flows = [pair.lab.keep(Flow(pair.na, B4, pair.nb)) for _ in range(there)]
    flows += [pair.lab.keep(Flow(pair.nb, A4, pair.na)) for _ in range(back)]
    wait_for(lambda: all(f.got for f in flows), 60, "each flow moves")
    return flows


def pings(pair, count):
    """(number, ms) of the first answers; nothing overtakes in a flow, so that
    one that was lost leaves a hole in the numbers."""
    # With -c alone the last one is waited for only as long as two others took.
    out = pair.na.run("ping", "-n", "-i0.2", "-w60", "-c%d" % count, B4,
                      seconds=90)
    return [(int(n), float(t)) for n, t in
            re.findall(r"icmp_seq=(\d+) .*time=([0-9.]+) ms", out)]


def test_no_ping_is_lost_beside_16_flows(pair):
    start(pair, 16)
    assert [n for n, _ in pings(pair, 20)] == list(range(1, 21))


def rates(flows, seconds=3):
    """Bytes a second of each, over so much time."""
    before, since = [f.got for f in flows], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - since
    return [(f.got - b) / took for f, b in zip(flows, before)]


def test_both_directions_get_their_share(pair):
    flows = start(pair, 1, 1)
    share = 0.98 * 0.94 * BAUD / 10
    wait_for(lambda: min(rates(flows)) > share / MARGIN, 30,
             "both directions have their share")


def test_four_flows_get_equal_shares(pair):
    flows = start(pair, 4)

    def is_fair():
        got = rates(flows)
        return (min(got) > sum(got) / 4 / MARGIN
                and sum(got) > 0.95 * BAUD / 10 / MARGIN)

    wait_for(is_fair, 30, "four equal shares")


def test_a_ping_beside_a_flow_waits_for_about_one_packet(lab):
    pair = ipv4_pair(lab, 115200)
    start(pair, 1)
    # One packet takes 130 ms; a port would hold several.
    assert statistics.median(t for _, t in pings(pair, 15)) < 95 * MARGIN
    status = pair.a.status()
    assert status["to-line"]["busy-ms"] > 0
    assert sum(v for k, v in status["queue"].items() if "waited" in k) > 15


def switches(pid):
    return int(proc_status(pid)["voluntary_ctxt_switches"])


def test_an_idle_pump_is_not_woken_up(pair):
    def is_idle():
        before = switches(pair.a.pump())
        time.sleep(0.5)
        return switches(pair.a.pump()) == before

    wait_for(is_idle, 30, "the pump has nothing to do")
    before, since = switches(pair.a.pump()), time.monotonic()
    time.sleep(4)
    woken = switches(pair.a.pump()) - before
    # The supervisor asks for a sign of life every 5 s.
    assert woken <= 1 + (time.monotonic() - since) // 5


def test_a_packet_costs_few_wake_ups(pair):
    pumps = [pair.a.pump(), pair.b.pump()]
    start(pair, 1)
    packets = pair.a.status()["to-line"]["packets"]
    before = [switches(p) for p in pumps]
    time.sleep(2)
    woken = [switches(p) - b for p, b in zip(pumps, before)]
    packets = pair.a.status()["to-line"]["packets"] - packets
    # A few come from elsewhere, also where the machine stands still.
    assert woken[0] < 50 + 5 * packets * MARGIN
    assert woken[1] < 50 + 8 * packets * MARGIN


def test_unpaced_a_port_gets_all_that_it_takes(lab):
    """A cable without a rate: at 115200 it would be 90 s."""
    pair = ipv4_pair(lab, 115200, cable="baud=0,txbuf=65536",
                     queue={"pace": False})
    flow, = start(pair, 1)
    wait_for(lambda: flow.got > 1 << 20, 30, "a MiB")

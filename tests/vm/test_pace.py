"""Paced ports on drivers whose TIOCOUTQ tells bytes: a line that is slower or
faster than its name, and a ping beside a flow, against the kernel's SLIP.

What QEMU's USB adapter is given is gone at once: TIOCOUTQ is 0 again before
the line has carried it, and the pump is left with the clock.  So out of it a
line that is faster than its name is not used up; into it, it is."""

import math
import re
import statistics
import time

import pytest

from pair import A4, B4, assert_unharmed, router, samples, start_samples
from router import both
from slattach import slip
from wait import wait_for

NOMINAL = 115200 / 10  # bytes a second

# A figure of an emulated machine that does something else, too.
MARGIN = 3

# A port holds so much of the line's time, at the fastest that is believed,
# and one packet.  Beside other work the emulated line at +8 % was once seen
# with two: MARGIN is for that, and less than what a clock alone would put by.
AHEAD_BYTES = 0.002 * NOMINAL * 1.12

# By the clock alone, a line that is 3 % slower puts 346 bytes a second by,
# and was busy for two seconds before.
SAMPLE_MS = 4000
WINDOW_S = 2
PINGS = 15
FLOWS = 8
ROUNDS = 3


def bound(mtu):
    """Of random bytes one in 128 is escaped, never one in 16."""
    return AHEAD_BYTES + mtu * 17 / 16 + 2


class Flow:
    """TCP from a port to another: options may turn it round."""

    ports = iter(range(5201, 6000))

    def __init__(self, bench, server, client, address, *options):
        """server, client: what runs a command there, as bench.start()."""
        port = next(self.ports)
        self.bench = bench
        self.things = [server("iperf3", "-s", "-p", port, "--forceflush")]
        wait_for(lambda: "Server listening" in self.things[0].output(), 120,
                 "iperf3", every=0.1)
        self.things.append(client(
            "iperf3", "-c", address, "-p", port, "-C", "cubic", "-t", 3600,
            "--connect-timeout", 60000, *options))

    def wait(self, pair, end):
        """Until the line was busy for two seconds or more."""
        before = self.bench.cable.stat(pair)[end]

        def busy():
            client = self.things[1]
            assert client.poll() is None, client.output()
            return self.bench.cable.stat(pair)[end] - before > 2 * NOMINAL

        wait_for(busy, 120, "traffic", every=0.1)

    def close(self):
        while self.things:
            self.bench.take(self.things.pop())


def starter(bench, namespace=None):
    if namespace is None:
        return bench.start
    return lambda *args: bench.start(*namespace.exec(*args))


def fastest(bench, pair, end, enough, seconds):
    """Bytes a second in the line's best window, as soon as that is enough:
    what else the machine does makes it slower, never faster."""
    until, best = time.monotonic() + seconds, 0
    while best <= enough and time.monotonic() < until:
        start, before = time.monotonic(), bench.cable.stat(pair)[end]
        time.sleep(WINDOW_S)
        sent = bench.cable.stat(pair)[end] - before
        best = max(best, sent / (time.monotonic() - start))
    return best


def always_full(bench, pair, end, device, enough):
    """The same of a port that is never empty."""
    writer = bench.start(
        "sh", "-c", "stty -F {0} 115200 raw -echo clocal -crtscts && "
        "exec cat /dev/zero >{0}".format(device))
    found = fastest(bench, pair, end, enough, 6 * WINDOW_S)
    bench.take(writer)
    return found


def look(bench, pair, end, ends, address, mtu, enough, *options):
    """A flow from the first end to the other, whose address that is: asserts
    what the port held meanwhile; the rate of the line."""
    a, b = ends
    flow = Flow(bench, starter(bench, b.namespace),
                starter(bench, a.namespace), address, *options)
    flow.wait(pair, end)
    sampling = start_samples(bench, a.device, SAMPLE_MS)
    rate = fastest(bench, pair, end, enough, 15 * WINDOW_S)
    seen = samples(sampling)
    flow.close()
    print("%s: %s, bound %d; %.0f bytes/s, %.0f are enough" % (
        a.device, seen, bound(mtu), rate, enough))
    assert seen["samples"] > 10, seen
    assert seen["mean"] <= bound(mtu), seen
    assert seen["max"] <= MARGIN * bound(mtu), seen
    return rate


def assert_used(bench, pair, end, ends, rate, enough):
    """Or so much of what a port that is never empty gets from this machine
    just now: TCP takes more of it than that does."""
    if rate > enough:
        return
    for r in ends:
        bench.take(r)
    possible = always_full(bench, pair, end, ends[0].device, enough)
    print("a full port: %.0f bytes/s" % possible)
    assert rate > possible / MARGIN, (rate, possible)


def two(bench, pair, mtu):
    """IPv4 alone: IPv6 wants 1280 bytes."""
    made = [router(bench, tty, addresses[:1], mtu=mtu) for tty, addresses
            in zip(bench.guest.machine.PAIRS[pair], both())]
    for r in made:
        r.wait_up()
    return made


def enough_of(rate_error):
    """Nearly all, and more than the line's name has where it is faster."""
    return NOMINAL * (1.02 if rate_error > 0 else 0.9)


@pytest.mark.parametrize("rate_error", [-3, 8])
def test_a_16550_holds_one_packet_and_its_line_is_used(bench, rate_error):
    bench.cable.set("isa", rate_error=rate_error)
    before = bench.cable.stat("isa")["a_sent"]
    ends = a, b = two(bench, "isa", 576)
    enough = enough_of(rate_error)
    rate = look(bench, "isa", "a_sent", ends, B4, 576, enough)
    assert_unharmed(a, b)
    sent = bench.cable.stat("isa")["a_sent"] - before
    to, back = a.status()["to-line"], b.status()["from-line"]
    assert to["line-bytes"] >= sent * 0.99, (to, sent)
    assert back["bytes"] >= sent * 0.9, (back, sent)
    assert_used(bench, "isa", "a_sent", ends, rate, enough)


@pytest.mark.parametrize("rate_error", [-3, 8])
def test_a_usb_adapter_holds_one_packet(bench, adapter, rate_error):
    """Out of it, and into it."""
    bench.cable.set("usb", rate_error=rate_error)
    adapter.plug_usb()
    ends = a, b = two(bench, "usb", 1500)
    # Less than its 64 KiB are in flight: a full one stops the machine.
    rate = look(bench, "usb", "a_sent", ends, B4, 1500, NOMINAL / 2,
                "-w", "16K")
    assert rate > NOMINAL / 2 / MARGIN
    enough = enough_of(rate_error)
    rate = look(bench, "usb", "b_sent", (b, a), A4, 1500, enough)
    assert_unharmed(a, b)
    assert_used(bench, "usb", "b_sent", (b, a), rate, enough)


def ping(start, address):
    """Median round trip in ms; what was lost took for ever."""
    said = start("ping", "-n", "-i0.23", "-c", PINGS, "-W10", address).finish(
        check=False)
    times = [float(x) for x in re.findall(r"time=([\d.]+) ms", said)]
    times += [math.inf] * (PINGS - len(times))
    return statistics.median(times)


def test_a_ping_beside_flows_against_kernel_slip(bench):
    """On one line: out of the daemon's end, and out of the other.  Of one
    connection of its own the kernel lets no more than two packets wait (TCP
    small queues), so that is a matter of a packet; of many it fills its
    queue.  A machine that is held up in one of the two is tried again."""
    r, _ = slip(bench, 1500)
    ours, theirs = starter(bench, r.namespace), starter(bench)
    r.namespace.wait_ping(B4)

    def daemon(flows):
        return beside(ours, B4, "a_sent", "-P", flows)

    def kernel(flows):
        return beside(theirs, A4, "b_sent", "-R", "-P", flows)

    def beside(start, address, end, *options):
        flow = Flow(bench, theirs, ours, B4, *options)
        flow.wait("pci", end)
        found = ping(start, address)
        flow.close()
        return found

    one = daemon(1), kernel(1)
    for _ in range(ROUNDS):
        many = daemon(FLOWS), kernel(FLOWS)
        if many[0] < many[1]:
            break
    bench.guest.run("tc", "qdisc", "replace", "dev", "sl0", "root",
                    "fq_codel")
    print("median, daemon and kernel: beside a flow %.0f, %.0f ms; beside %d "
          "%.0f, %.0f ms, with fq_codel %.0f ms" % (
              *one, FLOWS, *many, kernel(FLOWS)))
    assert one[0] < MARGIN * one[1], one
    assert many[0] < many[1], many


def test_low_latency_is_what_was_asked_for(bench, adapter):
    adapter.plug_usb()
    for tty in ("ttyS1", "ttyUSB0"):
        for asked, seen in ((True, "yes"), (False, "no"), (True, "yes")):
            r = router(bench, tty, both()[0], port={"low_latency": asked})
            r.wait_up()
            assert r.status()["low-latency"] == seen, (tty, asked)
            bench.take(r)

"""What a line can carry at best, and how soon it can answer: computed.

Pure: numbers in, numbers out.  Times are in seconds, sizes in bytes, rates in
bytes a second where the name says nothing else."""

import math
from typing import NamedTuple

IP, TCP, TIMESTAMPS, ICMP = 20, 20, 12, 8
ACK = IP + TCP + TIMESTAMPS
PING = IP + ICMP + 56

# Of random bytes, those that become two on the line: END and ESC.
ESCAPED = 2 / 256
END = 1

# A receiver acknowledges every second segment, but the first one not later
# than this (Linux: TCP_ATO_MIN); so on a slow line it is every one.
DELAYED_ACK_S = 0.04

# Pings fall into all phases of the packets on the line as evenly as can be
# when their distance is that part of a packet's time more than a multiple.
GOLDEN = (math.sqrt(5) - 1) / 2


class Line(NamedTuple):
    baud: int
    mtu: int
    bits: int = 10  # for a byte: start, 8, stop

    @property
    def rate(self):
        return self.baud / self.bits


class RoundTrip(NamedTuple):
    median: float
    p95: float
    worst: float


def frame(packet):
    """Bytes on the line for a packet of so many, on average: its escapes and
    the END after it (one in front comes after a silence only)."""
    return packet * (1 + ESCAPED) + END


def segment(line):
    """What TCP puts into a packet, with timestamps."""
    return line.mtu - ACK


def packet_s(line, packet=None):
    return frame(packet or line.mtu) / line.rate


def ping_share(line, every_s):
    """The part of the line that echo requests (or replies) take."""
    return packet_s(line, PING) / every_s if every_s else 0


def goodput(line, ping_every_s=0):
    """Of TCP in one direction, its acknowledgements having the other for
    themselves."""
    left = line.rate * (1 - ping_share(line, ping_every_s))
    return left * segment(line) / frame(line.mtu)


def acks_per_segment(line):
    return 1 if packet_s(line) > DELAYED_ACK_S else 0.5


def goodput_both(line):
    """In each direction, when each also carries the acknowledgements of the
    other."""
    on_line = frame(line.mtu) + acks_per_segment(line) * frame(ACK)
    return line.rate * segment(line) / on_line


def round_trip(line, directions=1):
    """Of a ping that waits for the rest of the one packet that is on the line
    when it comes, in one direction or in both, and for nothing else."""
    own, busy = 2 * packet_s(line, PING), packet_s(line)
    if directions == 1:
        return RoundTrip(own + busy / 2, own + 0.95 * busy, own + busy)
    # The sum of two evenly spread waits.
    return RoundTrip(own + busy, own + (2 - math.sqrt(2 * 0.05)) * busy,
                     own + 2 * busy)


def ping_every_s(line, share=0.02, at_least_s=0.05, at_most_s=1.5):
    """The distance of pings that take that share of the line at most, and
    that do not keep step with its packets; ping(8) knows milliseconds."""
    wanted = min(max(packet_s(line, PING) / share, at_least_s), at_most_s)
    busy = packet_s(line)
    low = max(1, round(wanted * 1000))
    high = low + max(1, math.ceil(busy * 1000))

    def off(ms):
        return abs(ms / 1000 / busy % 1 - GOLDEN)

    return min(range(low, high + 1), key=off) / 1000


def derivation(line):
    """For people: how the figures of a line come about, a line of text each."""
    acks = {1: "each segment", 0.5: "every second segment"}
    one, both = goodput(line), goodput_both(line)
    ways = round_trip(line), round_trip(line, 2)
    return [
        "%d baud, %d bits a byte: %g bytes/s; MTU %d" % (
            line.baud, line.bits, line.rate, line.mtu),
        "a full packet is %d x (1 + 2/256) + 1 END = %.1f bytes on the line, "
        "%.2f ms" % (line.mtu, frame(line.mtu), packet_s(line) * 1e3),
        "of these %d - %d (IPv4) - %d (TCP) - %d (timestamps) = %d are TCP's: "
        "%.4g kbit/s, %.4f of the line" % (
            line.mtu, IP, TCP, TIMESTAMPS, segment(line), one * 8 / 1e3,
            one / line.rate),
        "both ways at once, with an acknowledgement of %d bytes (%.1f on the "
        "line) for %s: %.4f of each line" % (
            ACK, frame(ACK), acks[acks_per_segment(line)], both / line.rate),
        "a ping is %.1f bytes on the line, %.2f ms each way; behind the rest "
        "of one packet: %.4g / %.4g ms (median / p95), in both directions "
        "%.4g / %.4g" % (
            frame(PING), packet_s(line, PING) * 1e3,
            *(x * 1e3 for way in ways for x in way[:2])),
    ]

"""What of a packet is checked where it comes from the line."""

import socket
import struct

import pytest

from cable import frame
from lab import A4, A6, B4, B6, Pair, Single
from packets import (Capture, checksum, fault, payload_fault, seal, udp4,
                     udp6)
from transfer import Exchange, connect
from wait import wait_for

CAUSE = "dropped-payload-checksum"


def ip4(protocol, body, flags=0):
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, flags, 64, protocol, 0,
        socket.inet_aton(B4), socket.inet_aton(A4))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def ip6(protocol, body):
    return struct.pack(
        "!IHBB16s16s", 0x60000000, len(body), protocol, 64,
        socket.inet_pton(socket.AF_INET6, B6),
        socket.inet_pton(socket.AF_INET6, A6)) + body


TCP = struct.pack("!HHIIBBHHH", 9, 9, 1, 0, 0x50, 0x10, 1000, 0, 0) + b"text"
UDP = struct.pack("!HHHH", 9, 9, 12, 0) + b"text"
ECHO = struct.pack("!BBHHH", 0, 0, 0, 77, 1) + b"text"
ECHO6 = struct.pack("!BBHHH", 129, 0, 0, 77, 1) + b"text"

SEALED = {
    "tcp4": seal(ip4(6, TCP), 6, 20),
    "udp4": seal(ip4(17, UDP), 17, 20),
    "icmp4": seal(ip4(1, ECHO), 1, 20),
    "tcp6": seal(ip6(6, TCP), 6, 40),
    "udp6": seal(ip6(17, UDP), 17, 40),
    "icmp6": seal(ip6(58, ECHO6), 58, 40),
}

# No whole packet with a checksum that could be checked.
UNSEALED = {
    "udp4_without_checksum": udp4(B4, A4, b"text"),
    "udp6_without_checksum": udp6(B6, A6, b"text"),
    "first_fragment4": ip4(17, UDP[:6] + b"\x12\x34text", flags=0x2000),
    "last_fragment4": ip4(6, b"in the middle of something", flags=0x0010),
    "fragment6": ip6(44, struct.pack("!BBHI", 17, 0, 0x0101, 5) + UDP),
    "esp4": ip4(50, b"nobody can read this but who it is for"),
    "gre4": ip4(47, b"\0\0\x08\0" + TCP),
    "no_next_header6": ip6(59, b"nothing"),
}


def damaged(packet):
    return packet[:-1] + bytes([packet[-1] ^ 0x20])


@pytest.fixture(scope="module")
def full(shared):
    return Single(shared)


MARK = udp4(B4, A4, b"this packet is the last one")


def through(single, packet):
    """Whether it comes out of the interface; what was counted."""
    before = single.r.status()["from-line"]
    with Capture(single.n, "sl0") as seen:
        single.line.write(frame(MARK) + frame(packet) + frame(MARK))
        wait_for(lambda: seen.packets.count(MARK) == 2, what="both marks")
        got = [p for p in seen.packets if p != MARK]
    after = single.r.status()["from-line"]
    assert got in ([], [packet])
    return bool(got), after[CAUSE] - before[CAUSE]


@pytest.mark.parametrize("name", SEALED)
def test_a_good_packet_passes(full, name):
    assert fault(SEALED[name]) is None
    assert payload_fault(SEALED[name]) is None
    assert through(full, SEALED[name]) == (True, 0)


@pytest.mark.parametrize("name", SEALED)
def test_a_damaged_payload_is_dropped_and_counted(full, name):
    assert payload_fault(damaged(SEALED[name]))
    assert through(full, damaged(SEALED[name])) == (False, 1)


@pytest.mark.parametrize("name", UNSEALED)
def test_what_has_no_checksum_passes(full, name):
    assert through(full, UNSEALED[name]) == (True, 0)
    assert through(full, damaged(UNSEALED[name])) == (True, 0)


def test_with_header_a_damaged_payload_passes(lab):
    s = Single(lab, receive={"check": "header"})
    for packet in SEALED.values():
        assert through(s, damaged(packet)) == (True, 0)


def test_the_check_changes_while_the_link_is_up(lab):
    s = Single(lab)
    pump = s.r.pump()
    bad = damaged(SEALED["tcp4"])
    assert through(s, bad) == (False, 1)
    for check, passes in (("header", True), ("full", False)):
        s.r.reload([{**s.link, "receive": {"check": check}}])
        wait_for(lambda: through(s, bad)[0] == passes,
                 what="check = %s" % check)
    assert s.r.pump() == pump


def test_nothing_that_a_kernel_sends_is_taken_for_damaged(lab):
    p = Pair(lab, mtu=1280)
    p.na.wait_ping(B4)
    p.na.wait_ping(B6, "-6")
    p.na.wait_ping(B4, "-s4000")
    for client, address, server in ((p.na, B4, p.nb), (p.nb, A6, p.na)):
        Exchange(connect(client, address, server), 30000, 30000).finish()
    for router in (p.a, p.b):
        counted = router.status()["from-line"]
        assert counted["packets"] > 30
        assert counted[CAUSE] == 0


def test_damage_on_the_cable_reaches_no_interface(lab):
    p = Pair(lab, options=["baud=921600,ber=1e-4"], mtu=576,
             a={"addresses": [{"local": A4, "peer": B4}]},
             b={"addresses": [{"local": B4, "peer": A4}]})
    sender = p.na.bound(A4)
    taker = p.nb.bound(B4)
    with Capture(p.nb, "sl0") as seen:

        def enough():
            for n in range(20):
                sender.sendto(bytes([n]) * 500, taker.getsockname())
            counted = p.b.status()["from-line"]
            return counted[CAUSE] >= 20 and len(seen.packets) >= 50

        wait_for(enough, 60, "damaged frames", every=0.1)
        whole = list(seen.packets)
    assert [fault(x) for x in whole if fault(x)] == []
    assert [payload_fault(x) for x in whole if payload_fault(x)] == []

"""What comes from a line is hostile until checked."""

import os
import random
import time

import pytest

from cable import END, ESC, frame
from lab import A4, B4, Pair, Single
from packets import Capture, checksum, udp4, udp6
from transfer import Exchange, connect
from wait import cpu_s, wait_for

MEGABYTE = 1 << 20


def small(lab, options, **kwargs):
    return Pair(lab, options=[options], mtu=576,
                a={"addresses": [{"local": A4, "peer": B4}]},
                b={"addresses": [{"local": B4, "peer": A4}]}, **kwargs)


@pytest.fixture(scope="module")
def raw(shared):
    return Single(shared)


def sync(s):
    """A good frame: from now on a damaged one is no noise of the start."""
    before = s.r.status()["from-line"]["packets"]
    s.line.write(frame(udp4(B4, A4, b"sync"), leading_end=True))
    wait_for(lambda: s.r.status()["from-line"]["packets"] == before + 1,
             what="a good frame after all that")


def test_garbage_on_the_idle_line_reaches_nobody(lab):
    p = small(lab, "baud=921600,garbage=5000")
    p.na.wait_ping(B4)
    with Capture(p.na, "sl0") as seen:
        answered = p.na.ping("-c20", "-i0.1", "-W5", B4)
        assert seen.faults() == []
        # What a frame meets half way is line noise that its leading END ends.
        assert answered >= 18
    status = p.a.status()
    assert status["from-line"]["frames"] > status["from-line"]["packets"]


@pytest.mark.parametrize("ber", [1e-5, 1e-4])
def test_bit_errors_let_no_damaged_header_through(lab, ber):
    p = small(lab, "baud=921600,ber=%g" % ber)
    with Capture(p.na, "sl0") as at_a, Capture(p.nb, "sl0") as at_b:
        p.na.ping("-f", "-c200", "-w6", "-s500", B4)
        assert len(at_a.packets) > 20
        assert len(at_b.packets) > 20
        assert at_a.faults() == []
        assert at_b.faults() == []
    if ber == 1e-4:
        back = p.b.status()["from-line"]
        assert back["frames"] > back["packets"]


def test_tcp_gets_through_bit_errors_unchanged(lab):
    p = small(lab, "baud=921600,ber=1e-5")
    Exchange(connect(p.na, B4, p.nb), 60000, 60000).finish()
    assert p.cable.stat()["a_flipped"] > 0


def test_tcp_gets_through_lost_bytes_unchanged(lab):
    p = small(lab, "baud=921600,drop=0.0001")
    Exchange(connect(p.na, B4, p.nb), 60000, 60000).finish()
    assert p.cable.stat()["a_dropped"] > 0


FLOODS = {
    "random_bytes": lambda: random.Random(7).randbytes(MEGABYTE),
    "only_ends": lambda: END * MEGABYTE,
    "only_escapes": lambda: ESC * MEGABYTE,
    "only_zeros": lambda: b"\0" * MEGABYTE,
    "escapes_and_ends": lambda: (ESC + END) * (MEGABYTE // 2),
    "version_4_and_nothing_else": lambda: (b"\x45" + END) * (MEGABYTE // 2),
    "a_console": lambda: b"Hello, who is there?\r\nlogin: " * (MEGABYTE // 29),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_survived_quietly(raw, flood):
    data = flood()
    status = raw.r.status()
    pump, since = int(status["pump"]), raw.r.mark()
    used = cpu_s(pump)
    with Capture(raw.n, "sl0") as seen:
        raw.line.write(data)
        line_bytes = status["from-line"]["line-bytes"] + len(data)
        wait_for(lambda: raw.r.status()["from-line"]["line-bytes"]
                 == line_bytes)
        assert seen.faults() == []
    # 20 ns a byte is slow; a sanitizer needs more.
    assert cpu_s(pump) - used < 3
    after = raw.r.status()
    assert after["state"] == "UP"
    assert int(after["pump"]) == pump
    assert len(raw.r.said(since)) < 5, raw.r.said(since)
    raw.line.write(END)
    sync(raw)


def bad_checksum(packet):
    return packet[:10] + bytes([packet[10] ^ 1]) + packet[11:]


def short_header():
    packet = udp4(B4, A4, b"x" * 40)
    packet = b"\x44" + packet[1:10] + b"\0\0" + packet[12:]
    return packet[:10] + checksum(packet[:16]).to_bytes(2, "big") + packet[12:]


GOOD = udp4(B4, A4, b"payload" * 8)
GOOD6 = udp6("fe80::2", "fe80::1", b"payload" * 8)
DAMAGED = {
    "escape": frame(GOOD[:30]) [:-1] + ESC + b"\x01" + frame(GOOD[30:]),
    "escape_before_end": frame(GOOD)[:-1] + ESC + END,
    "oversized": b"\x45" * 70000 + END,
    "version": frame(b"\x75" + GOOD[1:]),
    "console_text": frame(b"Welcome to the boot loader"),
    "truncated": frame(GOOD[:12]),
    "truncated_ipv6": frame(GOOD6[:39]),
    "header_length": frame(short_header()),
    "total_length": frame(GOOD[:-1]),
    "total_length_longer": frame(GOOD + b"x"),
    "total_length_ipv6": frame(GOOD6[:-1]),
    "header_checksum": frame(bad_checksum(GOOD)),
}
CAUSES = {"escape_before_end": "escape", "console_text": "version",
          "truncated_ipv6": "truncated", "total_length_longer": "total_length",
          "total_length_ipv6": "total_length"}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_frame_is_dropped_and_counted_by_cause(raw, name):
    sync(raw)
    key = "dropped-" + CAUSES.get(name, name).replace("_", "-")
    before = raw.r.status()["from-line"]
    with Capture(raw.n, "sl0") as seen:
        raw.line.write(DAMAGED[name] + frame(GOOD))
        wait_for(lambda: raw.r.status()["from-line"]["packets"]
                 == before["packets"] + 1)
        wait_for(lambda: seen.packets)
        assert seen.packets == [GOOD]
    after = raw.r.status()["from-line"]
    assert after[key] == before[key] + 1
    assert after["frames"] == before["frames"] + 2


def test_a_packet_byte_by_byte_is_one_packet(raw):
    sync(raw)
    with Capture(raw.n, "sl0") as seen:
        for byte in frame(GOOD):
            raw.line.write(bytes([byte]))
        wait_for(lambda: seen.packets)
        assert seen.packets == [GOOD]


def test_frames_in_one_piece_are_all_delivered_in_order(raw):
    sync(raw)
    packets = [udp4(B4, A4, b"%d" % n) for n in range(200)]
    with Capture(raw.n, "sl0") as seen:
        raw.line.write(b"".join(map(frame, packets)))
        wait_for(lambda: len(seen.packets) == len(packets))
        assert seen.packets == packets


def test_what_comes_before_the_first_good_frame_is_noise(lab):
    s = Single(lab)
    s.line.write(b"U-Boot 2021\r\n" + END + b"\x75half a packet" + END)
    s.line.write(frame(GOOD))
    wait_for(lambda: s.r.status()["from-line"]["packets"] == 1)
    back = s.r.status()["from-line"]
    assert back["dropped-noise"] == 2
    assert back["frames"] == 3


def test_a_flood_of_small_packets_starves_nobody(lab):
    """The supervisor answers and the pump reads its orders meanwhile."""
    s = Single(lab)
    data = frame(udp4(B4, A4, b"")) * 4000
    for _ in range(4):
        s.line.write(data)
        start = time.monotonic()
        s.r.status()
        assert time.monotonic() - start < 5
    assert s.r.stop() == 0
    assert time.monotonic() - start < 10
    assert os.path.exists(s.line.path)

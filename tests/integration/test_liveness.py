"""A line that falls silent, and what is known of its peer."""

import os
import struct
import time

import pytest

from cable import END, ESC, frame, unframe
from lab import A4, B4, B6, Pair, Single
from packets import Capture, checksum
from wait import holds_for, wait_for

SILENT = r"sl0: nothing was heard from the peer for \d+ s: carrier off"


def watched(lab, **liveness):
    return Single(lab, liveness=liveness)


def test_nothing_is_sent_into_silence_by_default(single):
    single.line.read()
    holds_for(lambda: single.line.read() == b"", 2, "bytes of an idle link")
    status = single.r.status()
    assert status["to-line"]["fills"] == status["to-line"]["probes"] == 0


def test_silence_is_filled_with_single_ends(lab):
    s = watched(lab, interval_s=1)
    got = s.line.read_until(lambda x: len(x) >= 3)
    assert set(got) == set(END)
    # Counted a moment after it was written.
    wait_for(lambda: s.r.status()["to-line"]["fills"] >= 3, what="three fills")
    assert s.r.status()["to-line"]["packets"] == 0


def test_a_silent_peer_takes_the_carrier_and_brings_it_back(lab):
    s = watched(lab, timeout_s=1)
    since = s.r.mark()
    s.r.wait_state("UP", silent="yes")
    assert not s.n.carrier("sl0")
    s.r.wait_log(SILENT)
    # No more than that is said of it, however long it lasts.
    holds_for(lambda: s.r.log().count("carrier off") == 1, 2, "one line")

    s.line.write(END)
    s.r.wait_log("sl0: the peer is heard again", since=since)
    wait_for(lambda: s.n.carrier("sl0"), what="the carrier")
    wait_for(lambda: not s.n.carrier("sl0"), what="the next time-out")
    assert s.r.status()["from-line"]["silences"] >= 2
    assert s.r.state() == "UP"


def test_fill_of_each_end_keeps_an_idle_line_up(lab):
    # Without IPv6 the kernel itself sends nothing.
    p = Pair(lab, liveness={"interval_s": 1, "timeout_s": 5},
             a={"addresses": [{"local": A4, "peer": B4}]},
             b={"addresses": [{"local": B4, "peer": A4}]})
    holds_for(lambda: p.na.carrier("sl0") and p.nb.carrier("sl0"), 7,
              "the carrier of an idle line", every=0.5)
    for r in (p.a, p.b):
        assert "carrier off" not in r.log()
        assert r.status()["to-line"]["packets"] == 0
        assert r.status()["from-line"]["frames"] == 0
    p.na.wait_ping(B4)


@pytest.mark.parametrize("noise,heard", [
    (END, True), (ESC, False), (b"Linux version 6.1.0 (gcc) #1 SMP\r\n", False),
], ids=["ends", "escs", "banner"])
def test_what_a_peer_that_is_none_sends(lab, noise, heard):
    s = watched(lab, timeout_s=2)
    begin = time.monotonic()
    while time.monotonic() < begin + 4:
        s.line.write(noise * (4096 // len(noise)))
    status = s.r.status()
    assert status["state"] == "UP"
    assert status["silent"] == ("no" if heard else "yes")
    assert status["from-line"]["packets"] == 0
    assert len(s.r.said()) < 12, s.r.said()


@pytest.mark.parametrize("probe", [B4, B6], ids=["ipv4", "ipv6"])
def test_a_probe_measures_the_round_trip_in_the_pump(lab, probe):
    p = Pair(lab, a={"liveness": {"interval_s": 1, "probe": probe}})
    with Capture(p.na, "sl0") as at_a, Capture(p.nb, "sl0") as at_b:
        def answered():
            back = p.a.status()["from-line"]
            return back["answers"] >= 2 and back

        back = wait_for(answered, what="answers", every=0.1)
        assert not [x for x in at_a.packets if is_echo(x)]
        assert [x for x in at_b.packets if is_echo(x)]
    assert 0 < back["round-trip-us-least"] <= back["round-trip-us-average"]
    # 64 bytes each way at 921600 baud take 1.4 ms.
    assert 1000 < back["round-trip-us-least"] < 1000000


def is_echo(packet):
    if packet[0] >> 4 == 4:
        return packet[9] == 1 and packet[20] in (0, 8)
    return packet[6] == 58 and packet[40] in (128, 129)


def answer(request, cookie=None):
    """What a peer makes of an IPv4 echo request."""
    icmp = b"\0\0\0\0" + request[24:28] + (cookie or request[28:])
    icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
    return request[:12] + request[16:20] + request[12:16] + icmp


def test_forged_answers_measure_nothing(lab):
    s = watched(lab, interval_s=3600, probe=B4)
    got = s.line.read_until(lambda x: any(map(is_echo, unframe(x))))
    request = [x for x in unframe(got) if is_echo(x)][0]
    with Capture(s.n, "sl0") as seen:
        for _ in range(200):
            s.line.write(frame(answer(request, os.urandom(16))))
        # What does not know the request goes to the kernel, as any packet.
        wait_for(lambda: len(seen.packets) == 200, what="the forgeries")
        assert s.r.status()["from-line"]["answers"] == 0
        s.line.write(frame(answer(request)) * 200)

        def taken():
            return s.r.status()["from-line"]["answers"] == 200

        wait_for(taken, what="the answer and its copies", every=0.1)
        assert len(seen.packets) == 200
    first = s.r.status()["from-line"]
    assert (first["round-trip-us-last"] == first["round-trip-us-average"]
            == first["round-trip-us-least"])
    assert s.r.state() == "UP"


def test_more_than_one_per_cent_of_damage_is_told_with_what_to_check(lab):
    p = Pair(lab, options=("baud=921600,ber=1e-4",), a={"mtu": 1280})
    seconds, begin = 60, time.monotonic()
    while "of frames arrive damaged" not in p.b.log():
        assert time.monotonic() < begin + seconds
        p.na.ping("-f", "-c100", "-w2", "-s400", B4)
    line = p.b.wait_log(r"sl0: [0-9.]+ % of frames arrive damaged \(.*").group()
    assert "?" in line or "baud" in line
    # Once a minute at most.
    assert p.b.log().count("of frames arrive damaged") == 1

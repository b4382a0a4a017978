"""The computed limits against figures worked out by hand."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import limit  # noqa: E402
from limit import Line  # noqa: E402

SLOW, FAST = Line(9600, 296), Line(921600, 1500)


def test_tcp_has_0_957_of_a_line_with_an_mtu_of_1500():
    assert limit.goodput(FAST) * 8 == pytest.approx(705.7e3, rel=1e-3)
    assert limit.goodput(FAST) / FAST.rate == pytest.approx(0.957, abs=5e-4)


def test_both_ways_at_once_it_has_0_940_of_each():
    assert limit.goodput_both(FAST) / FAST.rate == pytest.approx(
        0.9405, abs=5e-4)


def test_on_a_slow_line_each_segment_is_acknowledged():
    assert limit.acks_per_segment(FAST) == 0.5
    assert limit.acks_per_segment(SLOW) == 1
    # 244 bytes in 299.3 and an acknowledgement of 53.4.
    assert limit.goodput_both(SLOW) / SLOW.rate == pytest.approx(
        244 / (299.3125 + 53.40625))


def test_a_small_mtu_costs_headers():
    assert limit.goodput(SLOW) / SLOW.rate == pytest.approx(244 / 299.3125)


def test_the_round_trip_is_that_behind_one_packet():
    rtt = limit.round_trip(FAST)
    assert rtt.median * 1e3 == pytest.approx(10.06, abs=0.02)
    assert rtt.worst * 1e3 == pytest.approx(18.27, abs=0.02)
    assert rtt.median < rtt.p95 < rtt.worst


def test_the_round_trip_with_both_directions_busy():
    one, both = limit.round_trip(FAST), limit.round_trip(FAST, 2)
    busy = limit.packet_s(FAST)
    assert both.median - one.median == pytest.approx(busy / 2)
    assert both.worst - one.worst == pytest.approx(busy)
    assert both.median < both.p95 < both.worst


def test_pings_take_their_part_of_the_line():
    assert limit.goodput(FAST, 0.1) < limit.goodput(FAST)
    # 85.7 bytes ten times a second are 0.93 % of 92160.
    assert limit.goodput(FAST, 0.1) / limit.goodput(FAST) == pytest.approx(
        1 - 857 / 92160, abs=1e-4)


@pytest.mark.parametrize("line", [
    SLOW, Line(19200, 296), Line(115200, 1500), FAST, Line(3000000, 1500),
    Line(921600, 9000)])
def test_pings_do_not_keep_step_with_packets(line):
    every = limit.ping_every_s(line)
    assert every * 1000 == pytest.approx(round(every * 1000))
    assert limit.ping_share(line, every) < 0.07
    # After any few pings they are at another phase.
    for n in range(1, 4):
        phase = n * every / limit.packet_s(line) % 1
        assert min(phase, 1 - phase) > 0.04, n


def test_the_derivation_names_what_it_takes():
    text = "\n".join(limit.derivation(FAST))
    for word in ("92160 bytes/s", "1512.7", "1448", "705.7", "0.9406",
                 "every second", "10.07", "17.45"):
        assert word in text, word

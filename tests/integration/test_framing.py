"""What is seen on the wire."""

import signal

import pytest

from cable import END, unframe
from lab import A4, B4, Single
from wait import holds_for, is_stopped, signal_process, wait_for


def send_burst(s, count):
    """Sends so many packets that the pump then meets all at once."""
    pump = s.r.pump()
    signal_process(pump, signal.SIGSTOP)
    wait_for(lambda: is_stopped(pump))
    sock = s.n.bound(A4)
    for n in range(count):
        sock.sendto(b"%d" % n, (B4, 9))
    sock.close()
    signal_process(pump, signal.SIGCONT)


def read_frames(s, count):
    got = s.line.read_until(lambda g: len(unframe(g)) >= count)
    assert len(unframe(got)) == count
    assert [p[28:] for p in unframe(got)] == [b"%d" % n for n in range(count)]
    return got


def quiet(s, seconds=0.2):
    """Longer than what makes a line idle."""
    holds_for(lambda: not s.line.read(), seconds, "something on the line")


def test_idle_puts_an_end_before_the_first_frame_after_silence(single):
    for _ in range(2):
        quiet(single)
        send_burst(single, 5)
        got = read_frames(single, 5)
        assert got.startswith(END)
        assert got.count(END) == 6


def test_always_puts_an_end_before_each_frame(lab):
    s = Single(lab, framing={"leading_end": "always"})
    send_burst(s, 5)
    got = read_frames(s, 5)
    assert got.startswith(END)
    assert got.count(END) == 10


def test_never_puts_an_end_before_a_frame(lab):
    s = Single(lab, framing={"leading_end": "never"})
    for _ in range(2):
        quiet(s)
        send_burst(s, 5)
        got = read_frames(s, 5)
        assert got.startswith(b"\x45")
        assert got.count(END) == 5


def test_end_and_esc_within_a_packet_are_escaped_as_rfc_1055_says(single):
    sock = single.n.bound(A4)
    sock.sendto(b"a\xc0b\xdbc", (B4, 9))
    got = single.line.read_until(lambda g: unframe(g))
    assert got.endswith(b"a\xdb\xdcb\xdb\xddc\xc0")


def test_xon_and_xoff_are_escaped_with_software_flow_control(lab):
    s = Single(lab, port={"flow": "xonxoff"})
    sock = s.n.bound(A4)
    sock.sendto(b"a\x11b\x13c", (B4, 9))
    got = s.line.read_until(lambda g: g.endswith(END) and len(g) > 2)
    assert got.endswith(b"a\xdb\xdeb\xdb\xdfc\xc0")
    assert b"\x11" not in got[1:]
    assert b"\x13" not in got[1:]


@pytest.fixture
def without_ipv6(lab):
    return Single(lab)


def test_a_link_without_ipv6_says_nothing_of_its_own(without_ipv6):
    """No router solicitation, no neighbour, no multicast listener."""
    s = without_ipv6
    assert not [a for a in s.n.addresses("sl0") if ":" in a]
    assert s.n.link("sl0")["inet6_addr_gen_mode"] == "none"
    quiet(s, 6)


def test_a_link_with_ipv6_has_only_what_was_asked_for_and_a_link_local(lab):
    s = Single(lab, addresses=["fd00::1/64"])
    others = [a for a in s.n.addresses("sl0") if not a.startswith("fe80:")]
    assert others == ["fd00::1/64"]

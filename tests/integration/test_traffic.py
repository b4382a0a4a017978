"""Packets get through a link as they are."""

import pytest

from lab import A4, A6, B4, B6, Pair
from packets import Capture
from transfer import Exchange, connect, drain
from wait import cpu_share, run, wait_for

FAST = 3000000


@pytest.fixture(scope="module")
def fast(shared):
    return Pair(shared, options=["baud=%d" % FAST], baud=FAST)


@pytest.fixture(scope="module")
def soft(shared):
    """A link with software flow control."""
    return Pair(shared, options=["baud=921600"], port={"flow": "xonxoff"})


def test_pings_ipv4(fast):
    assert fast.na.ping("-c5", "-i0.1", "-W5", B4) == 5


def test_pings_ipv6(fast):
    assert fast.na.ping("-c5", "-i0.1", "-W5", B6) == 5


def test_pings_from_the_other_end(fast):
    assert fast.nb.ping("-c5", "-i0.1", "-W5", A4) == 5
    assert fast.nb.ping("-c5", "-i0.1", "-W5", A6) == 5


@pytest.mark.parametrize("address", [B4, B6], ids=["ipv4", "ipv6"])
def test_tcp_both_ways_at_once_arrives_unchanged(fast, address):
    Exchange(connect(fast.na, address, fast.nb), 400000, 400000).finish()


PAYLOADS = {
    "all_end": b"\xc0",
    "all_esc": b"\xdb",
    "end_and_esc": b"\xc0\xdb",
    "esc_and_what_follows_it": b"\xdb\xdc\xdb\xdd\xc0",
    "all_bytes": bytes(range(256)),
}


def send_payload(pair, payload, source, to, count=20):
    """Full packets of the payload arrive, each as it was sent."""
    before = pair.a.status()["to-line"]["line-bytes"]
    sender, taker = pair.na.bound(source), pair.nb.bound(to)
    for n in range(count):
        sender.sendto(bytes([n]) + payload, taker.getsockname())
        assert drain(taker, 1) == [bytes([n]) + payload]
    sender.close()
    taker.close()
    return pair.a.status()["to-line"]["line-bytes"] - before


@pytest.mark.parametrize("unit", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("version", [4, 6])
def test_packets_at_the_full_mtu_arrive_whatever_is_in_them(
        fast, unit, version):
    size = 1500 - (28 if version == 4 else 48) - 1
    payload = (unit * size)[:size]
    ends = (A4, B4) if version == 4 else (A6, B6)
    bytes_on_line = send_payload(fast, payload, *ends)
    special = sum(payload.count(c) for c in b"\xc0\xdb")
    assert bytes_on_line >= 20 * (1500 + special)


@pytest.mark.parametrize("unit", [b"\x11", b"\x13", b"\x11\x13\xdb\xc0"],
                         ids=["xon", "xoff", "mixed"])
def test_xon_and_xoff_pass_a_line_with_software_flow_control(soft, unit):
    payload = (unit * 1471)[:1471]
    stuck = soft.a.status()["to-line"]["stuck"]
    bytes_on_line = send_payload(soft, payload, A4, B4, count=10)
    assert bytes_on_line >= 10 * (1500 + len(payload))
    assert soft.a.status()["to-line"]["stuck"] == stuck


def test_tcp_passes_a_line_with_software_flow_control(soft):
    Exchange(connect(soft.na, B4, soft.nb), 60000, 60000).finish()


def counted(pair):
    """What one end put on the line, and what the other took from it."""
    a, b = pair.a.status()["to-line"], pair.b.status()["from-line"]
    keys = ("packets", "bytes", "line-bytes")
    return [a[k] for k in keys], [b[k] for k in keys], b["frames"]


def test_one_ends_output_is_the_others_input(fast):
    to, back, frames = counted(fast)
    lost = [x - y for x, y in zip(to, back)]
    assert fast.na.ping("-f", "-c100", "-w10", B4) == 100

    def agree():
        now_to, now_back, now_frames = counted(fast)
        return (now_to[0] >= to[0] + 100
                and [x - y for x, y in zip(now_to, now_back)] == lost
                and now_frames - frames == now_back[0] - back[0])

    wait_for(agree, 10, "equal counters")


def test_is_idle_while_nothing_is_sent(fast):
    for router in (fast.a, fast.b):
        assert cpu_share(router.pid, 1) < 0.01
        assert cpu_share(router.pump(), 1) < 0.01


def test_the_interface_is_as_the_kernel_shows_it(fast):
    link = fast.na.link("sl0")
    assert link["linkinfo"]["info_kind"] == "tun"
    assert link["linkinfo"]["info_data"]["type"] == "tun"
    assert link["linkinfo"]["info_data"]["pi"] is False
    assert fast.na.carrier("sl0")


def test_a_packet_beyond_our_own_mtu_is_delivered(lab):
    """The peer may have a larger one."""
    p = Pair(lab, a={"mtu": 1500, "addresses": [{"local": A4, "peer": B4}]},
             b={"mtu": 576, "addresses": [{"local": B4, "peer": A4}]})
    with Capture(p.nb, "sl0") as seen:
        assert p.na.ping("-c3", "-i0.2", "-W5", "-s1400", B4) == 3
        assert [len(x) for x in seen.packets].count(1428) == 3


def test_packets_larger_than_any_usual_mtu_pass(lab):
    p = Pair(lab, options=["baud=%d" % FAST], baud=FAST, mtu=9000)
    assert p.na.ping("-c3", "-i0.2", "-W5", "-s8972", "-Mdo", B4) == 3
    assert p.na.ping("-c3", "-i0.2", "-W5", "-s8900", "-pc0", B4) == 3


def test_two_links_of_one_daemon_do_not_mix(lab):
    p = Pair(lab, options=["baud=921600", "baud=921600"])
    one = connect(p.na, "10.64.0.2", p.nb)
    two = connect(p.na, "10.64.1.2", p.nb)
    exchanges = [Exchange(one, 80000, 80000), Exchange(two, 80000, 80000, 2)]
    for e in exchanges:
        e.finish()
    for name in ("sl0", "sl1"):
        assert p.a.status(name)["from-line"]["bytes"] > 80000


def test_a_slow_line_with_a_small_mtu_carries_packets(lab):
    p = Pair(lab, options=["baud=19200"], baud=19200, mtu=296,
             a={"addresses": [{"local": A4, "peer": B4}]},
             b={"addresses": [{"local": B4, "peer": A4}]})
    assert p.na.ping("-c2", "-i0.2", "-W10", "-s268", B4) == 2


@pytest.mark.parametrize("port,bits", [
    ({"parity": "even"}, 11), ({"parity": "odd"}, 11), ({"stop_bits": 2}, 11),
    ({"parity": "even", "stop_bits": 2}, 12),
], ids=["even", "odd", "two_stop_bits", "even_and_two_stop_bits"])
def test_parity_and_stop_bits_are_accepted(lab, port, bits):
    p = Pair(lab, options=["baud=921600,bits=%d" % bits], port=port)
    p.na.wait_ping(B4)
    settings = run("stty", "-a", "-F", p.cable.a[0])
    if "stop_bits" in port:
        assert " cstopb" in settings
    assert "has no parity" not in p.a.log()

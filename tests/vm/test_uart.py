"""serial-routerd against itself on 16550s, through libserialport."""

import re

import pytest

from pair import A4, B4, B6, Transfer, answered, assert_unharmed, damaged
from pair import peek, router, samples, start_samples, two
from router import both
from wait import wait_for

ISA = "ttyS1"


def test_tcp_arrives_unharmed_both_ways(bench):
    """Meanwhile the port's own buffer is never empty for long, nor over what
    the kernel gives it."""
    a, b = two(bench)
    transfer = Transfer(bench, a.namespace, b.namespace, B4, 50000, 50000)
    wait_for(lambda: a.status()["from-line"]["bytes"] > 8000, 120, "traffic")
    seen = samples(start_samples(bench, a.device, 2000))
    transfer.finish()
    assert seen["samples"] > 10, seen
    assert 0 < seen["max"] <= 4096, seen
    assert_unharmed(a, b)


def test_ipv6_and_large_packets(bench):
    a, b = two(bench)
    a.namespace.wait_ping(B6)
    # Above the MTU: fragments.
    assert answered(a.namespace.run, "-s4000", B4)
    assert answered(b.namespace.run, "-s2000", "fd00:64:0::1")


@pytest.mark.parametrize("bits, port, seen", [
    (12, {"parity": "even", "stop_bits": 2},
     {"parity": "even", "stop_bits": "2", "rtscts": "0"}),
    (11, {"parity": "odd", "flow": "rtscts"},
     {"parity": "odd", "stop_bits": "1", "rtscts": "1"}),
], ids=["8E2", "8O1-rtscts"])
def test_parity_stop_bits_and_flow_control(bench, bits, port, seen):
    bench.cable.set("isa", bits=bits)
    a, b = two(bench, port=port)
    for r in (a, b):
        found = peek(bench.guest, r.device)
        assert {k: found[k] for k in seen} == seen, found
        # DTR stays up over close and open: no Arduino is reset.
        assert (found["hupcl"], found["dtr"]) == ("0", "1"), found
        assert not re.search("no parity|no RTS", r.log()), r.log()
    a.namespace.wait_ping(B4)


def test_rates_are_what_the_driver_keeps(bench):
    """Exact ones, odd ones, and one above the hardware's."""
    first = both()[0]
    for baud, kept in ((9600, 9600), (57600, 57600), (115200, 115200),
                       (14400, 14400), (76800, 76800)):
        r = router(bench, ISA, first, baud)
        r.wait_up()
        assert r.status()["baud"] == str(kept)
        assert peek(bench.guest, r.device)["baud"] == str(kept)
        assert "cannot do" not in r.log()
        bench.take(r)
    r = router(bench, ISA, first, 921600)
    r.wait_up()
    kept = int(peek(bench.guest, r.device)["baud"])
    assert 0 < kept <= 115200
    assert r.status()["baud"] == str(kept)
    assert "/dev/ttyS1 cannot do 921600 baud, the driver made it %d" % kept \
        in r.log()


def test_a_faster_clock_gives_higher_rates(bench):
    """As a card with a clock for 921600 has."""
    bench.on_close("setserial /dev/ttyS1 baud_base 115200;"
                   "setserial /dev/ttyS4 baud_base 115200")
    bench.guest.shell("setserial /dev/ttyS1 baud_base 921600 &&"
                      "setserial /dev/ttyS4 baud_base 921600")
    bench.cable.set("isa", baud=460800, txbuf=128)
    a, b = two(bench, baud=460800)
    for r in (a, b):
        assert peek(bench.guest, r.device)["baud"] == "460800"
        assert "cannot do" not in r.log()
    Transfer(bench, a.namespace, b.namespace, B4, 40000, 40000).finish()
    assert_unharmed(a, b)


def test_a_line_with_losses_is_counted_and_survived(bench):
    bench.cable.set("isa", drop=0.0001)
    a, b = two(bench)
    Transfer(bench, a.namespace, b.namespace, B4, 15000, 15000).finish()
    assert any(damaged(r.status()) for r in (a, b))


def test_the_second_daemon_on_a_port_waits_for_it(bench):
    first = router(bench, ISA, both()[0])
    first.wait_up()
    second = router(bench, ISA, both()[0])
    second.wait_state("BACKOFF")
    said = second.status()["last-error"]
    assert "/dev/ttyS1 is in use by" in said, said
    assert "(pid %d)" % first.pump() in said, said
    assert first.state() == "UP"
    bench.take(first)
    second.wait_up()


def test_the_port_of_the_console_is_refused(bench):
    r = router(bench, "ttyS0", both()[0])
    r.wait_state("BACKOFF")
    said = r.status()["last-error"]
    assert "/dev/ttyS0" in said and "console" in said, said
    # Nor by another name.
    bench.guest.shell("ln -sf /dev/ttyS0 /tmp/port")
    r = router(bench, "../tmp/port", both()[0])
    r.wait_state("BACKOFF")
    assert "console" in r.status()["last-error"]
    assert not re.search(r"OPENING -> UP", r.log())


@pytest.mark.parametrize("rate_error", [-3, 8])
def test_a_line_that_is_not_as_fast_as_its_name(bench, rate_error):
    bench.cable.set("isa", rate_error=rate_error)
    a, b = two(bench)
    Transfer(bench, a.namespace, b.namespace, B4, 20000, 20000).finish()
    assert_unharmed(a, b)
    assert answered(a.namespace.run, B4)
    assert answered(b.namespace.run, A4)

"""A USB adapter that is unplugged and plugged in again."""

from pair import A4, B4, Transfer, router
from router import both
from wait import wait_for

CYCLES = 20


def test_absent_at_the_start(bench, adapter):
    r = router(bench, "ttyUSB0", both()[0])
    r.wait_state("ABSENT")
    assert r.status()["pump"] == "0"
    other = router(bench, "ttyS7", both()[1])
    adapter.plug_usb()
    r.wait_up()
    r.namespace.wait_ping(B4)
    Transfer(bench, r.namespace, other.namespace, B4, 20000, 20000).finish()
    assert r.log().count("no such port") <= 1, r.log()


def test_twenty_replugs_under_traffic(bench, adapter):
    """The name stays; so do interface, index, addresses, descriptors and the
    peer; the log says what happened and no more."""
    adapter.plug_usb()
    r = router(bench, "ttyUSB0", both()[0], args=())
    other = router(bench, "ttyS7", both()[1])
    r.wait_up()
    other.wait_up()
    n = r.namespace
    n.wait_ping(B4)
    bench.keep(n.start("ping", "-n", "-q", "-i0.2", B4))
    bench.keep(other.namespace.start("ping", "-n", "-q", "-i0.2", A4))

    def look():
        return n.index("sl0"), n.addresses("sl0")

    def descriptors():
        return bench.guest.shell("ls /proc/%d/fd | wc -l" % r.pid)

    before, fds, since = look(), None, r.mark()
    for cycle in range(CYCLES):
        received = r.status()["from-line"]["packets"]
        adapter.unplug_usb()
        r.wait_state("ABSENT")
        if cycle in (0, CYCLES - 1):
            assert not n.carrier("sl0") and look() == before
        adapter.plug_usb()
        r.wait_up()
        wait_for(lambda: r.status()["from-line"]["packets"] > received, 120,
                 "traffic after replug %d" % cycle)
        # What is made once, at the first need, is no leak.
        fds = fds or descriptors()
    assert descriptors() == fds
    assert look() == before
    assert not bench.guest.exists("/dev/ttyUSB1")
    assert other.state() == "UP" and other.status()["restarts"] == "0"
    said = r.said(since)
    assert len(said) <= 3 * CYCLES, "\n".join(said)

"""The kernel's own SLIP, by slattach, as the peer."""

import json

import pytest

from pair import A4, B4, END_ESC, Transfer, answered, assert_unharmed
from pair import router
from slattach import MINE, OURS, Slattach, slip
from wait import wait_for


@pytest.mark.parametrize("mtu", [296, 1500])
def test_all_sizes_and_bytes_pass(bench, mtu):
    """END and ESC, fragments, TCP both ways at once."""
    r, peer = slip(bench, mtu)
    n = r.namespace
    n.wait_ping(B4)
    # One fragmented packet at a time: each takes a second of the line.
    for size, pause in ((16, 0.2), (255, 0.2), (mtu - 28, 0.2), (3 * mtu, 2)):
        options = "-i", pause, "-s", size, "-p", END_ESC
        assert answered(n.run, *options, B4)
        assert answered(bench.guest.run, *options, A4)
    Transfer(bench, n, None, B4, 20000, 20000).finish()
    assert_unharmed(r)
    received = peer.counters()["rx"]
    assert received["errors"] <= 1 + received["packets"] / 50, received


def test_iperf_both_ways(bench):
    """Neither end starves the other, however slow the machine is."""
    r, _ = slip(bench, 1500)
    r.namespace.wait_ping(B4)
    bench.start("iperf3", "-s", "-1")
    bench.guest.shell("until ss -ltn | grep -q 5201; do sleep 0.1; done")
    out = r.namespace.run("iperf3", "-c", B4, "--bidir", "-C", "cubic",
                          "-t", 8, "-J", "--connect-timeout", 60000)
    end = json.loads(out)["end"]
    there, back = (end[key]["bits_per_second"] for key in (
        "sum_received", "sum_received_bidir_reverse"))
    print("kernel SLIP: %.0f bit/s there, %.0f back" % (there, back))
    assert min(there, back) > 92160 / 20, (there, back)
    assert_unharmed(r)


def test_slattach_ends_and_starts_again(bench):
    """Nothing of that is seen on the line: the link stays up."""
    r, peer = slip(bench, 576)
    pump, index = r.pump(), r.namespace.index("sl0")
    for _ in range(2):
        peer.end()
        # Into the void.
        r.namespace.ping("-c3", "-i0.2", "-W1", B4)
        peer.start()
        r.namespace.wait_ping(B4)
    assert r.pump() == pump and r.namespace.index("sl0") == index
    assert r.state() == "UP"
    assert_unharmed(r)


def test_line_fill_and_keepalive(bench):
    """Both ends fill a silent line with bare ENDs (slattach -o, and
    liveness.interval_s here), so that neither takes it for dead (-k,
    liveness.timeout_s); a line that is dead both of them find out."""
    r = router(bench, OURS, MINE, mtu=576,
               liveness={"interval_s": 1, "timeout_s": 20})
    r.wait_up()
    peer = Slattach(bench, 576, "-o", 1, "-k", 8)
    r.namespace.wait_ping(B4)
    before, line = r.status(), bench.cable.stat("pci")

    def filled():
        now = bench.cable.stat("pci")
        return all(now[k] >= line[k] + 20 for k in ("a_sent", "b_sent"))

    wait_for(filled, 120, "ENDs both ways", every=0.2)
    assert peer.exists() and peer.process.poll() is None
    after = r.status()
    assert after["to-line"]["fills"] > before["to-line"]["fills"]
    # A late echo or two besides: what filled the line was no frames.
    for part, key in (("to-line", "packets"), ("from-line", "frames")):
        assert after[part][key] <= before[part][key] + 3, (before, after)
    assert after["silent"] == "no" and r.namespace.carrier("sl0")
    bench.cable.set("pci", drop=1)
    wait_for(lambda: not peer.exists(), 120, "kernel SLIP to hang up",
             every=0.2)
    r.wait_state("UP", silent="yes")
    assert not r.namespace.carrier("sl0")
    bench.cable.set("pci", drop=0)
    peer.process.kill()
    peer.process.wait()
    peer.start()
    r.wait_state("UP", silent="no")
    r.namespace.wait_ping(B4)

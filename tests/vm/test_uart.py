"""serial-routerd against itself on 16550s, through libserialport."""

import re

from router import both, link


def two(bench, pair="isa", baud=115200, port=None, **more):
    """Two routers, a line between them; both up."""
    ttys = bench.guest.machine.PAIRS[pair]
    found = []
    for tty, addresses in zip(ttys, both()):
        n = bench.namespace()
        found.append(bench.router(n, [link(
            "sl0", "/dev/" + tty, baud, port, addresses=addresses, **more)]))
    for r in found:
        r.wait_up()
    return found


def test_a_link_carries_pings(bench):
    a, b = two(bench)
    a.namespace.wait_ping("10.64.0.2")
    assert a.namespace.ping("-c5", "-i0.2", "-W10", "10.64.0.2") == 5
    assert b.namespace.ping("-c5", "-i0.2", "-W10", "-s1400",
                            "fd00:64:0::1") == 5
    assert re.search("115200", a.log())

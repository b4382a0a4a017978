"""Each key changed while its link is up, and seen where it takes effect."""

import os
import re

import pytest

from cable import END, frame, unframe
from control import show
from lab import A4, B4
from packets import udp4
from router import link
from rtnl import Listener
from test_interface import owner
from wait import holds_for, wait_for

PEER = [{"local": A4, "peer": B4}]
MAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                   os.pardir, "doc", "serial-router.conf.5.in")
# Not of one link, or tried elsewhere: adapters in test_plan, and where there
# are some; what makes another link, in test_reload.py.
ELSEWHERE = {"user", "group", "links", "name", "interface.name", "port.usb",
             "control.path", "control.group", "control.admins"}


def test_each_key_is_tried_here():
    with open(MAN) as f:
        keys = re.findall(r"^\.It Ic (\S+)$", f.read(), re.M)
    with open(__file__) as f:
        tried = f.read()
    assert len(keys) > 30
    for key in keys:
        group, name = key.rpartition(".")[::2]
        if key in ELSEWHERE or "[]" in key or group == "port.usb":
            continue
        wanted = [x % key for x in ('"%s', ", %s", "(%s)", "(%s,")]
        if group == "port":
            wanted.append('("%s", ' % name)
        assert any(x in tried for x in wanted), key


class Changing:
    """A link that changes, and one that does not."""

    def __init__(self, lab):
        self.line, self.other = lab.line("line"), lab.line("other")
        self.spare = lab.line("spare")
        self.n = lab.namespace()
        self.still = link("still", self.other.path,
                          addresses=[{"local": "10.64.9.1",
                                      "peer": "10.64.9.2"}])
        self.r = lab.router(self.n, [self.make(), self.still])
        self.r.wait_up()
        self.listener = Listener(self.n)

    def make(self, **more):
        more.setdefault("device", self.line.path)
        more.setdefault("addresses", PEER)
        return link("sl0", **more)

    def change(self, how, key, **more):
        """Reloads with these settings besides the usual ones."""
        still = self.r.status("still")
        self.listener.take()
        said = self.r.reload([self.make(**more), self.still])
        assert "sl0: reload: %s (%s)" % (how, key) in said, said
        self.r.wait_up()
        assert self.n.index("still") not in self.listener.named()
        after = self.r.status("still")
        for name in ("pump", "restarts", "state"):
            assert still[name] == after[name]

    def live(self, key, **more):
        before = self.r.status("sl0")
        self.change("live", key, **more)
        after = self.r.status("sl0")
        assert before["pump"] == after["pump"]
        assert after["state"] == "UP" and after["degraded"] == "no"

    def pump(self, key, **more):
        before = self.r.status("sl0")
        index = self.n.index("sl0")
        self.change("pump", key, **more)
        assert before["pump"] != self.r.status("sl0")["pump"]
        assert self.n.index("sl0") == index


@pytest.fixture(scope="module")
def s(shared):
    """Every test leaves it with the usual settings, but for its own key."""
    made = Changing(shared)
    yield made
    made.listener.close()


@pytest.fixture
def usual(s):
    yield s
    s.r.reload([s.make(), s.still])
    s.r.wait_up()


def test_mtu(usual):
    usual.live("interface.mtu", mtu=777)
    assert usual.n.link("sl0")["mtu"] == 777


def test_txqueuelen(usual):
    usual.live("interface.txqueuelen", txqueuelen=77)
    assert usual.n.link("sl0")["txqlen"] == 77


def test_addresses(usual):
    usual.live("interface.addresses",
               addresses=["10.70.0.1/24", "fd00:70::1/64"])
    found = {a for a in usual.n.addresses("sl0")
             if not a.startswith("fe80:")}
    assert found == {"10.70.0.1/24", "fd00:70::1/64"}
    usual.live("interface.addresses", addresses=["10.70.0.1/24"])
    # Without IPv6 in the file there is none.
    assert usual.n.addresses("sl0") == {"10.70.0.1/24"}


def test_an_address_that_stays_is_not_touched(usual):
    usual.live("interface.addresses", addresses=["10.71.0.1/24"] + PEER)
    usual.listener.take()
    usual.r.reload([usual.make(addresses=PEER), usual.still])
    assert usual.n.addresses("sl0") == {A4 + " " + B4 + "/32"}
    told = [kind for kind, _ in usual.listener.take() if "ADDR" in kind]
    assert told == ["DELADDR"]


def test_routes(usual):
    usual.live("interface.routes", routes=["10.65.0.0/16", "10.66.0.0/16"])
    assert usual.n.destinations("dev", "sl0", "proto", "83") == {
        "10.65.0.0/16", "10.66.0.0/16"}
    usual.live("interface.routes",
               routes=["10.66.0.0/16", {"to": "default", "metric": 9}])
    assert usual.n.destinations("dev", "sl0", "proto", "83") == {
        "10.66.0.0/16", "default"}


def test_routes_outlive_a_change_of_the_address(usual):
    usual.live("interface.routes", routes=["10.65.0.0/16"])
    usual.live("interface.addresses", routes=["10.65.0.0/16"],
               addresses=["10.73.0.1/24"])
    assert usual.n.destinations("dev", "sl0", "proto", "83") == {
        "10.65.0.0/16"}


def test_forwarding(usual):
    usual.live("interface.forwarding", forwarding=True)
    assert usual.n.sysctl("ipv4/conf/sl0/forwarding") == "1"
    usual.live("interface.forwarding", forwarding=False)
    assert usual.n.sysctl("ipv4/conf/sl0/forwarding") == "0"


def test_rp_filter(usual):
    usual.live("interface.rp_filter", rp_filter="strict")
    assert usual.n.sysctl("ipv4/conf/sl0/rp_filter") == "1"
    usual.live("interface.rp_filter", rp_filter="off")
    assert usual.n.sysctl("ipv4/conf/sl0/rp_filter") == "0"


def test_ignore_linkdown(usual):
    usual.live("interface.ignore_linkdown", ignore_linkdown=True)
    name = "ipv4/conf/sl0/ignore_routes_with_linkdown"
    assert usual.n.sysctl(name) == "1"


def test_owner_and_group(usual):
    usual.live("interface.owner, interface.group", owner=1, group=65533)
    assert owner(usual.n) == ("1", "65533")
    usual.live("interface.owner", owner=2, group=65533)
    assert owner(usual.n) == ("2", "65533")


def test_persist(usual):
    usual.live("interface.persist", persist=False)
    assert not usual.n.link("sl0")["linkinfo"]["info_data"]["persist"]
    usual.live("interface.persist", persist=True)
    assert usual.n.link("sl0")["linkinfo"]["info_data"]["persist"]


def test_leading_end(usual):
    usual.live("framing.leading_end", framing={"leading_end": "always"})
    sock = usual.n.bound(A4)
    for payload in (b"one", b"two"):
        usual.line.read()
        sock.sendto(payload, (B4, 9))
        got = usual.line.read_until(lambda b: payload in b and b[-1:] == b"\xc0")
        assert got[:1] == b"\xc0"
    usual.live("framing.leading_end", framing={"leading_end": "never"})
    sock.sendto(b"three", (B4, 9))
    got = usual.line.read_until(lambda b: b"three" in b and b[-1:] == b"\xc0")
    assert got[:1] != b"\xc0"
    sock.close()


def test_retry(usual):
    """A link in BACKOFF does not wait for the old time."""
    long = {"first_ms": 600000, "max_ms": 600000}
    usual.r.reload([usual.make(device="/dev/null", retry=long), usual.still])
    usual.r.wait_state("BACKOFF", "sl0")
    holds_for(lambda: usual.r.state("sl0") == "BACKOFF", 0.5,
              "it waits for ten minutes")
    before = int(usual.r.status("sl0")["restarts"])
    said = usual.r.reload([usual.make(device="/dev/null"), usual.still])
    assert "sl0: reload: live (retry.first_ms, retry.max_ms)" in said
    wait_for(lambda: int(usual.r.status("sl0")["restarts"]) > before, 20,
             "another try")


def bad_udp(payload):
    """With a UDP checksum that is wrong."""
    packet = udp4(B4, A4, payload)
    return packet[:26] + b"\x12\x34" + packet[28:]


def test_receive_check(usual):
    before = usual.r.status("sl0")["from-line"]
    usual.line.write(END + frame(bad_udp(b"damaged")))

    def counted(key, more):
        return usual.r.status("sl0")["from-line"][key] >= before[key] + more

    wait_for(lambda: counted("dropped-payload-checksum", 1)
             or counted("dropped-noise", 1), 20, "a drop")
    usual.live("receive.check", receive={"check": "header"})
    before = usual.r.status("sl0")["from-line"]
    usual.line.write(END + frame(bad_udp(b"damaged")))
    wait_for(lambda: counted("packets", 1), 20, "it is let through")


def test_queue_pace(usual):
    """Ten packets take 24 s of a line with 1200 baud."""
    slow = {"baud": 1200, "mtu": 296}
    usual.pump("port.baud, interface.mtu", **slow)
    usual.line.read()
    sock = usual.n.bound(A4)
    for n in range(10):
        sock.sendto(b"%d" % n + bytes(260), (B4, 9))
    usual.live("queue.pace", queue={"pace": False}, **slow)
    usual.line.read_until(lambda got: got.count(bytes(260)) == 10, 15)
    sock.close()


def test_queue_limit_ms(usual):
    before = show(usual.r)["queue"]["limit_bytes"]
    usual.live("queue.limit_ms", queue={"limit_ms": 10000})
    wait_for(lambda: show(usual.r)["queue"]["limit_bytes"] == 5 * before, 20,
             "five times the bound")


def test_liveness_interval(usual):
    usual.line.read()
    usual.live("liveness.interval_s", liveness={"interval_s": 1})
    assert set(usual.line.read_until(lambda got: len(got) >= 2)) == {0xc0}


def test_liveness_timeout(usual):
    usual.live("liveness.interval_s, liveness.timeout_s",
               liveness={"interval_s": 1, "timeout_s": 2})
    wait_for(lambda: not usual.n.carrier("sl0"), 20, "no carrier")
    usual.r.reload([usual.make(), usual.still])
    wait_for(lambda: usual.n.carrier("sl0"), 20, "a carrier again")


def test_liveness_probe(usual):
    usual.line.read()
    usual.live("liveness.interval_s, liveness.probe",
               liveness={"interval_s": 1, "probe": B4})
    # An echo request, of IPv4.
    usual.line.read_until(
        lambda got: any(p[:1] == b"\x45" and p[9:10] == b"\x01"
                        for p in unframe(got)))


def test_enabled(usual):
    index = usual.n.index("sl0")
    said = usual.r.reload([usual.make(enabled=False), usual.still])
    assert "sl0: reload: live (enabled)" in said
    usual.r.wait_state("DOWN", "sl0")
    wait_for(usual.line.is_free, 20, "the port is free")
    assert usual.n.index("sl0") == index
    assert not usual.n.carrier("sl0")
    usual.r.reload([usual.make(), usual.still])
    usual.r.wait_up()
    assert usual.n.index("sl0") == index


@pytest.mark.parametrize("key,port", [
    ("parity", "even"), ("stop_bits", 2), ("flow", "rtscts"),
    ("settle_ms", 1), ("low_latency", False), ("dtr", "on"), ("rts", "off")])
def test_the_port(usual, key, port):
    usual.pump("port." + key, port={key: port})


def test_baud(usual):
    usual.pump("port.baud", baud=460800)
    assert usual.r.status("sl0")["baud"] == "460800"


def test_device(usual):
    usual.pump("port.device", device=usual.spare.path)
    assert usual.r.status("sl0")["port"] == usual.spare.node


def test_what_was_set_by_hand_stays_where_the_file_does_not_change_it(usual):
    usual.n.ip("link", "set", "sl0", "txqueuelen", "33")
    usual.n.ip("address", "add", "10.99.0.1/32", "dev", "sl0")
    usual.live("interface.mtu", mtu=1400)
    assert usual.n.link("sl0")["mtu"] == 1400
    assert usual.n.link("sl0")["txqlen"] == 33
    assert "10.99.0.1/32" in usual.n.addresses("sl0")
    usual.live("interface.addresses", mtu=1400, addresses=PEER + ["10.98.0.1/32"])
    assert {"10.99.0.1/32", "10.98.0.1/32"} <= usual.n.addresses("sl0")
    usual.n.ip("address", "del", "10.99.0.1/32", "dev", "sl0")
    usual.n.ip("link", "set", "sl0", "txqueuelen", "500")


def test_packets_pass_while_everything_changes(usual):
    """Frames that were on their way come out whole."""
    sock = usual.n.bound(A4)
    sock.connect((B4, 9))
    usual.line.read()
    for n in range(10):
        sock.send(b"packet %d" % n)
        usual.r.reload([usual.make(mtu=1000 + n, txqueuelen=100 + n),
                        usual.still])
    got = usual.line.read_until(lambda b: b"packet 9" in b)
    for n in range(10):
        assert b"packet %d" % n in got
    sock.close()

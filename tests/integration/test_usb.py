"""Ports that are found by what their USB adapter is."""

import os
import re

import pytest

import control
from cable import frame
from lab import A4, B4
from packets import udp4
from router import Router, link
from sysfs import Adapter, Bus, usb_link
from wait import cpu_share, wait_for

UNO = "75330303035351F0B1C1"


@pytest.fixture
def bus(lab):
    return Bus(lab.directory)


def adapter(lab, bus, place, **what):
    return lab.keep(Adapter(lab, bus, place, **what))


def uno(lab, bus, place="1-1.2", serial=UNO):
    return adapter(lab, bus, place, vendor=0x2341, product=0x0043,
                   serial=serial, driver="cdc_acm")


def ch340(lab, bus, place="1-1.4"):
    return adapter(lab, bus, place, vendor=0x1a86, product=0x7523,
                   driver="ch341-uart")


def router(lab, bus, links, n=None, **kwargs):
    return lab.router(n or lab.namespace(), links, wrap=bus.wrap, **kwargs)


def has(r, name, line):
    """The link is up on that line."""
    s = r.status(name)
    return s["state"] == "UP" and s["port"] == line.node


def wait_has(r, name, line):
    wait_for(lambda: has(r, name, line), what="%s on %s" % (name, line.node),
             every=0.05)


def test_adapters_come_back_under_other_names(lab, bus):
    """By serial number and by place, with the old nodes held open."""
    a, b = uno(lab, bus), ch340(lab, bus)
    r = router(lab, bus, [usb_link("byid", serial=UNO),
                          usb_link("byplace", path="1-1.4")])
    for name in ("byid", "byplace"):
        r.wait_state("ABSENT", name)
    away = "USB adapter with serial %s is not there; waiting" % UNO
    r.wait_log("^byid: " + away)
    assert control.show(r, "byid")["reason"].startswith(away)
    names, held = ["ttyUSB0", "ttyUSB1", "ttyUSB2"], []
    for turn in range(5):
        one, two = names[turn % 3], names[(turn + 1) % 3]
        a.plug(one)
        b.plug(two)
        wait_has(r, "byid", a.line)
        wait_has(r, "byplace", b.line)
        for line in (a.line, b.line):
            held.append(os.open(line.path, os.O_RDWR | os.O_NOCTTY))
        a.pull()
        b.pull()
        for name in ("byid", "byplace"):
            r.wait_state("ABSENT", name)
    for fd in held:
        os.close(fd)


def test_an_adapter_in_another_socket_is_found_by_its_serial_number(lab, bus):
    a = uno(lab, bus)
    r = router(lab, bus, [usb_link("sl0", serial=UNO)])
    a.plug("ttyACM0")
    wait_has(r, "sl0", a.line)
    a.pull()
    a.place = "2-1"
    a.plug("ttyACM0")
    wait_has(r, "sl0", a.line)


def test_another_adapter_is_left_alone(lab, bus):
    mine, other = uno(lab, bus), uno(lab, bus, "1-1.3", serial="OTHER")
    r = router(lab, bus, [usb_link("sl0", vendor=0x2341, serial=UNO)])
    other.plug("ttyACM0")
    # It may be the one, is tried once, and then not again.
    wait_for(lambda: "OPENING -> CLOSING" in r.log())
    r.wait_state("ABSENT")
    assert other.line.is_free()
    tries = r.log().count("-> OPENING")
    mine.plug("ttyACM1")
    wait_has(r, "sl0", mine.line)
    assert r.log().count("-> OPENING") <= tries + 2
    assert other.line.is_free()


def test_two_ports_that_one_link_asks_for_are_named(lab, bus):
    one, two = uno(lab, bus), uno(lab, bus, "1-1.3", serial="OTHER")
    one.plug("ttyACM0")
    two.plug("ttyACM1")
    r = router(lab, bus, [usb_link("sl0", vendor=0x2341,
                                   interface={"retry": {"first_ms": 60000,
                                                        "max_ms": 60000}})])
    s = r.wait_state("BACKOFF")
    assert "ttyACM0" in s["last-error"] and "ttyACM1" in s["last-error"]
    assert one.line.is_free() and two.line.is_free()
    # The other one is enough, and no back-off is waited for.
    one.pull()
    wait_has(r, "sl0", two.line)


def test_a_port_that_two_links_ask_for_is_named_with_both(lab, bus):
    a = uno(lab, bus)
    a.plug("ttyACM0")
    r = router(lab, bus, [usb_link("byid", serial=UNO),
                          usb_link("byplace", path="1-1.2")])
    for name in ("byid", "byplace"):
        s = r.wait_state("BACKOFF", name)
        for what in ("link byid", "link byplace", "--list-ports"):
            assert what in s["last-error"]
    assert a.line.is_free()
    a.pull()
    for name in ("byid", "byplace"):
        r.wait_state("ABSENT", name)
    a.place = "1-1.5"
    a.plug("ttyACM0")
    wait_has(r, "byid", a.line)
    assert r.state("byplace") == "ABSENT"


def test_a_port_by_its_path_is_no_other_links_adapter(lab, bus):
    a = uno(lab, bus)
    a.plug("ttyACM0")
    r = router(lab, bus, [link("bypath", "/dev/ttyACM0", 115200),
                          usb_link("byid", serial=UNO)])
    s = r.wait_state("BACKOFF", "byid")
    assert "link bypath" in s["last-error"]


def test_an_adapter_whose_node_is_somebody_elses_is_not_opened(lab, bus):
    """As where the device goes between finding and opening, and its name is
    another's."""
    a = uno(lab, bus)
    other = lab.line("other")
    a.plug("ttyACM0")
    os.unlink(os.path.join(bus.dev, "ttyACM0"))
    os.symlink(other.node, os.path.join(bus.dev, "ttyACM0"))
    r = router(lab, bus, [usb_link("sl0", serial=UNO)])
    s = r.wait_state("ABSENT")
    wait_for(lambda: "is not the node of device" in r.status()["last-error"])
    assert other.is_free()
    assert s["pump"] == "0"


def test_an_adapter_without_a_node_is_waited_for(lab, bus):
    a = uno(lab, bus)
    a.plug("ttyACM0")
    node = os.path.join(bus.dev, "ttyACM0")
    os.rename(node, node + ".away")
    r = router(lab, bus, [usb_link("sl0", serial=UNO)])
    r.wait_state("ABSENT")
    os.rename(node + ".away", node)
    wait_has(r, "sl0", a.line)


def test_without_sys_an_adapter_is_not_there_and_a_path_is(lab, bus):
    line = lab.line()
    script = "mount -t tmpfs none /sys && exec \"$@\""
    r = lab.router(lab.namespace(), [usb_link("sl0", serial=UNO),
                                     link("sl1", line.path)],
                   wrap=("sh", "-c", script, "sh"))
    r.wait_state("ABSENT", "sl0")
    r.wait_up("sl1")


def test_what_an_adapter_says_reaches_no_terminal(lab, bus):
    evil = b"\x1b[2J\x01\xc3\x28\"\\;"
    a = adapter(lab, bus, "1-1.2", serial=evil,
                says={"manufacturer": evil, "product": evil})
    a.plug("ttyUSB0")
    text = list_ports(lab, bus)
    assert re.fullmatch(r"[\t\n -~]*", text)
    r = pasted(lab, bus, whole_file(text))
    wait_has(r, "line0", a.line)
    assert re.fullmatch(r"[\t\n -~]*", r.log())


def test_what_an_arduino_cannot_do_is_told_once(lab, bus):
    a = uno(lab, bus)
    r = router(lab, bus, [usb_link("sl0", baud=460800, serial=UNO)])
    for turn in range(3):
        a.plug("ttyACM%d" % turn)
        wait_has(r, "sl0", a.line)
        a.pull()
        r.wait_state("ABSENT")
    said = [x for x in r.said() if "makes 500000 baud of 460800" in x]
    assert len(said) == 1 and "115200" in said[0]


def list_ports(lab, bus, conf=None):
    n = lab.namespace()
    args = ("--list-ports", "-c", conf or "/nonexistent")
    return n.run(*bus.wrap, os.environ["SERIAL_ROUTERD"], *args)


def whole_file(text):
    return text[text.index("\nlinks = ("):]


def port_groups(text):
    """Node -> the group to paste."""
    found = {}
    for part in text.split("\n\n"):
        m = re.match(r"(/dev/\S+)\n(?:.*\n)*\t(port = .*)", part)
        if m:
            found[m.group(1)] = m.group(2)
    return found


class Pasted(Router):
    """A daemon whose file is what somebody pasted."""

    def __init__(self, *args, text, **kwargs):
        self.text = text
        super().__init__(*args, **kwargs)

    def configure(self, links):
        with open(self.file, "w") as f:
            f.write(self.text)

    def _names(self):
        return ["line0"]


def pasted(lab, bus, text):
    r = lab.keep(Pasted(lab.namespace(), lab.directory, [], text=text,
                        wrap=bus.wrap))
    lab.routers.append(r)
    return r


def test_two_adapters_and_their_list_make_a_working_pair(lab, bus):
    """A new user has nothing but what is printed."""
    cable = lab.cable("baud=115200")
    bus.plug("ttyACM0", cable.a[0], "1-1.2", 0x2341, 0x0043, UNO, "cdc_acm")
    bus.plug("ttyUSB0", cable.b[0], "1-1.4", 0x1a86, 0x7523, None,
             "ch341-uart")
    text = list_ports(lab, bus)
    groups = port_groups(text)
    assert set(groups) == {"/dev/ttyACM0", "/dev/ttyUSB0"}
    first = whole_file(text)
    assert groups["/dev/ttyACM0"] in first
    second = first.replace(groups["/dev/ttyACM0"], groups["/dev/ttyUSB0"])
    second = second.replace(A4, "x").replace(B4, A4).replace("x", B4)
    made = []
    for conf in (first, second):
        made.append(pasted(lab, bus, conf))
    for r in made:
        r.wait_up()
    made[0].namespace.wait_ping(B4)
    made[1].namespace.wait_ping(A4)
    text = list_ports(lab, bus, made[0].file)
    assert text.count("link: line0") == 1 and text.count("link: none") == 1


def test_the_list_opens_nothing(lab, bus):
    line = lab.line()
    bus.plug("ttyUSB0", line.path, "1-1")
    trace = os.path.join(lab.directory, "trace")
    n = lab.namespace()
    n.run(*bus.wrap, "strace", "-f", "-qq", "-e", "trace=open,openat",
          "-o", trace, os.environ["SERIAL_ROUTERD"], "--list-ports", "-c",
          "/nonexistent",
          # It cannot look for leaks while it is traced.
          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    with open(trace, errors="replace") as f:
        opened = re.findall(r'"(/dev/[^"]*)"', f.read())
    assert not [x for x in opened if "tty" in x or "pts" in x], opened


def test_many_absent_adapters_cost_nothing(lab, bus):
    """Not even with one plugged in that may be any of them."""
    other = uno(lab, bus, serial="OTHER")
    other.plug("ttyACM0")
    r = router(lab, bus, [usb_link("sl%d" % i, serial="S%d" % i)
                          for i in range(64)], args=())
    wait_for(lambda: all(s["state"] == "ABSENT" and s["pump"] == "0" for s in
                         r.snapshot().values()), every=0.1)
    wait_for(lambda: cpu_share(r.pid, 3) < 0.0015, 30, "an idle daemon")


def test_control_lines_of_a_pty_are_a_warning(lab):
    line = lab.line()
    r = lab.router(lab.namespace(), [link("sl0", line.path, port={
        "dtr": "pulse", "rts": "off"})])
    r.wait_up()
    r.wait_log("^sl0: %s has no DTR and RTS to set" % line.node)
    # The link works all the same.
    line.write(frame(udp4(B4, A4, b"x"), leading_end=True))
    wait_for(lambda: r.status()["from-line"]["packets"] == 1)

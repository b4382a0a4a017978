"""Ports found by what they are: a USB adapter that comes back under another
name, since its old node is held; and the control lines of a UART."""

import re
import statistics

import pytest

from router import both, link
from wait import wait_for

# Half of what is to be shown for each way to find it.
CYCLES = 10

# From the node's return to the first packet, in the guest's own time.
FIRST_PACKET_S = 1
MARGIN = 3

SERIAL, PEER = "SR0001", "ttyS7"

WATCH = """
while [ ! -e /dev/{name} ]; do sleep 0.02; done
read begin rest </proc/uptime
read before </sys/class/net/sl0/statistics/rx_packets
now=$before
while [ "$now" = "$before" ]; do
	sleep 0.02
	read now </sys/class/net/sl0/statistics/rx_packets
done
read end rest </proc/uptime
echo $begin $end
"""


def names(guest):
    return set(guest.shell("ls /dev | grep ttyUSB || :").split())


@pytest.fixture
def adapter(bench):
    """Pulled out before and after."""
    machine, guest = bench.guest.machine, bench.guest

    def pull():
        if names(guest):
            machine.unplug_usb()
        wait_for(lambda: not names(guest), 120, "the adapter to go", every=0.1)

    pull()
    yield machine
    if machine.is_alive():
        pull()


def plugged(bench, machine, expect=None):
    """Plugs it in, always into the same socket; the name that it got."""
    machine.monitor.tell(
        "device_add", driver="usb-serial", id="usb0", bus="xhci.0", port="2",
        serial=SERIAL, chardev=machine.uarts["ttyUSB0"].chardev)
    machine.usb = True
    found = wait_for(lambda: names(bench.guest), 120, "the adapter", every=0.1)
    assert len(found) == 1 and expect in (None, *found), found
    return found.pop()


def listed(bench):
    return bench.guest.run("serial-routerd", "--list-ports", "-c", "/none")


def usb_router(bench, addresses, **match):
    made = link("sl0", "", 115200, {"usb": match}, addresses=addresses)
    del made["port"]["device"]
    return bench.router(bench.namespace(), [made])


def test_the_list_names_the_adapter_and_the_uarts(bench, adapter):
    name = plugged(bench, adapter)
    text = listed(bench)
    part = text[text.index("/dev/%s\n" % name):].split("\n\n")[0]
    assert "\tdriver: ftdi_sio\n" in part
    assert "\tserial: %s\n" % SERIAL in part
    assert re.search(r"\tplace: \d+-\d+\n", part)
    assert "port = { usb = { vendor = 0x0403; product = 0x6001; serial = " \
        '"%s"; }; baud = 115200; };' % SERIAL in part
    for tty in ("ttyS1", "ttyS4", "ttyS7"):
        assert "/dev/%s\n\tdriver: serial" % tty in text
    # No hardware, and the console.
    assert "/dev/ttyS15" not in text
    assert "the kernel's console" in text.split("/dev/ttyS1\n")[0]


@pytest.mark.parametrize("by", ["serial", "path"])
def test_an_adapter_is_found_under_another_name(bench, adapter, by):
    guest = bench.guest
    name = plugged(bench, adapter)
    place = re.search(r"\tplace: (\S+)\n", listed(bench)).group(1)
    match = {"serial": SERIAL} if by == "serial" else {"path": place}
    a = usb_router(bench, both()[0], **match)
    b = bench.router(bench.namespace(), [
        link("sl0", "/dev/" + PEER, 115200, addresses=both()[1])], args=())
    a.wait_up()
    b.wait_up()
    bench.keep(b.namespace.start("ping", "-n", "-q", "-i0.1", "10.64.0.1"))
    taken, holder = [], None
    for _ in range(CYCLES):
        before = holder
        # It is no hang-up that ends it.
        holder = bench.keep(guest.start(
            "sh", "-c", "trap '' HUP; exec sleep 100000 <>/dev/" + name))
        wait_for(lambda: guest.shell(
            "ls -l /proc/%d/fd | grep -c %s || :" % (holder.pid, name)
        ).strip() != "0", 60, "the node to be held")
        if before:
            before.close()
        adapter.unplug_usb()
        a.wait_state("ABSENT")
        other = "ttyUSB1" if name == "ttyUSB0" else "ttyUSB0"
        watch = bench.start(*a.namespace.exec(
            "sh", "-c", WATCH.format(name=other)))
        name = plugged(bench, adapter, expect=other)
        a.wait_up()
        assert a.status()["port"] == "/dev/" + name
        begin, end = map(float, watch.finish().split())
        taken.append(end - begin)
    print("first packet: %s s" % taken)
    assert statistics.median(taken) < FIRST_PACKET_S * MARGIN, taken


def test_control_lines_are_set_as_asked(bench):
    def lines():
        text = bench.guest.run("cat", "/proc/tty/driver/serial")
        found = re.search(r"^1: .*$", text, re.M).group(0)
        return {x for x in ("DTR", "RTS") if re.search(r"\b%s\b" % x, found)}

    for dtr, rts, wanted in (("keep", "keep", {"DTR", "RTS"}),
                             ("off", "on", {"RTS"}),
                             ("on", "off", {"DTR"}),
                             ("pulse", "pulse", {"DTR", "RTS"})):
        r = bench.router(bench.namespace(), [link(
            "sl0", "/dev/ttyS1", 115200, {"dtr": dtr, "rts": rts})])
        r.wait_up()
        assert lines() == wanted, (dtr, rts)
        assert "no DTR" not in r.log()
        assert r.stop() == 0

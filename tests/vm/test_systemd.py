"""serial-router as a package has it, under Debian's systemd and udev."""

import json
import os
import re

import pytest

from machine import SECONDS
from wait import wait_for

UNIT = "serial-router.service"
CONF = "/etc/serial-router.conf"
EAST = "/etc/serial-router/east.conf"


def conf(name, device, local, peer, more=""):
    return """links: (
  { name = "%s"; port = { device = "%s"; baud = 115200; };
    interface = { mtu = 576; addresses = (
      { local = "%s"; peer = "%s"; } ); };
    %s }
);
""" % (name, device, local, peer, more)


WEST = conf("sl0", "/dev/ttyS1", "10.64.0.1", "10.64.0.2")


class System:
    """The guest, and what is the unit's in it."""

    def __init__(self, guest):
        self.guest = guest

    def sh(self, script, **kwargs):
        return self.guest.shell(script, **kwargs).strip()

    def write(self, path, text):
        share = self.guest.machine.share
        with open(os.path.join(share, "file"), "w") as f:
            f.write(text)
        self.sh("mkdir -p $(dirname %s) && cp %s/file %s && chmod 644 %s" % (
            path, share, path, path))

    def get(self, name, unit=UNIT):
        return self.sh("systemctl show -P %s %s" % (name, unit))

    def journal(self, unit=UNIT):
        return self.sh("journalctl --sync; journalctl -o cat -b -u " + unit)

    def show(self, link="sl0", unit=None):
        text = self.sh("serial-routerctl --json show %s" % link)
        return json.loads(text)["links"][0]

    def wait_up(self, link="sl0"):
        def up():
            text = self.sh("serial-routerctl --json show %s || :" % link)
            try:
                return json.loads(text)["links"][0]["state"] == "up"
            except (ValueError, KeyError, IndexError):
                return False

        wait_for(up, SECONDS, "%s up" % link, every=0.3)

    def start(self, text=WEST):
        self.write(CONF, text)
        self.sh("systemctl start serial-router")
        self.wait_up()

    def index(self, interface):
        return self.sh("cat /sys/class/net/%s/ifindex 2>/dev/null || :"
                       % interface)

    def reset(self):
        self.sh("systemctl stop 'serial-router*'\n"
                "systemctl reset-failed 'serial-router*'\n"
                "rm -rf /etc/serial-router /var/lib/serial-router/*\n"
                "for i in sl0 east0 usb0; do ip link del $i; done\n"
                "! rm -r /etc/systemd/system/serial-router*.d ||"
                " systemctl daemon-reload\n"
                "true", check=False)


@pytest.fixture
def system(systemd_of_session):
    systemd_of_session.ensure()
    made = System(systemd_of_session)
    made.reset()
    yield made
    # Shown where the test failed.
    if made.guest.machine.is_alive():
        print(made.journal("'serial-router*'")[-6000:])


def test_the_unit_is_ready_when_it_is_active(system):
    system.start()
    assert system.get("ActiveState") == "active"
    assert system.get("Type") == "notify"
    assert "1 of 1" in system.get("StatusText")
    pid = system.get("MainPID")
    status = system.sh("cat /proc/%s/status" % pid)
    uid = system.sh("id -u serial-router")
    assert re.search(r"^Uid:\t%s\t%s\t%s\t%s$" % ((uid,) * 4), status, re.M)
    # CAP_NET_ADMIN and nothing else.
    assert re.search(r"^CapEff:\t0000000000001000$", status, re.M)
    assert re.search(r"^CapBnd:\t0000000000001000$", status, re.M)
    assert system.show()["port"]["node"] == "/dev/ttyS1"


def test_it_is_restarted_after_a_kill_and_the_interface_stays(system):
    system.start()
    index, pid = system.index("sl0"), system.get("MainPID")
    system.sh("kill -9 " + pid)
    wait_for(lambda: system.get("MainPID") not in ("0", pid)
             and system.get("ActiveState") == "active", SECONDS,
             "a restart", every=0.3)
    system.wait_up()
    assert system.index("sl0") == index != ""
    assert system.get("NRestarts") == "1"


def test_it_stops_cleanly(system):
    system.start()
    pumps = system.sh("pgrep -c 'pump sl0'")
    assert pumps == "1"
    system.sh("systemctl stop serial-router")
    assert system.get("ActiveState") == "inactive"
    assert system.get("Result") == "success"
    assert system.get("ExecMainStatus") == "0"
    assert system.sh("pgrep -c 'pump sl0' || :") == "0"
    # A persistent interface outlives it, without a carrier.
    assert system.index("sl0") != ""
    assert "NO-CARRIER" in system.sh("ip link show sl0")


def test_a_bad_file_is_told_in_the_journal_and_not_tried_again(system):
    system.write(CONF, WEST.replace("115200", "7"))
    done = system.sh("systemctl start serial-router; echo status $?")
    assert "status 0" not in done
    assert system.get("ActiveState") == "failed"
    assert system.get("ExecMainStatus") == "78"
    assert system.get("NRestarts") == "0"
    assert (CONF + ":2: links[0].port.baud: expected 50 to 16000000, got 7"
            in system.journal())


def test_a_file_that_is_not_there_is_told(system):
    system.sh("rm -f " + CONF)
    assert "status 0" not in system.sh(
        "systemctl start serial-router; echo status $?")
    assert CONF in system.journal()
    assert system.get("NRestarts") == "0"


def test_a_reload_applies_and_a_bad_one_fails_visibly(system):
    system.start()
    index, pid = system.index("sl0"), system.get("MainPID")
    system.write(CONF, WEST.replace("576", "1000"))
    system.sh("systemctl reload serial-router")
    wait_for(lambda: "mtu 1000" in system.sh("ip link show sl0"), SECONDS,
             "the new MTU", every=0.3)
    assert system.index("sl0") == index

    system.write(CONF, WEST.replace("576", "70000"))
    done = system.sh("systemctl reload serial-router; echo status $?")
    assert "status 0" not in done
    assert "links[0].interface.mtu: expected" in system.journal()
    assert system.get("ActiveState") == "active"
    assert system.get("MainPID") == pid
    assert "mtu 1000" in system.sh("ip link show sl0")


def test_a_reload_that_is_not_confirmed_is_taken_back(system):
    """The state directory is the only one that the unit may write to."""
    system.start()
    system.write(CONF, WEST.replace("576", "1000"))
    system.sh("serial-routerctl reload --confirm 3")
    wait_for(lambda: "mtu 1000" in system.sh("ip link show sl0"), SECONDS,
             "the new MTU", every=0.2)
    wait_for(lambda: "mtu 576" in system.sh("ip link show sl0"), SECONDS,
             "the old MTU", every=0.3)


def test_a_daemon_killed_before_the_confirmation_goes_back(system):
    system.start()
    system.write(CONF, WEST.replace("576", "1000"))
    pid = system.get("MainPID")
    system.sh("serial-routerctl reload --confirm 600 && kill -9 " + pid)
    wait_for(lambda: "mtu 576" in system.sh("ip link show sl0"), SECONDS,
             "the old MTU", every=0.3)
    system.wait_up()
    assert "confirm" in system.journal()


def test_a_daemon_that_hangs_is_replaced_by_the_watchdog(system):
    system.write("/etc/systemd/system/serial-router.service.d/w.conf",
                 "[Service]\nWatchdogSec=5\n")
    system.sh("systemctl daemon-reload")
    system.start()
    pid = system.get("MainPID")
    system.sh("kill -STOP " + pid)
    wait_for(lambda: system.get("MainPID") not in ("0", pid)
             and system.get("ActiveState") == "active", SECONDS,
             "a new daemon", every=0.5)
    system.wait_up()


def test_a_second_instance_has_a_file_of_its_own(system):
    # fe80 of each link is its own: so the two ends may be on one machine.
    link_local = '"fe80::%d/64"'
    west = WEST.replace('peer = "10.64.0.2"; }', 'peer = "10.64.0.2"; }, '
                        + link_local % 1).replace("576", "1280")
    east = conf("east0", "/dev/ttyS4", "10.64.0.2", "10.64.0.1").replace(
        'peer = "10.64.0.1"; }', 'peer = "10.64.0.1"; }, '
        + link_local % 2).replace("576", "1280")
    system.start(west)
    system.write(EAST, east)
    system.sh("systemctl start serial-router@east")
    assert system.get("ActiveState", "serial-router@east") == "active"
    wait_for(lambda: "1 received" in system.sh(
        "ping -c1 -W5 fe80::2%sl0 || :"), SECONDS, "a ping", every=0.2)
    system.sh("systemctl stop serial-router@east")
    assert system.get("ActiveState") == "active"


def test_who_may_ask_and_who_may_not(system):
    system.start()
    assert "sl0" in system.sh("serial-routerctl show")
    path = "/run/serial-router/control"
    assert system.sh("stat -c '%%a %%U %%G' %s" % path) == \
        "660 serial-router serial-router"
    system.sh("id visitor >/dev/null 2>&1 || useradd visitor")
    said = system.sh("setpriv --reuid visitor --regid visitor --clear-groups "
                     "serial-routerctl show 2>&1; echo status $?")
    assert "status 69" in said or "status 77" in said
    assert "serial-router" in said and "group" in said
    said = system.sh("setpriv --reuid visitor --regid visitor --groups "
                     "$(getent group serial-router | cut -d: -f3) "
                     "serial-routerctl show 2>&1; echo status $?")
    assert "status 0" in said and "sl0" in said


def test_the_unit_is_tight(system):
    text = system.sh("systemd-analyze security --no-pager " + UNIT)
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    assert level, text[-500:]
    assert float(level.group(1)) < 2.5, text


def test_the_unit_is_sound(system):
    said = system.sh("systemd-analyze verify --man=no " + UNIT
                     + " serial-router@.service 2>&1 || :")
    assert "serial-router" not in said, said


def test_networkmanager_and_networkd_leave_the_interface_alone(system):
    system.start()
    system.sh("udevadm settle")
    said = system.sh("udevadm info /sys/class/net/sl0")
    assert "E: NM_UNMANAGED=1" in said, said
    system.sh("systemctl start systemd-networkd")
    try:
        wait_for(lambda: "unmanaged" in system.sh(
            "networkctl --no-pager --no-legend list sl0"), SECONDS,
            "networkd", every=0.3)
        addresses = system.sh("ip -o address show sl0")
        assert "10.64.0.1 peer 10.64.0.2" in addresses
        system.sh("systemctl restart systemd-networkd")
        assert system.sh("ip -o address show sl0") == addresses
    finally:
        system.sh("systemctl stop systemd-networkd.service "
                  "systemd-networkd.socket")


def test_an_adapter_is_waited_for_and_opened_as_udev_gives_it(system):
    system.write(CONF, WEST.replace("sl0", "usb0").replace(
        'device = "/dev/ttyS1"',
        'usb = { serial = "%s"; }' % system.guest.machine.USB_SERIAL))
    machine = system.guest.machine
    system.sh("systemctl start serial-router")
    assert "0 of 1" in system.get("StatusText")
    try:
        for _ in range(3):
            machine.plug_usb()
            system.wait_up("usb0")
            node = system.show("usb0")["port"]["node"]
            assert system.sh("stat -c %%G %s" % node) == "dialout"
            machine.unplug_usb()
            wait_for(lambda: system.show("usb0")["state"] == "absent",
                     SECONDS, "absent", every=0.3)
    finally:
        if machine.usb:
            machine.unplug_usb()
    assert "Permission denied" not in system.journal()

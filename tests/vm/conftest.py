"""serial-routerd on real UARTs, with real peers, in a virtual machine.

SERIAL_ROUTERD, NULLMODEM and PEEK name the programs, SR_PACKAGE the directory
of a build as a distribution makes it, for the machine with systemd.  SR_CI:
what cannot run is a failure.  One machine of each kind serves all tests; one that died is replaced, and
what its console said is shown with the failure."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "integration")]

from guest import Bench, Guest  # noqa: E402
from kernel import Missing  # noqa: E402
from system import SystemdMachine  # noqa: E402
from wait import wait_for  # noqa: E402

CI = bool(os.environ.get("SR_CI"))


def cannot_run(why):
    (pytest.fail if CI else pytest.skip)(why)


def start_machine(*kind):
    try:
        return Guest(*kind)
    except Missing as e:
        cannot_run(str(e))


@pytest.fixture(scope="session")
def machine_of_session():
    for name in ("SERIAL_ROUTERD", "NULLMODEM", "PEEK"):
        path = os.environ.get(name, "")
        if not os.access(path, os.X_OK):
            cannot_run("%s does not name a program: %r" % (name, path))
        os.environ[name] = os.path.abspath(path)
    made = start_machine()
    yield made
    made.close()


@pytest.fixture(scope="session")
def systemd_of_session():
    package = os.environ.get("SR_PACKAGE", "")
    if not os.path.exists(os.path.join(package, "serial-routerd")):
        cannot_run("SR_PACKAGE names no build: %r; tests/vm/run makes one"
                   % package)
    made = start_machine(SystemdMachine)
    yield made
    made.close()


@pytest.fixture
def guest(machine_of_session):
    machine_of_session.ensure()
    return machine_of_session


@pytest.fixture
def bench(guest):
    """Things in the guest, taken away after the test."""
    made = Bench(guest)
    yield made
    made.close()


@pytest.fixture
def adapter(bench):
    """The machine, its USB adapter unplugged at first, and after."""
    machine = bench.guest.machine

    def unplug():
        if machine.usb:
            machine.unplug_usb()
        wait_for(lambda: not bench.guest.exists("/dev/ttyUSB0"), 120,
                 "the adapter to go", every=0.1)

    unplug()
    yield machine
    if machine.is_alive():
        unplug()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    guest = item.funcargs.get("machine_of_session") or item.funcargs.get(
        "systemd_of_session")
    if not report.failed or guest is None:
        return
    report.sections += guest.said()
    bench = item.funcargs.get("bench")
    if bench:
        report.sections += bench.said()

"""Real daemons in network namespaces of their own.

SERIAL_ROUTERD and NULLMODEM name the programs under test.  SR_CI: what cannot
run is a failure; SR_LONG: longer loops; SR_SANITIZER: the daemon is built with
sanitizers (by itself it shows in -V)."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lab import Lab, Pair, Single, labs  # noqa: E402

CI = bool(os.environ.get("SR_CI"))


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "alone: measures time; runs when nothing else does")


def missing():
    for name in ("SERIAL_ROUTERD", "NULLMODEM"):
        path = os.environ.get(name, "")
        if not os.access(path, os.X_OK):
            return "%s does not name a program: %r" % (name, path)
        os.environ[name] = os.path.abspath(path)
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun: load the module tun"
    return None


@pytest.fixture(scope="session", autouse=True)
def machine():
    why = missing()
    if why and (CI or os.geteuid() == 0):
        pytest.fail(why)
    if why:
        pytest.skip(why)


@pytest.fixture
def lab(machine):
    made = Lab()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(machine):
    """A Lab for a whole file: what is in it must be left as it was found."""
    made = Lab()
    yield made
    made.close()


@pytest.fixture
def pair(lab):
    return Pair(lab)


@pytest.fixture
def single(lab):
    return Single(lab)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for made in labs:
        for r in made.routers:
            report.sections.append(
                (r.log_path, "\n".join(r.said()[-40:] + r.lines()[-3:])))

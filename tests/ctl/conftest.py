"""serial-routerctl against a fake daemon, and against the real one.

SERIAL_ROUTERCTL names the program under test; SERIAL_ROUTERD and PROMTOOL are
for some of the tests.  SR_CI: what cannot run is a failure.  SR_GOLDEN=write
writes the expected outputs anew, to be looked at in the diff."""

import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.append(os.path.join(HERE, os.pardir, "integration"))

from fake import Fake  # noqa: E402

CI = bool(os.environ.get("SR_CI"))

# The machine may be slow and busy with other things: nothing is given up before
# that, by the tests or by the program.
SECONDS = 180


def unable(why):
    if CI:
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session", autouse=True)
def program():
    path = os.environ.get("SERIAL_ROUTERCTL", "")
    if not os.access(path, os.X_OK):
        unable("SERIAL_ROUTERCTL does not name a program: %r" % path)
    os.environ["SERIAL_ROUTERCTL"] = os.path.abspath(path)
    return os.environ["SERIAL_ROUTERCTL"]


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    def __repr__(self):
        return "status %d\n%s\n%s" % (self.status, self.out, self.err)


def environment(**more):
    """What decides about the output is given, not inherited."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("NO_COLOR", "TERM", "COLUMNS", "LANG", "LANGUAGE")
           and not k.startswith("LC_")}
    return {**env, "LC_ALL": "C.UTF-8", "TERM": "xterm", **more}


def run(*args, socket=None, wrap=(), env=None, **kwargs):
    where = ["-t", str(SECONDS - 60), *(["-s", socket] if socket else [])]
    return Result(subprocess.run(
        [*wrap, os.environ["SERIAL_ROUTERCTL"], *where, *map(str, args)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=SECONDS,
        env=environment(**(env or {})), **kwargs))


@pytest.fixture
def fake(tmp_path):
    """Makes fake daemons; fake(answers).ctl("show") asks."""
    made = []

    def make(answers=None, **kwargs):
        directory = tmp_path / ("fake%d" % len(made))
        directory.mkdir()
        f = Fake(str(directory), answers, **kwargs)
        f.ctl = lambda *args, **kw: run(*args, socket=f.path, **kw)
        made.append(f)
        return f

    yield make
    for f in made:
        f.close()


@pytest.fixture
def golden():
    """golden(name, text): text is what the file says."""
    def compare(name, text):
        path = os.path.join(HERE, "golden", name)
        if os.environ.get("SR_GOLDEN") == "write":
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        with open(path, encoding="utf-8") as f:
            assert text == f.read()

    return compare

"""A machine whose owner is killed."""

import os
import signal
import subprocess
import sys

from machine import BOOT_SECONDS
from scratch import OWNER, sweep
from wait import is_alive, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))

OWNER_OF_ONE = """
import os, sys
sys.path[:0] = [{0!r}, os.path.join({0!r}, "..", "integration")]
from machine import Machine
Machine()
""".format(HERE)


def children(pid):
    """Process ids by the beginning of the program's name."""
    found = {}
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        for child in f.read().split():
            try:
                with open("/proc/%s/comm" % child) as comm:
                    found[comm.read()[:9]] = int(child)
            except OSError:
                pass
    return found


def abandoned(directory):
    return [name for name in os.listdir(directory)
            if os.path.exists(os.path.join(directory, name, OWNER))]


def test_nothing_of_it_stays(guest, tmp_path, monkeypatch):
    """Neither QEMU nor cable; the directory goes when the next one comes."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER_OF_ONE],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL)
    try:
        ids = wait_for(
            lambda: (found := children(owner.pid)).keys() >= {
                "qemu-syst", "nullmodem"} and found or owner.poll(),
            BOOT_SECONDS, "a machine")
        assert isinstance(ids, dict), "no machine: %r" % ids
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    for name, pid in ids.items():
        wait_for(lambda p=pid: not is_alive(p), 60, "the end of " + name)
    assert len(abandoned(tmp_path)) == 1
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sweep()
    assert not abandoned(tmp_path) and os.listdir(tmp_path) == []

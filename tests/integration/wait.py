"""Conditions with deadlines; nothing here waits for a time."""

import os
import subprocess
import time

# The machine may be slow and busy with other things.
SECONDS = 20.0

LONG = bool(os.environ.get("SR_LONG"))


def wait_for(condition, seconds=SECONDS, what=None, every=0.01):
    """What condition() returns once that is true."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            break
        time.sleep(every)
    raise AssertionError(
        "%s: not within %g s" % (what or "the condition", seconds)
    )


def holds_for(condition, seconds, what, every=0.05):
    """For what must not happen: asserts that condition() stays true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), what
        time.sleep(every)


def run(*args, seconds=SECONDS, check=True, **kwargs):
    """Runs a command to its end; its output, both streams together."""
    done = subprocess.run(
        [str(a) for a in args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        text=True,
        **kwargs,
    )
    if check and done.returncode != 0:
        raise AssertionError(
            "%s: status %d\n%s" % (args, done.returncode, done.stdout)
        )
    return done.stdout


def is_alive(pid):
    """Zombies are not."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def signal_process(pid, sig):
    """One process: 0 and less would be groups, our own too."""
    assert pid > 1, pid
    os.kill(pid, sig)


def is_stopped(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


def cpu_s(pid):
    """Seconds of CPU that a process has used."""
    try:
        with open("/proc/%d/schedstat" % pid) as f:
            return int(f.read().split()[0]) / 1e9
    except FileNotFoundError:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def proc_status(pid):
    with open("/proc/%d/status" % pid) as f:
        pairs = (line.split(":", 1) for line in f)
        return {key: value.strip() for key, value in pairs}


def descriptors(pid):
    """What each descriptor of a process leads to."""
    directory = "/proc/%d/fd" % pid
    found = {}
    for fd in os.listdir(directory):
        try:
            found[int(fd)] = os.readlink(os.path.join(directory, fd))
        except FileNotFoundError:
            pass
    return found


def cpu_share(pid, seconds):
    """The share of one core that a process takes over so many seconds."""
    before, start = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - before) / (time.monotonic() - start)

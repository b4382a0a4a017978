"""promtool, taken out of Debian's package prometheus: nothing is installed, no
service starts.

What was made of it stays in serial-router-ctl in XDG_CACHE_HOME (~/.cache), so
that only the first run downloads it.  PROMTOOL names a program to use instead.
"""

import fcntl
import os
import subprocess
import tempfile

PACKAGE = "prometheus"


class Missing(Exception):
    """It cannot be had; the text says why."""


def command(*args, **kwargs):
    done = subprocess.run(
        args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=300, **kwargs)
    if done.returncode != 0:
        raise Missing("%s: status %d: %s" % (
            " ".join(args), done.returncode, done.stdout.strip()))


def download(directory):
    """A stale list of packages is renewed by who may, and a mirror that hiccups
    is asked again."""
    for attempt in range(4):
        try:
            command("apt-get", "-o", "APT::Sandbox::User=root", "download",
                    PACKAGE, cwd=directory)
            break
        except Missing:
            if attempt == 3:
                raise
            if os.geteuid() == 0:
                command("sh", "-c", "apt-get update -q || :")
    return next(os.path.join(directory, name)
                for name in os.listdir(directory) if name.endswith(".deb"))


def make(path):
    directory = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.access(path, os.X_OK):
            return
        with tempfile.TemporaryDirectory(dir=directory) as place:
            command("dpkg", "-x", download(place), place)
            os.rename(os.path.join(place, "usr/bin/promtool"), path)


def find():
    """The path of the program."""
    given = os.environ.get("PROMTOOL")
    if given:
        if not os.access(given, os.X_OK):
            raise Missing("PROMTOOL does not name a program: %r" % given)
        return given
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(
        os.path.expanduser("~"), ".cache")
    path = os.path.join(home, "serial-router-ctl", "promtool")
    try:
        make(path)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Missing("promtool: %s" % e) from e
    return path

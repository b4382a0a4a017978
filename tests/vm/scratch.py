"""Directories of machines, which go even where their owner was killed.

Whoever made one holds a lock in it, and the kernel lets go of that with the
process, whatever ended it."""

import fcntl
import os
import shutil
import tempfile

PREFIX = "sr-vm-"
OWNER = "owner"


class Scratch:
    """A directory; and those of owners that are gone are removed."""

    def __init__(self):
        sweep()
        self.path = tempfile.mkdtemp(prefix=PREFIX)
        os.chmod(self.path, 0o755)
        # It appears locked: nobody finds it without its owner.
        name = os.path.join(self.path, OWNER)
        self.lock = open(name + ".new", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        os.rename(name + ".new", name)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)
        self.lock.close()


def sweep():
    top = tempfile.gettempdir()
    for name in os.listdir(top):
        if name.startswith(PREFIX):
            remove_abandoned(os.path.join(top, name))


def remove_abandoned(path):
    """Of ours alone; one without a lock is somebody's who just begins."""
    try:
        if os.lstat(path).st_uid != os.geteuid():
            return
        with open(os.path.join(path, OWNER)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass

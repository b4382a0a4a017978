"""A serial-routerd with fewer rights than root, or with a user to become."""

import os
import re
import shutil
import subprocess

from router import Router
from wait import wait_for

# A user and a group of every Debian, and a number that nobody has.
NOBODY, NOGROUP = 65534, 65534
UNKNOWN = 64001

NET_ADMIN_ONLY = 1 << 12


def private(mode, then=""):
    """What runs the rest with a /dev/net/tun of that mode in a mount namespace
    that `ip netns exec` has made."""
    script = ("mount -t tmpfs none /dev/net && "
              "mknod /dev/net/tun c 10 200 && "
              "chmod %o /dev/net/tun && %s exec \"$@\"" % (mode, then))
    return ("sh", "-c", script, "sh")


def as_user(mode=0o666, uid=NOBODY, gid=NOGROUP):
    return (*private(mode), "setpriv", "--reuid", str(uid), "--regid",
            str(gid), "--clear-groups")


def reachable(lab):
    """A copy of the program that every user may run."""
    path = os.path.join(lab.directory, "serial-routerd")
    if not os.path.exists(path):
        shutil.copy(os.environ["SERIAL_ROUTERD"], path)
        os.chmod(path, 0o755)
    return path


class OneLiner(Router):
    """One link without a file."""

    def __init__(self, lab, namespace, *options, name="tun0", **kwargs):
        self.binary, self.name = reachable(lab), name
        super().__init__(namespace, lab.directory, [],
                         args=("-v", "-i", name, *map(str, options)), **kwargs)

    def configure(self, links):
        pass

    def _names(self):
        return [self.name]

    def _spawn(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.namespace.exec(*self.wrap, self.binary, *self.args),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)


class Become(Router):
    """A file that names a user to become."""

    def __init__(self, lab, namespace, links, user, group=None, **kwargs):
        self.head = "user = %s;\n" % user
        if group is not None:
            self.head += "group = %s;\n" % group
        super().__init__(namespace, lab.directory, links, **kwargs)

    def configure(self, links):
        super().configure(links)
        with open(self.file) as f:
            text = f.read()
        with open(self.file, "w") as f:
            f.write(self.head + text)


def one_liner(lab, *args, **kwargs):
    r = lab.keep(OneLiner(lab, *args, **kwargs))
    lab.routers.append(r)
    return r


def become(lab, *args, **kwargs):
    r = lab.keep(Become(lab, *args, **kwargs))
    lab.routers.append(r)
    return r


def open_to(path, mode, gid=None):
    """The node of a port for others than root."""
    node = os.path.realpath(path)
    os.chmod(node, mode)
    if gid is not None:
        os.chown(node, -1, gid)
    return node


def do_as_told(namespace, line):
    """Runs the commands that a line of the log proposes after "as root:"."""
    told = re.search(r"as root: (.*?)(; trying again)?$", line).group(1)
    namespace.run("sh", "-c", told.replace("; ", " && "))


def wait_line(router, pattern):
    match = router.wait_log(pattern)
    found = [x for x in router.lines() if match.group(0) in x]
    return wait_for(lambda: found and found[0])

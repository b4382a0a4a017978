"""USB adapters that are not there: a tree like /sys, and a /dev, as a daemon
sees them in its own mount namespace.  What is behind a node is a pty."""

import os
import shutil

from cable import Line
from router import link

HOST = "devices/pci0000:00/0000:00:14.0/usb1"

# What the daemon needs of the real /dev, mounted over empty files.
NODES = ("null", "zero", "urandom", "random", "net/tun")

SCRIPT = """set -e
for node in %s; do mount --bind /dev/$node {dev}/$node; done
mount --bind /dev/pts {dev}/pts
mount --bind {sys} /sys
mount --rbind {dev} /dev
exec "$@"
""" % " ".join(NODES)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def usb_link(name, baud=115200, port=None, **match):
    """A link whose port is found by what its adapter is; match: of it, and
    `interface` for the rest."""
    interface = match.pop("interface", {})
    made = link(name, "", baud, port={"usb": match, **(port or {})},
                **interface)
    del made["port"]["device"]
    return made


class Bus:
    """Adapters that are plugged in and pulled out."""

    def __init__(self, directory):
        self.sys = os.path.join(directory, "sys")
        self.dev = os.path.join(directory, "dev")
        os.makedirs(self._sys("class/tty"))
        os.makedirs(self._sys("dev/char"))
        os.makedirs(os.path.join(self.dev, "pts"))
        os.makedirs(os.path.join(self.dev, "serial/by-id"))
        for node in NODES:
            write(os.path.join(self.dev, node), "")

    @property
    def wrap(self):
        return ("sh", "-c", SCRIPT.format(sys=self.sys, dev=self.dev), "sh")

    def _sys(self, path):
        return os.path.join(self.sys, path)

    def _link(self, path, target):
        os.makedirs(os.path.dirname(self._sys(path)), exist_ok=True)
        os.symlink(target, self._sys(path))

    def plug(self, name, pty, place, vendor=0x0403, product=0x6001,
             serial=None, driver="ftdi_sio", function=0, says=None):
        """As the kernel does it: the tree first, then the node.  says: its
        other strings."""
        adapter = "%s/%s" % (HOST, place)
        number = os.stat(pty).st_rdev
        dev = "%d:%d" % (os.major(number), os.minor(number))
        port = "%s/%s:1.%d/%s" % (adapter, place, function, name)
        tty = "%s/tty/%s" % (port, name)
        texts = {"idVendor": "%04x" % vendor, "idProduct": "%04x" % product,
                 **(says or {})}
        if serial is not None:
            texts["serial"] = serial
        for key, text in texts.items():
            if isinstance(text, str):
                text = text.encode()
            write(self._sys("%s/%s" % (adapter, key)), text + b"\n")
        write(self._sys("%s/%s:1.%d/bInterfaceNumber" % (
            adapter, place, function)), "%02x\n" % function)
        write(self._sys(tty + "/dev"), dev + "\n")
        self._link(port + "/driver", "../../bus/usb-serial/drivers/" + driver)
        self._link(tty + "/device", "../../../" + name)
        self._link("class/tty/" + name, "../../" + tty)
        os.symlink(os.path.realpath(pty), os.path.join(self.dev, name))

    def pull(self, name):
        os.unlink(os.path.join(self.dev, name))
        tty = os.path.realpath(self._sys("class/tty/" + name))
        os.unlink(self._sys("class/tty/" + name))
        # From .../1-1.2/1-1.2:1.0/ttyUSB0/tty/ttyUSB0 up to the adapter.
        for _ in range(4):
            tty = os.path.dirname(tty)
        shutil.rmtree(tty)

    def move(self, name, to):
        """Only the node's name is another."""
        os.rename(os.path.join(self.dev, name), os.path.join(self.dev, to))


class Adapter:
    """One adapter whose line's other end is the test."""

    def __init__(self, lab, bus, place, **what):
        self.lab, self.bus, self.place, self.what = lab, bus, place, what
        self.line, self.name, self.count = None, None, 0

    def plug(self, name):
        self.count += 1
        self.line = Line(self.lab.directory,
                         "line-%s-%d" % (self.place, self.count))
        self.name = name
        self.bus.plug(name, self.line.path, self.place, **self.what)
        return self.line

    def pull(self):
        """The line hangs up, and then the node goes."""
        self.line.close()
        self.bus.pull(self.name)
        self.line = None

    def close(self):
        if self.line:
            self.line.close()

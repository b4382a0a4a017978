"""The kernel's own SLIP at one end of a line, by slattach."""

import json

from pair import A4, B4, router
from wait import wait_for

MINE = [{"local": A4, "peer": B4}]
OURS, THEIRS = "ttyS5", "ttyS6"


class Slattach:
    """Kernel SLIP on a port.  Its interface is always the guest's first
    namespace's."""

    def __init__(self, bench, mtu, *options):
        self.bench, self.guest, self.mtu = bench, bench.guest, mtu
        self.options = options
        self.start()

    def start(self):
        # -L: no modem lines.  It keeps the line until it is ended.
        self.process = self.bench.start(
            "slattach", "-L", "-p", "slip", "-s", 115200, *self.options,
            "/dev/" + THEIRS)
        wait_for(lambda: self.process.poll() is not None or self.exists(),
                 120, "kernel SLIP", every=0.1)
        assert self.exists(), self.process.output()
        self.guest.shell(
            "ip address add %s peer %s dev sl0 && "
            "ip link set sl0 up mtu %d" % (B4, A4, self.mtu))

    def exists(self):
        return self.guest.exists("/sys/class/net/sl0")

    def counters(self):
        found = json.loads(self.guest.run(
            "ip", "-s", "-j", "link", "show", "dev", "sl0"))
        return found[0]["stats64"]

    def end(self):
        self.process.terminate()
        self.process.wait()
        wait_for(lambda: not self.exists(), 120, "kernel SLIP to go",
                 every=0.1)


def slip(bench, mtu, *options, **more):
    r = router(bench, OURS, MINE, mtu=mtu, **more)
    r.wait_up()
    return r, Slattach(bench, mtu, *options)

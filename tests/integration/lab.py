"""What a test builds, and what is torn down after it."""

import os
import shutil
import tempfile

from cable import Cable, Line
from namespace import Namespace
from router import Router, both, link

A4, B4 = "10.64.0.1", "10.64.0.2"
A6, B6 = "fd00:64:0::1", "fd00:64:0::2"

labs = []


class Lab:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="sr-")
        os.chmod(self.directory, 0o755)
        self.things = []
        self.routers = []
        labs.append(self)

    def keep(self, thing):
        """Anything with close(): the last one kept is closed first."""
        self.things.append(thing)
        return thing

    def namespace(self):
        return self.keep(Namespace())

    def cable(self, *options, **kwargs):
        return self.keep(
            Cable(self.directory, *(options or ["baud=921600"]), **kwargs))

    def line(self, name="line"):
        return self.keep(Line(self.directory, name))

    def router(self, namespace, links, **kwargs):
        r = self.keep(Router(namespace, self.directory, links, **kwargs))
        self.routers.append(r)
        return r

    def close(self):
        first = None
        while self.things:
            try:
                self.things.pop().close()
            except Exception as e:
                first = first or e
        labs.remove(self)
        shutil.rmtree(self.directory, ignore_errors=True)
        if first:
            raise first


class Pair:
    """Two routers and the cable (or cables) between them."""

    def __init__(self, lab, options=("baud=921600",), baud=921600, args=("-v",),
                 a=None, b=None, seed=1, **common):
        self.lab = lab
        self.cable = lab.cable(*options, seed=seed)
        self.na, self.nb = lab.namespace(), lab.namespace()
        ends = []
        for n, (da, db) in enumerate(zip(self.cable.a, self.cable.b)):
            mine, theirs = both(n)
            name = "sl%d" % n
            first = {"addresses": mine, **common, **(a or {})}
            other = {"addresses": theirs, **common, **(b or {})}
            ends.append((link(name, da, baud, **first),
                         link(name, db, baud, **other)))
        self.a = lab.router(self.na, [e[0] for e in ends], args=args)
        self.b = lab.router(self.nb, [e[1] for e in ends], args=args)
        self.wait_up()

    def wait_up(self):
        self.a.wait_up()
        self.b.wait_up()


class Single:
    """One router whose line's other end is the test."""

    def __init__(self, lab, baud=921600, args=("-v",), up=True, **more):
        self.line = lab.line()
        self.n = lab.namespace()
        more.setdefault("addresses", [{"local": A4, "peer": B4}])
        self.link = link("sl0", self.line.path, baud, **more)
        self.r = lab.router(self.n, [self.link], args=args)
        if up:
            self.r.wait_up()

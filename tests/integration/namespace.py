"""A network namespace of one's own, and sockets within it."""

import ctypes
import itertools
import json
import os
import signal
import socket
import struct
import threading
import time

from wait import is_alive, run, wait_for

CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
numbers = itertools.count(1)


class Namespace:
    def __init__(self):
        self.name = "sr-%d-%d" % (os.getpid(), next(numbers))
        run("ip", "netns", "add", self.name)
        try:
            self.ip("link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    def exec(self, *args):
        """The arguments of a command that runs here."""
        return ["ip", "netns", "exec", self.name, *map(str, args)]

    def run(self, *args, **kwargs):
        return run(*self.exec(*args), **kwargs)

    def ip(self, *args, **kwargs):
        return run("ip", "-n", self.name, *args, **kwargs)

    def ip_json(self, *args):
        text = run("ip", "-n", self.name, "-d", "-j", *args, check=False)
        try:
            return json.loads(text)
        except ValueError:
            return []

    def link(self, name):
        """What ip says of an interface; None: there is none."""
        found = self.ip_json("link", "show", "dev", name)
        return found[0] if found else None

    def index(self, name):
        link = self.link(name)
        return link["ifindex"] if link else 0

    def carrier(self, name):
        link = self.link(name)
        return link is not None and "NO-CARRIER" not in link["flags"]

    def addresses(self, name):
        """As "local/length", or "local peer/length"."""
        found = set()
        for link in self.ip_json("address", "show", "dev", name):
            for a in link.get("addr_info", []):
                # With a peer, "local" is ours and "address" the other's.
                text = a["local"]
                if "address" in a:
                    text += " " + a["address"]
                found.add("%s/%d" % (text, a["prefixlen"]))
        return found

    def routes(self, *args, family="-4"):
        return self.ip_json(family, "route", "show", *args)

    def destinations(self, *args, family="-4"):
        return {r["dst"] for r in self.routes(*args, family=family)}

    def sysctl(self, name):
        path = "/proc/sys/net/" + name
        return self.run("cat", path).strip()

    def inside(self, function):
        """Calls function in this namespace; its sockets stay there."""
        box = {}

        def call():
            fd = os.open("/run/netns/" + self.name, os.O_RDONLY)
            try:
                if libc.setns(fd, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
                box["result"] = function()
            except BaseException as e:
                box["error"] = e
            finally:
                os.close(fd)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        if "error" in box:
            raise box["error"]
        return box["result"]

    def open_socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM,
                    proto=0):
        s = self.inside(lambda: socket.socket(family, kind, proto))
        s.settimeout(30)
        return s

    def bound(self, address, kind=socket.SOCK_DGRAM):
        """A socket of that address with a port of its own."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = self.open_socket(family, kind)
        s.bind((address, 0))
        return s

    def ping(self, *args, **kwargs):
        """Number of answers."""
        out = self.run("ping", "-n", "-q", *args, check=False, **kwargs)
        for line in out.splitlines():
            if " received" in line:
                return int(line.split(" received")[0].split()[-1])
        raise AssertionError(out)

    def wait_ping(self, address, *args, seconds=20):
        wait_for(
            lambda: self.ping("-c1", "-W1", *args, address),
            seconds,
            "a ping to %s" % address,
        )

    def processes(self):
        out = run("ip", "netns", "pids", self.name, check=False)
        return [int(p) for p in out.split() if p.isdigit()]

    def close(self):
        left = [p for p in self.processes() if p != os.getpid()]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            wait_for(lambda: not any(map(is_alive, left)), 5)
        finally:
            run("ip", "netns", "del", self.name)


class LinkEvents:
    """What the kernel tells of interfaces by itself.  Asking it instead, as
    ip does, makes newer kernels bring the carrier up to date."""

    NEWLINK, IFF_RUNNING, RTMGRP_LINK = 16, 0x40, 1

    def __init__(self, namespace):
        self.socket = namespace.open_socket(
            socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.socket.bind((0, self.RTMGRP_LINK))

    def wait_running(self, index, running, seconds=10):
        """Until an interface is told to be (not) running."""
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            data = self.socket.recv(65536)
            while len(data) >= 32:
                size, kind = struct.unpack("=IH", data[:6])
                about, flags = struct.unpack("=iI", data[20:28])
                if (kind == self.NEWLINK and about == index
                        and bool(flags & self.IFF_RUNNING) == running):
                    return
                data = data[(size + 3) & ~3:]

    def close(self):
        self.socket.close()

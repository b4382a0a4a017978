"""The guest's root file system: an initramfs of what is installed here."""

import os
import re
import shutil
import stat
import subprocess
import sys

from kernel import Missing, command

HERE = os.path.dirname(os.path.abspath(__file__))

# Programs and the packages that have them.  They go over busybox's applets
# of the same name, which Debian's busybox runs whatever PATH says.
PROGRAMS = {
    "dash": "dash",
    "ip": "iproute2",
    "tc": "iproute2",
    "ss": "iproute2",
    "ping": "iputils-ping",
    "iperf3": "iperf3",
    "slattach": "net-tools",
    "ifconfig": "net-tools",
    "setserial": "setserial",
    "stty": "coreutils",
    "kmod": "kmod",
    "socat": "socat",
    "busybox": "busybox-static",
}
# What a library opens by itself.
EXTRA = ("libgcc_s.so.1",)
KMOD = ("modprobe", "insmod", "rmmod", "lsmod", "depmod", "modinfo")

SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find(program):
    path = shutil.which(program, path=SEARCH)
    if path is None:
        raise Missing("no %s: install %s" % (program, PROGRAMS[program]))
    return path


def libraries(path):
    """The shared libraries of a program, the dynamic linker among them."""
    done = subprocess.run(["ldd", path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    found = re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout)
    if "not found" in done.stdout:
        raise Missing("%s: %s" % (path, done.stdout))
    return found


class Cpio:
    """The "newc" format: see the kernel's buffer-format.rst."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.names = set()
        self.inode = 0

    def entry(self, name, mode, data=b"", uid=0, gid=0):
        if name in self.names:
            return
        parent = os.path.dirname(name)
        if parent:
            self.directory(parent)
        self.names.add(name)
        self.inode += 1
        raw = name.encode() + b"\0"
        numbers = (self.inode, mode, uid, gid, 1, 0, len(data), 0, 0, 0, 0,
                   len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % n for n in numbers) + raw
        self.file.write(head + b"\0" * (-len(head) % 4))
        self.file.write(data + b"\0" * (-len(data) % 4))

    def directory(self, name):
        self.entry(name, stat.S_IFDIR | 0o755)

    def link(self, name, target):
        self.entry(name, stat.S_IFLNK | 0o777, target.encode())

    def copy(self, path, name=None, mode=None):
        with open(path, "rb") as f:
            data = f.read()
        mode = mode or stat.S_IMODE(os.stat(path).st_mode)
        self.entry((name or path).lstrip("/"), stat.S_IFREG | mode, data)

    def close(self):
        self.entry("TRAILER!!!", 0)
        self.file.close()


def add_program(cpio, path, name=None):
    cpio.copy(path, name or path, 0o755)
    for library in libraries(path):
        cpio.copy(library, mode=0o755)


def add_extra(cpio):
    listing = command("/sbin/ldconfig", "-p")
    for name in EXTRA:
        found = re.search(r"%s \(libc6,x86-64.*=> (\S+)" % re.escape(name),
                          listing)
        if found:
            cpio.copy(found.group(1), mode=0o755)


def add_busybox(cpio):
    """Its applets, but for those that are there as real programs."""
    busybox = find("busybox")
    for applet in command(busybox, "--list-full").split():
        if os.path.basename(applet) not in PROGRAMS:
            cpio.link(applet, "/bin/busybox")


def add_modules(cpio, kernel):
    for directory, _, names in os.walk(os.path.join(kernel, "lib")):
        for name in names:
            path = os.path.join(directory, name)
            cpio.copy(path, os.path.relpath(path, kernel), 0o644)


def files():
    """Small ones that programs look for."""
    return {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                      "nobody:x:65534:65534:nobody:/:/bin/false\n",
        "etc/group": "root:x:0:\ntty:x:5:\ndialout:x:20:\n"
                     "nogroup:x:65534:\n",
        "etc/hosts": "127.0.0.1 localhost\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }


def make(path, kernel, programs):
    """An initramfs at path; programs: what is under test, name to path."""
    cpio = Cpio(path)
    for name in ("bin", "sbin", "usr/bin", "usr/sbin", "proc", "sys", "dev",
                 "run", "tmp", "root", "var", "lib", "lib64"):
        cpio.directory(name)
    cpio.copy(os.path.join(HERE, "init"), "init", 0o755)
    cpio.copy(os.path.join(HERE, "agent"), "sbin/agent", 0o755)
    for name, text in files().items():
        cpio.entry(name, stat.S_IFREG | 0o644, text.encode())
    cpio.link("bin/sh", "/bin/dash")
    for program in PROGRAMS:
        source = find(program)
        name = {"dash": "bin/dash", "busybox": "bin/busybox"}.get(
            program, "usr/sbin/" + program)
        add_program(cpio, source, name)
    for name in KMOD:
        cpio.link("sbin/" + name, "/usr/sbin/kmod")
    for name, source in programs.items():
        add_program(cpio, source, "usr/sbin/" + name)
    add_busybox(cpio)
    add_extra(cpio)
    add_modules(cpio, kernel)
    cpio.close()


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2], {})

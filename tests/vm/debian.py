"""The root file system of a Debian 12 with systemd, and of a package's files
in it: an initramfs in two parts.

The first, made by mmdebstrap, stays in SR_VM_CACHE.  The second is what is
under test: the kernel's modules, and what `make install` of SR_PACKAGE, a
build as a distribution makes it, puts there."""

import fcntl
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile

import image
from kernel import Missing, cache, command

HERE = os.path.dirname(os.path.abspath(__file__))
SUITE = "bookworm"
PACKAGES = (
    "dbus", "iproute2", "iputils-ping", "kmod", "libconfig9",
    "libevent-core-2.1-7", "libjansson4", "libnl-3-200", "libseccomp2",
    "libserialport0", "procps", "systemd", "systemd-sysv", "udev", "util-linux",
)
# What the machine does not need is not unpacked at each of its starts.
LEFT_OUT = (
    "usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/info",
    "usr/share/zoneinfo", "usr/share/perl", "usr/share/perl5",
    "usr/share/bash-completion", "usr/lib/x86_64-linux-gnu/perl-base",
    "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/udev/hwdb.d",
    "usr/lib/udev/hwdb.bin", "usr/lib/apt", "usr/lib/locale", "usr/bin/perl",
    "var/cache", "var/lib/apt", "var/lib/dpkg",
)
# Timers and consoles.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer",
          "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
          "getty@.service", "serial-getty@.service", "systemd-logind.service",
          "systemd-firstboot.service", "systemd-tmpfiles-clean.timer")

AGENT = """[Unit]
Description=The host's hands in the guest
DefaultDependencies=no
After=systemd-tmpfiles-setup-dev.service systemd-modules-load.service
After=local-fs.target systemd-tmpfiles-setup.service

[Service]
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
ExecStart=/sbin/agent-start
Restart=no
KillMode=process
"""

AGENT_START = """#!/bin/sh
for module in virtio_pci virtio_console 9pnet_virtio 9p tun xhci-pci ftdi_sio
do
	modprobe "$module" || echo "modprobe $module: failed"
done
for word in $(cat /proc/cmdline); do
	case $word in
	share=*) share=${word#*=} ;;
	esac
done
mkdir -p "${share#*:}"
mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 \\
	"${share%%:*}" "${share#*:}" || echo "no share"
exec agent "${share#*:}"
"""


def bootstrap(tar):
    """mmdebstrap brings apt's own settings of this machine along."""
    options = ["--mode=root", "--variant=minbase", "--quiet",
               "--include=" + ",".join(PACKAGES)]
    for attempt in range(3):
        try:
            command("mmdebstrap", *options, SUITE, tar)
            return
        except Missing:
            if attempt == 2:
                raise


class Cpio(image.Cpio):
    """Owners and devices, too."""

    def member(self, archive, member):
        name = member.name.lstrip("./")
        if name.startswith(LEFT_OUT):
            return
        mode, data = member.mode, b""
        if not name or member.ischr() or member.isblk() or member.isfifo():
            return
        if member.isdir():
            mode |= stat.S_IFDIR
        elif member.issym():
            mode, data = stat.S_IFLNK | 0o777, member.linkname.encode()
        else:
            mode |= stat.S_IFREG
            data = archive.extractfile(member).read()
        self.entry(name, mode, data, member.uid, member.gid)


def convert(tar, to):
    cpio = Cpio(to)
    with tarfile.open(tar) as archive:
        for member in archive:
            cpio.member(archive, member)
    cpio.close()


def base():
    """The first part."""
    if shutil.which("mmdebstrap") is None:
        raise Missing("no mmdebstrap: install mmdebstrap")
    if os.geteuid() != 0:
        raise Missing("a Debian is made by root only")
    with open(__file__, "rb") as f:
        name = "debian-%s.cpio" % hashlib.sha256(f.read()).hexdigest()[:12]
    path = os.path.join(cache(), name)
    with open(os.path.join(cache(), "lock-debian"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            with tempfile.TemporaryDirectory(dir=cache()) as work:
                tar = os.path.join(work, "root.tar")
                bootstrap(tar)
                convert(tar, os.path.join(work, "root.cpio"))
                os.rename(os.path.join(work, "root.cpio"), path)
    return path


def merged(path):
    """Debian's /bin, /sbin and /lib are links into /usr."""
    first = path.split("/", 1)[0]
    return "usr/" + path if first in ("bin", "lib", "sbin") else path


def add_tree(cpio, top):
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            inside = merged(os.path.relpath(path, top))
            if os.path.islink(path):
                cpio.link(inside, os.readlink(path))
            else:
                cpio.copy(path, inside)


def install(build, top):
    command("make", "-C", build, "install", "DESTDIR=" + top)
    os.makedirs(os.path.join(top, "etc/systemd/system/sysinit.target.wants"))
    for name, text in (("etc/systemd/system/agent.service", AGENT),
                       ("sbin/agent-start", AGENT_START),
                       ("etc/hostname", "guest\n"),
                       ("etc/machine-id", "5%031d\n" % 0)):
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    for name in MASKED:
        os.symlink("/dev/null", os.path.join(top, "etc/systemd/system", name))
    os.chmod(os.path.join(top, "sbin/agent-start"), 0o755)
    shutil.copy(os.path.join(HERE, "agent"), os.path.join(top, "sbin"))
    os.symlink("../agent.service", os.path.join(
        top, "etc/systemd/system/sysinit.target.wants/agent.service"))


def make(path, kernel, build):
    """An initramfs at path."""
    with tempfile.TemporaryDirectory() as work:
        top = os.path.join(work, "top")
        os.mkdir(top)
        install(build, top)
        cpio = image.Cpio(os.path.join(work, "overlay"))
        add_tree(cpio, top)
        for directory, _, names in os.walk(os.path.join(kernel, "lib")):
            for name in names:
                source = os.path.join(directory, name)
                cpio.copy(source, merged(os.path.relpath(source, kernel)),
                          0o644)
        cpio.close()
        with open(path, "wb") as out:
            for part in (base(), os.path.join(work, "overlay")):
                with open(part, "rb") as f:
                    shutil.copyfileobj(f, out)
                out.write(b"\0" * (-out.tell() % 512))

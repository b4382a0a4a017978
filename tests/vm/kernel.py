"""Debian's kernel, taken out of its package: nothing is installed, no hook of
the package runs.

What was made of it stays in SR_VM_CACHE (by default serial-router-vm in
XDG_CACHE_HOME, ~/.cache), so that only the first run downloads it.
SR_VM_KERNEL names a linux-image package (.deb) to use instead."""

import fcntl
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile

# Of what is wanted, and of what that needs.
MODULES = (
    "virtio_pci", "virtio_console", "9p", "9pnet_virtio",
    "tun", "slip", "slhc", "sch_fq_codel", "xhci-pci", "ftdi_sio", "cdc-acm",
    "ch341", "veth", "virtio_blk", "ext4", "unix",
)
META = "linux-image-amd64"


class Missing(Exception):
    """Something that this needs is not there; the text says what."""


def command(*args, **kwargs):
    try:
        done = subprocess.run(
            args, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs)
    except FileNotFoundError as e:
        raise Missing("no %s: the guest is made of Debian's packages"
                      % args[0]) from e
    if done.returncode != 0:
        raise Missing("%s: status %d: %s" % (
            " ".join(args), done.returncode, done.stdout.strip()))
    return done.stdout


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(
        os.path.expanduser("~"), ".cache")
    path = os.environ.get("SR_VM_CACHE") or os.path.join(
        home, "serial-router-vm")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as e:
        raise Missing("%s: %s; set SR_VM_CACHE" % (path, e.strerror))
    return os.path.abspath(path)


def package_name():
    """The package that the meta package stands for just now."""
    try:
        text = command("apt-cache", "depends", META)
    except Missing:
        if os.geteuid() != 0:
            raise
        command("apt-get", "update", "-q")
        text = command("apt-cache", "depends", META)
    found = re.search(r"Depends: (linux-image-[0-9]\S+)", text)
    if found is None:
        raise Missing("apt knows no %s: try apt-get update" % META)
    return found.group(1)


def download(directory):
    """The path of the package.  The sandbox is apt's user, who cannot write
    here; a stale list of packages is renewed by who may, and a mirror that
    hiccups is asked again."""
    for attempt in range(4):
        try:
            command("apt-get", "-o", "APT::Sandbox::User=root", "download",
                    package_name(), cwd=directory)
            break
        except Missing:
            if attempt == 3:
                raise
            if os.geteuid() == 0:
                command("sh", "-c", "apt-get update -q || :")
    found = [n for n in os.listdir(directory) if n.endswith(".deb")]
    return os.path.join(directory, found[0])


def unpack_vmlinux(vmlinuz, to):
    """A bzImage holds the ELF file that PVH starts at once, compressed."""
    with open(vmlinuz, "rb") as f:
        data = f.read()
    for found in re.finditer(b"\xfd7zXZ\x00", data):
        try:
            image = lzma.LZMADecompressor().decompress(data[found.start():])
        except lzma.LZMAError:
            continue
        if image[:4] == b"\x7fELF":
            with open(to, "wb") as f:
                f.write(image)
            return
    raise Missing("%s: no kernel compressed with xz in it" % vmlinuz)


def closure(modules_dep):
    """The paths of MODULES and of all they need; built in: none."""
    needs, path_of = {}, {}
    with open(modules_dep) as f:
        for line in f:
            path, rest = line.split(":", 1)
            needs[path] = rest.split()
            name = os.path.basename(path).split(".ko")[0]
            path_of[name.replace("-", "_")] = path
    found = set()
    for name in MODULES:
        path = path_of.get(name.replace("-", "_"))
        if path:
            found.update([path, *needs[path]])
    return found


def unpack(package, to):
    """vmlinux and lib/modules/VERSION with what is wanted, into to."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(to)) as whole:
        command("dpkg", "-x", package, whole)
        boot = os.path.join(whole, "boot")
        vmlinuz = [n for n in os.listdir(boot) if n.startswith("vmlinuz-")][0]
        version = vmlinuz.split("-", 1)[1]
        command("/sbin/depmod", "-b", whole, version)
        modules = os.path.join("lib/modules", version)
        wanted = closure(os.path.join(whole, modules, "modules.dep"))
        wanted |= {"modules.order", "modules.builtin",
                   "modules.builtin.modinfo"}
        unpack_vmlinux(os.path.join(boot, vmlinuz),
                       os.path.join(to, "vmlinux"))
        for path in wanted:
            target = os.path.join(to, modules, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(whole, modules, path), target)
        command("/sbin/depmod", "-b", to, version)


def make(directory, name):
    with tempfile.TemporaryDirectory(dir=directory) as work:
        package = os.environ.get("SR_VM_KERNEL")
        half = os.path.join(work, "half")
        os.mkdir(half)
        unpack(os.path.abspath(package) if package else download(work), half)
        os.rename(half, os.path.join(directory, name))


def kernel():
    """The directory with vmlinux and lib/modules; made where it is new."""
    directory = cache()
    package = os.environ.get("SR_VM_KERNEL")
    name = os.path.basename(package) if package else package_name()
    # By what is taken out of it, too: a later version may want more.
    with open(__file__, "rb") as f:
        name += "-" + hashlib.sha256(f.read()).hexdigest()[:12]
    path = os.path.join(directory, name)
    with open(os.path.join(directory, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            make(directory, name)
    return path

"""A virtual machine: QEMU, the cables between its UARTs, its monitor."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time

import image
from kernel import Missing, kernel
from scratch import Scratch

QEMU = "qemu-system-x86_64"

# Emulated on a busy machine all takes ten times as long.
BOOT_SECONDS = 240
SECONDS = 120

# Bytes in a socket are seen by no TIOCOUTQ in the guest: so few that they are
# a small part of a packet.  The kernel counts about 770 for each write, and a
# UART writes byte by byte.
UART_SNDBUF = 4608

# What the cable takes beyond what it has carried, like a UART's FIFO.
FIFO_BYTES = 32

# A full line stops a UART; but the whole machine where it is a USB adapter.
USB_BYTES = 1 << 16

# Neither machine nor cable outlives whoever started it, however he ended.
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")

MODULES = "tun,slip,sch_fq_codel,xhci-pci,ftdi_sio"


class Died(Exception):
    """The machine ended beneath a test."""


class Monitor:
    """QMP: see QEMU's qmp-spec."""

    def __init__(self, sock):
        self.file = sock.makefile("rw", encoding="utf-8")
        self.socket = sock
        self.lock = threading.Lock()
        sock.settimeout(SECONDS)
        self._line()
        self.tell("qmp_capabilities")

    def _line(self):
        line = self.file.readline()
        if not line:
            raise Died("the monitor is gone")
        return json.loads(line)

    def tell(self, command, **arguments):
        with self.lock:
            try:
                self.file.write(json.dumps(
                    {"execute": command, "arguments": arguments}) + "\n")
                self.file.flush()
                while True:
                    answer = self._line()
                    if "return" in answer:
                        return answer["return"]
                    assert "error" not in answer, (command, answer)
            except OSError as e:
                raise Died("the monitor is gone") from e


class Uart:
    """One end of a cable, as the guest and QEMU name it."""

    def __init__(self, tty, chardev):
        self.tty, self.chardev = tty, chardev
        ours, theirs = socket.socketpair()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UART_SNDBUF)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        self.ours, self.theirs = ours, theirs

    @property
    def device(self):
        return "/dev/" + self.tty

    def option(self):
        return ["-chardev", "socket,id=%s,fd=%d" % (
            self.chardev, self.theirs.fileno())]


class Machine:
    """Ports, two and two with a paced cable between them:

        isa   ttyS1 - ttyS4     isa-serial - pci-serial-4x
        pci   ttyS5 - ttyS6     pci-serial-4x, both
        usb   ttyUSB0 - ttyS7   usb-serial, not plugged in; pci-serial-4x

    ttyS0 is the console."""

    PAIRS = {"isa": ("ttyS1", "ttyS4"), "pci": ("ttyS5", "ttyS6"),
             "usb": ("ttyUSB0", "ttyS7")}
    UART = {"baud": 115200, "bits": 10, "rate_error": 0, "drop": 0, "ber": 0,
            "txbuf": FIFO_BYTES}
    LINE = {"isa": UART, "pci": UART, "usb": {**UART, "txbuf": USB_BYTES}}
    USB_SERIAL = "SR0001"
    MEMORY_MB = 768
    # What the kernel is told besides; the first process is the root's /init.
    APPEND = ""

    def __init__(self, console=None):
        """console: options of QEMU's chardev instead of a file."""
        self.scratch = Scratch()
        self.directory = self.scratch.path
        self.share = os.path.join(self.directory, "share")
        os.mkdir(self.share)
        self.console = os.path.join(self.directory, "console")
        self.console_option = console or "file,path=%s" % self.console
        self.errors = os.path.join(self.directory, "qemu")
        self.qemu = self.cable = None
        self.usb = False  # plugged in
        self.uarts = {}
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        if shutil.which(QEMU) is None:
            raise Missing("no %s: install qemu-system-x86" % QEMU)
        self.kernel = kernel()
        root = os.path.join(self.directory, "initrd")
        self._make_root(root)
        n = 0
        for pair in self.PAIRS.values():
            for tty in pair:
                self.uarts[tty] = Uart(tty, "line%d" % n)
                n += 1
        self._start_cable()
        self._start_qemu(root)

    def _make_root(self, path):
        image.make(path, self.kernel, self._programs())

    def _programs(self):
        """What is under test, and the client beside it."""
        daemon = os.environ["SERIAL_ROUTERD"]
        client = os.environ.get("SERIAL_ROUTERCTL") or os.path.join(
            os.path.dirname(daemon), "serial-routerctl")
        found = {"serial-routerd": daemon, "peek": os.environ["PEEK"]}
        if os.access(client, os.X_OK):
            found["serial-routerctl"] = client
        return found

    def _start_cable(self):
        specs, fds = [], []
        for name, (a, b) in self.PAIRS.items():
            ends = [self.uarts[t].ours.fileno() for t in (a, b)]
            fds += ends
            specs.append("@%d:@%d,%s" % (*ends, ",".join(
                "%s=%s" % pair for pair in self.LINE[name].items())))
        self.cable = Cable(specs, fds, list(self.PAIRS))

    def _options(self, root, monitor, agent):
        tag = "share"
        options = [
            *ENDS_WITH_US, QEMU,
            "-accel", "tcg,thread=multi,tb-size=256", "-M", "pc",
            "-cpu", "max", "-smp", "1", "-m", str(self.MEMORY_MB),
            "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot",
            "-kernel", os.path.join(self.kernel, "vmlinux"),
            "-initrd", root,
            "-append", "console=ttyS0,115200 panic=-1 8250.nr_uarts=16 "
            "mitigations=off nokaslr quiet share=%s:%s modules=%s%s" % (
                tag, self.share, MODULES, self.APPEND),
            "-chardev", self.console_option + ",id=console",
            "-device", "isa-serial,chardev=console,index=0",
            "-chardev", "socket,id=monitor,fd=%d" % monitor,
            "-mon", "chardev=monitor,mode=control",
            "-device", "virtio-serial-pci,id=vs",
            "-chardev", "socket,id=agent,fd=%d" % agent,
            "-device", "virtserialport,bus=vs.0,chardev=agent,name=agent",
            "-virtfs", "local,path=%s,mount_tag=%s,security_model=none"
            ",id=share" % (self.share, tag),
            "-device", "qemu-xhci,id=xhci",
        ]
        for uart in self.uarts.values():
            options += uart.option()
        name = {t: u.chardev for t, u in self.uarts.items()}
        return options + [
            "-device", "isa-serial,chardev=%s,index=1" % name["ttyS1"],
            "-device", "pci-serial-4x,chardev1=%s,chardev2=%s,chardev3=%s"
            ",chardev4=%s" % tuple(
                name[t] for t in ("ttyS4", "ttyS5", "ttyS6", "ttyS7")),
        ]

    def _start_qemu(self, root):
        monitor, qmp = socket.socketpair()
        ours, agent = socket.socketpair()
        fds = [qmp.fileno(), agent.fileno()]
        fds += [u.theirs.fileno() for u in self.uarts.values()]
        with open(self.errors, "wb") as errors:
            here = {} if self.console_option.startswith("stdio") else {
                "stdin": subprocess.DEVNULL, "stdout": errors}
            self.qemu = subprocess.Popen(
                self._options(root, *fds[:2]), stderr=errors, pass_fds=fds,
                **here)
        qmp.close()
        agent.close()
        for uart in self.uarts.values():
            uart.theirs.close()
        self.monitor = Monitor(monitor)
        self.agent = Agent(self, ours)
        self.agent.wait_ready(BOOT_SECONDS)

    def is_alive(self):
        return self.qemu is not None and self.qemu.poll() is None \
            and not self.agent.gone

    def plug_usb(self):
        self.monitor.tell(
            "device_add", driver="usb-serial", id="usb0", bus="xhci.0",
            serial=self.USB_SERIAL,
            chardev=self.uarts["ttyUSB0"].chardev)
        self.usb = True

    def unplug_usb(self):
        self.monitor.tell("device_del", id="usb0")
        self.usb = False

    def said(self):
        """What the guest and QEMU said, for who looks into a failure."""
        found = []
        for path in (self.console, self.errors):
            try:
                with open(path, errors="replace") as f:
                    found.append((path, f.read()[-8000:]))
            except OSError:
                pass
        if self.qemu and self.qemu.poll() is not None:
            found.append(("qemu", "ended: %d" % self.qemu.returncode))
        return found

    def close(self):
        if self.qemu is not None and self.qemu.poll() is None:
            self.qemu.kill()
        if self.qemu is not None:
            self.qemu.wait(SECONDS)
        if self.cable is not None:
            self.cable.close()
        for uart in self.uarts.values():
            uart.ours.close()
        self.scratch.close()


class Cable:
    """The nullmodem that joins the UARTs' sockets."""

    def __init__(self, specs, fds, names):
        self.names = names
        self.process = subprocess.Popen(
            [*ENDS_WITH_US, os.environ["NULLMODEM"], *specs],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, pass_fds=fds)
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline()
        assert answer.startswith("ok"), (line, answer)
        return answer

    def set(self, name, **options):
        """As nullmodem's set: baud, rate_error, bits, txbuf, drop, ..."""
        self.tell("set %d %s" % (self.names.index(name), " ".join(
            "%s=%s" % pair for pair in options.items())))

    def stat(self, name):
        pairs = self.tell("stat %d" % self.names.index(name)).split()[1:]
        return {k: int(v) for k, v in (p.split("=") for p in pairs)}

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()


class Agent:
    """The other end of tests/vm/agent in the guest."""

    def __init__(self, machine, sock):
        self.machine, self.socket = machine, sock
        self.changed = threading.Condition()
        self.ready = self.gone = False
        self.pids, self.statuses = {}, {}
        self.count = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.socket.makefile("r", encoding="utf-8") as lines:
            try:
                for line in lines:
                    with self.changed:
                        self._take(line.split())
                        self.changed.notify_all()
            except OSError:
                pass
        with self.changed:
            self.gone = True
            self.changed.notify_all()

    def _take(self, words):
        if words == ["ready"]:
            self.ready = True
        elif len(words) == 3 and words[0] == "pid":
            self.pids[words[1]] = int(words[2])
        elif len(words) == 3 and words[0] == "end":
            self.statuses[words[1]] = int(words[2])

    def wait(self, condition, seconds, what):
        """Until condition() of what was heard is no longer None."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                result = condition()
                if result is not None:
                    return result
                if self.gone:
                    raise Died("the virtual machine ended: %s" % what)
                left = end - time.monotonic()
                if left <= 0:
                    raise subprocess.TimeoutExpired(what, seconds)
                self.changed.wait(left)

    def wait_ready(self, seconds):
        self.wait(lambda: self.ready or None, seconds, "its start")

    def tell(self, line):
        try:
            self.socket.sendall(line.encode() + b"\n")
        except OSError as e:
            raise Died("the virtual machine is gone") from e

    def run(self, script):
        """Starts a shell script; its number."""
        self.count += 1
        number = str(self.count)
        path = os.path.join(self.machine.share, number + ".sh")
        with open(path, "w") as f:
            f.write('echo "pid %s $$" >&3; exec 3>&- </dev/null\n%s\n' % (
                number, script))
        self.tell("run " + number)
        return number

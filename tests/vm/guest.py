"""Commands, namespaces and routers in the guest.

The share has the same path on both sides, so the classes of the integration
tests serve here too: their files are there, their processes in the guest."""

import os
import shlex
import signal
import subprocess
import tempfile

from machine import SECONDS, Machine
from namespace import Namespace
from router import Router, pairs
from wait import wait_for


class Process:
    """A process in the guest, as subprocess.Popen is one here."""

    def __init__(self, guest, script):
        self.guest, self.agent = guest, guest.machine.agent
        self.number = self.agent.run(script)
        self.returncode = None

    @property
    def pid(self):
        return self.agent.wait(lambda: self.agent.pids.get(self.number),
                               SECONDS, "the start of a command")

    def output(self):
        path = os.path.join(self.guest.machine.share, self.number + ".out")
        with open(path, errors="replace") as f:
            return f.read()

    def poll(self):
        if self.returncode is None:
            self.returncode = self.agent.statuses.get(self.number)
        if self.returncode is None and self.agent.gone:
            self.wait(0)
        return self.returncode

    def wait(self, timeout=SECONDS):
        self.returncode = self.agent.wait(
            lambda: self.agent.statuses.get(self.number), timeout,
            "the end of command %s" % self.number)
        return self.returncode

    def send_signal(self, sig):
        if self.poll() is None:
            self.agent.tell("kill %d %d" % (sig, self.pid))

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Guest:
    """A running machine; a new one takes the place of one that died."""

    def __init__(self):
        self.machine = Machine()

    def ensure(self):
        if not self.machine.is_alive():
            self.machine.close()
            self.machine = Machine()

    @property
    def cable(self):
        return self.machine.cable

    def start(self, script):
        return Process(self, script)

    def shell(self, script, seconds=SECONDS, check=True):
        """Runs a script to its end; its output, both streams together."""
        process = self.start(script)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError("%s: not within %g s\n%s" % (
                script, seconds, process.output())) from None
        if check and status != 0:
            raise AssertionError("%s: status %d\n%s" % (
                script, status, process.output()))
        return process.output()

    def run(self, *args, **kwargs):
        return self.shell("exec " + shlex.join(map(str, args)), **kwargs)

    def exists(self, path):
        return self.shell("test -e %s && echo yes || :" % path) != ""


class GuestNamespace(Namespace):
    """A network namespace of the guest."""

    numbers = 0

    def __init__(self, guest):
        GuestNamespace.numbers += 1
        self.guest = guest
        self.name = "n%d" % GuestNamespace.numbers
        guest.shell("ip netns add %s && ip -n %s link set lo up" % (
            self.name, self.name))

    def run(self, *args, **kwargs):
        return self.guest.run(*self.exec(*args), **kwargs)

    def start(self, *args):
        return self.guest.start(
            "exec " + shlex.join(map(str, self.exec(*args))))

    def ip(self, *args, **kwargs):
        return self.guest.run("ip", "-n", self.name, *args, **kwargs)

    def _text(self, *args):
        return self.ip("-d", "-j", *args, check=False)

    def ip_json(self, *args):
        import json
        try:
            return json.loads(self._text(*args))
        except ValueError:
            return []

    def inside(self, function):
        raise NotImplementedError("a socket in the guest")

    def ping(self, *args, **kwargs):
        return super().ping(*args, **kwargs)

    def wait_ping(self, address, *args, seconds=SECONDS):
        wait_for(lambda: self.ping("-c1", "-W3", *args, address), seconds,
                 "a ping to %s" % address)

    def processes(self):
        out = self.guest.run("ip", "netns", "pids", self.name, check=False)
        return [int(p) for p in out.split() if p.isdigit()]

    def close(self):
        self.guest.shell(
            "for p in $(ip netns pids %s); do kill -9 $p; done\n"
            "until [ -z \"$(ip netns pids %s)\" ]; do sleep 0.1; done\n"
            "ip netns del %s" % ((self.name,) * 3))


class GuestRouter(Router):
    """A serial-routerd in the guest."""

    def __init__(self, namespace, links, seconds=SECONDS, **kwargs):
        self.guest = namespace.guest
        directory = tempfile.mkdtemp(dir=self.guest.machine.share)
        os.chmod(directory, 0o755)
        super().__init__(namespace, directory, links, **kwargs)

    def _spawn(self):
        command = self.namespace.exec(
            *self.wrap, "serial-routerd", *self.args, "-c", self.file)
        self.process = self.guest.start("exec %s >>%s 2>&1" % (
            shlex.join(map(str, command)), self.log_path))
        wait_for(lambda: os.path.exists(self.log_path), SECONDS)

    def wait_log(self, pattern, seconds=SECONDS, since=0):
        return super().wait_log(pattern, seconds, since)

    def wait_state(self, state, name="sl0", seconds=SECONDS, **more):
        return super().wait_state(state, name, seconds, **more)

    def wait_up(self, *names, seconds=SECONDS):
        return super().wait_up(*names, seconds=seconds)

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        return self.process.wait(SECONDS)

    def kill(self):
        self.process.kill()
        self.process.wait(SECONDS)

    def close(self):
        if self.process is None or self.process.poll() is not None:
            return
        assert self.stop() == 0, "serial-routerd: %d\n%s" % (
            self.process.returncode, self.log())


__all__ = ["Guest", "GuestNamespace", "GuestRouter", "Process", "pairs"]

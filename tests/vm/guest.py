"""Commands, namespaces and routers in the guest.

The share has the same path on both sides, so the classes of the integration
tests serve here too: their files are there, their processes in the guest."""

import json
import os
import shlex
import signal
import subprocess
import tempfile

from machine import SECONDS, Died, Machine
from namespace import Namespace
from router import Router
from wait import wait_for


class Process:
    """A process in the guest, as subprocess.Popen is one here."""

    def __init__(self, guest, script):
        self.script = script
        self.machine = guest.machine
        self.agent = guest.machine.agent
        self.number = self.agent.run(script)
        self.returncode = None

    @property
    def pid(self):
        return self.agent.wait(lambda: self.agent.pids.get(self.number),
                               SECONDS, "the start of a command")

    def output(self):
        path = os.path.join(self.machine.share, self.number + ".out")
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as f:
            return f.read()

    def poll(self):
        if self.returncode is None:
            self.returncode = self.agent.statuses.get(self.number)
        if self.returncode is None and self.agent.gone:
            raise Died("the virtual machine ended: %s" % self.script)
        return self.returncode

    def wait(self, timeout=SECONDS):
        self.returncode = self.agent.wait(
            lambda: self.agent.statuses.get(self.number), timeout,
            self.script)
        return self.returncode

    def finish(self, seconds=SECONDS, check=True):
        """Waits for its end; what it said, both streams together."""
        try:
            status = self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("%s: not within %g s\n%s" % (
                self.script, seconds, self.output())) from None
        if check and status != 0:
            raise AssertionError("%s: status %d\n%s" % (
                self.script, status, self.output()))
        return self.output()

    def send_signal(self, sig):
        if self.poll() is None:
            self.agent.tell("kill %d %d" % (sig, self.pid))

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def close(self):
        if self.poll() is None:
            self.kill()
            self.wait()


class Guest:
    """A running machine; a new one takes the place of one that died."""

    def __init__(self, kind=Machine):
        self.kind = kind
        self.machine = self.kind()

    def ensure(self):
        if not self.answers():
            self.machine.close()
            self.machine = self.kind()

    def answers(self):
        """Neither dead nor stuck."""
        try:
            return Process(self, "true").wait() == 0
        except (Died, subprocess.TimeoutExpired):
            return False

    def close(self):
        self.machine.close()

    def said(self):
        return self.machine.said()

    @property
    def cable(self):
        return self.machine.cable

    def start(self, *args):
        return Process(self, "exec " + shlex.join(map(str, args)))

    def shell(self, script, **kwargs):
        """Runs a script to its end; its output, both streams together."""
        return Process(self, script).finish(**kwargs)

    def run(self, *args, **kwargs):
        return self.start(*args).finish(**kwargs)

    def exists(self, path):
        return self.shell("test -e %s && echo yes || :" % path) != ""


class GuestNamespace(Namespace):
    """A network namespace of the guest."""

    count = 0

    def __init__(self, guest):
        GuestNamespace.count += 1
        self.guest = guest
        self.name = "n%d" % GuestNamespace.count
        guest.shell("ip netns add %s && ip -n %s link set lo up" % (
            self.name, self.name))

    def start(self, *args):
        """A command that goes on; a Process."""
        return self.guest.start(*self.exec(*args))

    def run(self, *args, **kwargs):
        return self.guest.run(*self.exec(*args), **kwargs)

    def ip(self, *args, **kwargs):
        return self.guest.run("ip", "-n", self.name, *args, **kwargs)

    def ip_json(self, *args):
        text = self.ip("-d", "-j", *args, check=False)
        try:
            return json.loads(text)
        except ValueError:
            return []

    def inside(self, function):
        raise NotImplementedError("sockets are the guest's")

    def wait_ping(self, address, *args, seconds=SECONDS):
        wait_for(lambda: self.ping("-c1", "-W3", *args, address), seconds,
                 "a ping to %s" % address)

    def processes(self):
        out = self.guest.run("ip", "netns", "pids", self.name, check=False)
        return [int(p) for p in out.split() if p.isdigit()]

    def close(self):
        self.guest.shell(
            'while p=$(ip netns pids {0}) && [ -n "$p" ]; do\n'
            "\tkill -9 $p\n"
            "\tsleep 0.1\n"
            "done\n"
            "ip netns del {0}".format(self.name))


class GuestRouter(Router):
    """A serial-routerd in the guest."""

    def __init__(self, namespace, links, **kwargs):
        self.guest = namespace.guest
        directory = tempfile.mkdtemp(dir=self.guest.machine.share)
        os.chmod(directory, 0o755)
        super().__init__(namespace, directory, links, **kwargs)

    def configure(self, links):
        """device: of the first link."""
        self.device = links[0]["port"].get("device") if links else None
        # The share has no sockets.
        self.control_path = "/run/control" + self.directory.replace("/", "-")
        super().configure(links)

    def _spawn(self):
        command = self.namespace.exec(
            *self.wrap, "serial-routerd", *self.args, "-c", self.file)
        open(self.log_path, "a").close()
        self.process = Process(
            self.guest, "export STATE_DIRECTORY=%s; exec %s >>%s 2>&1" % (
                self.state_dir, shlex.join(map(str, command)),
                self.log_path))

    def wait_log(self, pattern, seconds=SECONDS, since=0):
        return super().wait_log(pattern, seconds, since)

    def wait_state(self, state, name="sl0", seconds=SECONDS, **more):
        return super().wait_state(state, name, seconds, **more)

    def wait_up(self, *names, seconds=SECONDS):
        return super().wait_up(*names, seconds=seconds)

    def pump(self, name="sl0"):
        return wait_for(lambda: int(self.status(name)["pump"]), SECONDS,
                        "a pump of %s" % name)

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        return self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process is None or self.process.poll() is not None:
            return
        assert self.stop() == 0, "serial-routerd: %d\n%s" % (
            self.process.returncode, self.log())


class Script:
    """Puts back what a test has changed in the guest."""

    def __init__(self, guest, script):
        self.guest, self.script = guest, script

    def close(self):
        self.guest.shell(self.script)


class Bench:
    """What a test builds in the guest, and what is torn down after it."""

    def __init__(self, guest):
        self.guest, self.things = guest, []
        self.cable = guest.cable
        for name in guest.machine.PAIRS:
            self.cable.set(name, **guest.machine.LINE[name])

    def keep(self, thing):
        """Anything with close(): the last one kept is closed first."""
        self.things.append(thing)
        return thing

    def namespace(self):
        return self.keep(GuestNamespace(self.guest))

    def router(self, namespace, links, **kwargs):
        return self.keep(GuestRouter(namespace, links, **kwargs))

    def start(self, *args):
        return self.keep(self.guest.start(*args))

    def take(self, thing):
        """Closes it before the test ends."""
        self.things.remove(thing)
        thing.close()

    def on_close(self, script):
        self.keep(Script(self.guest, script))

    def said(self):
        return [(t.log_path, "\n".join(t.lines()[-60:]))
                for t in self.things if isinstance(t, GuestRouter)]

    def close(self):
        """Nothing is left to take away of a machine that died."""
        first = None
        while self.things and self.guest.machine.is_alive():
            try:
                self.things.pop().close()
            except Exception as e:
                first = first or e
        if first:
            raise first

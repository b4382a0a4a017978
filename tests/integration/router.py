"""A serial-routerd under test."""

import os
import re
import shlex
import signal
import subprocess
import time

from wait import is_alive, run, wait_for

SANITIZER_TEXTS = ("ERROR: AddressSanitizer", "runtime error:",
                   "ERROR: LeakSanitizer")


def is_sanitizer_build():
    """Its pumps keep standard error."""
    return bool(os.environ.get("SR_SANITIZER")) or "sanitizer" in run(
        os.environ["SERIAL_ROUTERD"], "-V")


def libconfig(value):
    """A Python value in libconfig's syntax."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"%s"' % value
    if isinstance(value, dict):
        pairs = ("%s = %s;" % (k, libconfig(v)) for k, v in value.items())
        return "{ " + " ".join(pairs) + " }"
    return "( " + ", ".join(map(libconfig, value)) + " )"


# Of a link, besides its port and its interface.
GROUPS = ("enabled", "framing", "receive", "queue", "retry", "liveness")


def link(link_name, device, baud=921600, port=None, **interface):
    """A link of the configuration; what is left goes to its interface."""
    made = {
        "name": link_name,
        "port": {"device": device, "baud": baud, **(port or {})},
    }
    for key in GROUPS:
        if interface.get(key) is not None:
            made[key] = interface.pop(key)
        interface.pop(key, None)
    return {**made, "interface": interface}


def both(n=0):
    """The addresses of the two ends of link n, IPv4 and IPv6."""
    v4, v6 = "10.64.%d." % n, "fd00:64:%d::" % n
    return (
        [{"local": v4 + "1", "peer": v4 + "2"}, v6 + "1/64"],
        [{"local": v4 + "2", "peer": v4 + "1"}, v6 + "2/64"],
    )


def pairs(text):
    """key=value and key="a value" as a dictionary."""
    return dict(word.split("=", 1) for word in shlex.split(text)
                if "=" in word)


class Router:
    def __init__(self, namespace, directory, links, args=("-v",), env=None,
                 start=True, wrap=(), control=""):
        count = sum(1 for n in os.listdir(directory) if n.startswith("router"))
        self.directory = os.path.join(directory, "router%d" % count)
        os.mkdir(self.directory)
        self.namespace = namespace
        self.args, self.env, self.wrap = args, env or {}, wrap
        self.file = os.path.join(self.directory, "serial-router.conf")
        self.log_path = os.path.join(self.directory, "log")
        self.state_dir = os.path.join(self.directory, "state")
        self.process, self.started = None, 0
        # Whoever the daemon runs as makes its socket there.
        run_directory = os.path.join(self.directory, "run")
        os.mkdir(run_directory)
        os.chmod(run_directory, 0o777)
        self.control_path = os.path.join(run_directory, "control")
        # More of that group, in the file's syntax; None: the default path.
        self.control = control
        self.configure(links)
        if start:
            self.start()

    def configure(self, links):
        self.names = [link["name"] for link in links]
        head = "" if self.control is None else (
            'control: { path: "%s"; %s };\n' % (
                self.control_path, self.control))
        self.write(head + "links: %s;\n" % libconfig(list(links)))

    def write(self, text):
        with open(self.file, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())

    def hup(self, pattern, seconds=20):
        """Asks for a reload; what the log says from there, once pattern is
        in it."""
        since = self.mark()
        self.process.send_signal(signal.SIGHUP)
        self.wait_log(pattern, seconds, since)
        return self.log(since)

    def reload(self, links, seconds=20):
        """What the log says of it."""
        self.configure(links)
        return self.hup(r"serial-routerd: reloaded: .*\n", seconds)

    def refused(self, text, seconds=20):
        """The same of a file that is not taken."""
        self.write(text)
        return self.hup(r"the configuration in force stays\n", seconds)

    def start(self):
        """Until it listens to signals, too."""
        since = self.mark() if os.path.exists(self.log_path) else 0
        self._spawn()
        if "--syslog" not in self.args:
            self.wait_log(r"serial-routerd: \d+ of \d+ links started",
                          since=since)

    def _spawn(self):
        self.started = time.monotonic()
        binary = os.environ["SERIAL_ROUTERD"]
        with open(self.log_path, "ab") as log:
            stat = os.fstat(log.fileno())
            env = {k: v.format(journal="%d:%d" % (stat.st_dev, stat.st_ino))
                   for k, v in self.env.items()}
            self.process = subprocess.Popen(
                self.namespace.exec(
                    *self.wrap, binary, *self.args, "-c", self.file),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "STATE_DIRECTORY": self.state_dir,
                     **env},
            )

    @property
    def pid(self):
        return self.process.pid

    def seconds(self):
        return time.monotonic() - self.started

    def log(self, since=0):
        with open(self.log_path, errors="replace") as f:
            f.seek(since)
            return f.read()

    def mark(self):
        """The place in the log where what follows begins."""
        return os.path.getsize(self.log_path)

    def lines(self, since=0):
        return self.log(since).splitlines()

    def said(self, since=0):
        """The log without what SIGUSR1 asked for."""
        asked = (": state=", ": to-line:", ": queue:", ": from-line:")
        return [x for x in self.lines(since)
                if not any(a in x for a in asked)]

    def wait_log(self, pattern, seconds=20, since=0):
        """The first match of a regular expression in the log."""
        def found():
            match = re.search(pattern, self.log(since), re.M)
            assert match or self.process.poll() is None, \
                "serial-routerd ended: %d\n%s" % (
                    self.process.returncode, self.log(since))
            return match

        return wait_for(found, seconds, "log line %r" % pattern)

    def snapshot(self):
        """Name -> what SIGUSR1 logs of each link."""
        since = self.mark()
        names = self._names()
        self.process.send_signal(signal.SIGUSR1)
        if not names:
            return {}
        self.wait_log(r"^(?:<6>)?%s: from-line:.*\n" % re.escape(names[-1]),
                      since=since)
        found = {}
        for line in self.lines(since):
            m = re.match(r"(?:<6>)?([^ :]+): "
                         r"(state=|to-line: |queue: |from-line: )", line)
            if m is None:
                continue
            part = found.setdefault(m.group(1), {})
            key = m.group(2).strip(": =")
            part[key] = pairs(line.split(": ", 1)[1])
        for name, part in found.items():
            part.update(part.pop("state"))
            for key in ("to-line", "queue", "from-line"):
                part[key] = {k: int(v) for k, v in part[key].items()}
            check_balance(part)
        return found

    def _names(self):
        return self.names

    def status(self, name="sl0"):
        return self.snapshot()[name]

    def state(self, name="sl0"):
        return self.status(name)["state"]

    def wait_state(self, state, name="sl0", seconds=20, **more):
        """Until the link is in that state; more: what else is said of it."""
        def reached():
            s = self.status(name)
            wanted = {"state": state,
                      **{k.replace("_", "-"): v for k, v in more.items()}}
            return s if all(s[k] == v for k, v in wanted.items()) else None

        return wait_for(reached, seconds, "%s %s %s" % (name, state, more),
                        every=0.05)

    def wait_up(self, *names, seconds=20):
        for name in names or self._names():
            self.wait_state("UP", name, seconds)
        return self

    def pump(self, name="sl0"):
        """The process id of a link's pump, once it has one."""
        return wait_for(lambda: int(self.status(name)["pump"]), 20,
                        "a pump of %s" % name, every=0.05)

    def stop(self, sig=signal.SIGTERM):
        """Ends it and returns its exit status."""
        self.process.send_signal(sig)
        status = self.process.wait(20)
        self.check_sanitizer()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def check_sanitizer(self):
        for text in SANITIZER_TEXTS:
            assert text not in self.log(), self.log()[-8000:]

    def close(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("serial-routerd does not end")
        self.check_sanitizer()
        assert not is_alive(self.pid)


def dropped(part):
    return sum(v for k, v in part.items() if k.startswith("dropped-"))


def check_balance(status):
    """Every packet is accounted for."""
    to, back = status["to-line"], status["from-line"]
    assert (to["in-packets"] + to["probes"]
            == to["packets"] + dropped(to) + to["queued"]), to
    assert back["frames"] == (
        back["packets"] + back["answers"] + dropped(back)), back

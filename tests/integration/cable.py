"""What a port is plugged into: null-modem cables, or the test itself."""

import fcntl
import os
import pty
import select
import subprocess
import time
import tty

END, ESC, ESC_END, ESC_ESC = b"\xc0", b"\xdb", b"\xdc", b"\xdd"


def is_free(path):
    """Nobody holds the lock on a port."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(fd)


class Cable:
    """A running nullmodem: cable n joins the ends a[n] and b[n]."""

    def __init__(self, directory, *options, seed=1):
        count = sum(1 for n in os.listdir(directory) if n.startswith("cable"))
        self.directory = os.path.join(directory, "cable%d" % count)
        os.mkdir(self.directory)
        self.a = [self._name("a", n) for n in range(len(options))]
        self.b = [self._name("b", n) for n in range(len(options))]
        specs = [
            "%s:%s,%s" % (a, b, o) for a, b, o in zip(self.a, self.b, options)
        ]
        self.process = subprocess.Popen(
            [os.environ["NULLMODEM"], "-s", str(seed), *specs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.answers = b""
        assert self._answer() == "ready"

    def _name(self, end, n):
        return os.path.join(self.directory, "%s%d" % (end, n))

    def _answer(self, seconds=20):
        while b"\n" not in self.answers:
            out = self.process.stdout
            assert select.select([out], [], [], seconds)[0], "no answer"
            got = os.read(out.fileno(), 65536)
            assert got, "the cable ended"
            self.answers += got
        line, self.answers = self.answers.split(b"\n", 1)
        return line.decode()

    def tell(self, *words):
        line = " ".join(map(str, words)).encode() + b"\n"
        while line:
            line = line[self.process.stdin.write(line):]
        answer = self._answer()
        assert answer.startswith("ok"), answer
        return answer

    def cut(self, n=0):
        self.tell("cut", n)

    def plug(self, n=0):
        self.tell("plug", n)

    def stat(self, n=0):
        pairs = self.tell("stat", n).split()[1:]
        return {k: int(v) for k, v in (p.split("=") for p in pairs)}

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait(5)
        self.process.stdin.close()
        self.process.stdout.close()


class Line:
    """A port whose other end is the test: what is sent is seen bytewise."""

    def __init__(self, directory, name="line"):
        self.path = os.path.join(directory, name)
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        # Held open, so that the line does not hang up between two pumps.
        self.slave = slave
        os.set_blocking(self.master, False)
        os.symlink(os.ttyname(slave), self.path)
        self.node = os.ttyname(slave)

    def read(self):
        try:
            return os.read(self.master, 65536)
        except BlockingIOError:
            return b""

    def read_until(self, enough, seconds=20):
        """Reads until enough(all of it); returns all of it."""
        got, end = b"", time.monotonic() + seconds
        while not enough(got):
            left = end - time.monotonic()
            assert left > 0, "only got %r" % got[:400]
            select.select([self.master], [], [], left)
            got += self.read()
        return got

    def write(self, data, seconds=60):
        """Sends as fast as the pump reads."""
        end, view = time.monotonic() + seconds, memoryview(data)
        while view:
            left = end - time.monotonic()
            assert left > 0, "the port is not read"
            select.select([], [self.master], [], left)
            try:
                view = view[os.write(self.master, view):]
            except BlockingIOError:
                pass

    def is_free(self):
        return is_free(self.path)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def frame(packet, leading_end=False):
    body = packet.replace(ESC, ESC + ESC_ESC).replace(END, ESC + ESC_END)
    return (END if leading_end else b"") + body + END


def unframe(data):
    """The packets of whole frames, without empty ones."""
    packets = []
    for part in data.split(END)[:-1]:
        if part:
            part = part.replace(ESC + ESC_END, END)
            packets.append(part.replace(ESC + ESC_ESC, ESC))
    return packets

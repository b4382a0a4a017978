"""A client of the control socket; what serial-router-control(7) shows."""

import json
import os
import re
import socket
import subprocess

MAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                   os.pardir, "doc", "serial-router-control.7.in")


class Client:
    def __init__(self, path, seconds=20):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # With a time-out, one that has to wait for its turn would fail.
        self.socket.connect(path)
        self.socket.settimeout(seconds)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, text):
        self.socket.sendall(text.encode())

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def read(self):
        """The next document; None: the daemon has closed."""
        while b"\n" not in self.rest:
            try:
                got = self.socket.recv(262144)
            except ConnectionResetError:
                got = b""
            if not got:
                assert self.rest == b"", self.rest
                return None
            self.rest += got
        line, self.rest = self.rest.split(b"\n", 1)
        assert not any(b < 0x20 for b in line), line
        return json.loads(line.decode("utf-8"))

    def greet(self):
        greeting = self.read()
        assert greeting["protocol"] == 1, greeting
        return self

    def ask(self, request):
        self.send(request + "\n")
        return self.read()

    def close(self):
        self.socket.close()


def client(router, seconds=20):
    """Greeted."""
    path = router if isinstance(router, str) else router.control_path
    return Client(path, seconds).greet()


def ask(router, request):
    with client(router) as c:
        return c.ask(request)


def show(router, name="sl0"):
    """What is said of one link."""
    return ask(router, "show " + name)["links"][0]


def socat(path, text, **kwargs):
    """What a shell would get: documents, and socat's complaints."""
    done = subprocess.run(
        ["socat", "-t", "10", "-", "UNIX-CONNECT:" + path], input=text,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
        **kwargs)
    return [json.loads(x) for x in done.stdout.splitlines()], done.stderr


def examples():
    """Name -> document of each marked example of the manual page."""
    found, name, text = {}, None, None
    with open(MAN) as f:
        for line in f:
            mark = re.match(r'\.\\" example: (\w+)', line)
            if mark:
                name = mark.group(1)
            elif name and line.startswith(".Bd"):
                text = ""
            elif text is not None and line.startswith(".Ed"):
                found[name] = json.loads(text.replace(r"\e", "\\"))
                name = text = None
            elif text is not None:
                text += line
    return found


def missing_fields(example, real, at=""):
    """Fields of an example that an answer lacks.  What is null in the answer
    is not known now, and has no fields."""
    if real is None:
        return []
    if isinstance(example, dict):
        if not isinstance(real, dict):
            return ["%s: no object" % at]
        lacking = ["%s.%s" % (at, k) for k in example if k not in real]
        for key in example.keys() & real.keys():
            lacking += missing_fields(example[key], real[key],
                                      "%s.%s" % (at, key))
        return lacking
    if isinstance(example, list) and example and isinstance(example[0], dict):
        return [x for r in real for x in missing_fields(example[0], r,
                                                        at + "[]")]
    return []

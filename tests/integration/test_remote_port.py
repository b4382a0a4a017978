"""A port of another machine: ser2net there, and socat's pty here."""

import os
import subprocess

from lab import A4, B4
from router import link
from transfer import Exchange, connect
from wait import wait_for


class Server:
    """A program of the test's own, ended with it."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def close(self):
        self.process.kill()
        self.process.wait()


def is_listening(namespace, port):
    return ":%d " % port in namespace.run("ss", "-Hltn")


def serve(lab, namespace, device, port):
    path = os.path.join(lab.directory, "ser2net.yaml")
    with open(path, "w") as f:
        f.write("connection: &line\n"
                "  accepter: tcp,127.0.0.1,%d\n"
                "  connector: serialdev,%s,115200n81,local\n" % (port, device))
    # Only with an address of its own does it look an address up.
    namespace.ip("address", "add", "192.0.2.1/32", "dev", "lo")
    server = lab.keep(Server(namespace.exec(
        "ser2net", "-n", "-u", "-c", path)))
    wait_for(lambda: is_listening(namespace, port), what="ser2net")
    return server


def test_ser2net_and_socat_make_a_port(lab):
    cable = lab.cable("baud=115200")
    na, nb = lab.namespace(), lab.namespace()
    serve(lab, nb, cable.b[0], 3000)
    pty = os.path.join(lab.directory, "line0")
    socat = lab.keep(Server(nb.exec(
        "socat", "PTY,link=%s,raw,echo=0" % pty, "TCP:127.0.0.1:3000")))
    wait_for(lambda: os.path.exists(pty), what="socat's pty")
    a = lab.router(na, [link("sl0", cable.a[0], 115200,
                             addresses=[{"local": A4, "peer": B4}])])
    b = lab.router(nb, [link("line0", pty, 115200,
                             addresses=[{"local": B4, "peer": A4}])])
    a.wait_up()
    b.wait_up()
    na.wait_ping(B4)
    # All 256 values, both ways, hashed.
    Exchange(connect(na, B4, nb), 20000, 20000).finish()

    # The other machine ends the connection: the pty is gone, and waited for.
    socat.close()
    wait_for(lambda: not os.path.exists(pty) or b.status("line0")["state"]
             != "UP", what="the end of the port")
    again = lab.keep(Server(nb.exec(
        "socat", "PTY,link=%s,raw,echo=0" % pty, "TCP:127.0.0.1:3000")))
    b.wait_up()
    na.wait_ping(B4)
    assert again.process.poll() is None

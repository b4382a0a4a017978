"""The control socket's place in the file system, and clients that mean no
good."""

import os
import signal
import socket
import struct
import subprocess
import time

import pytest

from control import Client, ask, client, show
from lab import A4, B4, Pair
from router import Router, is_sanitizer_build, link
from wait import proc_status, wait_for

CLIENTS = 32
LINKS = 700  # whose answer is more than sockets and the daemon hold


def run_out(router):
    """The exit status of a daemon that does not stay."""
    router._spawn()
    return router.process.wait(20)


def test_a_socket_left_by_a_killed_daemon_is_replaced(lab):
    r = lab.router(lab.namespace(), [])
    r.kill()
    assert os.path.exists(r.control_path)
    with pytest.raises(ConnectionRefusedError):
        Client(r.control_path)
    r.start()
    assert ask(r, "version")["protocol"] == 1


def test_a_path_that_another_daemon_has_ends_the_second(lab):
    n = lab.namespace()
    first = lab.router(n, [])
    second = lab.router(n, [], start=False)
    second.control_path = first.control_path
    second.configure([])
    assert run_out(second) == 1

    assert ("serial-routerd: control.path: %s is in use by serial-routerd "
            "(pid %d)" % (first.control_path, first.pid)) in second.lines()
    assert ask(first, "version")["protocol"] == 1
    assert first.stop() == 0
    second.start()
    assert ask(second, "version")["protocol"] == 1


@pytest.mark.parametrize("kind", ["file", "directory", "fifo", "symlink"])
def test_what_is_no_socket_is_left_alone(lab, kind):
    r = lab.router(lab.namespace(), [], start=False)
    make = {"file": lambda p: open(p, "w").close(), "directory": os.mkdir,
            "fifo": os.mkfifo, "symlink": lambda p: os.symlink(r.file, p)}
    make[kind](r.control_path)
    before = os.lstat(r.control_path)
    assert run_out(r) == 69
    assert r.lines() == ["serial-routerd: control.path: %s exists and is no "
                         "socket" % r.control_path]
    assert os.lstat(r.control_path).st_ino == before.st_ino


def test_a_lock_that_is_a_symbolic_link_is_not_followed(lab):
    r = lab.router(lab.namespace(), [], start=False)
    target = os.path.join(lab.directory, "target")
    os.symlink(target, r.control_path + ".lock")
    assert run_out(r) == 69
    assert not os.path.exists(target)


def test_a_directory_that_is_missing_is_told(lab):
    r = lab.router(lab.namespace(), [], start=False)
    r.control_path = os.path.join(lab.directory, "none", "control")
    r.configure([])
    assert run_out(r) == 69
    assert r.lines() == ["serial-routerd: control.path: there is no directory "
                         "for %s: make it" % r.control_path]


class Default(Router):
    """A file that says nothing of the socket, and a directory for run-time
    files that only these daemons see."""

    def __init__(self, lab, namespace, where):
        text = subprocess.run(
            [os.environ["SERIAL_ROUTERD"], "-T", "-i", "a", "-p", "/dev/a",
             "-b", "9600"], stdout=subprocess.PIPE, text=True).stdout
        path = text.split("# path: ")[1].split("\n")[0]
        runstate = os.path.dirname(os.path.dirname(path))
        top = runstate
        while not os.path.isdir(top):
            top = os.path.dirname(top)
        mine = os.path.join(where, os.path.relpath(runstate, top))
        os.makedirs(mine, exist_ok=True)
        self.default = os.path.join(mine, os.path.relpath(path, runstate))
        script = 'mount --bind "$0" "$1" && shift && exec "$@"'
        super().__init__(namespace, lab.directory, [],
                         wrap=("unshare", "-m", "sh", "-c", script, where,
                               top))

    def configure(self, links):
        with open(self.file, "w") as f:
            f.write("links = ( );\n")


@pytest.fixture
def place(lab):
    path = os.path.join(lab.directory, "place")
    os.mkdir(path)
    return path


def test_two_daemons_of_two_namespaces_with_the_default_path(lab, place):
    first = lab.keep(Default(lab, lab.namespace(), place))
    assert "warn" not in first.log() and "nobody can ask" not in first.log()
    directory = os.path.dirname(first.default)
    assert os.stat(directory).st_mode & 0o7777 == 0o755
    second = lab.keep(Default(lab, lab.namespace(), place))
    told = [x for x in second.lines() if "nobody can ask" in x]
    assert len(told) == 1
    assert "in use by serial-routerd (pid %d)" % first.pid in told[0]
    assert client(first.default).ask("show")["daemon"]["pid"] == first.pid
    assert second.stop() == 0
    # It took nothing away.
    assert client(first.default).ask("show")["daemon"]["pid"] == first.pid
    assert first.stop() == 0
    assert not os.path.exists(first.default)


def open_sockets(router):
    return len(os.listdir("/proc/%d/fd" % router.pid))


def ask_until_served(path, request, seconds=20):
    """While others have all places, one is free after a second."""
    def served():
        with client(path) as c:
            try:
                answer = c.ask(request)
            except (BrokenPipeError, ConnectionResetError):
                return None
            if answer is None or "error" in answer:
                return None
            return answer

    return wait_for(served, seconds, "an answer", every=0.05)


def test_a_thousand_idle_clients_keep_nobody_out(lab):
    r = lab.router(lab.namespace(), [])
    before = open_sockets(r)
    clients, most = [], 0
    for i in range(1000):
        clients.append(Client(r.control_path))
        if i % 100 == 0:
            most = max(most, open_sockets(r))
    wait_for(lambda: open_sockets(r) == before + CLIENTS)
    assert most <= before + CLIENTS + 1
    refused = clients[-1]
    refused.greet()
    answer = refused.read()
    assert answer is None or answer["error"]["code"] == "busy"
    assert ask_until_served(r.control_path, "show")["links"] == []
    assert len([x for x in r.lines() if "one more was refused" in x]) <= 20
    for c in clients:
        c.close()
    wait_for(lambda: open_sockets(r) == before)


def test_ten_thousand_half_requests(lab):
    pair = Pair(lab)
    r = pair.a
    before, most, held = open_sockets(r), 0, []
    ping = subprocess.Popen(
        pair.na.exec("ping", "-n", "-q", "-c100", "-i0.02", B4),
        stdout=subprocess.PIPE, text=True)
    for i in range(10000):
        c = Client(r.control_path)
        try:
            c.send("sho")
        except (BrokenPipeError, ConnectionResetError):
            pass
        held.append(c)
        if len(held) > 100:
            held.pop(0).close()
        if i % 500 == 0:
            most = max(most, open_sockets(r))
    assert most <= before + CLIENTS + 1
    assert ask_until_served(r.control_path, "show")["links"]
    for c in held:
        c.close()
    wait_for(lambda: open_sockets(r) == before)
    assert " 0% packet loss" in ping.communicate(timeout=60)[0]
    assert len(r.said()) < 40


def test_half_a_request_is_waited_for_five_seconds(lab):
    r = lab.router(lab.namespace(), [])
    with client(r) as slow, client(r) as watcher:
        watcher.send("watch 3600\n")
        assert watcher.read()["event"] == "show"
        slow.send("sho")
        started = time.monotonic()
        assert slow.read() is None
        assert 4 < time.monotonic() - started < 15
        # Who watches has said all he has to say.
        assert "version" in watcher.ask("version")


def reset(c):
    """Closes at once, whatever is still on its way."""
    c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
    c.close()


@pytest.fixture
def large(lab):
    """A daemon whose answers are larger than what waits for a client."""
    r = lab.router(
        lab.namespace(),
        [link("sl%d" % i, "/dev/ttyNONE%d" % i, enabled=False)
         for i in range(LINKS)], args=())
    r.without_clients = open_sockets(r)
    return r


def test_clients_that_die_in_the_middle_of_an_answer(large):
    for _ in range(50):
        c = client(large)
        c.send("show\nshow\n")
        assert c.socket.recv(100)
        reset(c)
    wait_for(lambda: open_sockets(large) == large.without_clients)
    assert len(ask(large, "show")["links"]) == LINKS


def rss_kb(router):
    return int(proc_status(router.pid)["VmRSS"].split()[0])


def test_a_large_answer_comes_whole_to_a_slow_reader(large):
    with client(large) as c:
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.send("show\nversion\n")
        time.sleep(0.2)
        assert len(c.read()["links"]) == LINKS
        assert "version" in c.read()


def test_clients_that_never_read_are_cut_off(large):
    ask(large, "show")
    memory = rss_kb(large)
    clients = [client(large) for _ in range(10)]
    for i, c in enumerate(clients):
        c.send("show\n" * 100 if i % 2 else "watch 1\n")
    # Others are served all the time.
    assert len(ask(large, "show")["links"]) == LINKS
    # A sanitizer keeps what was freed.
    assert rss_kb(large) < memory + 40 * 1024 or is_sanitizer_build()
    wait_for(lambda: open_sockets(large) == large.without_clients, 60)
    for c in clients:
        c.close()
    assert len(ask(large, "show")["links"]) == LINKS


def test_when_the_daemon_ends_clients_see_it(lab):
    r = lab.router(lab.namespace(), [])
    with client(r) as c:
        r.process.send_signal(signal.SIGTERM)
        assert c.read() is None
    assert r.process.wait(20) == 0
    assert not os.path.exists(r.control_path)

"""What is wrong is told with its next step, and as an exit status."""

import grp
import os
import pwd
import re
import socket
import stat

import pytest

from conftest import run, unable
from fake import Fake, link, show

OK, FAILURE, USAGE, UNAVAILABLE, PROTOCOL = 0, 1, 64, 69, 76
TEMPFAIL, NOPERM, CONFIG = 75, 77, 78


def is_told(r, status, *words):
    assert r.status == status, r
    assert r.out == ""
    assert re.match(r"(\S*/)?serial-routerctl: ", r.err), r
    for word in words:
        assert word in r.err, r


@pytest.mark.parametrize("verb", ["show", "top", "watch", "config", "reload",
                                  "undo", "confirm"])
def test_a_daemon_that_does_not_run(tmp_path, verb):
    path = str(tmp_path / "absent")
    is_told(run(verb, socket=path), UNAVAILABLE, path,
            "systemctl start serial-router", "-s PATH")


def test_the_default_path():
    """A daemon may be there, of another test or of the machine."""
    r = run("show")
    assert r.status == OK or "/serial-router/control" in r.err, r


def test_a_socket_that_was_left(tmp_path):
    path = str(tmp_path / "left")
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.close()
    is_told(run("show", socket=path), UNAVAILABLE, "nobody listens",
            "systemctl start serial-router")


@pytest.mark.parametrize("kind", ["file", "directory", "below a file",
                                  "datagrams", "too long"])
def test_a_path_that_is_wrong(tmp_path, kind):
    path = str(tmp_path / "wrong")
    if kind == "directory":
        os.mkdir(path)
    elif kind == "datagrams":
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(path)
    elif kind == "too long":
        path += "x" * 108
    else:
        open(path, "w").close()
    if kind == "below a file":
        path += "/control"
    is_told(run("show", socket=path), UNAVAILABLE, "-s")


@pytest.fixture
def nobody():
    if os.geteuid() != 0:
        unable("to be somebody else takes root")
    user = pwd.getpwnam("nobody")
    return ["setpriv", "--reuid", str(user.pw_uid), "--regid",
            str(user.pw_gid), "--clear-groups"]


def open_way(path):
    """Everybody may reach what is in that directory, and in those above."""
    while path != "/":
        mode = os.stat(path).st_mode
        if not mode & stat.S_IXOTH:
            os.chmod(path, mode | 0o011)
        path = os.path.dirname(path)


def group_of_nobody_else():
    """Some group that nobody is not in."""
    return next(g for g in grp.getgrall()
                if g.gr_gid not in (0, pwd.getpwnam("nobody").pw_gid)
                and "nobody" not in g.gr_mem)


@pytest.mark.parametrize("what", ["socket", "directory"])
def test_not_in_the_group(fake, nobody, what):
    f = fake()
    group = group_of_nobody_else()
    place = os.path.dirname(f.path)
    open_way(os.path.dirname(place))
    os.chmod(place, 0o755 if what == "socket" else 0o750)
    for path in (f.path, place):
        os.chown(path, 0, group.gr_gid)
    os.chmod(f.path, 0o660)
    is_told(f.ctl("show", wrap=nobody), UNAVAILABLE, "permission denied",
            "nobody is not in group %s" % group.gr_name,
            "usermod -aG %s nobody" % group.gr_name, "log in again")


def test_in_the_group_only_from_the_next_login_on(fake, nobody):
    f = fake()
    group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid)
    open_way(os.path.dirname(f.path))
    os.chown(f.path, 0, group.gr_gid)
    os.chmod(f.path, 0o660)
    other = nobody[:4] + [str(group_of_nobody_else().gr_gid)] + nobody[5:]
    is_told(f.ctl("show", wrap=other), UNAVAILABLE, "log in again",
            "newgrp %s" % group.gr_name)


def test_a_socket_of_root_alone(fake, nobody):
    f = fake()
    open_way(os.path.dirname(f.path))
    os.chmod(f.path, 0o600)
    is_told(f.ctl("show", wrap=nobody), UNAVAILABLE, "as root",
            "control.group")


@pytest.mark.parametrize("silent", ["greeting", "answer"])
def test_a_daemon_that_does_not_answer(fake, silent):
    f = fake({"show": None}, **(
        {"greeting": None} if silent == "greeting" else {}))
    is_told(f.ctl("-t", "1", "show"), UNAVAILABLE, "does not answer within 1 s",
            "systemctl status")


def test_a_daemon_that_does_not_even_accept(tmp_path):
    path = str(tmp_path / "full")
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(0)
    waiting = []
    while True:
        c = socket.socket(socket.AF_UNIX)
        c.setblocking(False)
        waiting.append(c)
        try:
            c.connect(path)
        except BlockingIOError:
            break
    is_told(run("-t", "1", "show", socket=path), UNAVAILABLE,
            "does not answer")


def test_a_daemon_that_ends_in_the_middle(fake):
    is_told(fake({"show": Fake.CLOSE}).ctl("show"), UNAVAILABLE,
            "closed the connection")
    half = b'{"daemon": {}, "links"'

    def end(_):
        f.send(half)
        return Fake.CLOSE

    f = fake({"show": end})
    is_told(f.ctl("show"), UNAVAILABLE, "closed the connection")


def test_an_answer_without_end_is_refused(fake):
    f = fake()

    def flood(_):
        for _ in range(40):
            f.send(b"x" * (1024 * 1024))
        return Fake.CLOSE

    f.answers["show"] = flood
    is_told(f.ctl("show"), PROTOCOL, "MiB is refused")


@pytest.mark.parametrize("answer", [
    b"\n", b"hello\n", b"[]\n", b"3\n", b"{\n", b'{"a":1}}\n', b"\xff\xfe\n",
    b'{"a":"\xff"}\n', b'{"a":"\x01"}\n', b'{"a":1,"a":2}\n',
    b"[" * 100000 + b"\n", b'{"a":' * 100000 + b"\n", b"\0\n",
    b'{"a":99999999999999999999999999}\n', b'{"a":"\\u0000"}\n'],
    ids=range(15))
def test_what_is_no_answer(fake, answer):
    is_told(fake({"show": answer}).ctl("show"), PROTOCOL, "no JSON")
    is_told(fake(greeting=answer).ctl("show"), PROTOCOL, "no JSON")


def test_another_program_behind_the_socket(fake):
    is_told(fake(greeting={"hello": "world"}).ctl("show"), PROTOCOL,
            "no serial-routerd")
    r = fake(greeting={"serial-router": "9.0\x1b[2J", "protocol": 2}).ctl(
        "show")
    is_told(r, PROTOCOL, "protocol 2", "of one version")
    assert "\x1b" not in r.err


@pytest.mark.parametrize("code, status", [
    ("syntax", USAGE), ("unknown-verb", USAGE), ("unknown-link", USAGE),
    ("too-long", USAGE), ("denied", NOPERM), ("busy", TEMPFAIL),
    ("invalid", CONFIG), ("failed", FAILURE), ("unavailable", UNAVAILABLE),
    ("something new", FAILURE)])
def test_a_refusal_is_told_with_the_next_step(fake, code, status):
    refusal = {"error": {"code": code, "text": "no\x1b[2J such thing",
                         "next": "do something else"}}
    f = fake({"show": refusal, "restart x": refusal, "reload": refusal})
    for args in (["show"], ["restart", "x"], ["reload"]):
        r = f.ctl(*args)
        is_told(r, status, "such thing; do something else")
        assert "\x1b" not in r.err
    r = f.ctl("show", "--json")
    assert r.status == status and '"code"' in r.out


def test_a_refused_greeting(fake):
    f = fake(greeting={"error": {"code": "busy", "text": "32 clients",
                                 "next": None}})
    is_told(f.ctl("show"), UNAVAILABLE, "32 clients")


def test_every_mistake_of_a_file_is_told(fake):
    f = fake({"reload": {"error": {
        "code": "invalid", "text": "/etc/x.conf: 2 errors",
        "next": "correct the file, and reload again",
        "errors": [
            {"file": "/etc/x.conf", "line": 7,
             "text": "links[0].port.baud: expected 50 to 16000000, got 7"},
            {"file": "/etc/y.conf", "line": 0, "text": "some\x1bthing"},
            {"file": None, "line": None, "text": "else"}, 3, {}]}}})
    r = f.ctl("reload")
    assert r.status == CONFIG
    assert r.err.splitlines() == [
        "/etc/x.conf:7: links[0].port.baud: expected 50 to 16000000, got 7",
        "/etc/y.conf: some\\x1bthing",
        "else",
        "serial-routerctl: /etc/x.conf: 2 errors; correct the file, and "
        "reload again"]


@pytest.mark.parametrize("args, words", [
    ([], ["which command"]),
    (["frobnicate"], ["frobnicate is no command"]),
    (["--frobnicate"], ["serial-routerctl help"]),
    (["show", "a", "b"], ["unexpected argument: b"]),
    (["show", "--confirm", "3"], ["--confirm does not go with show"]),
    (["reload", "--tab"], ["--tab does not go with reload"]),
    (["show", "--tab", "--json"], ["--json and --tab"]),
    (["start"], ["LINK is missing"]),
    (["log"], ["LEVEL is missing"]),
    (["reload", "x"], ["unexpected argument: x"]),
    (["reload", "--confirm", "0"], ["expected 1 to 3600, got 0"]),
    (["reload", "--confirm", "-1"], ["expected 1 to 3600"]),
    (["reload", "--confirm", "1x"], ["got 1x"]),
    (["reload", "--confirm", "99999999999999999999"], ["expected 1 to"]),
    (["watch", "0"], ["expected 1 to 3600"]),
    (["-t", "0", "show"], ["--timeout: expected 1 to 3600, got 0"]),
    (["top", "-d", "0"], ["--delay: expected 0.1 to 3600, got 0"]),
    (["top", "-d", "1e3"], ["--delay"]), (["top", "-d", "nan"], ["--delay"]),
    (["top", "-d", "1.2.3"], ["--delay"]),
    (["show", "a b"], ["blanks"]),
    (["start", "a\nstop"], ["blanks"]),
    (["show", ""], ["blanks"]),
    (["show"] + ["x"] * 20, ["unexpected argument"]),
], ids=lambda x: " ".join(x).replace("\n", " ")[:40])
def test_a_wrong_command_line(fake, args, words):
    f = fake()
    r = f.ctl(*args)
    is_told(r, USAGE, *words)
    assert "usage: serial-routerctl" in r.err
    assert f.requests == []


def test_output_that_cannot_be_written(fake):
    f = fake({"show": show(link("uno0"))})
    r = run("show", socket=f.path, wrap=["sh", "-c", '"$@" >/dev/full', "sh"])
    assert r.status == 74
    assert "standard output: No space left" in r.err

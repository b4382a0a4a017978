"""What is asked of the daemon, and what is made of its answers."""

import os
import signal
import subprocess

import pytest

from conftest import SECONDS, environment, run
from fake import link, show
from wait import wait_for

RELOAD = {"reload": {
    "file": "/etc/serial-router.conf",
    "links": [
        {"name": "sl0", "change": "unchanged", "keys": []},
        {"name": "sl1", "change": "live",
         "keys": ["interface.mtu", "interface.addresses"]},
        {"name": "sl2", "change": "pump", "keys": ["port.baud"]},
        {"name": "sl3", "change": "interface", "keys": ["interface.name"]},
        {"name": "sl4", "change": "added", "keys": []},
        {"name": "sl5", "change": "removed", "keys": []},
        {"name": "sl6", "change": "live", "keys": ["interface.routes"],
         "refused": "route 10.0.0.0/8: Nexthop has invalid gateway"},
        {"name": "sl\x1b7", "change": "something new", "keys": ["a\x1bb"]},
    ],
    "live": ["control.group"], "daemon": ["user"], "confirm_s": None,
    "warnings": []}}


@pytest.mark.parametrize("args, request_line", [
    (["start", "uno0"], "start uno0"), (["stop", "uno0"], "stop uno0"),
    (["restart", "uno0"], "restart uno0"), (["log", "debug"], "log debug"),
    (["confirm"], "confirm")])
def test_a_change_is_told_in_the_words_of_the_daemon(fake, args,
                                                      request_line):
    f = fake({request_line: {"ok": True, "text": "uno0: \x1bdone"}})
    r = f.ctl(*args)
    assert (r.status, r.out, r.err) == (0, "uno0: \\x1bdone\n", "")
    assert f.requests == [request_line]
    assert '"ok": true' in f.ctl(*args, "--json").out


@pytest.mark.parametrize("verb", ["reload", "undo"])
def test_what_a_reload_did(fake, golden, verb):
    f = fake({verb: RELOAD})
    r = f.ctl(verb)
    assert (r.status, r.err) == (0, "")
    golden("reload.txt", r.out)


def test_a_reload_to_be_confirmed(fake):
    answer = {"reload": {**RELOAD["reload"], "links": [], "live": [],
                         "daemon": [],
                         "confirm_s": 90, "warnings": [
                             {"file": "x.conf", "line": 3,
                              "text": "warning: hurts"}]}}
    f = fake({"reload confirm 90": answer})
    r = f.ctl("reload", "--confirm", "90")
    assert (r.status, r.err) == (0, "")
    assert r.out.splitlines() == [
        "x.conf:3: warning: hurts",
        "the old configuration comes back in 1m30s, unless: "
        "serial-routerctl confirm"]
    assert f.requests == ["reload confirm 90"]


def test_the_configuration(fake):
    text = 'links = (\n\t{\n\t\tname = "a\x1b[2J";\n\t}\n);\n'
    r = fake({"config": {"config": text}}).ctl("config")
    assert (r.status, r.err) == (0, "")
    assert r.out == text.replace("\x1b", "\\x1b")
    assert fake({"config": {}}).ctl("config").status == 76


def test_versions(fake, tmp_path):
    f = fake({"version": {"version": "0.1.0", "protocol": 1,
                          "build": "seccomp"}})
    r = f.ctl("version")
    assert r.status == 0
    lines = r.out.splitlines()
    assert lines[0].startswith("serial-routerctl ")
    assert lines[1] == "serial-routerd 0.1.0, seccomp"
    r = run("version", socket=str(tmp_path / "absent"))
    assert r.status == 69 and r.out == lines[0] + "\n"
    assert run("--version").out == lines[0] + "\n"


def test_help_names_every_command_and_option():
    for args in (["help"], ["--help"], ["-h"]):
        r = run(*args)
        assert (r.status, r.err) == (0, "")
        for word in ("show", "top", "watch", "start", "stop", "restart",
                     "config", "check", "diff", "reload", "confirm", "undo",
                     "log", "metrics", "support", "version", "--socket",
                     "--json", "--tab", "--rates", "--textfile",
                     "serial-routerctl(8)"):
            assert word in r.out, word
        # But for the default path, which may be anything.
        assert [x for x in r.out.splitlines()
                if len(x) > 80 and "/" not in x] == []


STATE = {"event": "state", "time": "2026-01-01T00:00:00.000Z",
         "monotonic_s": 1.0, "link": "uno0", "state": "backoff",
         "reason": "hung\x1b up", "flags": [{"flag": "silent", "reason": "x"}]}


class Watcher:
    """A command that goes on, its output read as it comes."""

    def __init__(self, f, *args):
        self.lines = []
        self.process = subprocess.Popen(
            [os.environ["SERIAL_ROUTERCTL"], "-s", f.path, "-t",
             str(SECONDS), *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment())

    def line(self):
        return self.process.stdout.readline().decode()

    def end(self):
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out.decode(), err.decode()


@pytest.fixture
def watch():
    made = []

    def make(f, *args):
        made.append(Watcher(f, *args))
        return made[-1]

    yield make
    for w in made:
        if w.process.poll() is None:
            w.process.kill()
        w.process.communicate()


def test_events_are_told_as_they_come(fake, watch):
    f = fake({"watch": STATE})
    w = watch(f, "watch")
    assert w.line() == ("2026-01-01T00:00:00.000Z uno0: backoff; "
                        "hung\\x1b up; silent: x\n")
    f.send({"event": "reload", "time": "2026-01-01T00:00:01.000Z",
            "what": "applied", "text": "1 link live"})
    assert w.line() == "2026-01-01T00:00:01.000Z reload applied: 1 link live\n"
    f.send({"event": "something new", "more": 3})
    assert w.line() == "- something new\n"
    f.send({"nothing": 1})
    f.send({**STATE, "state": "up", "reason": None, "flags": []})
    assert w.line() == "2026-01-01T00:00:00.000Z uno0: up\n"
    f.drop()
    status, out, err = w.end()
    assert (status, out) == (69, "")
    assert "closed the connection" in err


def test_events_as_received(fake, watch):
    sent = b'{"event":"state" ,"link":"a"}\n'
    w = watch(fake({"watch 5": sent}), "watch", "5", "--json")
    assert w.line().encode() == sent


def test_rates_in_an_interval(fake, watch):
    events = [{"event": "show", **show(link("uno0", tx__bytes=n),
                                       monotonic_s=float(n))}
              for n in (1000, 3000)]
    w = watch(fake({"watch 2": events[0]}), "watch", "2")
    assert w.line().startswith("LINK")
    assert w.line().split()[2] == "-"
    # Both events come over one connection.
    w = watch(fake({"watch 2": b"".join(
        __import__("json").dumps(e).encode() + b"\n" for e in events)}),
        "watch", "2")
    lines = [w.line() for _ in range(4)]
    assert lines[3].split()[2:4] == ["1", "B/s"]


def test_a_refused_watch_ends(fake, watch):
    f = fake({"watch": {"error": {"code": "denied", "text": "no",
                                  "next": None}}})
    assert watch(f, "watch").end()[0] == 77


def test_a_reader_that_goes_ends_it(fake, watch):
    f = fake({"watch": STATE})
    w = watch(f, "watch")
    w.line()
    w.process.stdout.close()

    def ended():
        f.send(STATE)
        return w.process.poll() is not None

    wait_for(ended, what="the end of watch", seconds=SECONDS)
    assert w.process.returncode == -signal.SIGPIPE


GOOD = ('links: ( { name = "sl0"; port: { device = "/dev/ttyS9"; '
        'baud = 9600; }; } );\n')


def write(path, text):
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def test_a_good_file_is_good(tmp_path):
    path = write(tmp_path / "good.conf", GOOD)
    r = run("check", path)
    assert (r.status, r.out, r.err) == (0, path + ": good, 1 link\n", "")


def test_a_bad_file_is_told_as_the_daemon_does(tmp_path):
    path = write(tmp_path / "bad.conf", GOOD.replace("9600", "7"))
    r = run("check", path)
    assert r.status == 78 and r.out == ""
    assert path + ":1: links[0].port.baud: expected 50 to" in r.err
    daemon = subprocess.run(
        [os.environ["SERIAL_ROUTERD"], "-t", "-c", path],
        stderr=subprocess.PIPE, text=True, timeout=SECONDS)
    assert daemon.returncode == r.status
    assert daemon.stderr.replace("serial-routerd:", "serial-routerctl:") \
        == r.err


def test_the_daemon_of_a_configuration(fake, tmp_path):
    f = fake({"log info": {"ok": True, "text": "logging up to info"}})
    path = write(tmp_path / "a.conf",
                 'control: { path: "%s"; };\n%s' % (f.path, GOOD))
    r = run("-c", path, "log", "info")
    assert (r.status, r.out) == (0, "logging up to info\n")
    r = run("-c", write(tmp_path / "bad.conf", "x = 3;"), "reload")
    assert r.status == 78 and "bad.conf:1: " in r.err
    r = run("-c", path, "-s", f.path, "reload")
    assert r.status == 64 and "--socket and --config" in r.err
    assert f.requests == ["log info"]


def links(**changes):
    """A configuration of four links, as text; changes: name -> text."""
    texts = {
        "sl0": "baud = 9600; }; interface: { mtu = 576; }",
        "sl1": "baud = 9600; }", "sl2": "baud = 9600; }",
        "sl3": "baud = 9600; }", **changes}
    return "links: ( %s );\n" % ", ".join(
        '{ name = "%s"; port: { device = "/dev/ttyS%s"; %s; }' % (
            name, name[-1], text) for name, text in texts.items() if text)


@pytest.fixture
def running(fake):
    """A daemon that runs links(), from a file."""
    def make(path, text=None):
        return fake({"config": {"config": text or links()},
                     "show": show(file=path)})

    return make


def test_what_a_reload_would_do(running, tmp_path, golden):
    path = write(tmp_path / "new.conf", 'user = "1234";\n' + links(
        sl0="baud = 9600; }; interface: { mtu = 1006; txqueuelen = 50; }",
        sl1="baud = 19200; }", sl2=None,
        sl3='baud = 9600; }; interface: { name = "other"; }',
        sl4="baud = 9600; }"))
    r = running(path).ctl("diff", path)
    assert (r.status, r.err) == (0, "")
    golden("diff.txt", r.out)
    # Without a name it is the file of the daemon.
    assert running(path).ctl("diff").out == r.out


def test_nothing_would_be_touched(running, tmp_path):
    path = write(tmp_path / "same.conf", links())
    r = running(path).ctl("diff")
    assert (r.status, r.err) == (0, "")
    assert r.out == "".join("sl%d: untouched\n" % i for i in range(4))


def test_diff_and_reload_use_the_same_words(running, fake, tmp_path):
    path = write(tmp_path / "new.conf", links(sl0="baud = 9600; }", sl1=None))
    told = running(path).ctl("diff").out
    answer = {"reload": {"file": path, "links": [
        {"name": "sl0", "change": "live", "keys": ["interface.mtu"]},
        {"name": "sl2", "change": "unchanged", "keys": []},
        {"name": "sl3", "change": "unchanged", "keys": []},
        {"name": "sl1", "change": "removed", "keys": []}],
        "daemon": [], "confirm_s": None, "warnings": []}}
    assert fake({"reload": answer}).ctl("reload").out == told


def test_a_bad_file_has_no_difference(running, tmp_path):
    path = write(tmp_path / "bad.conf", links(sl1="baud = 7; }"))
    r = running(path).ctl("diff")
    assert r.status == 78 and r.out == ""
    assert path + ":1: links[1].port.baud" in r.err


def test_the_file_is_read_with_the_rights_of_who_asks(running, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("to be somebody else takes root")
    path = write(tmp_path / "new.conf", links())
    f = running(path)
    os.chmod(path, 0o600)
    place = os.path.dirname(f.path)
    while place != "/":
        os.chmod(place, os.stat(place).st_mode | 0o011)
        place = os.path.dirname(place)
    os.chmod(f.path, 0o666)
    r = f.ctl("diff", wrap=["setpriv", "--reuid", "65534", "--regid", "65534",
                            "--clear-groups"])
    assert r.status == 77 and "Permission denied" in r.err


@pytest.mark.parametrize("answer", [
    {"config": "links = ( { colour = 3; } );"}, {"config": "x\x01"},
    {"config": 3}, {}], ids=["unknown key", "garbage", "number", "none"])
def test_a_running_configuration_that_is_none(fake, tmp_path, answer):
    path = write(tmp_path / "new.conf", links())
    f = fake({"config": answer, "show": show(file=path)})
    r = f.ctl("diff")
    assert r.status == 76 and r.out == "", r


def test_a_file_that_is_not_there(tmp_path):
    r = run("check", tmp_path / "absent")
    assert r.status == 78 and "No such file" in r.err

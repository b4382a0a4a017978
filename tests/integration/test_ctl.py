"""serial-routerctl and the real daemon, as an operator has them; what is made of
answers of every kind is in tests/ctl."""

import json
import os
import subprocess

import pytest

from lab import Pair
from router import link
from wait import signal_process, wait_for

OK, USAGE, UNAVAILABLE, NOPERM, CONFIG = 0, 64, 69, 77, 78

# More than any machine of ours is ever late.
SECONDS = 120

GROUP, USER, OTHER = 47110, 47111, 47112


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = \
            done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return "status %d\n%s\n%s" % (self.status, self.out, self.err)


def ctl(router, *args, user=None, groups=()):
    """Asks the daemon of that router, or at that path."""
    path = router if isinstance(router, str) else router.control_path
    wrap = [] if user is None else [
        "setpriv", "--reuid", str(user), "--regid", str(groups[0]),
        "--groups", ",".join(map(str, groups))]
    return Result(subprocess.run(
        [*wrap, os.environ["SERIAL_ROUTERCTL"], "-t", str(SECONDS), "-s",
         path, *map(str, args)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=SECONDS + 30,
        env={**os.environ, "LC_ALL": "C.UTF-8"}))


def good(router, *args):
    """What it says, when all is well."""
    r = ctl(router, *args)
    assert (r.status, r.err) == (OK, ""), r
    return r.out


def fields(router, name="sl0"):
    """The fields of show --tab."""
    lines = [x.split("\t") for x in
             good(router, "show", "--tab").split("\n")[:-1]]
    return next(dict(zip(lines[0], x)) for x in lines[1:] if x[0] == name)


def metrics(router):
    found = {}
    for line in good(router, "metrics").splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


@pytest.fixture(scope="module")
def two(shared):
    return Pair(shared)


def test_show_tells_what_is_up(two):
    out = good(two.a, "show")
    assert ", 1 of 1 links up, %s" % two.a.file in " ".join(out.split("\n"))
    row = next(x for x in out.splitlines() if x.startswith("sl0 "))
    assert row.split()[1] == "up" and "921600" in row
    assert all(len(x) <= 80 for x in out.splitlines())


def test_one_link_in_detail(two):
    out = good(two.a, "show", "sl0")
    for words in ("sl0: up for", "921600 baud", "8N1", "carrier on",
                  "10.64.0.1", "fd00:64", "pid %d" % two.a.pump("sl0"),
                  "MTU", "to line", "from line"):
        assert words in out, out
    assert "-nan" not in out and "inf" not in out.replace("interface", "")


def test_fields_for_scripts(two):
    found = fields(two.a)
    assert found["state"] == "up" and found["baud"] == "921600"
    assert found["pump_pid"] == str(two.a.pump("sl0"))
    for name in ("tx_packets", "rx_packets", "tx_line_bytes", "rx_frames"):
        assert found[name].isdigit(), found


def test_json_is_that_of_the_socket(two):
    answer = json.loads(good(two.a, "show", "--json", "sl0"))
    assert answer["links"][0]["name"] == "sl0"


def test_a_transfer_shows_in_counters_and_rates(two):
    before = fields(two.a)
    two.na.run("ping", "-q", "-c", "20", "-i", "0.01", "-s", "500",
               "10.64.0.2", seconds=SECONDS)
    wait_for(lambda: int(fields(two.a)["tx_bytes"]) >=
             int(before["tx_bytes"]) + 20 * 528, SECONDS, "bytes sent")
    pinging = subprocess.Popen(
        two.na.exec("ping", "-q", "-i", "0.01", "-s", "500", "10.64.0.2"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        def flows():
            lines = [x.split("\t") for x in good(
                two.a, "show", "--rates", "--tab").splitlines()]
            found = dict(zip(lines[0], lines[1]))
            return float(found["out_bytes_per_s"] or 0) > 1000 and \
                float(found["in_bytes_per_s"] or 0) > 1000 and \
                0 < float(found["out_share"]) < 1.5
        wait_for(flows, SECONDS, "rates")
    finally:
        pinging.kill()
        pinging.wait()


def test_the_configuration_can_be_read_again(two, tmp_path):
    path = tmp_path / "running.conf"
    path.write_text(good(two.a, "config"))
    path.chmod(0o644)
    assert ": good, 1 link" in good(two.a, "check", path)
    assert good(two.a, "diff", path) == "sl0: untouched\n"
    assert good(two.a, "diff") == "sl0: untouched\n"


def test_versions_of_both(two):
    lines = good(two.a, "version").splitlines()
    assert lines[0].split()[1] == lines[1].split()[1].rstrip(",")


def test_a_link_that_does_not_exist(two):
    for verb in ("show", "start", "stop", "restart"):
        r = ctl(two.a, verb, "sl9")
        assert r.status == USAGE and "sl9" in r.err and "sl0" in r.err


def test_counters_never_go_back_over_a_restart(two):
    two.na.run("ping", "-q", "-c", "5", "-i", "0.01", "10.64.0.2",
               seconds=SECONDS)
    before, pump = metrics(two.a), two.a.pump("sl0")
    assert before['serial_router_link_transmit_packets_total{link="sl0"}'] > 0
    assert "sl0" in good(two.a, "restart", "sl0")

    def another():
        found = fields(two.a)
        return found["state"] == "up" and found["pump_pid"] != str(pump)

    wait_for(another, SECONDS, "another pump")
    after = metrics(two.a)
    counters = [x for x in before if "_total" in x or "_bucket" in x or
                "_count" in x]
    assert len(counters) > 20
    for name in counters:
        assert after[name] >= before[name], name
    restarts = 'serial_router_link_pump_restarts_total{link="sl0"}'
    assert after[restarts] == before[restarts] + 1
    assert after['serial_router_link_up{link="sl0"}'] == 1


def test_stop_start_and_watch(two):
    watching = subprocess.Popen(
        [os.environ["SERIAL_ROUTERCTL"], "-s", two.a.control_path, "watch"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert " sl0: up" in watching.stdout.readline()
        good(two.a, "stop", "sl0")
        wait_for(lambda: fields(two.a)["state"] == "down", SECONDS, "down")
        good(two.a, "start", "sl0")
        two.a.wait_up("sl0", seconds=SECONDS)
        seen = []
        while not seen or " sl0: up" not in seen[-1]:
            seen.append(watching.stdout.readline())
            assert seen[-1], seen
        assert any(" sl0: down" in x for x in seen)
    finally:
        watching.kill()
        watching.communicate()


def test_top_of_the_real_daemon(two):
    out = good(two.a, "top", "-n", "2", "-d", "0.2")
    rows = [x.split() for x in out.splitlines() if x.startswith("sl0 ")]
    assert len(rows) == 2
    assert rows[1][1] == "up" and "/s" in rows[1][3]


def test_support_is_one_text(two):
    out = good(two.a, "support")
    for words in ("== version", "== show", "== config", "kernel: Linux",
                  "10.64.0.1", "921600"):
        assert words in out, words


@pytest.fixture
def idle(lab):
    """A daemon whose ports are not there."""
    return lab.router(lab.namespace(), [
        link("sl0", "/dev/ttyNONE0", 57600),
        link("sl1", "/dev/ttyNONE1", 57600)], control="group: %d;" % GROUP)


def test_diff_and_reload_say_the_same(idle):
    links = [link("sl0", "/dev/ttyNONE0", 57600, mtu=1006),
             link("sl1", "/dev/ttyNONE1", 9600),
             link("sl2", "/dev/ttyNONE2", 9600)]
    idle.configure(links)
    told = good(idle, "diff")
    assert told.splitlines() == [
        "sl0: applied live: interface.mtu",
        told.splitlines()[1], "sl2: added"]
    assert told.splitlines()[1].startswith("sl1: new pump: port.baud")
    assert good(idle, "reload") == told
    assert good(idle, "diff") == "".join(
        "sl%d: untouched\n" % i for i in range(3))
    idle.configure(links[:2])
    assert good(idle, "reload").splitlines()[-1] == "sl2: removed"


def test_a_mistyped_file_changes_nothing_and_is_told(idle):
    before = good(idle, "config")
    idle.configure([link("sl0", "/dev/ttyNONE0", 7, colour="red")])
    for args in (["reload"], ["diff"], ["check", idle.file]):
        r = ctl(idle, *args)
        assert r.status == CONFIG and r.out == "", r
        assert idle.file + ":" in r.err
        assert "links[0].port.baud: expected 50 to 16000000, got 7" in r.err
        assert "colour" in r.err
    assert good(idle, "config") == before


def test_confirm_and_undo(idle):
    idle.configure([link("sl0", "/dev/ttyNONE0", 57600, mtu=1006)])
    out = good(idle, "reload", "--confirm", "3600")
    assert "unless: serial-routerctl confirm" in out
    assert "unless: serial-routerctl confirm" in good(idle, "show")
    assert "sl0: applied live: interface.mtu" in good(idle, "undo")
    assert "unless:" not in good(idle, "show")
    good(idle, "reload", "--confirm", "3600")
    good(idle, "confirm")
    assert "unless:" not in good(idle, "show")
    r = ctl(idle, "confirm")
    assert r.status != OK and r.err


def test_the_wrong_user_is_told_what_to_do(idle):
    member, stranger = {"user": USER, "groups": [GROUP]}, \
        {"user": USER, "groups": [OTHER]}
    assert ctl(idle, "show", **member).status == OK
    r = ctl(idle, "stop", "sl0", **member)
    assert r.status == NOPERM and "control.admins" in r.err
    r = ctl(idle, "reload", **member)
    assert r.status == NOPERM
    r = ctl(idle, "show", **stranger)
    assert r.status == UNAVAILABLE and "permission denied" in r.err


def test_a_daemon_that_was_killed(idle):
    signal_process(idle.pid, 9)
    idle.process.wait()
    r = ctl(idle, "show")
    assert r.status == UNAVAILABLE
    assert "nobody listens" in r.err and "systemctl start" in r.err
    assert "serial_router_up 0" in ctl(idle, "metrics").out


def test_the_daemon_of_a_file(idle):
    r = Result(subprocess.run(
        [os.environ["SERIAL_ROUTERCTL"], "-t", str(SECONDS), "-c", idle.file,
         "reload"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=SECONDS + 30))
    assert (r.status, r.err) == (OK, ""), r
    assert r.out == "sl0: untouched\nsl1: untouched\n"


def test_the_log_says_more_when_told_to(idle):
    good(idle, "log", "err")
    assert json.loads(good(idle, "show", "--json"))["daemon"]["log"] == "err"
    assert ctl(idle, "log", "shout").status == USAGE

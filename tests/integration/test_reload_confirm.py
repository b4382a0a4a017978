"""Reloads that undo themselves unless somebody confirms them."""

import os
import signal
import time

import pytest

from control import ask, client, show
from lab import Pair
from router import libconfig, link
from test_reload import Lines, end
from wait import is_stopped, wait_for

NOT_CONFIRMED = "was not confirmed and has not changed since"


def mtu(s, name="sl0"):
    return s.n.link(name)["mtu"]


class Confirming(Lines):
    """A link with MTU 1500, and another MTU asked for with a confirm."""

    def change(self, mtu, seconds, **more):
        self.r.configure([end(self.lines[0].path, mtu=mtu, **more)])
        answer = ask(self.r, "reload confirm %d" % seconds)
        # It comes when what is live is in force.
        assert answer["reload"]["confirm_s"] == seconds, answer
        return answer["reload"]

    def restart(self):
        self.r.start()
        self.r.wait_up("sl0")


@pytest.fixture
def s(lab):
    return Confirming(lab, 1)


def states(s):
    return os.listdir(s.r.state_dir) if os.path.isdir(s.r.state_dir) else []


def test_what_is_confirmed_stays(s):
    done = s.change(1400, 3600)
    assert done["links"] == [{"name": "sl0", "change": "live",
                              "keys": ["interface.mtu"], "refused": None}]
    left = ask(s.r, "show")["daemon"]["confirm"]["seconds_left"]
    assert 3500 < left <= 3600
    assert ask(s.r, "show")["daemon"]["undone"] is False
    assert len(states(s)) == 1
    assert ask(s.r, "confirm")["ok"] is True
    assert ask(s.r, "show")["daemon"]["confirm"] is None
    assert states(s) == []
    assert mtu(s) == 1400
    assert ask(s.r, "confirm")["error"]["code"] == "unavailable"
    s.r.kill()
    s.restart()
    assert mtu(s) == 1400


def test_what_is_not_confirmed_in_time_goes(s):
    begin = time.monotonic()
    s.change(1400, 1)
    wait_for(lambda: mtu(s) == 1500, 20, "the old MTU")
    assert time.monotonic() - begin >= 1
    s.r.wait_log("not confirmed in time, and undone")
    daemon = ask(s.r, "show")["daemon"]
    assert daemon["confirm"] is None and daemon["undone"] is True
    # What is in force is what it was, whatever the file says.
    assert "mtu = 1500;" in ask(s.r, "config")["config"]


def test_undo_does_it_at_once(s):
    assert ask(s.r, "undo")["error"]["code"] == "unavailable"
    s.change(1400, 3600)
    answer = ask(s.r, "undo")
    assert answer["reload"]["links"][0]["change"] == "live"
    assert mtu(s) == 1500
    # A reload takes the file after all.
    assert ask(s.r, "reload")["reload"]["links"][0]["change"] == "live"
    assert mtu(s) == 1400
    assert states(s) == []


def test_a_daemon_killed_in_between_starts_with_what_was_confirmed(s):
    s.change(1400, 3600)
    s.r.kill()
    mark = s.r.mark()
    s.restart()
    assert NOT_CONFIRMED in s.r.log(mark)
    assert mtu(s) == 1500
    # Again, and again by the end of the service manager.
    s.r.stop()
    mark = s.r.mark()
    s.restart()
    assert NOT_CONFIRMED in s.r.log(mark)
    assert mtu(s) == 1500
    assert ask(s.r, "show")["daemon"]["undone"] is True
    # Until somebody says that it is right.
    assert ask(s.r, "reload")["reload"]["links"][0]["change"] == "live"
    assert ask(s.r, "show")["daemon"]["undone"] is False
    assert mtu(s) == 1400
    s.r.kill()
    mark = s.r.mark()
    s.restart()
    assert NOT_CONFIRMED not in s.r.log(mark)
    assert mtu(s) == 1400


def test_so_does_one_whose_time_was_over(s):
    s.change(1400, 1)
    wait_for(lambda: mtu(s) == 1500, 20, "the old MTU")
    s.r.stop()
    s.restart()
    assert mtu(s) == 1500


def test_another_file_than_the_one_that_waits_is_taken(s):
    s.change(1400, 3600)
    s.r.kill()
    with open(s.r.file, "a") as f:
        f.write("# one byte more is another one\n")
    mark = s.r.mark()
    s.restart()
    assert NOT_CONFIRMED not in s.r.log(mark)
    assert mtu(s) == 1400


def test_included_files_count(s):
    part = os.path.join(s.r.directory, "part.conf")

    def include(mtu):
        with open(part, "w") as f:
            f.write(libconfig(end(s.lines[0].path, mtu=mtu)) + "\n")

    include(1400)
    s.r.write('control: { path: "%s"; };\nlinks = (\n@include "part.conf"\n'
              ');\n' % s.r.control_path)
    assert ask(s.r, "reload confirm 3600")["reload"]["links"][0]["keys"] \
        == ["interface.mtu"]
    s.r.kill()
    s.restart()
    assert mtu(s) == 1500
    # The file is the same, what it includes is not.
    include(1300)
    s.r.kill()
    s.restart()
    assert mtu(s) == 1300


def test_one_after_the_other_goes_back_to_the_last_confirmed(s):
    s.change(1400, 3600)
    s.change(1300, 3600)
    error = ask(s.r, "reload")["error"]
    assert error["code"] == "busy" and "confirm" in error["text"]
    s.r.hup("another one waits for its confirm")
    s.r.kill()
    s.restart()
    assert mtu(s) == 1500


def test_a_mistake_in_between_leaves_what_waits(s):
    s.change(1400, 3600)
    s.r.write("links = 1;\n")
    error = ask(s.r, "reload confirm 3600")["error"]
    assert error["code"] == "invalid"
    assert error["errors"] == [{
        "file": s.r.file, "line": 1,
        "text": "links: expected a list of 0 to 1024 groups, got 1"}]
    assert mtu(s) == 1400
    assert ask(s.r, "undo")["reload"]["links"][0]["change"] == "live"
    assert mtu(s) == 1500


def test_all_comes_back_links_and_interfaces_and_ports(lab):
    s = Confirming(lab, 3)
    index = s.n.index("sl2")
    # One goes, one has another interface, one has another port.
    spare = lab.line("spare")
    s.r.configure([end(s.lines[1].path, "sl1", 1, name="other"),
                   end(spare.path, "sl2", 2)])
    changes = {x["name"]: x["change"]
               for x in ask(s.r, "reload confirm 3600")["reload"]["links"]}
    assert changes == {"sl0": "removed", "sl1": "interface", "sl2": "pump"}
    wait_for(lambda: s.n.link("sl0") is None and s.n.link("sl1") is None
             and s.n.link("other"), 20, "other interfaces")
    answer = ask(s.r, "undo")
    s.r.configure(s.links)
    s.r.wait_up()
    changes = {x["name"]: x["change"] for x in answer["reload"]["links"]}
    assert changes == {"sl0": "added", "sl1": "interface", "sl2": "pump"}
    assert s.n.link("other") is None
    assert s.n.index("sl2") == index
    assert show(s.r, "sl2")["port"]["node"] == s.lines[2].node
    assert s.n.addresses("sl1") == {"10.64.1.1 10.64.1.2/32"}


def test_who_cuts_the_branch_he_sits_on_gets_it_back(lab):
    """The other end of the line changes this end's rate, and is away."""
    p = Pair(lab)
    p.nb.wait_ping("10.64.0.1")
    p.a.configure([link("sl0", p.cable.a[0], 921600,
                        addresses=["10.99.0.1/24"])])
    said = p.a.mark()
    assert ask(p.a, "reload confirm 1")["reload"]["confirm_s"] == 1
    p.a.wait_log("not confirmed in time, and undone", since=said)
    assert "sl0: reload: live (interface.addresses)" in p.a.log(said)
    p.nb.wait_ping("10.64.0.1")
    assert p.na.addresses("sl0") >= {"10.64.0.1 10.64.0.2/32"}


def test_without_a_place_for_the_state_it_is_refused(lab):
    nowhere = "/proc/serial-router"
    s = Lines(lab, 1, env={"STATE_DIRECTORY": nowhere})
    s.r.configure([end(s.lines[0].path, mtu=1400)])
    error = ask(s.r, "reload confirm 60")["error"]
    assert error["code"] == "unavailable"
    assert "install -d -m 700 -o root " + nowhere in error["text"]
    assert s.n.link("sl0")["mtu"] == 1500
    assert ask(s.r, "reload")["reload"]["confirm_s"] is None
    assert s.n.link("sl0")["mtu"] == 1400


def test_a_state_that_is_damaged_is_told_and_the_file_taken(s):
    s.change(1400, 3600)
    s.r.kill()
    path = os.path.join(s.r.state_dir, states(s)[0])
    with open(path, "rb") as f:
        data = f.read()
    with open(path, "wb") as f:
        f.write(data.replace(b"\nlinks = (", b"\nlinks = [", 2))
    mark = s.r.mark()
    s.restart()
    assert "the last confirmed configuration cannot be had" in s.r.log(mark)
    assert mtu(s) == 1400


def test_two_daemons_do_not_take_each_others_state(lab):
    """As serial-router@east and serial-router@west do, in one directory."""
    where = os.path.join(lab.directory, "shared-state")
    os.mkdir(where)
    env = {"STATE_DIRECTORY": where}
    a = Confirming(lab, 1, env=env)
    line, n = lab.line("other"), lab.namespace()
    b = lab.router(n, [end(line.path)], env=env).wait_up()
    a.change(1400, 3600)
    b.configure([end(line.path, mtu=1300)])
    assert ask(b, "reload confirm 3600")["reload"]["confirm_s"] == 3600
    assert len(os.listdir(where)) == 2
    assert ask(b, "confirm")["ok"] is True
    assert len(os.listdir(where)) == 1
    a.r.kill()
    a.restart()
    assert mtu(a) == 1500
    b.kill()
    b.start()
    b.wait_up()
    assert n.link("sl0")["mtu"] == 1300


def test_keys_of_the_daemon_wait_or_are_live(lab):
    s = Lines(lab, 1)
    text = open(s.r.file).read()
    s.r.write("user = 65534;\ngroup = 65534;\n" + text)
    done = ask(s.r, "reload")["reload"]
    assert done["daemon"] == ["user", "group"]
    assert done["live"] == []
    s.r.wait_log("changed, but only the next start takes it: user, group")
    s.r.write(text.replace("control: {", 'control: { group: 1; admins: ( 2 );'))
    done = ask(s.r, "reload")["reload"]
    assert done["live"] == ["control.group", "control.admins"]
    assert os.stat(s.r.control_path).st_gid == 1
    s.r.write(text)
    assert ask(s.r, "reload")["reload"]["live"] == [
        "control.group", "control.admins"]
    wait_for(lambda: os.stat(s.r.control_path).st_gid == 0, 20,
             "the group before")


def test_a_link_that_was_stopped_stays_so(lab):
    s = Lines(lab, 2)
    ask(s.r, "stop sl0")
    s.r.wait_state("DOWN", "sl0")
    s.r.reload([end(s.lines[0].path, "sl0", 0, mtu=1400), s.links[1]])
    s.r.reload([end(s.lines[0].path, "sl0", 0, port={"stop_bits": 2}),
                s.links[1]])
    assert s.r.state("sl0") == "DOWN"
    s.r.reload([end(s.lines[0].path, "sl0", 0, enabled=False), s.links[1]])
    s.r.reload(s.links)
    s.r.wait_up()


def test_who_asked_and_went_away_does_not_matter(lab):
    s = Lines(lab, 1)
    s.r.configure([end(s.lines[0].path, mtu=1400)])
    for _ in range(5):
        c = client(s.r)
        c.send("reload\n")
        c.close()
    wait_for(lambda: s.n.link("sl0")["mtu"] == 1400, 20, "the new MTU")
    assert "links" in ask(s.r, "show")


def test_one_at_a_time(lab):
    """A second one is told so, or takes its turn; none is lost."""
    s = Lines(lab, 1)
    with client(s.r) as first, client(s.r) as second:
        first.send("reload\n")
        second.send("reload\n")
        answers = [first.read(), second.read()]
    assert any("reload" in x for x in answers)
    for answer in answers:
        assert "reload" in answer or answer["error"]["code"] == "busy"


def stopped_reader(s, before):
    """The process that reads the file, stopped; None: it was faster."""
    end_s = time.monotonic() + 2
    while time.monotonic() < end_s:
        for pid in set(s.n.processes()) - before:
            try:
                os.kill(pid, signal.SIGSTOP)
                with open("/proc/%d/comm" % pid) as f:
                    name = f.read().strip()
                if name == "reload" and is_stopped(pid):
                    return pid
                os.kill(pid, signal.SIGCONT)
            except (FileNotFoundError, ProcessLookupError):
                pass
        if "reloaded: " in s.r.log(s.since):
            return None
    return None


def test_a_reader_that_hangs_holds_up_nobody(lab):
    """As with a file server that does not answer."""
    s = Lines(lab, 1)
    # Takes long enough to be caught.
    s.r.configure(s.links + [
        link("x%d" % n, "/dev/ttyNONE%d" % n, enabled=False)
        for n in range(1000)])
    before = set(s.n.processes())
    reader = None
    for _ in range(20):
        s.since = s.r.mark()
        s.r.process.send_signal(signal.SIGHUP)
        reader = stopped_reader(s, before)
        if reader:
            break
        s.r.wait_log("reloaded: ", since=s.since)
    assert reader, "no reader was seen"
    assert ask(s.r, "reload")["error"]["code"] == "busy"
    assert show(s.r)["state"] == "up"
    assert s.r.stop() == 0
    wait_for(lambda: not s.n.processes(), 20, "no process is left")

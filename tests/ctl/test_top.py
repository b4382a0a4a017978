"""top, driven in a pseudo-terminal."""

import os
import signal

import pytest

from conftest import SECONDS, run
from fake import Fake, absent, link, show
from term import Terminal
from wait import is_stopped, wait_for

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, PAGE_DOWN, PAGE_UP = "\x1b[H", "\x1b[F", "\x1b[6~", "\x1b[5~"


class Source:
    """Snapshots a second apart by their own clock; link n sends n kB/s."""

    def __init__(self, n=3):
        self.n, self.count, self.links = n, 0, None

    def __call__(self, _):
        self.count += 1
        links = [link("link%d" % i,
                      tx__bytes=1000 * i * self.count,
                      tx__line_bytes=1152 * i * self.count,
                      round_trip__last_ms=100.0 - i)
                 for i in range(self.n)]
        return show(*(self.links or links + [absent("far")]),
                    monotonic_s=float(self.count))


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def top(fake, source):
    made = []

    def make(*args, **kwargs):
        f = fake({"show": source})
        t = Terminal(os.environ["SERIAL_ROUTERCTL"], "-s", f.path, "top",
                     "-t", str(SECONDS), "-d", "0.2", *args, **kwargs)
        t.fake = f
        made.append(t)
        return t

    yield make
    for t in made:
        t.close()


def has(*words):
    return lambda lines: all(w in " ".join(lines) for w in words)


def order(lines):
    """The names of the links, as they stand."""
    return [x.split()[0] for x in lines[3:-3] if x]


def chosen(t):
    (y,) = t.screen.chosen
    return t.screen.text()[y].split()[0]


def test_rates_are_shown_and_redrawn_in_place(top):
    t = top()
    lines = t.wait(has("1.0 kB/s", "2.0 kB/s", "20 %"), "rates")
    assert lines[0].startswith("serial-routerd 0.1.0, up ")
    assert lines[2].split() == ["LINK", "STATE", "OUT", "LINE", "IN", "LINE",
                                "DELAY", "RTT", "DAMAGE"]
    assert order(lines) == ["link0", "link1", "link2", "far"]
    assert "q quit" in lines[23]
    assert t.screen.other and not t.screen.cursor
    t.press("q")
    assert t.wait_end() == 0
    assert t.is_restored()


def test_the_choice_moves(top):
    t = top()
    t.wait(has("far"), "links")
    assert chosen(t) == "link0"
    for key, name in ((DOWN, "link1"), ("j", "link2"), (DOWN, "far"),
                      (DOWN, "far"), (UP, "link2"), ("k", "link1"),
                      (HOME, "link0"), (UP, "link0"), (END, "far"),
                      (PAGE_UP, "link0"), (PAGE_DOWN, "far"),
                      ("\x1bOA", "link2")):
        t.press(key)
        t.wait(lambda _: chosen(t) == name, "%s after %r" % (name, key))
    t.press(END)
    lines = t.wait(has("not there; waiting for it"), "the reason")
    assert lines[21].startswith("far: /dev/ttyUSB7; port /dev/ttyUSB7 is")


def test_links_are_sorted_by_the_column_that_is_chosen(top):
    t = top()
    t.wait(has("2.0 kB/s"), "rates")
    t.press(HOME + RIGHT)
    t.wait(lambda x: "now OUT" in x[23] and
           order(x) == ["link2", "link1", "link0", "far"], "by rate")
    # The choice stays with its link.
    t.wait(lambda _: chosen(t) == "link0", "the choice")
    t.press(LEFT)
    t.wait(lambda x: "as configured" in x[23] and
           order(x) == ["link0", "link1", "link2", "far"], "as configured")
    t.press(LEFT + LEFT)
    t.wait(lambda x: "now RTT" in x[23] and order(x)[0] == "link0",
           "by round trip")


def test_unknown_keys_do_nothing(top):
    t = top()
    t.wait(has("far"), "links")
    t.press("xyz\x1b[99~\x1b[1;5C\x1b[15~\x00\x7f\u00e9\x1b[<0;1;1M")
    t.press(DOWN)
    t.wait(lambda _: chosen(t) == "link1", "the choice")
    assert t.process.poll() is None


def test_more_links_than_lines(top, source):
    source.n = 40
    t = top(lines=12, columns=80)
    t.wait(has("link0"), "links")
    assert len(order(t.screen.text())) == 6
    t.press(END)
    t.wait(lambda x: order(x)[-1] == "far", "the last one")
    t.press(PAGE_UP)
    t.wait(lambda _: chosen(t) == "link34", "a page before")
    t.press(HOME)
    t.wait(lambda x: order(x)[0] == "link0", "the first one")


@pytest.mark.parametrize("lines, columns", [(1, 80), (3, 20), (7, 5),
                                            (24, 1), (50, 300)])
def test_any_size(top, lines, columns):
    t = top(lines=200, columns=300)
    t.wait(has("far"), "links")
    mark = t.fake.requests.count("show")
    t.resize(lines, columns)
    wait_for(lambda: t.read(0.1) and False or
             t.fake.requests.count("show") > mark + 1, SECONDS,
             "more snapshots")
    t.press("q")
    assert t.wait_end() == 0


def test_a_new_size_is_drawn_at_once(top):
    t = top("-d", "3600")
    t.wait(lambda x: "q quit" in x[23], "all of it")
    t.resize(10, 60)
    t.wait(lambda x: "q quit" in x[9], "all of it, smaller")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_gives_the_terminal_back(top, number):
    t = top()
    t.wait(has("far"), "links")
    t.process.send_signal(number)
    assert t.wait_end() == -number
    assert t.is_restored()


def test_control_c_ends_it(top):
    t = top()
    t.wait(has("far"), "links")
    t.press("\x03")
    assert t.wait_end() == -signal.SIGINT
    assert t.is_restored()


def test_while_it_is_stopped_the_terminal_is_given_back(top):
    t = top()
    t.wait(has("far"), "links")
    t.process.send_signal(signal.SIGTSTP)
    wait_for(lambda: is_stopped(t.process.pid), what="stopped",
             seconds=SECONDS)
    while t.read(0.1):
        pass
    assert t.is_restored()
    t.process.send_signal(signal.SIGCONT)
    t.wait(lambda x: t.screen.other and has("far")(x), "drawn again")
    t.press("q")
    assert t.wait_end() == 0
    assert t.is_restored()


def test_a_terminal_that_goes_ends_it(top):
    t = top()
    t.wait(has("far"), "links")
    os.close(t.slave)
    os.close(t.master)
    t.process.wait(timeout=SECONDS)
    t.master, t.slave = os.openpty()


def test_a_daemon_that_goes_is_told_and_taken_up_again(top):
    t = top()
    t.wait(has("2.0 kB/s"), "rates")
    path = t.fake.path
    t.fake.close()
    lines = t.wait(has("nobody listens"), "nobody")
    assert "link2" in order(lines)
    os.unlink(path)
    t.wait(has("is not there", "systemctl start"), "nothing")
    second = Fake(os.path.dirname(path), {"show": Source()})
    t.wait(lambda x: x[1] == "" and has("2.0 kB/s")(x), "rates again")
    second.close()
    t.wait(lambda x: x[1] != "", "what is wrong")
    t.press("q")
    assert t.wait_end() == 69
    assert t.is_restored()
    assert "serial-routerctl: " in t.after


def test_a_silent_daemon_does_not_hold_up_the_keys(fake):
    f = fake({"show": None})
    t = Terminal(os.environ["SERIAL_ROUTERCTL"], "-s", f.path, "-t",
                 "3600", "top")
    try:
        wait_for(lambda: f.requests, what="the question",
                 seconds=SECONDS)
        t.wait(lambda x: "q quit" in x[23], "all of it")
        t.press("q")
        assert t.wait_end() == 0
        assert t.is_restored()
    finally:
        t.close()


def test_hostile_names_do_not_reach_the_terminal(top, source):
    bad = "\x1b[2J\x07\u202e" + "\x9bc"
    source.links = [link(bad, state=bad, reason=bad,
                         flags=[{"flag": bad, "reason": bad}],
                         port__node=bad)]
    t = top()
    # The screen refuses what it does not know.
    t.wait(has("\\x1b[2J"), "the name")


def test_colours_are_for_those_who_want_them(top, source):
    t = top()
    t.wait(has("far"), "links")
    assert {"32", "31"} <= t.screen.colours
    t = top(env={"NO_COLOR": "1"})
    t.wait(has("far"), "links")
    assert t.screen.colours == set()


def test_it_ends_after_so_many(top):
    t = top("-n", "2")
    assert t.wait_end() == 0
    assert t.is_restored()
    assert t.fake.requests == ["show"] * 3


def test_plain_output_without_a_terminal(fake, source, golden):
    f = fake({"show": source})
    r = f.ctl("top", "-n", "2", "-d", "0.2")
    assert (r.status, r.err) == (0, "")
    golden("top-plain.txt", r.out)
    assert f.requests == ["show"] * 3


def test_plain_output_ends_with_the_daemon(fake, tmp_path):
    f = fake({"show": [show(link("a")), show(link("a")), Fake.CLOSE]})
    r = f.ctl("top", "-d", "0.1")
    assert r.status == 69 and "closed the connection" in r.err
    assert run("top", socket=str(tmp_path / "absent")).status == 69


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_gets_plain_output(top, env):
    t = top("-n", "1", env=env)
    assert t.wait_end() == 0
    assert "\x1b" not in t.after and "LINK" in t.after


@pytest.mark.parametrize("env, colour", [({}, True), ({"NO_COLOR": ""}, True),
                                         ({"NO_COLOR": "1"}, False),
                                         ({"TERM": "dumb"}, False)])
def test_a_table_has_colour_on_a_terminal_alone(fake, env, colour):
    f = fake({"show": show(link("a"), absent("b"))})
    t = Terminal(os.environ["SERIAL_ROUTERCTL"], "-s", f.path, "-t", str(SECONDS),
                 "show", env=env)
    try:
        assert t.wait_end() == 0
        assert ("\x1b[32m" in t.after) == colour
        assert "up" in t.after
    finally:
        t.close()
    assert "\x1b" not in f.ctl("show").out


def test_a_narrow_terminal_gets_a_narrow_table(fake):
    f = fake({"show": show(link("a"), absent("b"))})
    for columns in (70, 120):
        t = Terminal(os.environ["SERIAL_ROUTERCTL"], "-s", f.path, "-t",
                     str(SECONDS), "show", columns=columns, env={"NO_COLOR": "1"})
        try:
            assert t.wait_end() == 0
            assert max(map(len, t.after.split("\r\n"))) <= columns
        finally:
            t.close()

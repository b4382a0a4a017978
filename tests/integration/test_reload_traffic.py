"""Reloads under traffic: who is not concerned does not notice."""

import os
import re
import shutil

import pytest

from lab import Pair
from many import ends
from privilege import Become
from router import both, dropped, libconfig, link
from rtnl import Listener
from transfer import Exchange, Numbers, connect
from wait import wait_for

CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                    "conf")
BAD = sorted(n for n in os.listdir(os.path.join(CONF, "bad"))
             if n.endswith(".conf"))


def expectations(name, path):
    """What the first lines of a bad file say that is told, as a file at
    path."""
    found = []
    with open(os.path.join(CONF, "bad", name), "rb") as f:
        for line in f.read().decode("latin-1").split("\n"):
            m = re.match("# expect(?: in ([^:]*))?: (.*)", line)
            if not m:
                break
            file = path
            if m.group(1):
                file = os.path.join(os.path.dirname(path), m.group(1))
            gap = "" if re.match("[0-9]+:", m.group(2)) else " "
            found.append("%s:%s%s" % (file, gap, m.group(2).rstrip()))
    assert found, name
    return found


def is_told(expected, said, directory):
    """Complaints are cut at a length that the longer path takes from."""
    short = directory + os.sep
    return expected.replace(short, "") in said.replace(short, "") or any(
        line.endswith("...") and expected.startswith(line[:-3])
        for line in said.splitlines())


class Undisturbed:
    """Packets over a link of a pair, while its configuration does not
    change."""

    def __init__(self, lab):
        self.p = Pair(lab)
        self.r = self.p.a
        with open(self.r.file, "rb") as f:
            self.good = f.read()
        self.listener = lab.keep(Listener(self.p.na))
        self.pump = self.r.pump()
        self.numbers = Numbers(self.p.na.bound("10.64.0.1"),
                               self.p.nb.bound("10.64.0.2"))

    def finish(self):
        assert self.numbers.finish() == []
        assert self.listener.take() == []
        assert self.r.pump() == self.pump
        # And what is good is taken after all that.
        self.r.write(self.good)
        said = self.r.hup(r"serial-routerd: reloaded: .*\n")
        assert "links: 1 unchanged, 0 live" in said


def test_no_bad_file_changes_anything(lab):
    u = Undisturbed(lab)
    directory = u.r.directory
    shutil.copytree(os.path.join(CONF, "bad", "include"),
                    os.path.join(directory, "include"))
    # The one that includes itself does so by its name.
    os.symlink(u.r.file, os.path.join(directory, "include-itself.conf"))
    assert len(BAD) > 200
    for name in BAD:
        with open(os.path.join(CONF, "bad", name), "rb") as f:
            said = u.r.refused(f.read())
        for expected in expectations(name, u.r.file):
            assert is_told(expected, said, directory), (name, expected, said)
    u.finish()


def test_what_is_no_file_to_be_read_changes_nothing(lab):
    u = Undisturbed(lab)
    path = u.r.file
    stays = r"the configuration in force stays\n"

    def remove():
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def huge():
        with open(path, "w") as f:
            f.write("# much\n" * 200000)

    def everybodys():
        u.r.write(u.good)
        os.chmod(path, 0o666)

    for make, text in (
            (lambda: None, "No such file"),
            (lambda: os.mkdir(path), "is a directory"),
            (lambda: os.mkfifo(path), "not a regular file"),
            (lambda: os.symlink("/dev/zero", path), "not a regular file"),
            (lambda: os.symlink(path, path), "Too many levels"),
            (huge, "larger than"),
            (everybodys, "chmod o-w"),
            (lambda: u.r.write(b""), "links: missing"),
            (lambda: u.r.write(os.urandom(4096)), "serial-router.conf"),
    ):
        remove()
        make()
        assert text in u.r.hup(stays), text
    remove()
    u.finish()


def test_an_include_that_changes_is_read_again(lab):
    p = Pair(lab)
    r = p.a
    part = os.path.join(r.directory, "part.conf")
    mine, _ = both(0)

    def include(**more):
        with open(part, "w") as f:
            f.write(libconfig(link("sl0", p.cable.a[0], addresses=mine,
                                   **more)) + "\n")

    include(mtu=1400)
    r.write('links = (\n@include "part.conf"\n);\n')
    done = r"serial-routerd: reloaded: .*\n"
    assert "sl0: reload: live (interface.mtu)" in r.hup(done)
    include(mtu=1300)
    assert "sl0: reload: live (interface.mtu)" in r.hup(done)
    assert p.na.link("sl0")["mtu"] == 1300
    with open(part, "a") as f:
        f.write("}\n")
    said = r.hup(r"the configuration in force stays\n")
    assert part + ":" in said
    os.unlink(part)
    said = r.hup(r"the configuration in force stays\n")
    assert r.file + ":2: @include" in said
    assert p.na.link("sl0")["mtu"] == 1300


def test_a_file_that_only_root_may_read_is_told_with_the_remedy(lab):
    line, n = lab.line(), lab.namespace()
    os.chmod(line.node, 0o666)
    made = link("sl0", line.path, addresses=["10.64.0.1/24"])
    r = lab.keep(Become(lab, n, [made], '"daemon"', start=False))
    os.chmod(r.file, 0o600)
    r.start()
    r.wait_up()
    said = r.hup(r"the configuration in force stays\n")
    assert "Permission denied: the daemon reads it as user daemon" in said
    remedy = re.search(r"chgrp \S+ \S+ && chmod g\+r \S+", said).group(0)
    assert os.system(remedy.rstrip(":")) == 0
    assert "1 unchanged" in r.hup(r"serial-routerd: reloaded: .*\n")


def still(router):
    """What must not change of links that do not."""
    return {name: (s["state"], s["pump"], s["restarts"],
                   dropped(s["to-line"]), dropped(s["from-line"]))
            for name, s in router.snapshot().items()}


class Busy:
    """Eight links between two routers, with packets on each."""

    def __init__(self, lab):
        self.cable = lab.cable(*["baud=921600"] * 8)
        self.na, self.nb = lab.namespace(), lab.namespace()
        ours, theirs = ends(self.cable, 921600)
        self.links = ours
        self.a = lab.router(self.na, ours, args=())
        self.b = lab.router(self.nb, theirs, args=())
        self.a.wait_up()
        self.b.wait_up()
        self.index = {x["name"]: self.na.index(x["name"]) for x in ours}
        pairs = [(self.na.bound("10.64.%d.1" % n),
                  self.nb.bound("10.64.%d.2" % n)) for n in range(1, 8)]
        pairs += [(self.nb.bound("10.64.%d.2" % n),
                   self.na.bound("10.64.%d.1" % n)) for n in range(1, 8)]
        # Less than a line carries: what is lost is not for their own sake.
        self.numbers = [Numbers(a, b, every_s=0.02, size=400)
                        for a, b in pairs]
        # And a hashed one both ways, which may well be made slower by drops.
        self.exchange = Exchange(
            connect(self.na, "10.64.7.2", self.nb, source="10.64.7.1",
                    window=8192), 200000, 200000)


# What the first link goes through, pump and interface and all.  What the others
# go through lets packets pass; another txqueuelen does not, since the kernel
# takes the queue of an interface away for that moment.
HARD = [{"port": {"parity": "even"}}, {"baud": 460800}, {"enabled": False},
        None, {"name": "other"}, {"port": {"stop_bits": 2}},
        {"txqueuelen": 400}, {}]
SOFT = [{"routes": ["10.99.%d.0/24"]}, {"mtu": 1400},
        {"retry": {"first_ms": 50}}, {"rp_filter": "strict"},
        {"forwarding": True}, {"ignore_linkdown": True}, {}]


def test_a_hundred_reloads_and_only_the_link_that_changes_notices(lab):
    s = Busy(lab)
    before = still(s.a)
    listener = lab.keep(Listener(s.na))
    mine = [both(n)[0] for n in range(8)]
    now = list(s.links)
    for i in range(100):
        n = i % 8
        more = HARD[i // 8 % len(HARD)] if n == 0 \
            else SOFT[(i // 8 + n) % len(SOFT)]
        if more and "routes" in more:
            more = {"routes": [x % n for x in more["routes"]]}
        now[n] = more and link("sl%d" % n, s.cable.a[n],
                               **{"baud": 921600, "addresses": mine[n],
                                  **more})
        if more == {}:
            now[n] = s.links[n]
        said = s.a.reload([x for x in now if x])
        assert "degraded" not in said
        named = listener.named()
        # The first link may still be on its way to where it is to be.
        others = {s.index["sl%d" % k] for k in range(1, 8) if k != n}
        assert not named & others, (i, more, said)
    assert [x.finish() for x in s.numbers] == [[]] * 14
    s.exchange.finish()
    s.a.reload(s.links)
    s.a.wait_up()
    after = still(s.a)
    for n in range(1, 8):
        name = "sl%d" % n
        assert before[name][:3] == after[name][:3]
        if n != 7:
            assert before[name] == after[name], s.a.status(name)["to-line"]
        assert s.na.index(name) == s.index[name]

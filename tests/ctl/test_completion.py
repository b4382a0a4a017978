"""What the shells complete."""

import os
import re
import shutil
import subprocess
import time

import pytest

from conftest import HERE, SECONDS, environment, run, unable
from fake import link, show
from term import Terminal
from wait import wait_for

DIRECTORY = os.path.join(HERE, os.pardir, os.pardir, "contrib", "completion")
BASH = os.path.join(DIRECTORY, "serial-routerctl.bash")


def path():
    """PATH with the program under test before all others."""
    return "%s:%s" % (os.path.dirname(os.environ["SERIAL_ROUTERCTL"]),
                      os.environ["PATH"])


def complete(*words, cwd=None):
    """What bash offers for the last of the words."""
    script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_serial_routerctl; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(
        ["bash", "--norc", "-c", script, BASH, "serial-routerctl", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd,
        stderr=subprocess.PIPE, text=True, timeout=SECONDS,
        env=environment(PATH=path()))
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def links(fake):
    return fake({"show": show(link("uno0"), link("uno1"), link("far"))})


def test_bash_completes_links(links):
    def offers(*words):
        # A daemon that is too busy to answer within a second offers nothing.
        return wait_for(lambda: complete(*words), SECONDS, "names of links")

    for command in ("show", "start", "stop", "restart"):
        assert offers("-s", links.path, command, "") \
            == ["uno0", "uno1", "far"]
    assert offers("--socket", links.path, "show", "u") == ["uno0", "uno1"]


def test_bash_completes_commands():
    every = complete("")
    listed = re.findall(r"^  ([a-z]+) ", run("help").out, re.M)
    assert sorted(every) == sorted(listed)
    assert complete("st") == ["start", "stop"]
    assert complete("-s", "/x", "re") == ["restart", "reload"]


def test_bash_completes_options():
    assert "--socket" in complete("--")
    assert complete("reload", "--c") == ["--confirm"]
    assert complete("metrics", "--t") == ["--textfile"]
    assert complete("show", "--t") == ["--tab"]


def test_bash_completes_what_else_there_is(tmp_path):
    assert complete("log", "") == ["err", "warn", "info", "debug"]
    (tmp_path / "some.conf").touch()
    for words in (["check", "so"], ["diff", "so"], ["-s", "so"],
                  ["metrics", "--textfile", "so"]):
        assert complete(*words, cwd=tmp_path) == ["some.conf"]
    assert complete("config", "") == []
    assert complete("-t", "") == []


def test_without_a_daemon_nothing_is_offered(tmp_path):
    assert complete("-s", str(tmp_path / "absent"), "show", "") == []


class Zsh:
    """An interactive zsh with nothing but our completion added."""

    def __init__(self, directory):
        self.t = Terminal(
            "zsh", "-f", "-i", columns=300,
            env={"PATH": path(), "ZDOTDIR": str(directory), "TERM": "dumb"})
        self.t.press("PS1='ready> '; fpath=(%s $fpath); autoload -Uz compinit;"
                     " compinit -u -d %s/dump; setopt no_list_beep; "
                     "print loa''ded\n" % (DIRECTORY, directory))
        assert self.wait("loaded"), self.t.after

    def wait(self, text, since=0, seconds=SECONDS):
        end = time.monotonic() + seconds
        while text not in self.t.after[since:]:
            if time.monotonic() > end:
                return False
            self.t.read(0.1)
        return True

    def expect(self, typed, offered):
        """What a tab makes of that."""
        since = len(self.t.after)
        # A daemon that is too busy to answer within a second is asked again.
        for _ in range(30):
            self.t.press("\x15" + typed + "\t")
            if self.wait(offered, since, SECONDS / 30):
                self.t.press("\x15")
                return
        raise AssertionError(self.t.after[since:])


@pytest.fixture
def zsh(tmp_path):
    if not shutil.which("zsh"):
        unable("no zsh")
    made = Zsh(tmp_path)
    yield made
    made.t.close()


def test_zsh_completes(zsh, fake):
    f = fake({"show": show(link("verylonglink0"))})
    zsh.expect("serial-routerctl -s %s show ver" % f.path, "verylonglink0")
    zsh.expect("serial-routerctl --socket %s restart " % f.path,
               "verylonglink0")
    zsh.expect("serial-routerctl rest", "restart")
    zsh.expect("serial-routerctl log deb", "debug")
    zsh.expect("serial-routerctl reload --conf", "--confirm")
    zsh.expect("serial-routerctl metrics --text", "--textfile")


def test_zsh_knows_every_command():
    with open(os.path.join(DIRECTORY, "_serial-routerctl")) as f:
        text = f.read()
    for name, what in re.findall(r"^  ([a-z]+) .*?  (\S.*)$",
                                 run("help").out, re.M):
        assert re.search(r"^\t\t'%s:" % name, text, re.M), name

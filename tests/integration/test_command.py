"""The command line, exit codes, and what systemd sees."""

import os
import shutil
import socket
import stat
import subprocess

import pytest

from lab import Single
from router import libconfig, link
from wait import wait_for

OK, USAGE, UNAVAILABLE, NOPERM, CONFIG = 0, 64, 69, 77, 78


def daemon(*args, wrap=(), binary=None):
    """Exit status, standard output, standard error."""
    done = subprocess.run(
        [*wrap, binary or os.environ["SERIAL_ROUTERD"], *map(str, args)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def conf(lab):
    def write(text):
        path = os.path.join(lab.directory, "some.conf")
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)
        return path

    return write


GOOD = "links: %s;\n" % libconfig([link("sl0", "/dev/ttyNONE0", 115200)])


def test_check_accepts_a_good_file(conf):
    status, out, err = daemon("-t", "-c", conf(GOOD))
    assert (status, out, err) == (OK, "", "")


def test_check_touches_nothing(lab, conf):
    n = lab.namespace()
    status, _, _ = daemon("-t", "-c", conf(GOOD), wrap=n.exec())
    assert status == OK
    assert n.link("sl0") is None


@pytest.mark.parametrize("args", [["-t"], []], ids=["check", "run"])
def test_a_mistake_is_told_with_file_and_line(conf, args):
    path = conf("links: (\n  { name = \"sl0\";\n    port: {\n"
                "      device = \"/dev/ttyS9\";\n      baud = 7;\n"
                "    };\n  }\n);\n")
    status, out, err = daemon(*args, "-c", path)
    assert status == CONFIG
    assert "%s:5: links[0].port.baud: expected 50 to 16000000, got 7" % path \
        in err


def test_all_mistakes_of_a_file_are_told(conf):
    bad = link("sl0", "/dev/ttyS9", 7, port={"parity": "mark"}, mtu=5,
               colour="red")
    status, _, err = daemon("-t", "-c", conf("links: %s;" % libconfig([bad])))
    assert status == CONFIG
    for key in ("port.baud", "port.parity", "interface.mtu",
                "interface.colour"):
        assert key in err


@pytest.mark.parametrize("args", [["-t"], []], ids=["check", "run"])
def test_an_absent_file_is_a_mistake_of_configuration(lab, args):
    path = os.path.join(lab.directory, "absent.conf")
    status, _, err = daemon(*args, "-c", path)
    assert status == CONFIG
    assert path in err and "No such file" in err


@pytest.mark.parametrize("kind", ["directory", "fifo", "empty", "binary"])
def test_a_file_that_is_none_is_a_mistake_of_configuration(lab, kind):
    path = os.path.join(lab.directory, kind)
    if kind == "directory":
        os.mkdir(path)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        with open(path, "wb") as f:
            f.write(b"" if kind == "empty" else os.urandom(4096))
    status, _, err = daemon("-t", "-c", path)
    assert status == CONFIG
    assert path in err


@pytest.mark.parametrize("args", [["--nonsense"], ["-c"], ["extra"],
                                  ["-t", "-x"]])
def test_a_wrong_command_line_is_a_mistake_of_usage(args):
    status, out, err = daemon(*args)
    assert status == USAGE
    assert out == ""
    assert "usage: serial-routerd" in err


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_told_with_the_kind_of_sandbox(option):
    status, out, err = daemon(option)
    assert (status, err) == (OK, "")
    assert out.startswith("serial-routerd ")
    assert "seccomp" in out


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_option(option):
    status, out, err = daemon(option)
    assert (status, err) == (OK, "")
    for word in ("-c", "-t", "-v", "-V", "--syslog", "--help"):
        assert word in out


def test_without_the_tun_driver_it_says_what_to_do(lab, conf):
    wrap = lab.namespace().exec("unshare", "-m", "sh", "-c",
                                "mount -t tmpfs none /dev/net && exec \"$@\"",
                                "sh")
    status, _, err = daemon("-c", conf(GOOD), wrap=wrap)
    assert status == UNAVAILABLE
    assert "/dev/net/tun" in err and "modprobe tun" in err


AS_NOBODY = """
mount -t tmpfs none /dev/net &&
mknod -m 600 /dev/net/tun c 10 200 &&
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
"""


def test_without_permission_it_says_so(lab, conf):
    binary = shutil.copy(os.environ["SERIAL_ROUTERD"], lab.directory)
    wrap = lab.namespace().exec("unshare", "-m", "sh", "-c", AS_NOBODY, "sh")
    status, _, err = daemon("-c", conf(GOOD), wrap=wrap, binary=binary)
    assert status == NOPERM
    assert "/dev/net/tun" in err and "Permission denied" in err


def test_a_file_that_may_not_be_read_is_a_lack_of_permission(lab, conf):
    binary = shutil.copy(os.environ["SERIAL_ROUTERD"], lab.directory)
    path = conf(GOOD)
    os.chmod(path, stat.S_IRUSR)
    wrap = ["setpriv", "--reuid", "65534", "--regid", "65534",
            "--clear-groups"]
    status, _, err = daemon("-t", "-c", path, wrap=wrap, binary=binary)
    assert status == NOPERM
    assert path in err and "Permission denied" in err


class Notify:
    """What systemd would listen on."""

    def __init__(self, lab):
        self.path = os.path.join(lab.directory, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.01)
        self.said = []
        lab.keep(self)

    def has(self, word):
        try:
            while True:
                self.said += self.socket.recv(4096).decode().split("\n")
        except TimeoutError:
            return word in self.said

    def close(self):
        self.socket.close()


def test_the_service_manager_is_told_of_start_and_stop(lab):
    notify = Notify(lab)
    r = lab.router(lab.namespace(), [link("sl0", "/dev/ttyNONE0")],
                   env={"NOTIFY_SOCKET": notify.path})
    wait_for(lambda: notify.has("READY=1"))
    assert not notify.has("STOPPING=1")
    assert r.stop() == 0
    wait_for(lambda: notify.has("STOPPING=1"))


def test_the_service_manager_is_told_how_many_links_are_up(lab):
    notify, cable = Notify(lab), lab.cable()
    r = lab.router(lab.namespace(),
                   [link("sl0", cable.a[0]), link("sl1", "/dev/ttyNONE0")],
                   env={"NOTIFY_SOCKET": notify.path})
    r.wait_state("UP", "sl0")
    wait_for(lambda: notify.has("STATUS=1 of 2 links up"))
    cable.cut()
    wait_for(lambda: notify.has("STATUS=0 of 2 links up"))


def test_the_service_managers_watchdog_is_fed(lab):
    notify = Notify(lab)
    lab.router(lab.namespace(), [link("sl0", "/dev/ttyNONE0")],
               env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "600000"})
    wait_for(lambda: notify.has("WATCHDOG=1") and
             notify.said.count("WATCHDOG=1") >= 3)


def test_a_dead_service_manager_does_not_matter(lab):
    r = lab.router(lab.namespace(), [link("sl0", "/dev/ttyNONE0")],
                   env={"NOTIFY_SOCKET": lab.directory + "/nobody"})
    r.wait_state("ABSENT")
    assert r.stop() == 0


def test_lines_for_the_journal_have_its_priorities(lab):
    r = lab.router(lab.namespace(), [link("sl0", "/dev/null")],
                   env={"JOURNAL_STREAM": "{journal}"})
    r.wait_log("^<4>sl0: .*not a serial port")
    r.wait_log("^<6>serial-routerd: 1 of 1 links started")
    assert all(x.startswith("<") for x in r.lines())


def test_lines_for_a_file_have_none(lab):
    r = lab.router(lab.namespace(), [link("sl0", "/dev/null")],
                   env={"JOURNAL_STREAM": "8:12345"})
    r.wait_log("^sl0: .*not a serial port")
    assert not any(x.startswith("<") for x in r.lines())


def test_debugging_lines_are_only_there_with_v(lab):
    s = Single(lab, args=())
    assert "->" not in s.r.log()
    line = lab.line("other")
    r = lab.router(lab.namespace(), [link("sl0", line.path)], args=("-v",))
    r.wait_log("^sl0: OPENING -> UP")


def test_each_line_begins_with_its_object(lab):
    s = Single(lab)
    s.r.stop()
    lines = s.r.lines()
    assert lines
    assert all(x.startswith(("sl0: ", "serial-routerd: ")) for x in lines)


def test_syslog_leaves_standard_error_alone(lab):
    s = Single(lab, args=("--syslog",), up=False)
    wait_for(lambda: s.n.carrier("sl0") if s.n.link("sl0") else False)
    assert s.r.stop() == 0
    assert s.r.log() == ""


def test_starts_with_closed_standard_descriptors(lab):
    """A port must not become descriptor 0, 1 or 2."""
    line, n = lab.line(), lab.namespace()
    r = lab.router(n, [link("sl0", line.path)],
                   wrap=("sh", "-c", "exec \"$@\" <&- >&-", "sh"))
    r.wait_up()

"""Each file of tests/conf as the file of a start: the bad ones end it with
exactly what their first lines name, the good ones are printed as the same."""

import os
import re
import subprocess

import pytest

OK, CONFIG = 0, 78
CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                    "conf")


def files(kind):
    found = sorted(name for name in os.listdir(os.path.join(CONF, kind))
                   if name.endswith(".conf"))
    assert len(found) >= {"good": 25, "bad": 100}[kind]
    return found


def expectations(kind, name, mark):
    """"# expect: LINE: TEXT", "# expect in FILE: LINE: TEXT", at the top."""
    lines = []
    with open(os.path.join(CONF, kind, name), "rb") as f:
        for raw in f:
            m = re.match(rb"# %s(?: in ([^:]+))?: (.*)\n" % mark.encode(), raw)
            if not m:
                break
            text = m.group(2).decode("ascii")
            lines.append("%s:%s%s" % (
                (m.group(1) or name.encode()).decode("ascii"),
                "" if re.match(r"\d+:", text) else " ", text))
    return lines


def start(kind, *args):
    """Exit status, standard output, lines of standard error."""
    done = subprocess.run(
        [os.environ["SERIAL_ROUTERD"], *args], cwd=os.path.join(CONF, kind),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.mark.parametrize("name", files("bad"))
def test_no_start_with_a_bad_file(name):
    expected = expectations("bad", name, "expect")
    status, out, err = start("bad", "-c", name)
    assert expected
    assert status == CONFIG
    assert out == ""
    assert err == expected + ["serial-routerd: %s: %d mistake%s" % (
        name, len(expected), "" if len(expected) == 1 else "s")]


@pytest.mark.parametrize("name", files("good"))
def test_a_good_file_is_printed_as_the_same(name, tmp_path):
    warnings = expectations("good", name, "warn")
    status, out, err = start("good", "-T", "-c", name)
    assert status == OK
    assert err == warnings
    again = tmp_path / "again.conf"
    again.write_text(out)
    again.chmod(0o644)
    status, second, err = start("good", "-T", "-c", str(again))
    assert status == OK
    assert len(err) == len(warnings)
    assert second == out
    status, out, _ = start("good", "-t", "-c", str(again))
    assert (status, out) == (OK, "")


def test_what_cannot_be_printed_is_told(tmp_path):
    path = tmp_path / "some.conf"
    path.write_text("links = ( );\n")
    path.chmod(0o644)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [os.environ["SERIAL_ROUTERD"], "-T", "-c", str(path)],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
    assert done.returncode == 74
    assert "standard output: No space left on device" in done.stderr


def test_a_file_that_everybody_may_write_to_is_refused(tmp_path):
    path = tmp_path / "some.conf"
    path.write_text("links = ( );\n")
    path.chmod(0o666)
    status, _, err = start("good", "-t", "-c", str(path))
    assert status == CONFIG
    assert err == ["serial-routerd: %s: everybody may write to it, which "
                   "chmod o-w ends" % path]

"""metrics and support."""

import os
import stat
import subprocess

import pytest

from conftest import SECONDS, run, unable
from fake import absent, link, show
from promtool import Missing, find


@pytest.fixture(scope="module")
def promtool():
    try:
        path = find()
    except Missing as e:
        unable(str(e))

    def check(text):
        done = subprocess.run(
            [path, "check", "metrics"], input=text.encode(), timeout=SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert (done.returncode, done.stdout) == (0, b""), done.stdout

    return check


def samples(text):
    """Name with labels -> value."""
    lines = [x for x in text.splitlines() if x and not x.startswith("#")]
    found = dict(x.rsplit(" ", 1) for x in lines)
    assert len(found) == len(lines)
    return found


LINKS = [link("uno0"), absent("far"),
         link("slow", state="backoff", flags=[{"flag": "noisy",
                                               "reason": "x"}])]


def test_the_text(fake, golden, promtool):
    f = fake({"show": show(*LINKS, confirm={"seconds_left": 41.2})})
    r = f.ctl("metrics")
    assert (r.status, r.err) == (0, "")
    golden("metrics.prom", r.out)
    promtool(r.out)


def test_every_family_has_help_and_type(fake):
    out = fake({"show": show(*LINKS)}).ctl("metrics").out
    typed = {}
    for line in out.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in typed
            assert "# HELP %s " % name in out
            typed[name] = kind
    for name in samples(out):
        name = name.split("{")[0]
        for suffix in ("_bucket", "_count"):
            if name not in typed:
                name = name.removesuffix(suffix)
        assert name in typed
        assert (typed[name] == "counter") == name.endswith("_total")


def test_what_is_not_known_is_left_out(fake):
    found = samples(fake({"show": show(*LINKS)}).ctl("metrics").out)
    assert 'serial_router_link_heard_age_seconds{link="uno0"}' in found
    assert 'serial_router_link_heard_age_seconds{link="far"}' not in found


def test_units_are_those_of_prometheus(fake):
    found = samples(fake({"show": show(*LINKS)}).ctl("metrics").out)
    assert found['serial_router_link_round_trip_seconds{link="uno0"}'] \
        == "0.0032"


def test_the_histogram_adds_up(fake):
    found = samples(fake({"show": show(*LINKS)}).ctl("metrics").out)
    name = "serial_router_link_queue_delay_seconds"
    bucket = name + '_bucket{link="uno0",le="%s"}'
    assert found[bucket % "0.001"] == "900"
    assert found[bucket % "0.002"] == "1000"
    assert found[bucket % "+Inf"] == "1090"
    assert found[name + '_count{link="uno0"}'] == "1090"


def test_labels_are_escaped(fake, promtool):
    bad = 'a"b\\c\nd\te\x1b\x7f\u00e9\u202e'
    answer = show(link(bad, tx__dropped={bad: 3}), version=bad)
    r = fake({"show": answer}).ctl("metrics")
    assert r.status == 0
    assert "\x1b" not in r.out and "\t" not in r.out
    promtool(r.out)
    assert 'link="a\\"b\\\\c\\nd\\\\x09e' in r.out


@pytest.mark.parametrize("delay", [
    {"le": [2, 1, None], "count": [1, 1, 1]}, {"le": [1], "count": [1, 2]},
    {"le": [], "count": []}, {"le": "x", "count": 3}, None,
    {"le": [1, 2, None], "count": [1, -2, 1]},
    {"le": ["a", {}, None], "count": ["b", None, 1]},
    {"le": [1] * 1000, "count": [1] * 1000}], ids=range(8))
def test_a_histogram_that_is_none_is_left_out(fake, promtool, delay):
    answer = show(link("a", tx__delay_ms=delay), link("b"))
    r = fake({"show": answer}).ctl("metrics")
    assert r.status == 0
    promtool(r.out)
    assert 'delay_seconds_count{link="a"}' not in r.out
    assert 'delay_seconds_count{link="b"}' in r.out


def test_a_daemon_that_is_not_there_is_a_metric(tmp_path, promtool):
    r = run("metrics", socket=str(tmp_path / "absent"))
    assert r.status == 69
    assert "systemctl start" in r.err
    assert samples(r.out) == {"serial_router_up": "0"}
    promtool(r.out)


def test_a_text_file_is_replaced_as_a_whole(fake, tmp_path):
    f = fake({"show": show(*LINKS)})
    path = tmp_path / "serial-router.prom"
    path.write_text("old")
    path.chmod(0o600)
    old = os.open(path, os.O_RDONLY)
    r = run("metrics", "--textfile", path, socket=f.path,
            wrap=["sh", "-c", 'umask 077; exec "$@"', "sh"])
    assert (r.status, r.out, r.err) == (0, "", "")
    assert os.read(old, 100) == b"old"
    os.close(old)
    assert path.read_text() == f.ctl("metrics").out
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [x for x in os.listdir(tmp_path) if "prom" in x] \
        == ["serial-router.prom"]
    f.close()
    assert run("metrics", "--textfile", path, socket=f.path).status == 69
    assert samples(path.read_text()) == {"serial_router_up": "0"}


def test_a_text_file_that_cannot_be_written(fake, tmp_path):
    f = fake({"show": show(*LINKS)})
    r = f.ctl("metrics", "--textfile", tmp_path / "no" / "x.prom")
    assert r.status == 73 and "No such file" in r.err
    (tmp_path / "directory.prom").mkdir()
    r = f.ctl("metrics", "--textfile", tmp_path / "directory.prom")
    assert r.status == 74 and "directory" in r.err
    assert os.listdir(tmp_path / "directory.prom") == []
    assert not [x for x in os.listdir(tmp_path) if x.startswith("directory")
                and x != "directory.prom"]


def test_a_full_disk_leaves_the_old_text(fake, tmp_path):
    f = fake({"show": show(*(link("link%d" % i) for i in range(200)))})
    path = tmp_path / "serial-router.prom"
    path.write_text("old")
    r = run("metrics", "--textfile", path, socket=f.path,
            wrap=["sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "sh"])
    assert r.status == 74 and "too large" in r.err, r
    assert path.read_text() == "old"
    assert [x for x in os.listdir(tmp_path) if "prom" in x] \
        == ["serial-router.prom"]


CONFIG = """control = { group = "serial-router"; };
links = ( {
	name = "uno0";
	port = { usb = { vendor = 9025; serial = "AB1234"; }; baud = 9600; };
	interface = { addresses = ( "198.51.100.7/24", "10.64.0.1/30",
	    "2001:db8::7/64", "fd00::1/64", "fe80::1/64" ); };
}, {
	name = "b"; port = { device =
	"/dev/serial/by-id/usb-FTDI_FT232R_A5XK3RJT-if00-port0"; };
} );
"""


def test_support_tells_all_but_what_is_nobodys_business(fake, golden):
    answers = {
        "version": {"version": "0.1.0", "protocol": 1, "build": "seccomp"},
        "show": show(link(
            "uno0", port__found__serial="75834353", restarts=3,
            port__node="/dev/serial/by-id/usb-FTDI_FT232R_A5XK3RJT-if00-port0",
            reason="adapter 75834353 at 198.51.100.7: gone\x1b",
            interface__addresses=["198.51.100.7/24", "2001:db8::7/64"])),
        "config": {"config": CONFIG}}
    r = fake(answers).ctl("support")
    assert (r.status, r.err) == (0, "")
    for secret in ("75834353", "AB1234", "198.51", "2001:db8", "A5XK3RJT",
                   os.uname().nodename + " "):
        assert secret not in r.out, secret
    for word in ("kernel: Linux", "10.64.0.1/30", "fd00::1", "fe80::1",
                 "serial-routerctl: ", "(serial 1)", "(address 1)"):
        assert word in r.out, word
    golden("support.txt", "".join(
        x + "\n" for x in r.out.splitlines()
        if not x.startswith(("kernel:", "system:", "serial-routerctl:"))))


def test_support_without_a_daemon(tmp_path):
    r = run("support", socket=str(tmp_path / "absent"))
    assert r.status == 69
    assert "kernel: Linux" in r.out and "systemctl start" in r.err
    assert "not to be had" in r.out

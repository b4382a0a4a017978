"""show, in all its forms."""

import json
import re

import pytest

from fake import absent, link, show

WIDE = "\u7dda\u8def"  # two characters, four columns
HOSTILE = ("\x1b[31m\x1b]0;title\x07 \x9b2J\u202egnp.exe\u202c\x7f"
           "\u200b \ud7ff ok")

LINKS = [
    link("uno0"),
    link("uno1", since_s=61, state="up", flags=[
        {"flag": "mismatch",
         "reason": "the driver made 460800 baud 500000"},
        {"flag": "noisy",
         "reason": "3 % of the frames of the last minute arrived damaged: "
                   "check the rate, the ground wire and the length of the "
                   "cable"}],
         port__baud=460800, port__baud_real=500000,
         port__node="/dev/serial/by-id/usb-Arduino__www.arduino.cc__0043"
                    "_75834353-if00"),
    absent("far"),
    link("fifteen-letters", state="backoff", since_s=4000, retry_in_s=12.0,
         failures=7, heard_s=4001.0, pump=None,
         reason="/dev/ttyACM0 hung up: read: Input/output error",
         failure={"text": "/dev/ttyACM0 hung up: read: Input/output error",
                  "ago_s": 18.0}, interface__carrier=False),
    link("off", state="down", since_s=86400.0 * 400, enabled=False,
         heard_s=None, pump=None, round_trip=None,
         port__device=None, port__node=None, port__found=None,
         port__usb={"vendor": 0x1a86, "product": 0x7523, "serial": None,
                    "path": "1-1.4", "function": None},
         interface__up=False, interface__carrier=False),
]


def visible(text):
    """No byte that a terminal obeys but newlines."""
    return not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e]",
                         text)


def columns(line):
    """As wide as a terminal shows it: the tests use one wide script."""
    return sum(2 if "\u2e80" <= c <= "\u9fff" else 1 for c in line)


def test_the_table(fake, golden):
    f = fake({"show": show(*LINKS)})
    r = f.ctl("show")
    assert (r.status, r.err) == (0, "")
    golden("show.txt", r.out)
    assert all(columns(x) <= 80 for x in r.out.splitlines())
    assert f.requests == ["show"]


def test_a_reload_that_waits_is_told(fake, golden):
    answer = show(link("uno0"), confirm={"seconds_left": 41.2})
    golden("show-confirm.txt", fake({"show": answer}).ctl("show").out)


def test_a_reload_that_was_undone_is_told(fake):
    out = fake({"show": show(link("uno0"), undone=True)}).ctl("show").out
    assert out.splitlines()[1] == ("the file is not in force, nobody confirmed "
                                   "it: serial-routerctl diff")


def test_without_links(fake, golden):
    r = fake({"show": show(file=None)}).ctl("show")
    assert r.status == 0
    golden("show-none.txt", r.out)


@pytest.mark.parametrize("i", range(len(LINKS)))
def test_one_in_detail(fake, golden, i):
    name = LINKS[i]["name"]
    f = fake({"show %s" % name: show(LINKS[i], links_total=5, links_up=2)})
    r = f.ctl("show", name)
    assert (r.status, r.err) == (0, "")
    golden("detail-%s.txt" % name, r.out)
    assert all(columns(x) <= 80 for x in r.out.splitlines())


def test_tab_separated(fake, golden):
    strange = link("uno0", reason="a\ttab, a\nnewline, a back\\slash",
                   flags=[{"flag": "silent", "reason": "x"},
                          {"flag": "noisy", "reason": "y"}],
                   port__driver=WIDE, heard_s=None, rx__uart=None)
    r = fake({"show": show(strange, *LINKS[1:])}).ctl("show", "--tab")
    assert r.status == 0
    golden("show.tab", r.out)
    lines = [x.split("\t") for x in r.out.splitlines()]
    assert len(lines) == 1 + len(LINKS)
    assert {len(x) for x in lines} == {len(lines[0])}
    assert len(set(lines[0])) == len(lines[0])


def test_json_is_as_received(fake):
    sent = (b'{ "daemon":{},  "links":[ {"name":"a\\u0041","new":[1.50,null]}'
            b' ] }\n')
    r = fake({"show": sent}).ctl("show", "--json")
    assert (r.status, r.err) == (0, "")
    assert r.out.encode() == sent


def later(**changes):
    """The links, 2 s later."""
    base = dict(tx__bytes=1190000 + 20000, tx__line_bytes=1210000 + 21000,
                rx__bytes=800000 + 100, rx__line_bytes=812345 + 120,
                rx__frames=1000 + 200,
                tx__delay_ms__count=[900, 100, 50, 49, 11, 0, 0, 0, 0, 0, 0,
                                     0])
    base.update(changes)
    return show(link("uno0", **base), absent("far"), link("new"),
                monotonic_s=1002.0)


def test_rates_are_the_difference_of_two_snapshots(fake, golden):
    f = fake({"show": [show(link("uno0"), absent("far")),
                       later(rx__dropped__truncated=7 + 1)]})
    r = f.ctl("show", "--rates", "-d", "0.1")
    assert (r.status, r.err) == (0, "")
    golden("rates.txt", r.out)
    assert f.requests == ["show", "show"]
    f = fake({"show": [show(link("uno0"), absent("far")), later()]})
    golden("rates.tab", f.ctl("show", "--rates", "-d", "0.1", "--tab").out)


@pytest.mark.parametrize("changes", [
    {"pid": 812}, {"monotonic_s": 1000.0}, {"monotonic_s": 5.0}],
    ids=["another daemon", "the same moment", "earlier"])
def test_there_is_no_rate_between_what_cannot_be_compared(fake, changes):
    second = later()
    second["daemon"].update(changes)
    f = fake({"show": [show(link("uno0")), second]})
    r = f.ctl("show", "--rates", "-d", "0.1", "--tab")
    assert r.status == 0
    fields = r.out.splitlines()[1].split("\t")
    assert fields[:6] == ["uno0", "up", "", "", "", ""]


def test_a_counter_that_went_back_makes_no_rate(fake):
    f = fake({"show": [show(link("uno0")), later(tx__bytes=5)]})
    out = f.ctl("show", "--rates", "-d", "0.1", "--tab").out
    fields = dict(zip(*(x.split("\t") for x in out.splitlines()[:2])))
    assert fields["out_bytes_per_s"] == ""
    assert float(fields["in_bytes_per_s"]) == 50


@pytest.mark.parametrize("args", [["show"], ["show", "x"]],
                         ids=["table", "detail"])
def test_hostile_texts_are_made_safe(fake, args):
    bad = link(HOSTILE, state=HOSTILE, reason=HOSTILE + "\n" + HOSTILE,
               flags=[{"flag": HOSTILE, "reason": HOSTILE}],
               port__node=HOSTILE, port__driver=HOSTILE,
               port__found__serial=HOSTILE, interface__name=HOSTILE,
               interface__addresses=[HOSTILE], port__flow=HOSTILE,
               failure={"text": HOSTILE, "ago_s": 1},
               tx__dropped={HOSTILE: 3}, round_trip__address=HOSTILE)
    answer = show(bad, file=HOSTILE, version=HOSTILE)
    r = fake({" ".join(args): answer}).ctl(*args)
    assert r.status == 0
    assert visible(r.out), repr(r.out)
    assert "\\x1b[31m" in r.out and "\\u202e" in r.out


def test_wide_names_keep_their_columns(fake, golden):
    answer = show(link(WIDE * 5, port__node="/dev/" + WIDE * 20),
                  link("e\u0301t\u00e9"), link("x"))
    r = fake({"show": answer}).ctl("show")
    golden("show-wide.txt", r.out)
    assert all(columns(x) <= 80 for x in r.out.splitlines())


def test_a_locale_without_them_gets_no_wide_names(fake, golden):
    answer = show(link("\u00e9t\u00e9"), link("x"))
    r = fake({"show": answer}).ctl("show", env={"LC_ALL": "C"})
    golden("show-ascii.txt", r.out)
    assert r.out.isascii()


def test_everything_may_be_missing(fake):
    for answer in ({}, {"daemon": None, "links": None},
                   {"daemon": {}, "links": [{}]},
                   {"daemon": [], "links": {}},
                   {"daemon": 3, "links": [None, 1, "x", [], {"tx": 3}]}):
        for args in (["show"], ["show", "--tab"], ["show", "x"]):
            r = fake({"show": answer, "show x": answer}).ctl(*args)
            assert r.status == 0, r
            assert r.err == ""


def test_wrong_types_are_not_known(fake):
    """Each value of a link, once as everything else."""
    def places(value, path=()):
        if isinstance(value, dict):
            for key in value:
                yield path + (key,)
                yield from places(value[key], path + (key,))

    odd = [None, True, -1, 1e308, -1e308, 9223372036854775807, "", "x" * 999,
           [], [None], {}, {"a": {"b": []}}]
    answers = []
    for path in places(link("uno0")):
        bad = link("uno0")
        place = bad
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = odd[len(answers) % len(odd)]
        answers.append(bad)
    f = fake({"show": show(*answers)})
    for args in (["show"], ["show", "--tab"], ["metrics"], ["support"]):
        r = f.ctl(*args)
        assert r.status in (0, 1, 64), r
        assert "Sanitizer" not in r.err and "runtime error" not in r.err
    for bad in answers:
        f.answers["show x"] = show(bad)
    r = f.ctl("show", "x")
    assert r.status == 0 and r.err == ""


def test_one_in_detail_survives_every_wrong_type(fake):
    odd = [True, -1, 1e308, "x", [], {}, [None]]
    for i, value in enumerate(odd):
        bad = {key: odd[(i + k) % len(odd)]
               for k, key in enumerate(link("x"))}
        r = fake({"show x": show(bad)}).ctl("show", "x")
        assert r.status == 0 and r.err == "", r


def test_json_numbers_stay_numbers(fake):
    """--tab gives integers whole."""
    big = 2 ** 62 + 1
    r = fake({"show": show(link("a", tx__bytes=big))}).ctl("show", "--tab")
    assert str(big) in r.out.splitlines()[1].split("\t")
    assert json.loads("[%d]" % big)


def test_many_links(fake):
    answer = show(*(link("link%d" % i) for i in range(1024)))
    r = fake({"show": answer}).ctl("show")
    assert r.status == 0
    assert len(r.out.splitlines()) == 1026

"""Verdicts, runs, and what is written of them."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir, "integration")]

import document  # noqa: E402
import load  # noqa: E402
import plot  # noqa: E402
import table  # noqa: E402
from figures import (FAILED, REACHED, SHORT, TOLD, Figure,  # noqa: E402
                     Results, listing, number, verdict)
from links import bend  # noqa: E402

PING = Figure("p", "a ping", "ms", 15, limit=10)
SHARE = Figure("s", "a share", "", 0.995, "share")
SPEED = Figure("m", "a speed", "Mbit/s", 500, "more")
LOST = Figure("l", "lost", "%", 0, floor=5)


@pytest.mark.parametrize("figure,value,expected", [
    (PING, 15, REACHED), (PING, 15.1, SHORT), (PING, 45, SHORT),
    (PING, 45.1, FAILED),
    (SHARE, 1.001, REACHED), (SHARE, 0.99, SHORT), (SHARE, 0.89, SHORT),
    (SHARE, 0.88, FAILED),
    (SPEED, 500, REACHED), (SPEED, 167, SHORT), (SPEED, 166, FAILED),
    (LOST, 0, REACHED), (LOST, 5, SHORT), (LOST, 5.1, FAILED),
])
def test_a_figure_fails_beyond_three_times_only(figure, value, expected):
    assert verdict(figure, value) == expected


def test_nobody_is_asked_for_more_than_is_possible():
    figure = PING._replace(expected=15, limit=30)
    assert verdict(figure, 89) == SHORT
    assert verdict(figure, 91) == FAILED


def test_some_figures_are_told_and_judge_nobody():
    assert verdict(SPEED._replace(expected=None), 0) == TOLD
    assert verdict(SPEED._replace(gate=False), 1) == SHORT


def test_the_median_of_the_runs_counts():
    results = Results()
    for value in (10, 200, 12):
        results.add({"p": value})
    assert results.median("p") == 12
    assert results.spread("p") == (10, 200)
    assert not results.failed([PING])
    results.add({"p": 300})
    results.add({"p": 400})
    assert results.failed([PING, SHARE]) == [PING]


def test_a_repeated_run_replaces_the_last():
    results = Results()
    results.add({"p": 10})
    results.add({"p": 300, "s": 1, "x": None})
    results.replace({"p": 12, "s": 0.9})
    assert results.runs == {"p": [10, 12], "s": [0.9]}


def test_what_was_saved_is_there_again(tmp_path):
    one, path = Results(), str(tmp_path / "figures.json")
    one.add({"p": 10, "unknown": 1})
    one.about = {"cores": 2}
    one.save(path, [PING, SHARE])
    two = Results.load(path)
    two.merge(Results.load(path))
    assert two.runs == {"p": [10, 10], "unknown": [1, 1]}
    assert two.about == {"cores": 2}


@pytest.mark.parametrize("value,text", [
    (None, ""), (0, "0"), (0.9951, "0.995"), (15.123, "15.12"),
    (1234.5, "1234"), (250, "250")])
def test_numbers_have_the_digits_that_say_something(value, text):
    assert number(value) == text


def everything(factor=1.0):
    """Results in which each figure is what is expected of it."""
    results = Results()
    results.about = {"cores": 2}
    for f in table.all_figures():
        results.add({f.name: (f.expected or 0) * factor})
        if f.name.startswith("lost-"):
            results.add({f.name.replace("lost-", "pings-"): 50})
    return results


def test_names_of_figures_are_unique():
    names = [f.name for f in table.all_figures()]
    assert len(names) == len(set(names))


def test_each_figure_is_listed_with_its_limit():
    results = everything()
    lines = listing(results, table.all_figures())
    assert len(lines) == len(table.all_figures())
    line = next(x for x in lines if "921600, ping beside 1 flow, med" in x)
    assert "limit 10.07" in line and "reached" in line


def test_the_table_shows_measured_expected_and_limit():
    lines = table.markdown_table(everything())
    assert lines[0].count("|") == 6
    assert all(x.count("|") == 6 for x in lines)
    row = next(x for x in lines if "ping beside 1 flow," in x)
    assert "15 / 24; expected 15 / 24, limit 10.07 / 17.45" in row
    assert "**" not in row
    assert "0 of 50, 0 of 50, 0 of 50, 0 of 50" in lines[-1]


def test_what_was_not_reached_is_bold_and_what_was_not_measured_says_so():
    lines = table.markdown_table(everything(1.1))
    assert "**16.5 / 26.4;" in "\n".join(lines)
    empty = "\n".join(table.markdown_table(Results()))
    assert "not measured" in empty
    assert table.markdown_others(Results())[2:] == []


def test_the_document_is_brought_up_to_date_between_its_marks(tmp_path):
    path = tmp_path / "performance.md"
    names = ("machine", "limits", "table", "others")
    path.write_text("".join("before %s\n<!-- %s: begin -->\nold\n"
                            "<!-- %s: end -->\n" % (n, n, n) for n in names))
    document.update(everything(), str(tmp_path))
    document.update(everything(), str(tmp_path))
    text = path.read_text()
    assert "old" not in text and text.count("before") == 4
    assert text.count("expected 15 / 24") == 1
    path.write_text("no marks")
    with pytest.raises(ValueError):
        document.update(everything(), str(tmp_path))


def test_the_marks_are_in_the_document():
    with open(os.path.join(HERE, os.pardir, os.pardir, "doc",
                           "performance.md")) as f:
        text = f.read()
    for name, lines in document.parts(everything()).items():
        text = document.replace(text, name, lines)


def test_plots_are_drawn_as_png_and_svg(tmp_path):
    results = everything()
    results.add({"point/921600/576/share": 0.9, "point/921600/576/median": 8,
                 "point/921600/576/p95": 12})
    made = plot.draw(results, str(tmp_path))
    assert sorted(os.path.basename(p) for p in made) == [
        "performance-%s.%s" % (n, e)
        for n in ("goodput", "round-trip") for e in ("png", "svg")]
    for path in made:
        with open(path, "rb") as f:
            begin = f.read(5)
        assert begin == (b"\x89PNG\r" if path.endswith("png") else b"<?xml")


def test_without_points_nothing_is_drawn(tmp_path):
    assert plot.draw(Results(), str(tmp_path)) == []


PING_TEXT = """PING 10.64.0.2 (10.64.0.2) 56(84) bytes of data.
64 bytes from 10.64.0.2: icmp_seq=1 ttl=64 time=8.50 ms
64 bytes from 10.64.0.2: icmp_seq=3 ttl=64 time=10.5 ms
64 bytes from 10.64.0.2: icmp_seq=3 ttl=64 time=11.0 ms (DUP!)
From 10.64.0.1 icmp_seq=2 Destination Host Unreachable

--- 10.64.0.2 ping statistics ---
4 packets transmitted, 2 received, +1 duplicates, 50% packet loss, time 3004ms
"""


def test_pings_that_are_lost_took_as_long_as_was_waited():
    found = load.parse_ping(PING_TEXT, 4)
    assert found.times_ms == [8.5, 10.5]
    assert found.lost_percent() == 50
    assert found.median() == pytest.approx((10.5 + 10000) / 2)
    assert found.p95() == 10000


def test_median_and_p95_of_pings():
    found = load.Pings(100, [float(n) for n in range(100)])
    assert (found.median(), found.p95()) == (49.5, 95)
    assert found.lost_percent() == 0


def test_fairness():
    assert load.jain([5, 5, 5, 5]) == pytest.approx(1)
    assert load.jain([1, 0, 0, 0]) == pytest.approx(0.25)
    assert load.jain([0, 0]) == 0


def test_a_rate_is_the_slope_whatever_the_steps():
    steps = [(n / 50, n // 10) for n in range(500)]
    assert load.slope(steps) == pytest.approx(5, rel=5e-3)


def test_a_bend_is_how_far_the_worst_is_off_the_line():
    assert bend([(1, 10), (2, 20), (4, 40)]) == pytest.approx((10, 0))
    assert bend([(1, 10), (2, 20), (3, 40)])[1] > 5

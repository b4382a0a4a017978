"""Figures: what is expected of them, what was found in how many runs, and the
verdict.

A run fails only where a figure is worse than expected by more than three
times: machines differ and are shared, and a check that cries wolf is switched
off.  Everything closer than that is only told."""

import json
import os
import statistics
from typing import NamedTuple, Optional

BEYOND = 3

# What a short window and a busy machine may take of a share besides.
SHARE_SLACK = 0.1

REACHED, SHORT, FAILED, TOLD = "reached", "short", "FAILED", "told"


class Figure(NamedTuple):
    name: str
    title: str
    unit: str = ""
    expected: Optional[float] = None  # None: only told
    kind: str = "less"  # "less", "more" or "share" (more, and 1 is all)
    limit: Optional[float] = None  # what is possible at all, in the same unit
    floor: float = 0  # "less": up to here it never fails
    gate: bool = True  # False: never fails


def bound(figure):
    """Beyond this a figure fails; None: it cannot."""
    if figure.expected is None or not figure.gate:
        return None
    if figure.kind == "share":
        short = BEYOND * (1 - figure.expected) + SHARE_SLACK
        return max(1 - short, figure.expected / BEYOND)
    if figure.kind == "more":
        return figure.expected / BEYOND
    # Nobody can be asked for more than is possible.
    fair = max(figure.expected, figure.limit or 0)
    return max(fair * BEYOND, figure.floor)


def verdict(figure, value):
    if figure.expected is None:
        return TOLD
    more = figure.kind != "less"
    if value >= figure.expected if more else value <= figure.expected:
        return REACHED
    worst = bound(figure)
    if worst is None:
        return SHORT
    return FAILED if (value < worst if more else value > worst) else SHORT


class Results:
    """Name -> the values of all runs, in their order, and where they come
    from."""

    def __init__(self):
        self.runs, self.about = {}, {}

    def add(self, found):
        """What one run found: name -> value; None is no value."""
        for name, value in found.items():
            if value is not None:
                self.runs.setdefault(name, []).append(value)

    def replace(self, found):
        """The last run of these was repeated."""
        for name in found:
            if self.runs.get(name):
                self.runs[name].pop()
        self.add(found)

    def has(self, name):
        return bool(self.runs.get(name))

    def median(self, name):
        """None: never found."""
        return statistics.median(self.runs[name]) if self.has(name) else None

    def spread(self, name):
        return min(self.runs[name]), max(self.runs[name])

    def merge(self, other):
        for name, values in other.runs.items():
            self.runs.setdefault(name, []).extend(values)
        self.about.update(other.about)

    def failed(self, figures):
        """Those of the figures that are out of all bounds."""
        return [f for f in figures if self.has(f.name)
                and verdict(f, self.median(f.name)) == FAILED]

    def save(self, path, figures=()):
        document = {"about": self.about, "runs": self.runs, "figures": {
            f.name: {"unit": f.unit, "expected": f.expected,
                     "limit": f.limit, "median": self.median(f.name),
                     "verdict": verdict(f, self.median(f.name))}
            for f in figures if self.has(f.name)}}
        with open(path + ".tmp", "w") as out:
            json.dump(document, out, indent=1, sort_keys=True)
            out.write("\n")
        os.replace(path + ".tmp", path)

    @classmethod
    def load(cls, path):
        with open(path) as f:
            document = json.load(f)
        made = cls()
        made.runs, made.about = document["runs"], document["about"]
        return made


def number(value):
    """With the digits that say something."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < 1e7:
        return "%d" % value
    return "%.3f" % value if abs(value) < 1.2 else "%.4g" % value


def found_text(results, figure):
    """The median, and from where to where the runs are."""
    low, high = results.spread(figure.name)
    text = number(results.median(figure.name))
    if low != high:
        text += " (%s to %s)" % (number(low), number(high))
    return text


def expected_text(figure):
    if figure.expected is None:
        return ""
    sign = "<=" if figure.kind == "less" else ">="
    return "%s %s" % (sign, number(figure.expected))


def listing(results, figures):
    """Lines of text: a figure each."""
    known = [f for f in figures if results.has(f.name)]
    wide = max((len(f.title) for f in known), default=0)
    return ["%-*s  %-30s %-11s %-11s %-8s %s" % (
        wide, f.title, found_text(results, f),
        expected_text(f), "limit " + number(f.limit) if f.limit else "",
        verdict(f, results.median(f.name)), f.unit) for f in known]


def memory_kib(pid):
    """Resident, and the share of it that is this process's own."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        sizes = dict(line.split(":", 1) for line in f if ":" in line)
    return [int(sizes[k].split()[0]) for k in ("Rss", "Pss")]

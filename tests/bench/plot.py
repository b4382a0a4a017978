"""Two plots by gnuplot, as PNG and SVG: round trip under load over baud,
goodput over MTU."""

import os
import re
import subprocess
import tempfile

import limit
from limit import Line
from table import COLUMNS

TERMINALS = {
    "png": "pngcairo size 800,500 font 'sans,11'",
    "svg": "svg size 800,500 font 'sans,13' background 'white'",
}


def points(results):
    """(line, share of the line, median, p95), of the columns and of the
    points between them."""
    found = []
    for line in COLUMNS:
        share = "goodput/%d" % line.baud
        ping = "ping-1/%d/" % line.baud
        if results.has(share) and results.has(ping + "p95"):
            possible = limit.goodput(line) / line.rate
            found.append((line, results.median(share) * possible,
                          results.median(ping + "median"),
                          results.median(ping + "p95")))
    for name in results.runs:
        match = re.fullmatch(r"point/(\d+)/(\d+)/share", name)
        if match:
            name = name[:-len("share")]
            found.append((Line(*map(int, match.groups())),
                          *(results.median(name + part)
                            for part in ("share", "median", "p95"))))
    return sorted(found)


def block(name, rows):
    return ["$%s << EOD" % name,
            *(" ".join("%g" % x for x in row) for row in rows), "EOD"]


def head(form, path, title):
    return ["set terminal %s" % TERMINALS[form], "set output '%s'" % path,
            "set title '%s'" % title, "set grid", "set logscale x"]


def bauds(name):
    """A baud rate on a logarithmic axis."""
    return "'%s' %d" % (name, int(name))


def round_trip(form, path, found):
    """One colour an MTU: measured median and 95th percentile, the computed
    ones as lines."""
    lines = head(form, path, "ping beside a TCP flow")
    lines += ["set logscale y", "set xlabel 'baud'", "set ylabel 'ms'",
              "set xtics (%s) rotate by -30" % ", ".join(
                  bauds(str(b)) for b in sorted({p[0].baud for p in found})),
              "set key top right"]
    plots = []
    for colour, mtu in enumerate(sorted({p[0].mtu for p in found}), 1):
        rows = [p for p in found if p[0].mtu == mtu]
        if len(rows) < 2:
            continue
        best = [limit.round_trip(p[0]) for p in rows]
        lines += block("m%d" % mtu, [
            (p[0].baud, p[2], p[3], b.median * 1e3, b.p95 * 1e3)
            for p, b in zip(rows, best)])
        for column, point, title in ((2, 7, "median"), (3, 9, "p95")):
            plots.append("$m%d using 1:%d with points lc %d pt %d ps 1.2 "
                         "title 'MTU %d, %s'" % (mtu, column, colour, point,
                                                 mtu, title))
        for column, dash, title in ((4, 1, "limit of the median"),
                                    (5, 2, "limit of p95")):
            plots.append("$m%d using 1:%d with lines lc %d dt %d title "
                         "'MTU %d, %s'" % (mtu, column, colour, dash, mtu,
                                           title))
    return lines + ["plot " + ", ".join(plots)] if plots else None


def goodput(form, path, found, baud=921600):
    rows = [p for p in found if p[0].baud == baud]
    if len(rows) < 2:
        return None
    mtus = range(rows[0][0].mtu, rows[-1][0].mtu + 1, 4)
    lines = head(form, path, "TCP at %d baud" % baud)
    lines += ["set xlabel 'MTU'", "set ylabel 'goodput, of the line'",
              "set key bottom right", "set xtics (%s)" % ", ".join(
                  bauds(str(p[0].mtu)) for p in rows)]
    lines += block("found", [(p[0].mtu, p[1]) for p in rows])
    lines += block("best", [
        (m, limit.goodput(Line(baud, m)) / Line(baud, m).rate) for m in mtus])
    return lines + ["plot $best with lines title 'limit', $found with points "
                    "pt 7 ps 1.2 title 'measured'"]


PLOTS = {"performance-round-trip": round_trip, "performance-goodput": goodput}


def draw(results, directory):
    """Draws what there are points for; returns the files."""
    found, made = points(results), []
    for name, function in PLOTS.items():
        for form in TERMINALS:
            path = os.path.join(directory, "%s.%s" % (name, form))
            lines = function(form, path, found)
            if lines is None:
                continue
            with tempfile.NamedTemporaryFile("w", suffix=".gp") as f:
                f.write("\n".join(lines) + "\n")
                f.flush()
                subprocess.run(["gnuplot", f.name], check=True, timeout=60)
            made.append(path)
    return made

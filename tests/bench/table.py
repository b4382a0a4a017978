"""What is measured: the table of columns and rows, and the other figures; and
how all that is written down."""

import limit
from figures import (Figure, expected_text, found_text, listing, number,
                     verdict)
from limit import Line

COLUMNS = [Line(9600, 296), Line(115200, 1500), Line(921600, 1500),
           Line(3000000, 1500)]

# Expected in each of the columns; of a ping median and 95th percentile in ms.
GOODPUT = (0.97, 0.995, 0.995, 0.995)
BOTH = (0.95, 0.985, 0.985, 0.98)
PING = ((400, 580), (95, 165), (15, 24), (8, 12))
BESIDE_FOUR = 1.3  # times that
FAIRNESS = 0.98

# Pings lost: expected is none; some per cent are what a busy machine may do.
LOST_FLOOR = 5

# Row -> its title; rows of pings have two figures.
PINGS = {
    "1": "ping beside 1 flow",
    "4": "ping beside 4 flows",
    "4-each-way": "ping beside 4 flows each way",
}
LOST = {**PINGS, "16": "ping beside 16 flows"}


def column_title(line):
    return "%d, MTU %d" % (line.baud, line.mtu)


def _pings(line, expected, row, title):
    directions = 2 if row == "4-each-way" else 1
    possible = limit.round_trip(line, directions)
    for part, of_one, best in zip(("median", "p95"), expected, possible):
        factor = 1 if row == "1" else BESIDE_FOUR
        yield Figure("ping-%s/%d/%s" % (row, line.baud, part),
                     "%s, %s, %s" % (line.baud, title, part), "ms",
                     of_one * factor, limit=best * 1e3)


def table_figures():
    """Of the table, column by column."""
    for line, one, both, ping in zip(COLUMNS, GOODPUT, BOTH, PING):
        name = "/%d" % line.baud
        yield Figure("goodput" + name, "%d, TCP goodput" % line.baud,
                     "of the limit", one, "share")
        yield Figure("both" + name, "%d, both ways at once" % line.baud,
                     "of the limit", both, "share")
        for row, title in PINGS.items():
            yield from _pings(line, ping, row, title)
        for row, title in LOST.items():
            yield Figure("lost-%s/%d" % (row, line.baud),
                         "%d, lost, %s" % (line.baud, title), "%", 0,
                         floor=LOST_FLOOR)
        yield Figure("jain" + name, "%d, 4 flows, Jain's index" % line.baud,
                     "", FAIRNESS, "share")


OTHERS = [
    Figure("cpu/921600", "paced at 921600, both pumps", "CPU s/MiB", 0.12),
    Figure("unpaced/mbit", "unpaced, TCP", "Mbit/s", 500, "more", gate=False),
    Figure("unpaced/cpu", "unpaced, both pumps", "CPU s/MiB", 0.009,
           gate=False),
    Figure("unpaced/cpu-cable", "unpaced, the cable", "CPU s/MiB"),
    Figure("copyloop/mbit", "a copy loop instead of the pumps, TCP", "Mbit/s"),
    Figure("copyloop/cpu", "a copy loop instead of the pumps", "CPU s/MiB"),
    Figure("unpaced/speed-ratio", "unpaced, TCP, of the copy loop's", "", 0.8,
           "more"),
    Figure("unpaced/cpu-ratio", "unpaced, CPU, of the copy loop's", "", 1.5),
    Figure("idle/wakeups", "wake-ups of an idle pump", "a second", 0.2,
           floor=2),
    Figure("busy/8/share", "8 busy links, their share of the limit", "",
           0.995, "share"),
    Figure("busy/8/worst", "8 busy links, the slowest", "", 0.97, "share"),
    Figure("busy/8/cpu", "8 busy links, one of them", "% of a core"),
    Figure("busy/8/cpu-cable", "8 busy links, a cable", "% of a core"),
    Figure("busy/64/share", "64 busy links, their share of the limit", "",
           0.995, "share", gate=False),
    Figure("busy/64/worst", "64 busy links, the slowest", "", 0.97, "share",
           gate=False),
    Figure("busy/64/cpu", "64 busy links, one of them", "% of a core"),
    Figure("busy/64/cpu-cable", "64 busy links, a cable", "% of a core"),
    Figure("memory/supervisor/rss", "supervisor, RSS", "KiB", 6000),
    Figure("memory/supervisor/pss", "supervisor, PSS", "KiB", 3000),
    Figure("memory/1/rss", "1 link, RSS of all processes", "KiB"),
    Figure("memory/64/rss", "64 links, RSS of all processes", "KiB"),
    Figure("memory/256/rss", "256 links, RSS of all processes", "KiB"),
    Figure("memory/1/pss", "1 link, PSS", "KiB"),
    Figure("memory/64/pss", "64 links, PSS", "KiB"),
    Figure("memory/256/pss", "256 links, PSS", "KiB"),
    Figure("memory/link/rss", "a link more, RSS", "KiB", 4000),
    Figure("memory/bend/rss", "RSS, off a straight line", "%", 5),
    Figure("memory/link/pss", "a link more, PSS", "KiB", 700),
    Figure("memory/bend/pss", "PSS, off a straight line", "%", 5),
    Figure("absent/start", "256 absent links, start", "s", 1),
    Figure("absent/cpu", "256 absent links", "% of a core", 0.05, floor=0.5),
    Figure("absent/rss", "256 absent links, supervisor's RSS", "KiB", 6000),
    Figure("control/show", "show of 64 busy links", "ms", 10, floor=100),
    Figure("control/show-cpu", "the same, CPU of the supervisor", "ms", 10),
    Figure("control/watch", "10 clients watch them each second",
           "% of a core", 1),
    Figure("netlink/link", "netlink requests for a link", "", 20),
    Figure("netlink/bend", "the same, off a straight line", "%", 2),
    Figure("netlink/heard", "notifications to others for a link", "", 20),
]


def all_figures():
    return [*table_figures(), *OTHERS]


# The table as Markdown.

def _cell(results, by_name, names):
    parts = []
    for name in names:
        if not results.has(name):
            return "not measured"
        parts.append(results.median(name))
    text = " / ".join(map(number, parts))
    spread = [results.spread(n) for n in names]
    if any(low != high for low, high in spread):
        text += " (%s)" % "; ".join(
            "%s to %s" % (number(low), number(high)) for low, high in spread)
    wanted = [by_name[n].expected for n in names]
    text += "; expected %s" % " / ".join(map(number, wanted))
    limits = [by_name[n].limit for n in names]
    if all(limits):
        text += ", limit %s" % " / ".join(map(number, limits))
    words = {verdict(by_name[n], results.median(n)) for n in names}
    return text if words == {"reached"} else "**" + text + "**"


def _lost(results, line):
    parts = []
    for row in ("1", "4", "4-each-way", "16"):
        name = "pings-%s/%d" % (row, line.baud)
        if not results.has(name):
            return "not measured"
        sent = results.runs[name]
        lost = results.runs["lost-%s/%d" % (row, line.baud)]
        count = sum(round(n * p / 100) for n, p in zip(sent, lost))
        parts.append("%d of %d" % (count, sum(sent)))
    text = ", ".join(parts)
    return text if all(p.startswith("0 ") for p in parts) \
        else "**" + text + "**"


def markdown_table(results, columns=COLUMNS):
    """Bold: expected was more than this."""
    by_name = {f.name: f for f in all_figures()}
    rows = [("TCP goodput, of the limit", ["goodput/%d"]),
            ("both ways at once, of the limit", ["both/%d"])]
    rows += [("%s, median / p95, ms" % title,
              ["ping-%s/%%d/%s" % (row, p) for p in ("median", "p95")])
             for row, title in PINGS.items()]
    rows.append(("4 flows, Jain's fairness", ["jain/%d"]))
    lines = ["| | %s |" % " | ".join(map(column_title, columns)),
             "|---" * (len(columns) + 1) + "|"]
    for title, names in rows:
        cells = [_cell(results, by_name, [n % c.baud for n in names])
                 for c in columns]
        lines.append("| %s | %s |" % (title, " | ".join(cells)))
    lines.append("| pings lost beside 1, 4, 4 each way, 16 flows | %s |"
                 % " | ".join(_lost(results, c) for c in columns))
    return lines


def markdown_others(results):
    lines = ["| | measured | expected | |", "|---|---|---|---|"]
    for f in OTHERS:
        if not results.has(f.name):
            continue
        found = found_text(results, f)
        if verdict(f, results.median(f.name)) not in ("reached", "told"):
            found = "**" + found + "**"
        lines.append("| %s | %s | %s | %s |" % (
            f.title, found, expected_text(f), f.unit))
    return lines


def text(results, columns=COLUMNS):
    """All for a terminal: the limits with how they come about, the table, the
    rest."""
    lines = []
    for line in columns:
        lines += ["", "limit of " + limit.derivation(line)[0]]
        lines += ["  " + x for x in limit.derivation(line)[1:]]
    lines += ["", "medians (and spread) of the runs:"]
    return lines + listing(results, all_figures())

"""The figures in doc/performance.md: between marks, so that a command brings
them up to date, and nobody writes one by hand."""

import os
import re
import subprocess

import limit
import table
from table import COLUMNS

FILE = "performance.md"


def about():
    """The machine, and what was measured with."""
    def first(path, pattern):
        with open(path) as f:
            match = re.search(pattern, f.read(), re.M)
        return match.group(1).strip() if match else "unknown"

    def said(*args):
        out = subprocess.run(args, stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.STDOUT, timeout=20).stdout
        return out.strip().split("\n")[0]

    return {
        "kernel": "%s %s" % (os.uname().release, os.uname().machine),
        "cpu": first("/proc/cpuinfo", r"^model name\s*:(.*)$"),
        "cores": os.cpu_count(),
        "memory": first("/proc/meminfo", r"^MemTotal:(.*)$"),
        "daemon": said(os.environ["SERIAL_ROUTERD"], "-V"),
        "iperf3": said("iperf3", "--version"),
        "ping": said("ping", "-V"),
    }


def parts(results):
    """Name of a mark -> lines."""
    limits = []
    for line in COLUMNS:
        first, *rest = limit.derivation(line)
        limits += ["- " + first, *("  - " + x for x in rest)]
    known = results.about
    counts = sorted({len(v) for n, v in results.runs.items()
                     if n.startswith("goodput/")})
    machine = ["%s cores of %s, %s of memory, Linux %s; %s; %s; %s; "
               "cable and pumps of paced lines at %s priority; runs of "
               "each figure: %s." % (
                   known.get("cores"), known.get("cpu"), known.get("memory"),
                   known.get("kernel"), known.get("daemon"),
                   known.get("iperf3"), known.get("ping"),
                   known.get("priority"),
                   " to ".join(map(str, counts)) or "none")]
    return {
        "machine": machine,
        "limits": limits,
        "table": table.markdown_table(results),
        "others": table.markdown_others(results),
    }


def write_table(results, path):
    found = parts(results)
    with open(path, "w") as f:
        for name in ("machine", "limits", "table", "others"):
            f.write("\n".join(found[name]) + "\n\n")


def replace(text, name, lines):
    begin, end = "<!-- %s: begin -->" % name, "<!-- %s: end -->" % name
    pattern = re.escape(begin) + r"\n.*?" + re.escape(end)
    made = "\n".join([begin, *lines, end])
    text, count = re.subn(pattern, lambda _: made, text, flags=re.S)
    if count != 1:
        raise ValueError("the mark %r is there %d times" % (name, count))
    return text


def update(results, directory):
    path = os.path.join(directory, FILE)
    with open(path) as f:
        text = f.read()
    for name, lines in parts(results).items():
        text = replace(text, name, lines)
    with open(path, "w") as f:
        f.write(text)

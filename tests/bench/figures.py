"""Figures and what is expected of them; fails only where one is worse than
expected by more than three times."""

import argparse
import json
import os
import sys

BEYOND = 3


def memory_kib(pid):
    """Resident, and the share of it that is this process's own."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        sizes = dict(line.split(":", 1) for line in f if ":" in line)
    return [int(sizes[k].split()[0]) for k in ("Rss", "Pss")]


def judge(figures, found):
    """Prints the table of (name, unit, expected, whether more is better);
    returns how many are out of all bounds."""
    bad = 0
    print("%-16s %10s  %-26s %10s" % ("figure", "measured", "unit", "expected"))
    for name, unit, expected, more in figures:
        if name not in found:
            continue
        value = found[name]
        beyond = (value < expected / BEYOND if more
                  else value > expected * BEYOND)
        bad += beyond
        print("%-16s %10.4g  %-26s %s %8g%s" % (
            name, value, unit, ">=" if more else "<=", expected,
            "  FAILED" if beyond else ""))
    return bad


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    if os.geteuid() != 0:
        if os.environ.get("SR_CI"):
            sys.exit("network namespaces need root")
        print("skipped: network namespaces need root")
        sys.exit(77)
    return args


def finish(figures, found, args):
    """Exit status."""
    bad = judge(figures, found)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(found, f, indent=2, sort_keys=True)
            f.write("\n")
    return 1 if bad else 0

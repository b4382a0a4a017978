#!/usr/bin/python3
"""What a link costs and carries: two routers, a cable at 921600 baud, TCP
(cubic) in one direction.

  bench.py [--seconds N] [--json FILE]

SERIAL_ROUTERD and NULLMODEM name the programs.  Needs root and iperf3.  Fails
only where a figure is worse than expected by more than three times.
"""

import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
sys.dont_write_bytecode = True

from lab import B4, Lab, Pair  # noqa: E402
from wait import cpu_s, run, wait_for  # noqa: E402

BEYOND = 3
MIB = 1 << 20

# Name, unit, what is expected, whether more is better.
FIGURES = [
    ("share-921600", "of baud x 0.8", 0.95, True),
    ("share-115200", "of baud x 0.8", 0.94, True),
    ("cpu-pump-from", "s/MiB, pump that sends", 0.1, False),
    ("cpu-pump-to", "s/MiB, pump that receives", 0.3, False),
    ("cpu-cable", "s/MiB, the cable itself", 0.5, False),
    ("rss-supervisor", "KiB", 6000, False),
    ("pss-supervisor", "KiB", 3000, False),
    ("rss-pump", "KiB", 4000, False),
    ("pss-pump", "KiB", 1000, False),
]


def memory_kib(pid):
    """Resident, and the share of it that is this process's own."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        sizes = dict(line.split(":", 1) for line in f if ":" in line)
    return [int(sizes[k].split()[0]) for k in ("Rss", "Pss")]


def iperf(pair, seconds):
    """Goodput in bit/s, and the bytes that arrived."""
    server = pair.lab.keep(Server(pair.nb))
    out = pair.na.run("iperf3", "-C", "cubic", "-t", seconds, "-J", "-c", B4,
                      seconds=seconds + 30)
    server.close()
    end = json.loads(out)["end"]["sum_received"]
    return end["bits_per_second"], end["bytes"]


class Server:
    def __init__(self, namespace):
        self.process = subprocess.Popen(
            namespace.exec("iperf3", "-s", "-1"), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: namespace.run("ss", "-Hltn", "sport = 5201"), 10,
                 "iperf3's server")

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)


def measure(baud, seconds, mtu):
    lab = Lab()
    try:
        pair = Pair(lab, options=["baud=%d" % baud], baud=baud, mtu=mtu,
                    args=())
        pair.na.wait_ping(B4)
        pids = {"cpu-pump-from": pair.a.pump(), "cpu-pump-to": pair.b.pump(),
                "cpu-cable": pair.cable.process.pid}
        before = {k: cpu_s(p) for k, p in pids.items()}
        rate, got = iperf(pair, seconds)
        found = {k: (cpu_s(p) - before[k]) / (got / MIB)
                 for k, p in pids.items()}
        found["share-%d" % baud] = rate / (baud * 0.8)
        for who, pid in (("supervisor", pair.a.pid), ("pump", pair.a.pump())):
            found["rss-" + who], found["pss-" + who] = memory_kib(pid)
        return found
    finally:
        lab.close()


def judge(found):
    """The table; how many figures are out of all bounds."""
    bad = 0
    print("%-16s %10s  %-26s %10s" % ("figure", "measured", "unit", "expected"))
    for name, unit, expected, more in FIGURES:
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


def main():
    parser = argparse.ArgumentParser(description="bench of serial-routerd")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    if os.geteuid() != 0:
        if os.environ.get("SR_CI"):
            sys.exit("network namespaces need root")
        print("skipped: network namespaces need root")
        return 0
    found = measure(115200, args.seconds, 1280)
    found.update(measure(921600, args.seconds, 1500))
    print(run("uname", "-rm").strip())
    bad = judge(found)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(found, f, indent=2, sort_keys=True)
            f.write("\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""What a link costs and carries: two routers, a cable at 921600 baud, TCP
(cubic) in one direction.

  bench.py [--seconds N] [--json FILE]

SERIAL_ROUTERD and NULLMODEM name the programs.  Needs root and iperf3.  Fails
only where a figure is worse than expected by more than three times.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
sys.dont_write_bytecode = True

from figures import arguments, finish, memory_kib  # noqa: E402
from lab import B4, Lab, Pair  # noqa: E402
from wait import cpu_s, run, wait_for  # noqa: E402

MIB = 1 << 20

# Name, unit, what is expected, whether more is better.
FIGURES = [
    ("share-921600", "of baud x 0.8", 0.95, True),
    ("share-115200", "of baud x 0.8", 0.9, True),
    ("cpu-pump-from", "s/MiB, pump that sends", 0.1, False),
    ("cpu-pump-to", "s/MiB, pump that receives", 0.3, False),
    ("cpu-cable", "s/MiB, the cable itself", 0.5, False),
    ("rss-supervisor", "KiB", 6000, False),
    ("pss-supervisor", "KiB", 3000, False),
    ("rss-pump", "KiB", 4000, False),
    ("pss-pump", "KiB", 1000, False),
]


def iperf(pair, seconds):
    """Goodput in bit/s as the receiver sees it until the sender's time is
    over (what the queue still holds then is not in iperf3's own sum, and the
    time that it takes is), and the bytes that arrived in all."""
    server = pair.lab.keep(Server(pair.nb))
    out = pair.na.run("iperf3", "-C", "cubic", "-t", seconds, "-J",
                      "--get-server-output", "-c", B4, seconds=seconds + 30)
    server.close()
    report = json.loads(out)
    busy = [i["sum"] for i in report["server_output_json"]["intervals"]
            if i["sum"]["end"] < seconds + 0.5]
    rate = 8 * sum(i["bytes"] for i in busy) / sum(i["seconds"] for i in busy)
    return rate, report["end"]["sum_received"]["bytes"]


class Server:
    def __init__(self, namespace):
        self.process = subprocess.Popen(
            namespace.exec("iperf3", "-s", "-1", "-J"), stdin=subprocess.DEVNULL,
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


def main():
    args = arguments("bench of serial-routerd")
    found = measure(115200, args.seconds, 1280)
    found.update(measure(921600, args.seconds, 1500))
    print(run("uname", "-rm").strip())
    return finish(FIGURES, found, args)


if __name__ == "__main__":
    sys.exit(main())

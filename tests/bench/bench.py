#!/usr/bin/python3
"""What a line carries and how soon it answers, beside what it could: make
bench, make bench-document.

SERIAL_ROUTERD, NULLMODEM and COPYLOOP name the programs.  Needs root, iperf3,
ping, strace and gnuplot.  Fails only where a figure is worse than expected by
more than three times, and remains so when it is measured again, alone."""

import argparse
import concurrent.futures
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
sys.dont_write_bytecode = True

import column  # noqa: E402
import document  # noqa: E402
import links  # noqa: E402
import plot  # noqa: E402
import table  # noqa: E402
from answers import answers  # noqa: E402
from column import Timing  # noqa: E402
from figures import Results, number  # noqa: E402
from lab import labs  # noqa: E402
from limit import Line  # noqa: E402
from unpaced import unpaced  # noqa: E402

AGAIN = 2
AGAIN_JOBS = 4

# Somebody ended us: what breaks off now is not begun again.
stopping = threading.Event()


class Plan:
    """How long, how often, and which points between the columns."""

    def __init__(self, timings, fast, points, memory, jobs):
        self.timings, self.fast, self.points = timings, fast, points
        self.memory, self.jobs = memory, jobs

    def timing(self, line):
        return self.timings.get(line.baud, self.fast)


QUICK = Plan(
    {9600: Timing(10, 18), 115200: Timing(5, 12)}, Timing(3, 6),
    [Line(115200, 296), Line(460800, 1500), Line(921600, 296),
     Line(921600, 576), Line(921600, 9000)],
    (1, 16, 64), 8)

DOCUMENT = Plan(
    {9600: Timing(20, 75), 19200: Timing(10, 60), 38400: Timing(10, 40),
     57600: Timing(10, 60), 115200: Timing(8, 40)}, Timing(4, 20),
    [Line(19200, 296), Line(38400, 296), Line(115200, 296),
     Line(921600, 296), Line(57600, 1500), Line(230400, 1500),
     Line(460800, 1500), Line(921600, 576), Line(921600, 1280),
     Line(921600, 4000), Line(921600, 9000)],
    (1, 64, 256), 4)

OTHERS = ("points", "unpaced", "busy-8", "busy-64", "idle", "memory", "absent",
          "netlink", "answers")


class Job:
    """One run of something: its name, the order in which it is begun (what
    takes long first), whether it wants the machine for itself."""

    def __init__(self, name, function, *args, seconds=0, alone=False):
        self.name, self.function, self.args = name, function, args
        self.seconds, self.alone = seconds, alone

    def __call__(self):
        start = time.monotonic()
        try:
            found = self.function(*self.args)
        except Exception as e:
            if stopping.is_set():
                raise
            # Something did not come about in time: once more.
            print("%s: %s: %s" % (self.name, type(e).__name__, e), flush=True)
            found = self.function(*self.args)
        print("%-24s %5.1f s" % (self.name, time.monotonic() - start),
              flush=True)
        return found


def line_jobs(plan, columns, rows):
    lines = [(line, "%s beside %s" % (line.baud, row), column.ROWS[row])
             for line in table.COLUMNS if line.baud in columns
             for row in column.ROWS if row in rows]
    if "points" in rows:
        lines += [(line, "%d, MTU %d" % line[:2], column.point)
                  for line in plan.points]
    return [Job(name, function, line, plan.timing(line),
                seconds=sum(plan.timing(line)))
            for line, name, function in lines]


def other_jobs(plan, rows):
    made = [
        ("unpaced", unpaced, Timing(1, plan.fast.window_s / 2), True),
        ("busy-8", lambda: links.busy(8, plan.fast), None, False),
        ("busy-64", lambda: links.busy(64, plan.fast), None, True),
        ("idle", links.wakeups, 10, False),
        ("memory", links.memory, plan.memory, False),
        ("absent", links.idle, 5, True),
        ("netlink", links.netlink, None, False),
        ("answers", answers, 5, True),
    ]
    return [Job(name, function, *([] if arg is None else [arg]), alone=alone)
            for name, function, arg, alone in made if name in rows]


def run_jobs(jobs, at_once, results):
    """Job -> the names that it found."""
    found = {}
    together = sorted((j for j in jobs if not j.alone),
                      key=lambda j: -j.seconds)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        running = {pool.submit(job): job for job in together}
        try:
            for done in concurrent.futures.as_completed(running):
                found[running[done]] = done.result()
                results.add(done.result())
        except BaseException:
            # What the others wait for will not come any more.
            stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            close_labs()
            raise
    for job in jobs:
        if job.alone:
            found[job] = job()
            results.add(found[job])
    return {job: set(values) for job, values in found.items()}


def close_labs():
    for lab in list(labs):
        try:
            lab.close()
        except Exception as e:
            print("while closing: %s" % e)


def again(names, figures, results):
    """What failed is measured once more, alone: was it us, or the machine?
    Where much failed, it was us."""
    def failed(found):
        return results.failed([f for f in figures if f.name in found])

    jobs = [job for job, found in names.items() if failed(found)]
    if len(jobs) > AGAIN_JOBS:
        return
    for job in jobs * AGAIN:
        bad = failed(names[job])
        if bad:
            print("again, since beyond three times: %s" % ", ".join(
                "%s %s" % (f.title, number(results.median(f.name)))
                for f in bad), flush=True)
            results.replace(job())


def words(text):
    return [w for w in text.replace(",", " ").split() if w]


def arguments():
    every = [*column.ROWS, *OTHERS]
    columns = [str(line.baud) for line in table.COLUMNS]
    parser = argparse.ArgumentParser(
        description="bench of serial-routerd", epilog="rows: " +
        " ".join(every) + "; columns: " + " ".join(columns))
    parser.add_argument("--document", action="store_true",
                        help="long windows, 5 runs, all points")
    parser.add_argument("--runs", type=int, help="1, or 5 with --document")
    parser.add_argument("--columns", type=words, default=columns)
    parser.add_argument("--rows", type=words, default=every)
    parser.add_argument("--jobs", type=int, help="lines at the same time")
    parser.add_argument("--from", dest="sources", action="append", default=[],
                        metavar="FILE", help="add to what is in these")
    parser.add_argument("--plain", action="store_true",
                        help="no real-time priority for paced lines")
    parser.add_argument("--only-show", action="store_true",
                        help="measure nothing")
    parser.add_argument("--out", metavar="DIR", default="bench",
                        help="for figures.json, table.md and the plots")
    parser.add_argument("--doc", metavar="DIR",
                        help="bring performance.md there up to date, too")
    args = parser.parse_args()
    for given, known in ((args.rows, every), (args.columns, columns)):
        for word in given:
            if word not in known:
                parser.error("%s is none of %s" % (word, " ".join(known)))
    check_environment(args)
    return args


def check_environment(args):
    """Whether there is what a run needs."""
    if args.only_show:
        return
    for name in ("SERIAL_ROUTERD", "NULLMODEM", "COPYLOOP"):
        path = os.path.abspath(os.environ.get(name, ""))
        if not os.access(path, os.X_OK) or os.path.isdir(path):
            sys.exit("%s does not name a program; use make bench" % name)
        os.environ[name] = path
    if os.geteuid() != 0:
        if os.environ.get("SR_CI"):
            sys.exit("network namespaces need root")
        print("skipped: network namespaces need root")
        sys.exit(77)


def measure(args, results):
    plan = DOCUMENT if args.document else QUICK
    runs = args.runs or (5 if args.document else 1)
    columns = [int(c) for c in args.columns]
    figures = table.all_figures()
    if args.plain:
        os.environ["BENCH_PRIORITY"] = "plain"
    os.makedirs(args.out, exist_ok=True)
    try:
        for _ in range(runs):
            names = run_jobs(line_jobs(plan, columns, args.rows)
                             + other_jobs(plan, args.rows),
                             args.jobs or plan.jobs, results)
            again(names, figures, results)
    finally:
        # Whatever broke off: what there is can be added to (--from).
        results.about["priority"] = os.environ.get(
            "BENCH_PRIORITY", "real-time")
        results.save(os.path.join(args.out, "figures.json"), figures)


def main():
    args = arguments()
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda number, _: sys.exit(128 + number))
    results = Results()
    for source in args.sources:
        results.merge(Results.load(source))
    if not args.only_show:
        results.about.update(document.about())
        measure(args, results)
    figures = table.all_figures()
    os.makedirs(args.out, exist_ok=True)
    results.save(os.path.join(args.out, "figures.json"), figures)
    document.write_table(results, os.path.join(args.out, "table.md"))
    made = plot.draw(results, args.out)
    if args.doc:
        document.update(results, args.doc)
        made += plot.draw(results, args.doc)
    print("\n".join(table.text(results)))
    print("%s: figures.json, table.md and %d plots" % (args.out, len(made)))
    failed = results.failed(figures)
    for figure in failed:
        print("FAILED, beyond three times: %s" % figure.title)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""One line under load: two routers, a paced cable, TCP and ping.

Each function is one run of some rows of the table; it makes all that it needs
and takes it down again, and returns name -> value."""

import os
import time
from typing import NamedTuple

import limit
from lab import A4, B4, Lab, Pair
from load import Flows, Pinger, jain, watch
from wait import cpu_s

MIB = 1 << 20
WAIT_S = 60
BACK_PORT = 5301


class Timing(NamedTuple):
    warm_s: float  # slow start and what it leaves behind
    window_s: float


def make(lab, line, **more):
    """Two routers and a cable, which go before all else on the machine: the
    cable stands for hardware, and what a pump is kept from by the load that we
    make, or by others, is not what is measured."""
    pair = Pair(lab, options=["baud=%d" % line.baud], baud=line.baud,
                mtu=line.mtu, args=(), **more,
                a={"addresses": [{"local": A4, "peer": B4}]},
                b={"addresses": [{"local": B4, "peer": A4}]})
    for pid in (pair.cable.process.pid, pair.a.pump(), pair.b.pump()):
        go_first(pid)
    pair.na.wait_ping(B4)
    return pair


def go_first(pid):
    if os.environ.get("BENCH_PRIORITY") == "plain":
        return
    try:
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        os.environ["BENCH_PRIORITY"] = "plain"


def start(pair, there, back=0):
    """So many flows each way; those that are there run when it returns."""
    found = [Flows(pair.lab, pair.na, pair.nb, B4, there)]
    if back:
        found.append(Flows(pair.lab, pair.nb, pair.na, A4, back, BACK_PORT))
    for flows in found:
        flows.wait_flowing(WAIT_S)
    return found


def run(line, timing, there, back=0, ping=True):
    """-> the window, what ping found, how far apart pings were, CPU seconds
    of both pumps for a MiB."""
    lab = Lab()
    try:
        pair = make(lab, line)
        pumps = [pair.a.pump(), pair.b.pump()]
        flows = start(pair, there, back)
        time.sleep(timing.warm_s)
        every_s = limit.ping_every_s(line) if ping else 0
        pinger = ping and Pinger(lab, pair.na, B4, every_s, timing.window_s)
        cpu = sum(map(cpu_s, pumps))
        window = watch(flows, timing.window_s)
        cpu = sum(map(cpu_s, pumps)) - cpu
        moved = sum(map(sum, window.shares)) * limit.segment(line) / MIB
        return (window, pinger.result() if ping else None, every_s,
                cpu / moved if moved else None)
    finally:
        lab.close()


def pings(what, line, found):
    return {
        "ping-%s/%d/median" % (what, line.baud): found.median(),
        "ping-%s/%d/p95" % (what, line.baud): found.p95(),
        "lost-%s/%d" % (what, line.baud): found.lost_percent(),
        "pings-%s/%d" % (what, line.baud): found.sent,
    }


def one_flow(line, timing):
    window, ping, every_s, cpu = run(line, timing, 1)
    rate = window.rates[0] * limit.segment(line)
    return {
        "goodput/%d" % line.baud: rate / limit.goodput(line, every_s),
        "goodput-kbit/%d" % line.baud: rate * 8 / 1e3,
        "cpu/%d" % line.baud: cpu,
        "retransmits/%d" % line.baud: window.retransmits,
        **pings("1", line, ping),
    }


def both_ways(line, timing):
    window, _, _, _ = run(line, timing, 1, 1, ping=False)
    possible = limit.goodput_both(line) / limit.segment(line)
    return {
        "both/%d" % line.baud: sum(window.rates) / 2 / possible,
        "both-worse/%d" % line.baud: min(window.rates) / possible,
        "acks/%d" % line.baud: sum(window.acks) / 2,
    }


def four_flows(line, timing):
    window, ping, _, _ = run(line, timing, 4)
    return {"jain/%d" % line.baud: jain(window.shares[0]),
            **pings("4", line, ping)}


def four_each_way(line, timing):
    _, ping, _, _ = run(line, timing, 4, 4)
    return pings("4-each-way", line, ping)


def sixteen_flows(line, timing):
    _, ping, _, _ = run(line, timing, 16)
    return pings("16", line, ping)


def point(line, timing):
    """Of the plots: one flow at a rate and an MTU that are no column."""
    window, ping, every_s, _ = run(line, timing, 1)
    name = "point/%d/%d/" % (line.baud, line.mtu)
    possible = limit.goodput(line, every_s) / limit.goodput(line)
    return {
        name + "share":
            window.rates[0] * limit.segment(line) / possible / line.rate,
        name + "median": ping.median(),
        name + "p95": ping.p95(),
    }


ROWS = {
    "1": one_flow,
    "both": both_ways,
    "4": four_flows,
    "4-each-way": four_each_way,
    "16": sixteen_flows,
}

"""Durable submission: how many a second, beside what people would otherwise use, and what one costs."""
import contextlib
import statistics

import contenders
import harness
from harness import Failed, program

OBSERVE = "mode = observe\n"
CONNECTIONS = 64
SHAPES = ((1, 1), (16, 1), (64, 1), (256, 1), (1, 64))  # connections, calls on their way on each
KIB, WITH_LOG = ("sized", 1024), ("new", 4096)
NAMES = {KIB: "1 KiB", WITH_LOG: "a report with a log of 4 KiB"}
GOALS = {"redis": 1, "beanstalkd": 5}  # times their rate, at 64 connections


def submit(bench):
    beside(bench)
    bare(bench)
    default(bench)


def open_all(bench, stack):
    """Those that are there, ours first. One that does not start is said to be missing."""
    place = bench.new_directory("beside")
    delay_us = contenders.commit_delay_us(place)
    servers = {"codegend": stack.enter_context(bench.daemon(OBSERVE))}
    for name, make in (("beanstalkd", lambda: contenders.Beanstalkd(place / "beanstalkd")),
                       ("redis", lambda: contenders.Redis(place / "redis")),
                       ("postgresql", lambda: contenders.Postgresql(place / "postgresql", delay_us))):
        try:
            servers[name] = stack.enter_context(make())
        except (Failed, OSError) as error:
            bench.table.error(f"{name}: {error}")
    return servers


def beside(bench):
    """All are up, one is at work: a round is a turn of each, so that ratios outlive a machine that changes."""
    with contextlib.ExitStack() as stack:
        servers = open_all(bench, stack)
        for kind in (KIB, WITH_LOG):
            for shape in SHAPES if kind == KIB or not bench.quick else ((CONNECTIONS, 1),):
                compare(bench, servers, kind, shape)


def compare(bench, servers, kind, shape):
    (call, number), (n_connections, depth) = kind, shape
    rounds, seconds = (3, 0.2) if bench.quick else (7, 1)
    runs, syncs = {name: [] for name in servers}, []
    for turn in range(rounds):
        syncs.append(1e6 / harness.fsync_latency_us(bench.directory, 20))
        for name, server in servers.items():
            prefix = f"{call}-{n_connections}-{depth}-{turn}"
            runs[name].append(harness.load(server, call, n_connections, prefix, depth=depth, seconds=seconds,
                                           number=number))
    shape_name = f"{n_connections} connection{'s' * (n_connections > 1)}"
    shape_name += f", {depth} calls on their way" * (depth > 1)
    bench.table.add(f"{NAMES[kind]}, {shape_name}: the disk's own, a page written and synced", syncs, "/s")
    for name in servers:
        add_contender(bench, name, runs, GOALS.get(name) if shape == (CONNECTIONS, 1) and kind == KIB else None)
    add_costs(bench, runs)


def add_contender(bench, name, runs, goal):
    rates = [run["rate"] for run in runs[name]]
    ratio = statistics.median(ours["rate"] / rate for ours, rate in zip(runs["codegend"], rates))
    if name == "codegend":
        bench.table.add("  codegend", rates, "/s")
    else:
        bench.table.add(f"  {name}; the ratio is codegend's rate to it", rates, "/s", ratio=ratio, ratio_target=goal)


def add_costs(bench, runs):
    for name, server_runs in runs.items():
        bench.table.add(f"    processor time of {name} for each", [run["cpu_us"] for run in server_runs], "us")
    bench.table.add("    answer of codegend, 99th percentile", [run["p99_us"] / 1000 for run in runs["codegend"]], "ms")
    add_others(bench, [run for server_runs in runs.values() for run in server_runs])


def add_others(bench, runs):
    bench.table.add("    processors used by others and the kernel meanwhile", [run["others"] * 100 for run in runs],
                    "%")


def bare(bench):
    """Turn and turn about, the median of the ratios: a disk or a machine that changes its mind meets both."""
    ours, bares = [], []
    for _ in range(2 if bench.quick else 7):
        with bench.daemon(OBSERVE) as daemon:
            ours.append(daemon.load("new", 1, "one", 0.5 if bench.quick else 2))
        bares.append(program("bare", daemon.database, daemon.directory / "bare.db"))
    bare_rates = [run["n"] / run["seconds"] for run in bares]
    ratios = [run["rate"] / bare_rate for run, bare_rate in zip(ours, bare_rates)]
    bench.table.add("1 connection: a bare SQLite loop that writes the same rows", bare_rates, "/s")
    bench.table.add("  codegend", [run["rate"] for run in ours], "/s", ratio=statistics.median(ratios),
                    ratio_target=0.7)
    add_others(bench, ours)


def default(bench):
    """What goes on beside them counts: submissions are quicker, and look cheaper, when less is published meanwhile."""
    for call, what in (("new", "an incident each"), ("join", "joining 64")):
        with bench.daemon() as daemon:
            figures = daemon.load(call, CONNECTIONS, call, bench.seconds)
            tasks = daemon.tasks()
        bench.table.add(f"64 connections, {what}, publishing to the local forge meanwhile", figures["rate"], "/s")
        bench.table.add("  reports published meanwhile", tasks["completed"] / figures["seconds"], "/s")
        bench.table.add("  the daemon's processor time for each submission", figures["cpu_us"], "us")

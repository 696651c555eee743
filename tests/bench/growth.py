"""From a thousand stored tasks to a million: what stays as it was."""
import statistics

import fixture
import harness
from harness import CODEGENCTL, Failed, program

OBSERVE = "mode = observe\n"
MIB = 1024  # KiB
CONNECTIONS = 64
SCHEDULED_OF = 10  # one of so many stored tasks is scheduled, the others are finished


def growth(bench):
    sizes = [10 ** digits for digits in range(3, 6 if bench.quick else 7)]
    daemons = {n: filled(bench, n) for n in sizes}
    for n, daemon in daemons.items():
        at_rest(bench, n, daemon)
    under_load(bench, daemons)
    pending(bench)


def filled(bench, n):
    daemon = bench.daemon(OBSERVE)
    with daemon:
        empty = daemon.state_bytes()
    fixture.fill(daemon.database, n - n // SCHEDULED_OF, n // SCHEDULED_OF)
    daemon.bytes_per_task = (daemon.state_bytes() - empty) / n
    return daemon


def at_rest(bench, n, daemon):
    rounds = 3 if bench.quick else 5
    warm = []
    with daemon:
        pass  # counts what was written beside it
    harness.drop_from_memory(daemon.database)
    cold = daemon.start() * 1000
    daemon.stop()
    for _ in range(rounds):
        warm.append(daemon.start() * 1000)
        daemon.stop()
    with daemon:
        tasks = daemon.tasks()
        if tasks["scheduled"] + tasks["completed"] != n:
            raise Failed(f"the counters of the filled database are wrong: {tasks}")
        resident = daemon.memory_kib("VmRSS") / MIB
        status = [daemon.load("status", 1, "status", n_calls=50)["p50_us"] / 1000 for _ in range(rounds)]
        client = program("spawn", 20, CODEGENCTL, "--socket", daemon.control, "status")["p50_us"] / 1000
    bench.table.add(f"{n:,} stored tasks: bytes of the database for each, with all that belongs to it",
                    daemon.bytes_per_task, "B")
    bench.table.add("  start to ready", warm, "ms", 500)
    bench.table.add("  the same, the database not in the page cache", cold, "ms", 500)
    bench.table.add("  resident after the start", resident, "MiB", 64)
    bench.table.add("  GetStatus", status, "ms", 20)
    bench.table.add("  codegenctl status, start to exit", client, "ms", 20)


def under_load(bench, daemons):
    """Turn and turn about; each run a start of its own."""
    runs = {n: [] for n in daemons}
    resident = dict.fromkeys(daemons, 0)
    seconds = 0.3 if bench.quick else 2
    for turn in range(2 if bench.quick else 5):
        for n, daemon in daemons.items():
            with daemon:
                runs[n].append(daemon.load("sized", CONNECTIONS, f"turn-{turn}", seconds, number=1024))
                resident[n] = daemon.memory_kib("VmRSS") / MIB
    smallest = runs[min(runs)]
    for n in daemons:
        ratio = statistics.median(run["rate"] / first["rate"] for run, first in zip(runs[n], smallest))
        cost = statistics.median(run["cpu_us"] / first["cpu_us"] for run, first in zip(runs[n], smallest))
        bench.table.add(f"submissions to {n:,} stored tasks, 64 connections, 1 KiB; the ratio is to the smallest",
                        [run["rate"] for run in runs[n]], "/s", ratio=ratio, ratio_target=0.9)
        bench.table.add("  the daemon's processor time for each", [run["cpu_us"] for run in runs[n]], "us", ratio=cost)
        bench.table.add("  resident after that", resident[n], "MiB", 64)


def pending(bench):
    """All of them scheduled: what waits lies on the disk, and in memory only as far as the database's cache reaches."""
    n = 10_000 if bench.quick else 100_000
    few, many = bench.daemon(OBSERVE), bench.daemon(OBSERVE)
    for daemon, n_scheduled in ((few, 0), (many, n)):
        with daemon:
            pass
        fixture.fill(daemon.database, fixture.TASKS_PER_INCIDENT, n_scheduled)
        with daemon:
            daemon.load("status", 1, "status", n_calls=50)
            daemon.anonymous_kib = daemon.memory_kib("RssAnon")
    kib = max(many.anonymous_kib - few.anonymous_kib, 0)
    bench.table.add(f"memory for each of {n:,} pending tasks", kib * 1024 / n, "B", 64)

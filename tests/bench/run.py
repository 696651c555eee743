#!/usr/bin/python3
"""The figures of tools/bench, which builds the programs and runs this: a function for each group of rows."""
import argparse
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import fixture
import github
import harness
from harness import CODEGENCTL, Daemon, Failed, program

OBSERVE = "mode = observe\n"
MIB = 1024  # KiB
SUBMIT_RATE = 20_000
CONNECTIONS = 64


class Bench:
    def __init__(self, directory, quick):
        self.directory = directory
        self.quick = quick
        self.seconds = 2 if quick else 5
        self.n_daemons = 0
        self.table = harness.Table()

    def daemon(self, config=""):
        self.n_daemons += 1
        return Daemon(self.directory / f"daemon-{self.n_daemons}", config)


def idle(bench):
    seconds = 10 if bench.quick else 60
    with bench.daemon() as daemon:
        time.sleep(1)
        bench.table.add("idle: anonymous memory after the start", daemon.memory_kib("RssAnon") / MIB, "MiB", 4)
        before = daemon.n_switches()
        time.sleep(seconds)
        bench.table.add(f"idle: wake-ups in {seconds} s, all threads", daemon.n_switches() - before, "", 0)


def add_load(bench, name, figures, **bounds):
    bench.table.add(name, figures["rate"], "/s", **bounds)
    bench.table.add("  the daemon's processor time for each", figures["cpu_us"], "us")
    bench.table.add("  answer, median", figures["p50_us"], "us")
    bench.table.add("  answer, 99th percentile", figures["p99_us"], "us")
    bench.table.add("  processors used by others and the kernel meanwhile", figures["others"] * 100, "%")


def add_publishing(bench, figures, tasks):
    """What went on in the background: submissions are quicker, and look cheaper, when less is published beside them."""
    bench.table.add("  reports published meanwhile", tasks["completed"] / figures["seconds"], "/s")
    bench.table.add("  tasks still due at the end", tasks["overdue"] + tasks["executing"], "")


def submit(bench):
    """The target is for recording a failure with all its rows; to publish it later costs a millisecond of its own."""
    bound = {"target": SUBMIT_RATE, "at_least": True}
    for mode, config in (("mode = observe", OBSERVE), ("default configuration", "")):
        for call, what in (("new", "an incident each"), ("join", "joining 64")):
            with bench.daemon(config) as daemon:
                figures = daemon.load(call, CONNECTIONS, call, bench.seconds)
                tasks = daemon.tasks()
                add_load(bench, f"submit: 64 connections, {what}, {mode}", figures,
                         **(bound if config and call == "new" else {}))
                if not config:
                    add_publishing(bench, figures, tasks)
    with bench.daemon(OBSERVE) as daemon:
        add_load(bench, "submit: 64 connections, an incident each, a log of 4 KiB",
                 daemon.load("new", CONNECTIONS, "log", bench.seconds, number=4096))
    submit_one(bench)


def submit_one(bench):
    """Turn and turn about, the median of the ratios: a disk or a machine that changes its mind meets both."""
    ours, bare = [], []
    for _ in range(3 if bench.quick else 7):
        with bench.daemon(OBSERVE) as daemon:
            ours.append(daemon.load("new", 1, "one", 2))
        bare.append(program("bare", daemon.database, daemon.directory / "bare.db"))
    bare_rates = [run["n"] / run["seconds"] for run in bare]
    ratios = [run["rate"] / bare_rate for run, bare_rate in zip(ours, bare_rates)]
    bench.table.add("submit: a bare SQLite loop that writes the same rows", statistics.median(bare_rates), "/s")
    bench.table.add("submit: 1 connection, against that", statistics.median(run["rate"] for run in ours), "/s",
                    ratio=statistics.median(ratios), ratio_target=0.7)
    bench.table.add("  the ratio at worst", min(ratios), "x")
    bench.table.add("  the ratio at best", max(ratios), "x")
    bench.table.add("  the daemon's processor time for each", statistics.mean(run["cpu_us"] for run in ours), "us")
    bench.table.add("  answer, median", statistics.median(run["p50_us"] for run in ours), "us")
    bench.table.add("  processors used by others and the kernel meanwhile",
                    statistics.mean(run["others"] for run in ours) * 100, "%")


def ctl(bench):
    n = 30 if bench.quick else 100
    with bench.daemon(OBSERVE) as daemon:
        command = [CODEGENCTL, "--socket", daemon.submit, "submit", "--strict", "--project", "acme/web", "--branch",
                   "fix/@", "--commit", "eff9f61", "--job", "test", "--step", "unit", "--command", "npm test",
                   "--exit-code", "1", "--build-number", "@", "--key", "ctl-@", "test_failure", "3 tests failed"]
        took = program("spawn", n, *command)["p50_us"] / 1000
        status = program("spawn", n, CODEGENCTL, "--socket", daemon.control, "status")["p50_us"] / 1000
    bench.table.add("codegenctl submit, start to exit, median", took, "ms", 10)
    bench.table.add("codegenctl status, start to exit, median", status, "ms", 20)
    file = bench.directory / "sqlite3.db"
    subprocess.run(["sqlite3", file, "PRAGMA journal_mode = WAL; CREATE TABLE reports (at, text)"], check=True,
                   capture_output=True)
    insert = program("spawn", n, "sqlite3", file, "INSERT INTO reports VALUES (@, 'npm test failed')")
    bench.table.add("  beside it: sqlite3 FILE 'INSERT ...'", insert["p50_us"] / 1000, "ms")
    if shutil.which("node"):
        node = program("spawn", min(n, 30), "node", "-e", "0")["p50_us"] / 1000
        bench.table.add("  beside it: node -e 0, as the old scripts started", node, "ms", ratio=took / node)


def timed(*command, stdin=subprocess.DEVNULL, **more):
    """Seconds and the most memory in MiB of one run. Its output goes through a pipe: grep stops early at /dev/null."""
    started = time.perf_counter()
    resident = 0
    with subprocess.Popen([*map(str, command)], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=harness.environment(**more)) as child:
        os.set_blocking(child.stdout.fileno(), False)
        while (data := child.stdout.read(1 << 20)) != b"":
            resident = max(resident, harness.peak_mib(child.pid))
            if data is None:
                select.select([child.stdout], [], [], 0.05)
    took = time.perf_counter() - started
    if child.returncode not in (0, 1):
        raise Failed(f"{command[0]} ended with {child.returncode}")
    return took, resident


def scan(bench):
    n_bytes = (128 if bench.quick else 1024) << 20
    log, name = bench.directory / "long.log", f"scan of a log of {n_bytes >> 20:,} MiB"
    fixture.write_log(log, n_bytes)
    words = subprocess.run([harness.BUILD / "tests" / "bench" / "bench-keywords"], check=True,
                           capture_output=True).stdout
    (bench.directory / "words").write_bytes(words)
    ours, theirs, memory = [], [], 0
    for _ in range(3):
        theirs.append(timed("grep", "-cEf", bench.directory / "words", log, LC_ALL="C")[0])
        took, resident = timed(CODEGENCTL, "scan", "--json", log)
        ours.append(took)
        memory = max(memory, resident)
    speed = n_bytes / 1e6 / statistics.median(ours)
    bench.table.add("LC_ALL=C grep -cE with the same keywords", n_bytes / 1e6 / statistics.median(theirs), "MB/s")
    bench.table.add(name, speed, "MB/s", ratio=statistics.median(theirs) / statistics.median(ours), ratio_target=0.5)
    bench.table.add("  most memory", memory, "MiB", 32)
    found = subprocess.run([CODEGENCTL, "scan", "--json", log], capture_output=True, text=True,
                           env=harness.environment())
    files = {finding["file"] for finding in json.loads(found.stdout)["findings"]}
    if not {"src/first.ts", "src/last.ts"} <= files:
        raise Failed(f"the first and the last finding were not found: {sorted(files)}")
    with log.open("rb") as file:
        took, resident = timed(CODEGENCTL, "redact", stdin=file)
    bench.table.add("redact, the same log", n_bytes / 1e6 / took, "MB/s")
    bench.table.add("  most memory", resident, "MiB", 32)
    log.unlink()
    step(bench)


def step(bench):
    """What a CI step pays."""
    n = 30 if bench.quick else 100
    log = bench.directory / "step.log"
    fixture.write_log(log, 100_000_000)
    with bench.daemon(OBSERVE) as daemon:
        common = ["--socket", daemon.submit, "--project", "acme/web", "--branch", "fix/step", "--commit", "eff9f61"]
        bare = program("spawn", n, "true")["p50_us"] / 1000
        took = program("spawn", n, CODEGENCTL, "run", *common, "--", "true")["p50_us"] / 1000
        bench.table.add("codegenctl run -- true, beyond true alone, median", took - bare, "ms", 15)
        submits = [timed(CODEGENCTL, "submit", *common, "--strict", "--log", log)[0]
                   for _ in range(5)]
        bench.table.add("codegenctl submit --log, 100 MB, median", statistics.median(submits), "s", 1)
    log.unlink()


def start_and_stop(daemon):
    daemon.start()
    daemon.stop()


def make_full(bench, n_finished, n_scheduled):
    full = bench.daemon(OBSERVE)
    start_and_stop(full)
    fixture.fill(full.database, n_finished, n_scheduled)
    return full


def full(bench):
    n_finished, n_scheduled = (100_000, 10_000) if bench.quick else (1_000_000, 100_000)
    full = make_full(bench, n_finished, n_scheduled)
    name = f"full ({n_finished:,} finished, {n_scheduled:,} scheduled)"
    start_and_stop(full)
    harness.drop_from_memory(full.database)
    cold_ms = full.start() * 1000
    full.stop()
    bench.table.add(f"{name}: start to ready", full.start() * 1000, "ms", 500)
    bench.table.add("  the same, the database not in the page cache", cold_ms, "ms", 500)
    tasks = full.tasks()
    if tasks["scheduled"] != n_scheduled or tasks["completed"] != n_finished:
        raise Failed(f"the counters of the filled database are wrong: {tasks}")
    bench.table.add(f"{name}: resident after the start", full.memory_kib("VmRSS") / MIB, "MiB", 64)
    answer = full.load("status", 1, "status", n_calls=200)
    bench.table.add(f"{name}: GetStatus, median", answer["p50_us"] / 1000, "ms", 20)
    took = program("spawn", 50, CODEGENCTL, "--socket", full.control, "status")["p50_us"] / 1000
    bench.table.add(f"{name}: codegenctl status, median", took, "ms", 20)
    full.stop()
    compare_full(bench, full)


def compare_full(bench, full):
    """Turn and turn about, the median of the ratios; each run a start of its own."""
    runs = {"empty": [], "full": []}
    for turn in range(3 if bench.quick else 5):
        for kind, daemon in (("empty", bench.daemon(OBSERVE)), ("full", full)):
            with daemon:
                runs[kind].append(daemon.load("new", CONNECTIONS, f"turn-{turn}", bench.seconds))
                resident = daemon.memory_kib("VmRSS") / MIB
    bench.table.add("  resident after a load of submissions", resident, "MiB", 64)
    rates = {kind: [run["rate"] for run in runs[kind]] for kind in runs}
    ratios = [full_rate / empty_rate for full_rate, empty_rate in zip(rates["full"], rates["empty"])]
    bench.table.add("submit: 64 connections, on an empty store", statistics.median(rates["empty"]), "/s")
    bench.table.add("submit: 64 connections, on the full store", statistics.median(rates["full"]), "/s",
                    ratio=statistics.median(ratios), ratio_target=0.9)
    bench.table.add("  the ratio at worst", min(ratios), "x")
    for kind in runs:
        bench.table.add(f"  the daemon's processor time for each, {kind}",
                        statistics.median(run["cpu_us"] for run in runs[kind]), "us")
    bench.table.add("  processors used by others and the kernel meanwhile",
                    statistics.mean(run["others"] for kind in runs for run in runs[kind]) * 100, "%")


def due(bench):
    n = 1000 if bench.quick else 10_000
    for mode, config in (("mode = observe", OBSERVE), ("default configuration", "")):
        with bench.daemon(config) as daemon:
            due_ms = int(time.time() * 1000) + 4000
            daemon.load("schedule", 16, "due", n_calls=n, number=due_ms)
            if time.time() * 1000 > due_ms or daemon.tasks()["scheduled"] != n:
                raise Failed("the tasks were due before all of them were recorded")
            time.sleep(max(due_ms / 1000 - time.time(), 0))
            wait_executed(daemon, due_ms / 1000)
        n_verdicts, last_ms = fixture.verdicts(daemon.database)
        if n_verdicts != n:
            raise Failed(f"{n_verdicts} of {n} due checks have a verdict")
        bench.table.add(f"due: {n:,} checks of one second, the last verdict recorded, {mode}",
                        (last_ms - due_ms) / 1000, "s", 2)


def wait_executed(daemon, due_s):
    """Only waits: when they were executed the event log tells. A start leaves no time, but is before its verdict."""
    while time.time() < due_s + harness.PATIENCE_S:
        time.sleep(1)
        tasks = daemon.tasks()
        if tasks["executing"] == 0 and tasks["overdue"] == 0:
            return
    raise Failed("the due tasks were not executed in time")


GROUPS = {"idle": idle, "submit": submit, "ctl": ctl, "scan": scan, "full": full, "due": due,
          "github": github.github}


def print_head(directory):
    kind = subprocess.run(["stat", "-f", "-c", "%T", directory], capture_output=True, text=True).stdout.strip()
    model = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    cores = os.cpu_count()
    print(f"codegend on {cores} cores ({model}), load generator on the same cores.")
    print(f"Databases in {directory.parent} ({kind}); a page written and synced takes "
          f"{harness.fsync_latency_us(directory):.0f} us there.\n")
    if kind == "tmpfs":
        print("That is memory, not a disk: what is called durable here is not. Choose another --directory.\n")


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--directory", default="/var/tmp")
    parser.add_argument("names", nargs="*", choices=[[], *GROUPS])
    options = parser.parse_args()
    failed = False
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Control-C: nothing stays behind
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="codegen-bench.", dir=options.directory))
        if not options.keep:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        print_head(directory)
        bench = Bench(directory, options.quick)
        for name in options.names or GROUPS:
            try:
                GROUPS[name](bench)
            except Failed as error:
                print(f"{name}: not measured: {error}", flush=True)
                failed = True
        print(f"\n{bench.table.n_over or 'No'} figure{'s' * (bench.table.n_over != 1)} over the target.")
    return failed


if __name__ == "__main__":
    sys.exit(main())

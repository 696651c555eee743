"""Timers: how late, and what they cost while nothing is due."""
import contextlib
import socket
import statistics
import time

import contenders
import fixture
import harness
from harness import Failed

MIB = 1024  # KiB
DELAY_S = 2
TARGET_MS = {1: 100, 100: 250, 1000: 1000, 10_000: 2000}


def timers(bench):
    idle(bench)
    for n in (1, 100, 1000 if bench.quick else 10_000):
        due(bench, n)


def idle(bench):
    """Each with something that is due later."""
    seconds = 5 if bench.quick else 60
    place = bench.new_directory("idle")
    with contextlib.ExitStack() as stack:
        servers = {"codegend": stack.enter_context(bench.daemon()),
                   "beanstalkd": stack.enter_context(contenders.Beanstalkd(place / "beanstalkd")),
                   "redis": stack.enter_context(contenders.Redis(place / "redis"))}
        servers["codegend"].load("schedule", 1, "idle", n_calls=10, number=int((time.time() + 3600) * 1000))
        harness.load(servers["beanstalkd"], "sized", 1, "idle", n_calls=10, number=1024)
        time.sleep(2)
        before = {name: harness.n_switches(server.pids()) for name, server in servers.items()}
        time.sleep(seconds)
        for name, server in servers.items():
            bench.table.add(f"{name}, idle: wake-ups a second, all threads",
                            (harness.n_switches(server.pids()) - before[name]) / seconds, "/s",
                            0 if name == "codegend" else None)
        bench.table.add("codegend, idle: anonymous memory", servers["codegend"].memory_kib("RssAnon") / MIB, "MiB", 4)


def due(bench, n):
    rounds = 1 if bench.quick or n > 1000 else 5
    ours, theirs = [], []
    for turn in range(rounds):
        ours.append(codegend_lateness(bench, n))
        theirs.append(beanstalkd_lateness(bench, n, turn))
    for name, runs in (("codegend, from due to the verdict on disk", ours),
                       ("beanstalkd, from due to a client that waits", theirs)):
        bench.table.add(f"{n:,} due at once: {name}, median", [statistics.median(run) for run in runs], "ms")
        bench.table.add("  the last of them", [max(run) for run in runs], "ms", TARGET_MS[n] if runs is ours else None)


def codegend_lateness(bench, n):
    """Milliseconds, for each task."""
    with bench.daemon("mode = observe\n") as daemon:
        due_ms = int((time.time() + DELAY_S + n / 1000) * 1000)
        daemon.load("schedule", min(n, 64), "due", n_calls=n, number=due_ms)
        if time.time() * 1000 > due_ms or daemon.tasks()["scheduled"] != n:
            raise Failed("the tasks were due before all of them were recorded")
        time.sleep(max(due_ms / 1000 - time.time(), 0))
        wait_executed(daemon)
    late = fixture.lateness(daemon.database, due_ms)
    if len(late) != n:
        raise Failed(f"{len(late)} of {n} due checks have a verdict")
    return late


def wait_executed(daemon):
    """Only waits: when they were executed the event log tells. A start leaves no time, but is before its verdict."""
    end = time.monotonic() + harness.PATIENCE_S
    while time.monotonic() < end:
        time.sleep(0.5)
        tasks = daemon.tasks()
        if not (tasks["executing"] or tasks["overdue"]):
            return
    raise Failed("the due tasks were not executed in time")


def beanstalkd_lateness(bench, n, turn):
    """Its jobs have whole seconds of delay, counted from their put; a paused tube lets go of all of them at once."""
    with contenders.Beanstalkd(bench.new_directory("due") / f"{n}-{turn}") as server, \
            socket.socket(socket.AF_UNIX) as link:
        link.settimeout(harness.PATIENCE_S)
        link.connect(str(server.socket))
        answers = link.makefile("rb")
        for at in range(0, n, 100):  # a few at a time: nobody waits for the other's buffer
            some = min(n - at, 100)
            link.sendall(b"put 0 0 60 4\r\ntask\r\n" * some)
            for _ in range(some):
                expect(answers, b"INSERTED")
        link.sendall(b"pause-tube default %d\r\n" % DELAY_S)
        expect(answers, b"PAUSED")
        due_s = time.monotonic() + DELAY_S
        return [late for at in range(0, n, 100) for late in reserve(link, answers, min(n - at, 100), due_s)]


def reserve(link, answers, n, due_s):
    link.sendall(b"reserve\r\n" * n)
    for _ in range(n):
        expect(answers, b"RESERVED")
        answers.readline()
        yield (time.monotonic() - due_s) * 1000


def expect(answers, word):
    line = answers.readline()
    if not line.startswith(word):
        raise Failed(f"beanstalkd answers {line[:60]}")

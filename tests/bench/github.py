"""The figures of a forge of type github, against the scripted server of tests/github, which shares the cores."""
import pathlib
import statistics
import sys
import time

import fixture
import harness
from harness import Failed

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.github import GitHub  # noqa: E402

MIB = 1024  # KiB
PROJECT = "acme/web"
CONFIG = """mode = observe
follow-up-delay = {delay}
wait-recheck = 1h
forge github {{
    type = github
    api-url = "{url}"
    token = "file:{token}"
}}
project "acme/*" {{
    forge = github
}}
"""


def daemon_for(bench, hub, delay="1h"):
    token = bench.directory / "token"
    token.touch(mode=0o600)
    token.write_text(hub.token())
    return bench.daemon(CONFIG.format(delay=delay, url=hub.api_url, token=token))


def make_branches(hub, names, with_pulls):
    """Each with a green check that ended after whatever is reported of it."""
    hub.repo(PROJECT, roles={"codegend-bot": "write"})
    for name in names:
        sha = hub.push(PROJECT, name)
        hub.check(PROJECT, sha, "test", age_s=-3600)
        if with_pulls:
            hub.open_pull(PROJECT, name)


def wait_for(condition, what, seconds=harness.PATIENCE_S * 2):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what} did not happen in time")
        time.sleep(0.02)


def n_active(daemon):
    incidents = daemon.call("GetStatus")["status"]["incidents"]
    return incidents["open"] + incidents["waiting"]


def known_pulls(bench):
    """Pull requests whose numbers CI told, all checked at once."""
    n = 100 if bench.quick else 1000
    with GitHub() as hub:
        make_branches(hub, [f"fix-{at}" for at in range(n)], True)
        with daemon_for(bench, hub) as daemon:
            for at in range(n):
                daemon.call("Submit", key=f"k{at}", project=PROJECT, branch=f"fix-{at}", job="test", step="unit",
                            commit=hub.find(PROJECT).branches[f"fix-{at}"], errorType="test_failure",
                            pullRequest=at + 1)
            before, cpu_s, started = len(hub.requests), daemon.cpu_s(), time.monotonic()
            daemon.call("Check", all=True)
            wait_for(lambda: n_active(daemon) == 0, "the last verdict")
            took_s, cpu_s, requests = time.monotonic() - started, daemon.cpu_s() - cpu_s, len(hub.requests) - before
    bench.table.add(f"github: requests for each of {n:,} checks of pull requests", requests / n, "", 0.045)
    bench.table.add("  beside it: what `gh pr checks` needs, 2 to 4", 2, "", ratio=2 * n / requests)
    bench.table.add("  checks a second of one core of the daemon", n / max(cpu_s, 0.001), "/s")
    bench.table.add("  checks a second as it was, the server being what is slow", n / took_s, "/s")


def one_by_one(bench):
    """From the due time to the verdict on disk: a window to gather others, one query, one commit."""
    n, apart_s = (10, 0.4) if bench.quick else (30, 0.7)
    with GitHub() as hub:
        make_branches(hub, [f"due-{at}" for at in range(n)], False)
        with daemon_for(bench, hub) as daemon:
            for at in range(n):
                daemon.call("Schedule", project=PROJECT, branch=f"due-{at}", delayMs=int(500 + at * apart_s * 1000))
            wait_for(lambda: daemon.tasks()["completed"] == n, "the last verdict")
    waits = fixture.lateness(daemon.database)
    if len(waits) != n:
        raise Failed(f"{len(waits)} of {n} checks have a verdict")
    bench.table.add("github: from due to the verdict recorded, median", statistics.median(waits), "ms")
    bench.table.add("  the longest", max(waits), "ms")


def queue(bench):
    """Ten thousand checks due in one second, while GitHub takes its time."""
    n = 500 if bench.quick else 10_000
    with GitHub() as hub:
        make_branches(hub, [f"due/queue-{at}" for at in range(n)], False)
        with daemon_for(bench, hub) as daemon:
            idle_mib = daemon.memory_kib("RssAnon") / MIB
            due_ms = int(time.time() * 1000) + 5000
            daemon.load("schedule", 16, "queue", n_calls=n, number=due_ms)
            time.sleep(max(due_ms / 1000 - time.time(), 0))
            peak_kib = 0
            while daemon.tasks()["completed"] < n:
                peak_kib = max(peak_kib, daemon.memory_kib("RssAnon"))
                if time.time() * 1000 > due_ms + harness.PATIENCE_S * 4000:
                    raise Failed("the checks were not executed in time")
                time.sleep(0.05)
            last_s = time.time() - due_ms / 1000
    bench.table.add(f"github: anonymous memory with {n:,} checks queued, at most", peak_kib / MIB, "MiB", 64)
    bench.table.add("  the same before", idle_mib, "MiB")
    bench.table.add("  the last of them, after their due time", last_s, "s")


def github(bench):
    known_pulls(bench)
    one_by_one(bench)
    queue(bench)

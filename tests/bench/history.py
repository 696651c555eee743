"""Statistics over a long history: how long an answer takes, and what submissions pay for it."""
import contextlib
import json
import socket
import sqlite3
import statistics
import subprocess
import threading
import time

import fixture
import harness

DAYS = 90
PROJECTS = 20
RUNS = 5
INTAKE_PATIENCE_S = 3600  # a million builds, on a machine that others use as well

# A tenth of the builds fails; each failure is an incident that its agent repaired an hour later.
BUILDS = """
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < :n)
INSERT INTO builds (id, at_ms, project, head_repository, branch, job, step, commit_sha, build_number, passed,
 incident_id, report_id)
 SELECT ((:first + n * :step) << 16) + 1, :first + n * :step, 'acme/service-' || (n % :projects), '',
 CASE n % 10 WHEN 0 THEN 'fix/' || n ELSE 'main' END, 'test', 'unit', printf('%040x', n), n, n % 10 > 0, 0, 0 FROM i
"""
EVENTS = """
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < :n)
INSERT INTO events (at_ms, kind, project, incident_id, task_id, report_id, message, failure, data)
SELECT ms, kind, 'acme/service-' || (n % :projects), incident, 0, 0, 'It was told.', 0, data FROM (
 SELECT n, :first + n * :step AS ms, 'build' AS kind, CASE n % 10 WHEN 0 THEN
  ((:first + n * :step) << 16) + 1 ELSE 0 END AS incident, CASE n % 10 WHEN 0 THEN
  '{"what":"build","branch":"fix/' || n || '","passed":false,"opens":true,'
  || '"job":"test","step":"unit","commit":"' || printf('%040x', n)
  || '","number":"' || n || '","type":"test_failure","cause":"test","fingerprint":"' || (n % 500) || '"}' ELSE
  '{"what":"build","branch":"main","passed":true,"job":"test","step":"unit","commit":"' || printf('%040x', n)
  || '","number":"' || n || '","coverage":' || (7000 + n % 1000) || ',"lint":[0,' || (n % 50)
  || '],"tests":[500,495,0,5,30000]}' END AS data FROM i
 UNION ALL SELECT n, :first + n * :step + k * 1200000, 'incident', ((:first + n * :step) << 16) + 1, CASE k WHEN 1 THEN
  '{"what":"triggered","branch":"fix/' || n || '","agent":"fixer","commit":"' || printf('%040x', n) || '"}'
  ELSE '{"what":"ended","branch":"fix/' || n || '","state":"resolved","proven":true,"first":true,"cycle":1,"commit":"'
  || printf('%040x', n + 1) || '"}' END FROM i, (SELECT 1 AS k UNION ALL SELECT 2)
  WHERE n % 10 = 0) ORDER BY ms
"""
# What is left of them. Of a hundred one waits for a person.
INCIDENTS = """
WITH RECURSIVE i(n) AS (SELECT 10 UNION ALL SELECT n + 10 FROM i WHERE n + 10 <= :n)
INSERT INTO incidents (id, project, head_repository, branch, error_type, state, cycle, refilled_at_cycle, revision,
 opened_ms, updated_ms, resolved_ms, follow_up_ms, n_reports, report_id, cycle_report_id, pull_request, head_sha,
 issue_url, reason)
 SELECT ((:first + n * :step) << 16) + 1, 'acme/service-' || (n % :projects), '', 'fix/' || n, 'test_failure',
 CASE n % 1000 WHEN 0 THEN 'escalated' ELSE 'resolved' END, 1, 0, 2, :first + n * :step, :first + n * :step + 2400000,
 CASE n % 1000 WHEN 0 THEN 0 ELSE :first + n * :step + 2400000 END, 0, 1, 0, 0, 0, printf('%040x', n), '',
 'It was told.' FROM i
"""


def fill(path, n_builds):
    now_ms = int(time.time() * 1000)
    values = {"n": n_builds, "projects": PROJECTS, "first": now_ms - DAYS * fixture.DAY_MS,
              "step": DAYS * fixture.DAY_MS // n_builds}
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN")
    for statement in (BUILDS, EVENTS, INCIDENTS):
        database.execute(statement, values)
    for statement in fixture.RECOUNT:
        database.execute(statement)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def ask(path, **parameters):
    """The answer, and the seconds that it took."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as link:
        link.settimeout(INTAKE_PATIENCE_S if parameters.get("recompute") else harness.PATIENCE_S)
        link.connect(str(path))
        started = time.perf_counter()
        link.sendall(json.dumps({"method": "io.codegend.GetStats", "parameters": parameters}).encode() + b"\0")
        answer = b""
        while not answer.endswith(b"\0"):
            answer += link.recv(1 << 20)
        return json.loads(answer[:-1])["parameters"]["stats"], time.perf_counter() - started


def write_page(path):
    """The seconds that it took, the daemon's and the client's."""
    started = time.perf_counter()
    subprocess.run([harness.CODEGENCTL, "--socket", path, "report-page", "--since", f"{DAYS}d",
                    "-o", "-"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


class Asking(threading.Thread):
    """Asks again and again, with a pause."""

    def __init__(self, path, pause_s):
        super().__init__()
        self.path, self.pause_s, self.stop = path, pause_s, threading.Event()
        self.took = []

    def run(self):
        while not self.stop.wait(self.pause_s):
            self.took.append(ask(self.path)[1])


def load(bench, daemon, name, pause_s=None):
    asking = Asking(daemon.control, pause_s) if pause_s is not None else None
    if asking:
        asking.start()
    figures = daemon.load("new", 64, name, bench.seconds)
    if asking:
        asking.stop.set()
        asking.join()
        return figures["rate"], statistics.median(asking.took)
    return figures["rate"], 0


def stats(bench):
    n = 10_000 if bench.quick else 1_000_000
    full = bench.daemon("mode = observe\n")
    full.start()
    full.stop()
    fill(full.database, n)
    with full:
        started = time.perf_counter()
        answer, took = ask(full.control, lastMs=400 * fixture.DAY_MS, recompute=True)
        name = f"stats: {n:,} builds, {n // 10:,} incidents"
        bench.table.add(f"{name}: the log taken in for the first time", time.perf_counter() - started, "s")
        if answer["builds"]["total"] != n or answer["resolution"]["count"] != n // 10:
            raise harness.Failed(f"the figures of the filled database are wrong: {answer['builds']}")
        for days in (30, DAYS):
            took = [ask(full.control, lastMs=days * fixture.DAY_MS)[1] for _ in range(20)]
            bench.table.add(f"{name}: {days} days, median", statistics.median(took) * 1000, "ms", 100)
        took = [ask(full.control, lastMs=DAYS * fixture.DAY_MS, project="acme/service-3")[1] for _ in range(20)]
        bench.table.add(f"{name}: {DAYS} days of a project, median", statistics.median(took) * 1000, "ms", 100)
        took = [write_page(full.control) for _ in range(5)]
        bench.table.add(f"report-page: {name[7:]}, 90 days, median", statistics.median(took), "s", 2)
    runs = {"alone": [], "asked": []}
    answers = []
    for turn in range(2 if bench.quick else RUNS):
        with full:
            ask(full.control)
            runs["alone"].append(load(bench, full, f"alone-{turn}")[0])
        with full:
            ask(full.control)
            rate, took = load(bench, full, f"asked-{turn}", pause_s=1)
            runs["asked"].append(rate)
            answers.append(took)
    ratios = [asked / alone for asked, alone in zip(runs["asked"], runs["alone"])]
    bench.table.add("submit: 64 connections, nobody asks", runs["alone"], "/s")
    bench.table.add("submit: 64 connections, statistics asked for every second", runs["asked"], "/s",
                    ratio=statistics.median(ratios), ratio_target=0.95)
    bench.table.add("  an answer meanwhile, median", [took * 1000 for took in answers], "ms")

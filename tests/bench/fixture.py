"""A database with a long history, written while no daemon runs."""
import sqlite3
import time

DAY_MS = 24 * 3600 * 1000
SPAN_MS = 5 * DAY_MS  # finished tasks are younger than their retention, or the first clean-up would remove them
TASKS_PER_INCIDENT = 4
PER_INCIDENT = """
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < :n)
INSERT INTO {table} ({columns}) SELECT {values} FROM (SELECT n, ((:first_ms + n * :step_ms) << 16) + 1 AS id,
 :first_ms + n * :step_ms AS ms FROM i)
"""
PER_TASK = """
WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < :n_tasks - 1)
INSERT INTO tasks (id, type, status, origin, lane, incident_id, cycle, revision, created_ms, due_ms, started_ms,
 finished_ms, attempt, project, head_repository, branch, commit_sha, build_number, reason, instructions)
SELECT (ms << 16) + 2 + k,
 CASE k WHEN 0 THEN 'publish_report' WHEN 1 THEN 'trigger_agent' ELSE 'pr_readiness_check' END, 'completed', 'incident',
 CASE k WHEN 1 THEN 'agent/fixer' ELSE 'forge/local' END, (ms << 16) + 1, 1, 1, ms, ms,
 CASE k WHEN 1 THEN ms ELSE 0 END, ms + 1000, 1, 'acme/web', '', 'fix/old-' || n, printf('%040x', n), n,
 'Ready: every failed step has a newer build that passed.', 'Look whether the branch is ready.'
FROM (SELECT i.n / :per AS n, i.n % :per AS k, :first_ms + (1 + i.n / :per) * :step_ms AS ms FROM i)
"""
SCHEDULED = """
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < :n)
INSERT INTO tasks (id, type, status, origin, lane, incident_id, cycle, revision, created_ms, due_ms, started_ms,
 finished_ms, attempt, project, head_repository, branch, commit_sha, build_number, reason, instructions)
SELECT ((:first_ms + n) << 16) + 1, 'pr_readiness_check', 'scheduled', 'hand', 'forge/local', 0, 0, 0,
 :first_ms + n, :due_ms + n, 0, 0, 0, 'acme/web', '', 'due/later-' || n, printf('%040x', n), n, 'Waits for its time.',
 'Look whether the branch is ready.' FROM i
"""
# What the incidents of those tasks left behind.
HISTORY = {
    "incidents": {
        "id": "id", "project": "'acme/web'", "head_repository": "''", "branch": "'fix/old-' || (n - 1)",
        "error_type": "'test_failure'", "state": "'resolved'", "cycle": "1", "refilled_at_cycle": "0", "revision": "2",
        "opened_ms": "ms", "updated_ms": "ms", "resolved_ms": "ms", "follow_up_ms": "ms", "n_reports": "1",
        "report_id": "id", "cycle_report_id": "id", "pull_request": "0", "head_sha": "printf('%040x', n)",
        "issue_url": "''", "reason": "'The branch is ready.'"},
    "reports": {
        "id": "id", "at_ms": "ms", "incident_id": "id", "project": "'acme/web'", "head_repository": "''",
        "branch": "'fix/old-' || (n - 1)", "commit_sha": "printf('%040x', n)", "build_number": "n", "job": "'test'",
        "step": "'unit'", "build_url": "''", "pull_request": "0", "error_type": "'test_failure'", "exit_code": "1",
        "submitter_uid": "0", "details": "'3 of 512 tests failed: sum adds, sum carries, sum overflows'",
        "command": "'npm test'"},
    "builds": {
        "id": "id", "at_ms": "ms", "project": "'acme/web'", "head_repository": "''", "branch": "'fix/old-' || (n - 1)",
        "job": "'test'", "step": "'unit'", "commit_sha": "printf('%040x', n)", "build_number": "n", "passed": "0",
        "incident_id": "id", "report_id": "id"},
    "submissions": {
        "id": "id", "key": "'old-' || lower(hex(randomblob(16)))", "report_id": "id", "incident_id": "id",
        "task_id": "id + 3", "scheduled_ms": "ms", "error_type": "'test_failure'", "has_error_type": "1",
        "joined": "0"},
    "events": {
        "at_ms": "ms", "kind": "'report'", "project": "'acme/web'", "incident_id": "id", "task_id": "0",
        "report_id": "id", "message": "'Job \"test\", step \"unit\" failed on ' || printf('%040x', n) || '.'",
        "failure": "0"},
}

# Whether the schema counts by itself or the daemon does.
RECOUNT = [
    "UPDATE counters SET n = 0",
    "UPDATE counters SET n = c.n FROM (SELECT status AS s, type AS t, count(*) AS n FROM tasks GROUP BY 1, 2) AS c"
    " WHERE kind = 'tasks' AND status = c.s AND type = c.t",
    "UPDATE counters SET n = c.n FROM (SELECT state AS s, count(*) AS n FROM incidents GROUP BY 1) AS c"
    " WHERE kind = 'incidents' AND status = c.s",
    "UPDATE counters SET n = (SELECT count(*) FROM reports) WHERE kind = 'reports'",
    "UPDATE counters SET n = (SELECT count(*) FROM builds) WHERE kind = 'builds'",
]


def fill(path, n_finished, n_scheduled, with_history=True):
    """Adds finished tasks of the last days, four an incident, and scheduled ones that are due in a month."""
    now_ms = int(time.time() * 1000)
    n_incidents = n_finished // TASKS_PER_INCIDENT
    first_ms = now_ms - SPAN_MS - DAY_MS
    values = {"n": n_incidents, "n_tasks": n_incidents * TASKS_PER_INCIDENT, "per": TASKS_PER_INCIDENT,
              "first_ms": first_ms, "step_ms": SPAN_MS // n_incidents}
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -262144")
    database.execute("BEGIN")
    database.execute(PER_TASK, values)
    database.execute(SCHEDULED, {"n": n_scheduled, "first_ms": now_ms - DAY_MS // 2, "due_ms": now_ms + 30 * DAY_MS})
    for table, columns in HISTORY.items() if with_history else ():
        database.execute(PER_INCIDENT.format(table=table, columns=", ".join(columns),
                                             values=", ".join(columns.values())), values)
    for statement in RECOUNT:
        database.execute(statement)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def lateness(path, due_ms=None):
    """Milliseconds from due to the first verdict, each task; of a database that no daemon has open. A check that looks
    again later has another due time by then: give the first."""
    database = sqlite3.connect(path)
    rows = database.execute("SELECT min(e.at_ms) - coalesce(?, t.due_ms) FROM events AS e"
                            " JOIN tasks AS t ON t.id = e.task_id WHERE e.kind = 'verdict' GROUP BY t.id",
                            (due_ms,)).fetchall()
    database.close()
    return [row[0] for row in rows]


# Logs

STEPS = [
    "npm http fetch GET 200 https://registry.npmjs.org/pkg-{n} {ms}ms (cache hit)",
    "added {n} packages, and audited {m} packages in {s}s",
    "  ✓ adds the numbers of row {n} ({ms} ms)",
    "ok {n} - the cache keeps entry {m}",
    "PASS src/components/panel-{n}.test.tsx ({s}.{ms} s)",
    "[{n}/{m}] Compiling C object src/libcore.a.p/module_{n}.c.o",
    "    Compiling serde_json v1.0.{n}",
    "INFO: resolving dependency org.example:artifact-{n}:jar:2.{m} of commit {hash}",
    "test tests::parses_line_{n} ... ok",
    "tests/unit/test_module_{n}.py::test_case_{m} PASSED                       [ {s}%]",
    "Step {s}/20 : RUN apt-get install -y --no-install-recommends package-{n}",
    " ---> {hash12}",
    "Get:{n} http://deb.example.org/debian bookworm/main amd64 libpackage{n} amd64 1.{m}-1 [{ms} kB]",
    "dist/assets/index-{hash8}.js   {n}.{ms} kB │ gzip: {m}.{s} kB",
    "::group::Run step {n}",
    "warning: unused variable: `value_{n}` (in another crate)",
    "downloading integrity sha512-{hash}{hash}== for module {n}",
    "0 errors, {s} warnings in {n} files",
    "Cloning git+https://x@git.example.org/acme/part-{n}.git to revision {hash}",
]


def write_log(path, n_bytes):
    """What a long CI job prints, with time stamps; one type error at the beginning, another at the end."""
    lines = []
    for n in range(200_000):
        digest = f"{n * 2654435761 % 2**160:040x}"
        text = STEPS[n % len(STEPS)].format(n=n, m=n * 7 % 1013, ms=n % 997, s=n % 60, hash=digest, hash12=digest[-12:],
                                            hash8=digest[-8:])
        lines.append(f"2026-11-22T10:{n // 60 % 60:02}:{n % 60:02}.{n % 10_000_000:07}Z {text}\n")
    block = "".join(lines).encode()
    with open(path, "wb") as file:
        file.write(b"src/first.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\n")
        written = 0
        while written < n_bytes:
            written += file.write(block[:n_bytes - written].rpartition(b"\n")[0] + b"\n")
        file.write(b"src/last.ts(9,3): error TS2304: Cannot find name 'missing'.\n")

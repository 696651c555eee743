"""What must hold of a store. It is read from a copy of its files while the daemon is down: looking changes nothing."""
import collections
import datetime
import shutil
import sqlite3

TASK_STATUSES = {"scheduled", "executing", "completed", "failed", "cancelled"}
OVER = {"completed", "failed", "cancelled"}
INCIDENT_STATES = {"open", "waiting", "resolved", "escalated", "abandoned"}
SHOWN = 5  # of each kind, the rest is counted

# As tests/sim/oracle.c: questions with the answer 0.
QUESTIONS = {
    "incidents under repair have no check":
        "SELECT count(*) FROM incidents i WHERE state IN ('open', 'waiting') AND follow_up_ms <> 0 AND NOT EXISTS"
        " (SELECT 1 FROM tasks t WHERE t.incident_id = i.id AND t.type = 'pr_readiness_check'"
        " AND t.status IN ('scheduled', 'executing'))",
    "incidents have two live tasks of a type":
        "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE incident_id <> 0 AND type <> 'notify'"
        " AND status IN ('scheduled', 'executing') GROUP BY incident_id, type HAVING count(*) > 1)",
    "keys have two live incidents":
        "SELECT count(*) FROM (SELECT 1 FROM incidents WHERE state IN ('open', 'waiting', 'escalated')"
        " GROUP BY project, head_repository, branch, error_type HAVING count(*) > 1)",
    "reports have lost their incident":
        "SELECT count(*) FROM reports r WHERE incident_id <> 0 AND NOT EXISTS"
        " (SELECT 1 FROM incidents i WHERE i.id = r.incident_id)",
    "incidents have lost a report":
        "SELECT count(*) FROM incidents i"
        " WHERE n_reports > (SELECT count(*) FROM reports r WHERE r.incident_id = i.id)",
    "tasks are miscounted": "SELECT sum(n) <> (SELECT count(*) FROM tasks) FROM counters WHERE kind = 'tasks'",
    "reports are miscounted": "SELECT sum(n) <> (SELECT count(*) FROM reports) FROM counters WHERE kind = 'reports'",
    "incidents are miscounted":
        "SELECT sum(n) <> (SELECT count(*) FROM incidents) FROM counters WHERE kind = 'incidents'",
}


class Findings:
    """What is wrong, in words; each thing once, however often seen. `lost`, `doubled`: submissions, or effects."""

    def __init__(self):
        self.lost, self.doubled, self.wrong, self.said = set(), set(), [], set()

    def lose(self, found, what):
        self.lost |= found
        self.say(found, what)

    def double(self, found, what):
        self.doubled |= found
        self.say(found, what)

    def say(self, found, what):
        new = {thing for thing in found if (what, thing) not in self.said}
        self.said |= {(what, thing) for thing in new}
        if new:
            self.wrong.append(f"{len(new)} {what}: {', '.join(sorted(map(str, new))[:SHOWN])}")


def read(path, scratch, queries):
    """Answers of a copy of the database and its log. The log is taken in by SQLite alone, as a start would do."""
    copy = scratch / "copy.db"
    for suffix in ("", "-wal", "-shm", "-journal"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    shutil.copy(path, copy)
    log = path.with_name(path.name + "-wal")
    if log.exists():
        shutil.copy(log, copy.with_name(copy.name + "-wal"))
    connection = sqlite3.connect(copy)
    try:
        return {name: connection.execute(sql).fetchall() for name, sql in queries.items()}
    finally:
        connection.close()


ROWS = {
    "integrity": "PRAGMA integrity_check", "keys": "PRAGMA foreign_key_check",
    "submissions": "SELECT key, report_id, task_id, scheduled_ms FROM submissions",
    "reports": "SELECT id, details FROM reports",
    "projects": "SELECT details, project FROM reports",
    "tasks": "SELECT id, status, due_ms, project FROM tasks",
    "incidents": "SELECT id, state, cycle, revision, n_reports FROM incidents",
}


class Oracle:
    """Of one store, over all restarts: what was seen before may only go on legally. `is_still(project)`: nothing of it
    is due in this run, so its due times are what was acknowledged."""

    def __init__(self, ledger, scratch, is_still=lambda project: project.startswith("load/")):
        self.ledger, self.scratch, self.is_still = ledger, scratch, is_still
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.tasks, self.incidents = {}, {}

    def look(self, path, found):
        """Adds to `found` what is wrong."""
        try:
            rows = read(path, self.scratch, {**ROWS, **QUESTIONS})
        except (OSError, sqlite3.Error) as error:
            found.lose(set(self.ledger.acks), "acknowledged, and the store cannot be read")
            found.say({error}, "errors of the store")
            return
        sound(found, rows)
        self.acknowledged(found, rows)
        self.once(found, rows)
        self.legal(found, rows)

    def look_at_rules(self, path, found):
        """Where what is old was cleaned up, as after years."""
        sound(found, read(path, self.scratch, {**ROWS, **QUESTIONS}))

    def acknowledged(self, found, rows):
        held = {key: (report, task, due) for key, report, task, due in rows["submissions"]}
        reports = {report for report, _ in rows["reports"]}
        acks = dict(self.ledger.acks)
        found.lose({key for key in acks if key not in held or held[key][0] not in reports}, "acknowledged and lost")
        found.say({key for key, ack in acks.items() if key in held and
                   (number(ack.report), milliseconds(ack.due)) != (held[key][0], held[key][2])},
                  "acknowledged as something else")
        found.say(set(self.ledger.changed), "answered differently the second time")
        dues = {task: (status, due) for task, status, due, project in rows["tasks"] if self.is_still(project)}
        found.say({key for key, ack in acks.items()
                   if dues.get(number(ack.task), ("", 0))[0] == "scheduled" and
                   dues[number(ack.task)][1] != milliseconds(ack.due)}, "due at another time than acknowledged")

    def once(self, found, rows):
        seen = collections.Counter(details for _, details in rows["reports"])
        found.double({key for key, n in seen.items() if n > 1 and key in self.ledger.sent}, "recorded twice")
        known = {report for _, report, _, _ in rows["submissions"]}
        found.say({report for report, _ in rows["reports"] if report not in known}, "reports without a submission")

    def waiting(self, rows):
        """The tasks that were acknowledged and are not due in this run."""
        of_key = {details: project for details, project in rows["projects"]}
        return {number(ack.task) for key, ack in dict(self.ledger.acks).items() if self.is_still(of_key.get(key, ""))}

    def legal(self, found, rows):
        tasks = {task: status for task, status, _, _ in rows["tasks"]}
        waits = {task for task, status, _, project in rows["tasks"]
                 if status == "scheduled" or not self.is_still(project)}
        incidents = {incident: rest for incident, *rest in rows["incidents"]}
        found.say({task for task, status in tasks.items() if status not in TASK_STATUSES}, "tasks in no known status")
        found.say({incident for incident, rest in incidents.items() if rest[0] not in INCIDENT_STATES},
                  "incidents in no known state")
        found.say({task for task, status in self.tasks.items() if status in OVER and tasks.get(task, status) != status},
                  "tasks that were over and are not any more")
        found.say(self.waiting(rows) - waits, "tasks that were to wait and do not any more")
        found.say({incident for incident, rest in self.incidents.items()
                   if incident not in incidents or any(now < before for now, before
                                                       in zip(incidents[incident][1:], rest[1:]))},
                  "incidents that went back")
        self.tasks, self.incidents = tasks, incidents


def sound(found, rows):
    if rows["integrity"] != [("ok",)] or rows["keys"]:
        found.say({*rows["integrity"], *rows["keys"]}, "damages of the database")
    found.say({question for question in QUESTIONS if rows[question][0][0]}, "rules are broken")


def number(name):
    """The row's, of an id for people (common/id.c): PREFIX-MILLISECONDS, and -2 for the second of them."""
    at_ms, *rest = [int(part) for part in name.split("-") if part.isdecimal()]
    return (at_ms << 16) + (rest[0] - 1 if rest else 0)


def milliseconds(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)

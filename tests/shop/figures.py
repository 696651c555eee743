"""The figures of `codegenctl stats`, computed a second time: from the rows and sentences of a backup, in another way.

Nothing here reads what statistics are made of (the data of events, the tables stats*): builds, reports and incidents
are rows, and what happened to an incident is what the event log says to people.
"""
import collections
import fractions
import json
import math
import re
import sqlite3

DAY_MS = 86_400_000
CAUSES = ("lint", "type", "compile", "test", "secret", "vulnerability", "dependency", "config", "resource", "network",
          "timeout", "permission")
LATE_IN_A_ROW = 8  # with lower numbers; the next one's numbering began anew
HIGHEST = {"durationMs": 30 * DAY_MS}  # what is more is a slip; of counts: ten millions
CYCLE = re.compile(r"ycle (\d+) of \d+")
TRIGGERED = re.compile(r'^Agent "([^"]*)" works on it')


def rounded(ms):
    """Up to two significant digits of the unit it is told in."""
    unit = next((unit for unit in (DAY_MS, 3_600_000, 60_000, 1000) if ms >= unit), 1)
    digits = len(str(ms // unit))
    step = unit * fractions.Fraction(10) ** (digits - 2) if unit > 1 or digits > 2 else 1
    return int(-(-ms // step) * step)


def percentile(values, percent):
    if not values:
        return None
    values = sorted(values)
    return rounded(values[math.ceil(len(values) * percent / 100) - 1])


def durations(values):
    return {"count": len(values), "p50Ms": percentile(values, 50), "p90Ms": percentile(values, 90),
            "p99Ms": percentile(values, 99), "meanMs": sum(values) / len(values) if values else None}


def ratio(part, whole):
    return part / whole if whole else None


def number(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


class Rows:
    """Builds with what makes them late or a duplicate, and the story of each incident."""

    def __init__(self, path):
        database = sqlite3.connect(path)
        database.row_factory = sqlite3.Row
        self.builds = [dict(row) for row in database.execute("SELECT * FROM builds ORDER BY id")]
        self.reports = {row["id"]: dict(row) for row in database.execute("SELECT * FROM reports")}
        self.incidents = {row["id"]: dict(row) for row in database.execute("SELECT * FROM incidents")}
        self.events = [dict(row) for row in database.execute("SELECT * FROM events ORDER BY seq")]
        database.close()
        self.judge_builds()

    def headline(self, report_id):
        """The shop's scans have none: what was said of it, then."""
        return self.reports[report_id]["details"] if report_id else None

    def judge_builds(self):
        branches = collections.defaultdict(lambda: {"seen": {}, "streams": {}, "runs": [0], "builds": 0,
                                                    "failed": 0, "late": 0})
        for build in self.builds:
            head = build["head_repository"]
            name = build["branch"] if head in ("", build["project"]) else f"{head}:{build['branch']}"
            build["place"] = place = (build["project"], name)
            branch = branches[place]
            quality = json.loads(build["quality"] or "{}")
            report = self.reports.get(build["report_id"])
            build["scan"] = json.loads(report["scan"] or "{}") if report else {}
            build["quality"] = quality
            key = build["job"], build["step"], build["commit_sha"]
            before, last, was_flaky = branch["seen"].get(key, (None, None, False))
            failing = [f["test"] for f in quality.get("tests", {}).get("failures", []) if f.get("test")]
            build["duplicate"] = last is not None and (last["passed"], last["build_number"]) == (
                build["passed"], build["build_number"])
            build["flaky"] = []
            is_flaky = before is not None and before["passed"] != build["passed"]
            if is_flaky and not was_flaky:
                names = failing if not build["passed"] else before["failing"]
                build["flaky"] = [("test", name) for name in names] or [("step", f"{key[0]} / {key[1]}")]
            build["failing"] = failing
            branch["seen"][key] = before or build, build, was_flaky or is_flaky
            if build["duplicate"]:
                continue
            branch["builds"] += 1
            branch["failed"] += not build["passed"]
            build["late"] = is_late(branch["streams"].setdefault((build["job"], build["step"]), []),
                                    int(build["build_number"]))
            branch["late"] += build["late"]
            if not build["passed"]:
                branch["runs"].append(0)
            elif not build["late"]:
                branch["runs"].append(branch["runs"][-1] + 1)
        self.branches = branches


def is_late(told, number):
    """`told`: the numbers of that job and step since its numbering began; of a new beginning only what came since."""
    highest = max(told, default=-1)
    since_highest = len(told) - 1 - max((i for i, n in enumerate(told) if n == highest), default=-1)
    if number < highest and since_highest == LATE_IN_A_ROW:
        told.clear()
        highest = -1
    told.append(number)
    return number < highest


def label(scan, error_type, build):
    """Of what has no fingerprint, each job and step is its own."""
    cause = scan.get("cause", "unknown").lower()
    if cause not in CAUSES:
        cause = "unknown" if cause in ("unknown", "none") else "other"
    fingerprint = scan.get("fingerprint", "unknown")
    step = f"{build['job']} / {build['step']}" if fingerprint == "unknown" and build["job"] else ""
    return fingerprint, error_type, cause, build["project"], step


def name_of_report(row):
    """Rows are numbered by the millisecond, and within that."""
    ms, n = divmod(row or 0, 1 << 16)
    return f"error-{ms}" + (f"-{n + 1}" if n else "") if row else None


def stories(rows):
    """What happened, in order: (ms, project, place, what, more)."""
    state = {}
    newest = {}  # what each incident's newest report says
    for event in rows.events:
        incident = rows.incidents.get(event["incident_id"])
        if incident is None:
            continue
        now, said, kind = event["at_ms"], event["message"], event["kind"]
        place = incident["project"], incident["branch"]
        story = state.get(incident["id"])
        if story is None:
            story = state[incident["id"]] = {"start": None, "agent": None, "last": None, "cycle": 1, "judged": False,
                                             "failure": None, "new": True, "unrepaired": None}
        if kind == "report":
            report = rows.reports[event["report_id"]]
            newest[incident["id"]] = label(json.loads(report["scan"] or "{}"), report["error_type"], report)
        cycle = CYCLE.search(said)
        story["cycle"] = int(cycle.group(1)) if cycle else story["cycle"]
        triggered = TRIGGERED.match(said)
        if kind == "triggered" and triggered:
            story.update(agent=triggered.group(1), last=triggered.group(1), triggered=now)
            yield now, place, "triggered", {"agent": story["agent"]}
        elif kind == "published":
            yield now, place, "published", {}
        elif kind == "verdict":
            story["judged"] = True
        elif kind == "incident":
            if story["new"]:
                nothing = "unknown", incident["error_type"], "unknown", incident["project"], ""
                story.update(new=False, start=now, failure=newest.get(incident["id"], nothing))
                yield now, place, "opened", {"failure": story["failure"]}
            elif said.startswith("The failure came back: the incident is reopened"):
                yield now, place, "reopened", {"agent": story["last"]}
                story.update(start=now, agent=None, cycle=story["cycle"] + 1, unrepaired=None, judged=False,
                             failure=newest[incident["id"]])
            else:
                if said.startswith("The failure came back"):  # and nobody is triggered any more: escalated at once
                    story.update(start=now, judged=False, failure=newest[incident["id"]])
                what = "resolved" if said.startswith("Proven ready on") else "merged" if said.startswith("Merged") \
                    else "abandoned" if "closed" in said or "gone" in said else "escalated"
                end = {**story, "end": what, "first": not story["judged"], "is_last": True}
                if story["unrepaired"] is not None:
                    story["unrepaired"]["is_last"] = False
                story["unrepaired"] = end if what in ("escalated", "abandoned") else None
                yield now, place, "ended", end
                story["agent"] = None


def figures(rows, first_day, last_day, project=None, branch=None):
    def inside(place, at_ms):
        return (project in (None, place[0]) and branch in (None, place[1])
                and first_day <= at_ms // DAY_MS <= last_day)

    builds = [build for build in rows.builds if inside(build["place"], build["at_ms"])]
    counted = [build for build in builds if not build["duplicate"]]
    told = list(stories(rows))
    happened = [(what, more) for at_ms, place, what, more in told if inside(place, at_ms)]
    ended = [more for what, more in happened if what == "ended"]
    resolved = [more for more in ended if more["end"] == "resolved"]
    result = {"builds": count_builds(counted), "followUp": follow_up(ended, resolved), **quality(counted)}
    ends_at = [at_ms for at_ms, place, what, more in told
               if inside(place, at_ms) and what == "ended" and more["end"] == "resolved"]
    took = [at_ms - more["start"] for at_ms, more in zip(ends_at, resolved)]
    result["resolution"] = durations(took)
    counts = collections.Counter(more["end"] for more in ended)
    counts.update(what for what, _ in happened if what in ("opened", "reopened"))
    opened = [more["failure"] for what, more in happened if what == "opened"]
    result["incidents"] = {**{name: counts[name] for name in ("opened", "reopened", "resolved", "merged", "escalated",
                                                              "abandoned")},
                           "byType": dict(collections.Counter(failure[1] for failure in opened)),
                           "byCause": dict(collections.Counter(failure[2] for failure in opened))}
    result["agents"] = agents(happened, ended, list(zip(ends_at, resolved)))
    result["flaky"], result["flakyTotal"] = flaky(counted)
    result["published"] = sum(what == "published" for what, _ in happened)
    result.update(failures(rows, counted, took, resolved))
    result["ignored"]["duplicate"] = len(builds) - len(counted)
    result["ignored"]["outOfOrder"] = sum(build["late"] for build in counted)
    result["ignored"] = {name: n for name, n in result["ignored"].items() if n}
    return result


def count_builds(counted):
    failed = sum(not build["passed"] for build in counted)
    return {"total": len(counted), "passed": len(counted) - failed, "failed": failed,
            "failureRate": ratio(failed, len(counted))}


def follow_up(ended, resolved):
    first = sum(more["first"] for more in resolved)
    ended = [more for more in ended if more["is_last"]]
    return {"ended": len(ended), "resolved": len(resolved), "successRate": ratio(len(resolved), len(ended)),
            "firstCheck": first, "firstCheckRate": ratio(first, len(ended)),
            "byCycle": dict(collections.Counter(str(more["cycle"]) for more in resolved))}


def agents(happened, ended, resolved):
    names = {more["agent"] for what, more in happened if what == "triggered"}
    names |= {more["agent"] for more in ended if more["agent"]}
    rows = []
    for name in sorted(names):
        ends = collections.Counter(more["end"] for more in ended if more["agent"] == name)
        mine = [(at_ms, more) for at_ms, more in resolved if more["agent"] == name]
        row = {"name": name, **{end: ends[end] for end in ("resolved", "merged", "escalated", "abandoned")},
               "triggered": sum(what == "triggered" and more["agent"] == name for what, more in happened),
               "regressed": sum(what == "reopened" and more["agent"] == name for what, more in happened),
               "successRate": ratio(ends["resolved"], sum(ends.values())),
               "meanCycles": ratio(sum(more["cycle"] for _, more in mine), len(mine)),
               "green": durations([at_ms - more["triggered"] for at_ms, more in mine])}
        rows.append(row)
    return rows


def best(counter, make, by=lambda key: key):
    """The twenty most frequent, those alike by name."""
    order = sorted(counter.items(), key=lambda item: (-item[1], by(item[0])))
    return [make(key, n) for key, n in order[:20]]


def flaky(counted):
    where = collections.defaultdict(collections.Counter)
    for build in counted:
        project, branch = build["place"]
        for kind, name in build["flaky"]:
            where[kind, name, project][branch] += 1
    times = {key: sum(branches.values()) for key, branches in where.items()}
    return best(times, lambda key, n: {
        "kind": key[0], "name": key[1], "project": key[2], "times": n, "branches": len(where[key]),
        "branch": min(where[key], key=lambda branch: (-where[key][branch], branch))},
        lambda key: (key[0] != "test", *key[1:])), len(times)


def failures(rows, counted, took, resolved):
    failed, newest = collections.Counter(), {}
    for build in counted:
        if not build["passed"]:
            key = label(build["scan"], rows.incidents[build["incident_id"]]["error_type"], build)
            failed[key] += 1
            newest[key] = max(newest.get(key, 0), build["report_id"])
    times = collections.defaultdict(list)
    for ms, more in zip(took, resolved):
        times[more["failure"]].append(ms)

    def row(key, _):
        ms = times.get(key, [])
        return {"fingerprint": key[0], "errorType": key[1], "cause": key[2], "project": key[3], "step": key[4],
                "report": name_of_report(newest.get(key)), "headline": rows.headline(newest.get(key)),
                "failures": failed[key],
                "repaired": len(ms), "meanMs": sum(ms) / len(ms) if ms else None}
    slowest = {key: sum(ms) / len(ms) for key, ms in times.items()}
    return {"failures": best(failed, row), "failuresTotal": len(failed), "slowest": best(slowest, row)}


def quality(counted):
    ignored, told = collections.Counter(), collections.Counter()
    sums = {name: collections.defaultdict(list) for name in ("coverage", "lint", "tests", "security")}
    members = {"lint": ("errors", "warnings"), "tests": ("total", "passed", "failed", "skipped", "durationMs"),
               "security": ("critical", "high", "moderate", "low", "info", "unknown")}
    for build in counted:
        for name, part in build["quality"].items():
            numbers = read_part(name, part, members)
            if numbers is None:
                ignored[name] += 1
            else:
                told[name] += 1
            for member, value in (numbers or {}).items():
                sums[name][member].append(value)

    def mean(name, member, per=1):
        values = sums[name][member]
        return sum(values) / len(values) / per if values else None
    result = {"coverage": {"lines": mean("coverage", "lines", 100), "builds": told["coverage"]}}
    for name, names in members.items():
        result[name] = {member: mean(name, member) for member in names}
        result[name]["builds"] = told[name]
    return {"quality": result, "ignored": ignored}


def read_part(name, part, members):
    """None: it makes no sense."""
    if part.get("completed") is False:
        return None
    if name == "coverage":
        lines = part.get("lines", {})
        covered, total = number(lines.get("covered")), number(lines.get("total"))
        if covered is None or not total or covered > total:
            return None
        return {"lines": min(math.floor(covered * 10_000 / total + 0.5), 10_000 if covered == total else 9_999)}
    values = {member: number(part[member]) for member in members[name] if part.get(member) is not None}
    if not values or None in values.values():
        return None
    if name == "tests" and sum(values.get(part, 0) for part in members[name][1:4]) > values.get("total", math.inf):
        return None
    return None if any(value > HIGHEST.get(member, 10_000_000) for member, value in values.items()) else values

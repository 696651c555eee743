"""`stats` against a second computation, over a shop that lived: tests/shop. CODEGEND_SHOP=quarter: for a quarter."""
import contextlib
import datetime
import json
import math
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys

import pytest

from conftest import CODEGENCTL, HANG_S, ROOT, wait_for
from fault import Fault
from terminal import on_terminal

sys.path.insert(0, str(ROOT / "tests"))
from shop import drive, figures, plan as shop_plan  # noqa: E402

SEED = 20260101
TODAY = datetime.datetime.now(datetime.timezone.utc).date().isoformat()


@pytest.fixture
def lived(make_daemon):
    """A daemon that lived through the shop, and a copy of its database."""
    daemon = make_daemon()
    size = shop_plan.QUARTER if os.environ.get("CODEGEND_SHOP") == "quarter" else shop_plan.SMALL
    plan = shop_plan.Plan(SEED, size)
    daemon.configure(text=drive.configuration(plan, shop_plan.AGENTS))
    fault = Fault(daemon.directory)
    daemon.start(environment=fault.environment)
    driver = drive.Driver(daemon, fault)
    driver.run(plan)
    wait_for(lambda: daemon.ctl("stats")["behind"] == 0, "the statistics having taken in the log", HANG_S)
    daemon.ctl("backup", daemon.directory / "copy.db", patience_s=HANG_S)
    return daemon, plan, driver, figures.Rows(daemon.directory / "copy.db")


def recompute_with_more(daemon):
    """All answers of a recomputation that was called with `more`."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as link:
        link.settimeout(HANG_S)
        link.connect(str(daemon.control))
        link.sendall(b'{"method":"io.codegend.GetStats","more":true,"parameters":{"recompute":true}}\0')
        answers, text = [], b""
        while not answers or answers[-1].get("continues"):
            text += link.recv(65536)
            while b"\0" in text:
                message, _, text = text.partition(b"\0")
                answers.append(json.loads(message))
    return [answer["parameters"] for answer in answers]


def without_signs(stats):
    """When something new came after a trigger, the sentences do not say."""
    return {**stats, "agents": [{name: value for name, value in agent.items() if name != "firstSign"}
                                for agent in stats["agents"]]}


def assert_equal(value, expected, what):
    """Real numbers are printed with as many digits as mean something."""
    if isinstance(expected, dict) and isinstance(value, dict):
        assert value.keys() == expected.keys(), what
        for name in expected:
            assert_equal(value[name], expected[name], f"{what}, {name}")
    elif isinstance(expected, list) and isinstance(value, list):
        assert len(value) == len(expected), what
        for i, one in enumerate(expected):
            assert_equal(value[i], one, f"{what}, {i}")
    elif isinstance(expected, float) and isinstance(value, float):
        assert math.isclose(value, expected, rel_tol=1e-12), what
    else:
        assert value == expected, what


def assert_same(stats, expected, what):
    stats = without_signs(stats)
    for name, value in expected.items():
        assert_equal(stats[name], value, f"{what}: {name}")


def assert_branches(stats, rows, project=None):
    busy = {place: branch for place, branch in rows.branches.items()
            if branch["builds"] >= 8 and project in (None, place[0])}
    order = sorted(busy, key=lambda place: (-busy[place]["builds"], place))[:50]
    assert [(row["project"], row["branch"]) for row in stats["branches"]] == order
    for row in stats["branches"]:
        branch = rows.branches[row["project"], row["branch"]]
        assert (row["builds"], row["failed"]) == (branch["builds"], branch["failed"])
        assert (row["currentRun"], row["longestRun"]) == (branch["runs"][-1], max(branch["runs"]))
        assert row["outOfOrder"] == branch["late"]


def test_every_figure_is_what_a_second_computation_says(lived):
    daemon, plan, driver, rows = lived
    first_day = int(driver.first_s // 86400)
    last_day = first_day + plan.size.days
    window = ["--since", driver.midnight.isoformat().replace("+00:00", "Z")]
    stats = daemon.ctl("stats", *window)
    assert_same(stats, figures.figures(rows, first_day, last_day), "the shop")
    assert_branches(stats, rows)
    # It has what this is about: numbers that were not told, streaks that are broken by failures, not by the order.
    assert any("total" not in build["quality"].get("tests", {"total": 0}) for build in rows.builds)
    assert stats["ignored"]["tests"] > 0
    assert 0 < stats["ignored"]["outOfOrder"] < stats["builds"]["total"] / 10
    ends = sum(stats["incidents"][end] for end in ("resolved", "merged", "escalated", "abandoned"))
    assert stats["incidents"]["resolved"] <= stats["followUp"]["ended"] < ends
    assert any(0 < row["currentRun"] < row["longestRun"] < row["builds"] for row in stats["branches"])
    assert stats["builds"]["total"] > plan.size.builds * 0.9
    assert stats["incidents"]["opened"] >= plan.size.incidents or plan.size is not shop_plan.QUARTER
    busiest = stats["branches"][0]
    for project in (busiest["project"], plan.projects[3]):
        one = daemon.ctl("stats", *window, "--project", project)
        assert_same(one, figures.figures(rows, first_day, last_day, project), project)
        assert_branches(one, rows, project)
    one = daemon.ctl("stats", *window, "--project", busiest["project"], "--branch", busiest["branch"])
    assert_same(one, figures.figures(rows, first_day, last_day, busiest["project"], busiest["branch"]), "a branch")
    assert one["branches"] == [busiest]
    assert any(row["step"] for row in stats["failures"]) and stats["failuresTotal"] > len(stats["failures"])
    # The days add up to the whole, and each is a window of its own.
    assert sum(day["builds"]["total"] for day in stats["days"]) == stats["builds"]["total"]
    day = stats["days"][len(stats["days"]) // 2]
    alone = daemon.ctl("stats", "--since", f"{day['day']}T00:00:00Z", "--until", f"{day['day']}T23:59:59Z")
    assert alone["days"] == [day]
    assert alone["builds"] == day["builds"]
    # All of it is in the log.
    until = ["--until", stats["until"]]
    before = daemon.ctl("stats", *window, *until)
    assert daemon.ctl("stats", "--recompute", *window, *until, patience_s=HANG_S) == before
    told = recompute_with_more(daemon)
    assert [answer["total"] for answer in told[:-1]] == [told[0]["total"]] * (len(told) - 1) if len(told) > 1 else True
    assert all(answer["taken"] < answer["total"] for answer in told[:-1])
    assert told[-1]["stats"]["behind"] == 0
    assert json.dumps(daemon.ctl("stats", *window, *until)) == json.dumps(before)


def test_an_answer_does_not_wait_for_a_long_log(lived):
    daemon = lived[0]
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.state / "codegend.db")) as database:
        database.executescript("DELETE FROM stats; DELETE FROM stats_branches; UPDATE stats_place SET seq = 0;"
                               "INSERT INTO events (at_ms, kind, project, incident_id, task_id, report_id, message,"
                               " failure, data) SELECT a.at_ms, a.kind, a.project, 0, 0, 0, a.message, 0, a.data"
                               " FROM events AS a, (SELECT 1 FROM events LIMIT 30) WHERE a.kind = 'build';")
    daemon.start()
    stats = daemon.ctl("stats")
    assert stats["behind"] > 0
    assert "events are not counted yet" in daemon.run_ctl("stats").stdout
    assert re.search(r"^codegend_stats_behind_events [1-9]", daemon.run_ctl("stats", "--prometheus").stdout, re.M)
    assert daemon.ctl("stats", "--recompute", patience_s=HANG_S)["behind"] == 0
    assert "not counted yet" not in daemon.run_ctl("stats").stdout


# What else is to be seen of it


def told(daemon):
    """A failure that its agent repaired, and builds with numbers."""
    daemon.submit("--key", "a", branch="fix", commit="aaaaaaa1", build_number=1)
    wait_for(lambda: daemon.tasks("trigger_agent", "completed"), "the end of the agent")
    daemon.submit_passed(branch="fix", commit="aaaaaaa1", build_number=2)
    wait_for(lambda: daemon.incidents("--state", "resolved"), "the incident being resolved")
    for i in range(9):
        daemon.submit_passed(branch="main", commit=f"bbbbbbb{i}", build_number=i + 1)


@pytest.fixture
def busy(daemon):
    told(daemon)
    return daemon


def test_unknown_is_not_zero(daemon):
    stats = daemon.ctl("stats")
    assert stats["builds"] == {"total": 0, "passed": 0, "failed": 0, "failureRate": None}
    assert stats["resolution"] == {"count": 0, "p50Ms": None, "p90Ms": None, "p99Ms": None, "meanMs": None}
    assert stats["followUp"]["successRate"] is None
    assert stats["quality"]["coverage"]["lines"] is None
    assert (stats["agents"], stats["days"], stats["ignored"]) == ([], [], {})
    text = daemon.run_ctl("stats").stdout
    assert "Repaired:      unknown\n" in text and "unknown of 0" in text
    assert "0, 0 failed (unknown)" in daemon.run_ctl("digest").stdout.replace("Builds: ", "")


def test_for_people_a_pipe_gets_no_pictures(busy):
    text = busy.run_ctl("stats").stdout
    assert "Builds:        11, 1 failed (9.1 %)" in text
    assert "test_failure 1" in text
    assert "\nThe most frequent failures:\nFAILURES  REPAIRED  MEAN TIME " in text
    assert "\nThe slowest repairs:\nFAILURES " in text
    assert "\nFlaky, failed and passed on one commit:\nTIMES " in text
    assert "fixer  1          1         100.0 %" in text
    assert "by cycle:    1: 1\n" in text
    assert "\nThe most frequent failures:\nFAILURES " in text and "\nThe slowest repairs:\nFAILURES " in text
    assert not set(text) & set("▁▂▃▄▅▆▇█▏▎▍▌▋▊▉")


def test_a_terminal_gets_bars(busy):
    text = on_terminal(busy, 100, "stats")
    assert "████████████████████" in text  # all that ended was proven green


def test_nothing_around_it_changes_a_number(busy):
    window = ["--json", "stats", "--since", "2020-01-01T00:00:00Z", "--until", "2040-01-01T00:00:00Z"]
    expected = busy.run_ctl(*window).stdout
    for variables in ({"LC_ALL": "de_DE.UTF-8"}, {"LC_ALL": "C"}, {"TZ": "Pacific/Kiritimati"}, {"COLUMNS": "20"}):
        busy.environment.update(variables)
        assert busy.run_ctl(*window).stdout == expected


def test_prometheus(busy):
    text = busy.run_ctl("stats", "--prometheus").stdout
    assert 'codegend_stats_builds{outcome="failed"} 1\n' in text
    assert 'codegend_stats_agent_incidents{agent="fixer",event="resolved"} 1\n' in text
    assert "codegend_stats_coverage_ratio" in text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in samples}) == len(samples)
    assert not [line for line in samples if not re.fullmatch(r'[a-z_]+(\{[^{}]*\})? [-+0-9.eE]+', line)]
    if shutil.which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_digest(busy):
    text = busy.run_ctl("digest", "--since", TODAY).stdout
    assert "- Builds: 11, 1 failed (9.1 %)\n" in text
    assert ("- Incidents: 1 opened, 0 reopened, 1 proven green, 0 merged without proof, 0 closed or abandoned, "
            "0 escalated\n") in text
    assert "- Agent `fixer`: 1 triggered, success 100.0 %\n" in text
    assert "- Flaky:\n  - `ci / make test` in `acme/web` on `fix`, times: 1\n" in text
    assert busy.ctl("digest", "--since", TODAY)["needsPerson"] == []


def test_hostile_names_stay_names(daemon):
    branch = 'x"\\ **@all** `rm` <b> #1 |'
    for number in range(9):
        daemon.submit_passed(branch=branch, commit=f"ccccccc{number}", build_number=number + 1, project="acme/web")
    daemon.submit(branch=branch, commit="ccccccc8", build_number=10)
    stats = daemon.ctl("stats", "--project", "acme/web", "--branch", branch)
    assert stats["builds"]["total"] == 10
    assert [row["branch"] for row in stats["branches"]] == [branch]
    assert daemon.ctl("stats")["branches"] == stats["branches"]
    assert "@all" not in daemon.run_ctl("digest").stdout.replace("`", "")
    refused = daemon.run_ctl("stats", "--branch", "main")
    assert refused.returncode == 2 and "name that too" in refused.stderr


JOINED = ["می\u200cخواهم", "क्\u200dष", "ශ්\u200dරී", "❤\ufe0f-fix", "👨\u200d👩\u200d👧",
          "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3", "ᠭ\u180b"]


def test_names_that_are_spelled_with_joiners(daemon):
    for number, branch in enumerate(JOINED):
        daemon.submit("--strict", branch=branch, commit=f"ddddddd{number}", build_number=number + 1, project="acme/web")
        stats = daemon.ctl("stats", "--project", "acme/web", "--branch", branch)
        assert stats["builds"]["failed"] == 1
    assert {row["branch"] for row in daemon.incidents()} == set(JOINED)
    wait_for(lambda: not daemon.tasks("publish_report", "scheduled"), "all being published")
    published = "".join(path.read_text() for path in (daemon.state / "published").iterdir())
    assert all(f"`{branch}`" in published for branch in JOINED)
    assert daemon.ctl("stats")["builds"]["failed"] == len(JOINED)
    # In a word of ASCII they hide: it would look like another branch.
    refused = daemon.run_ctl("submit", "test_failure", "--strict", "--project", "acme/web", "--branch", "ma\u200cin")
    assert refused.returncode != 0 and "rename the branch" in refused.stderr


@pytest.mark.parametrize("words, said", [
    (["--since", "yesterday"], "no such time"),
    (["--until", "30d"], "no such time"),
    (["--json", "--prometheus"], "exclude each other"),
])
def test_what_is_no_window(daemon, words, said):
    ended = daemon.run_ctl("stats", *words)
    assert ended.returncode == 2
    assert said in ended.stderr + ended.stdout


def test_a_window_that_ends_before_it_begins(daemon):
    ended = daemon.run_ctl("stats", "--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z")
    assert ended.returncode == 2 and "ends before it begins" in ended.stderr

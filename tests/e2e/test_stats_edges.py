"""What `stats`, `digest` and `report-page` say at the edges: what was not told, days, clocks, narrow terminals."""
import contextlib
import datetime
import re
import sqlite3
import subprocess
import time
import unicodedata

import pytest

from conftest import CODEGENCTL, wait_for
from fault import Fault
from terminal import on_terminal
from told import Told

DAY_S = 86400


def sql(daemon, statement):
    """While the daemon is not there: it keeps its database to itself."""
    with contextlib.closing(sqlite3.connect(daemon.state / "codegend.db")) as database, database:
        return database.execute(statement).fetchall()


@pytest.fixture
def told(daemon):
    return Told(daemon)


def quality_of(daemon):
    return daemon.ctl("stats")["quality"]


def test_a_member_that_was_not_sent_is_unknown(told):
    daemon = told.daemon
    told.build(lint={"warnings": 3})
    assert quality_of(daemon)["lint"] == {"errors": None, "warnings": 3.0, "builds": 1}
    told.build(lint={"errors": 4, "warnings": 6})
    assert quality_of(daemon)["lint"] == {"errors": 4.0, "warnings": 4.5, "builds": 2}
    told.build(tests={"passed": 5, "failed": 1})
    tests = quality_of(daemon)["tests"]
    assert tests == {"total": None, "passed": 5.0, "failed": 1.0, "skipped": None, "durationMs": None, "builds": 1}
    told.build(security={"high": 2})
    security = quality_of(daemon)["security"]
    assert security == {"critical": None, "high": 2.0, "moderate": None, "low": None, "info": None, "unknown": None,
                        "builds": 1}
    day = daemon.ctl("stats")["days"][0]
    assert (day["tests"], day["testsMs"], day["findings"], day["lintErrors"]) == (None, None, 2.0, 4.0)
    text = daemon.run_ctl("stats").stdout
    assert "Tests:         unknown\n" in text and "Test time:     unknown\n" in text
    assert daemon.ctl("stats", "--recompute")["quality"] == quality_of(daemon)


def test_a_file_without_times_tells_none(daemon):
    path = daemon.directory / "junit.xml"
    path.write_text('<testsuite><testcase classname="a" name="adds up"/></testsuite>')
    daemon.submit_passed(commit="aaaaaaa1", build_number=1, tests=path)
    tests = quality_of(daemon)["tests"]
    assert (tests["total"], tests["durationMs"]) == (1.0, None)


def test_a_slip_rules_no_mean(told):
    told.build(lint={"errors": 10**18}, tests={"total": 5, "durationMs": 10**17})
    told.build(lint={"errors": 3}, tests={"total": 7, "durationMs": 1000})
    stats = told.daemon.ctl("stats")
    assert stats["quality"]["lint"]["errors"] == 3.0 and stats["quality"]["tests"]["durationMs"] == 1000.0
    assert stats["ignored"] == {"lint": 1, "tests": 1}
    assert "Not counted:   lint 1, tests 1\n" in told.daemon.run_ctl("stats").stdout


def test_what_is_flaky_says_where(told):
    for project, branches in (("fl/bad", ["main", "main", "fix"]), ("fl/worse", ["b", "a"]), ("fl/good", ["main"])):
        for branch in branches:
            commit = f"{told.n + 1:040x}"
            told.build(project=project, branch=branch, passed=project == "fl/good", commit=commit)
            told.build(project=project, branch=branch, commit=commit)
    row = {"kind": "step", "name": "ci / make"}
    assert told.daemon.ctl("stats")["flaky"] == [
        {**row, "project": "fl/bad", "branch": "main", "branches": 2, "times": 3},
        {**row, "project": "fl/worse", "branch": "a", "branches": 2, "times": 2}]
    text = told.daemon.run_ctl("stats").stdout
    assert re.search(r"^3 +step +fl/bad +2 +main +ci / make$", text, re.M)
    page = told.daemon.run_ctl("report-page", "-o", "-").stdout
    flaky = page[page.index("Flaky: failed"):]
    assert "fl/worse" in flaky and "main" in flaky and "fl/good" not in flaky


def test_causes_are_those_of_scan(told):
    """What a CI step may write there is any word: it makes no more rows, and no more series."""
    words = ["network", "Network", "Unknown", "None", None, *(f"cause{n}" for n in range(12))]
    for n, word in enumerate(words):
        scan = {"errorType": "test_failure", **({"cause": word} if word else {})}
        told.build(branch=f"fix/{n}", passed=False, scan=scan)
    stats = told.daemon.ctl("stats")
    assert stats["incidents"]["byCause"] == {"network": 2, "unknown": 3, "other": 12}
    assert {row["cause"] for row in stats["failures"]} == {"network", "unknown", "other"}
    series = told.daemon.run_ctl("stats", "--prometheus").stdout.count("codegend_stats_opened_by_cause{")
    assert series == 3


def test_out_of_order_is_counted_and_in_no_run(told):
    for number in (11, 12, 13, 3, 4, 14, 15, 16):
        told.build(number=number)
    stats = told.daemon.ctl("stats")
    assert stats["builds"]["total"] == 8
    row = stats["branches"][0]
    assert (row["builds"], row["currentRun"], row["longestRun"], row["outOfOrder"]) == (8, 6, 6, 2)
    text = told.daemon.run_ctl("stats").stdout
    assert "Out of order:  2, counted as builds, but in no run of green ones\n" in text
    assert "Not counted" not in text and "OUT OF ORDER" in text


def test_a_rerun_that_is_told_twice_counts_once(told):
    commit = "a" * 40
    for passed, number in [(True, 1), (True, 2), (True, 2), (False, 3), (False, 3), (True, 4), (True, 4)]:
        told.build(passed=passed, number=number, commit=commit)
    stats = told.daemon.ctl("stats")
    assert (stats["builds"]["total"], stats["builds"]["failed"]) == (4, 1)
    assert stats["ignored"] == {"duplicate": 3}
    assert stats["flaky"] == [{"kind": "step", "name": "ci / make", "project": "acme/web", "branch": "main",
                              "branches": 1, "times": 1}]
    assert told.daemon.ctl("stats", "--recompute")["builds"] == stats["builds"]


def test_a_clock_that_was_set_back_makes_no_zero(make_daemon):
    daemon = make_daemon()
    fault = Fault(daemon.directory)
    fault.set_clock(3600)
    daemon.start(environment=fault.environment)
    told = Told(daemon)
    told.build(branch="fix", passed=False)
    wait_for(lambda: daemon.tasks("trigger_agent", "completed"), "the end of the agent")
    fault.set_clock(-3600)
    told.build(branch="fix", passed=True)
    wait_for(lambda: daemon.incidents("--state", "resolved"), "the incident being resolved")
    stats = daemon.ctl("stats", "--since", "2d")
    assert stats["incidents"]["resolved"] == 1
    assert stats["resolution"]["count"] == 0 and stats["resolution"]["p50Ms"] is None
    assert stats["agents"][0]["green"]["count"] == 0
    assert stats["ignored"]["clock"] >= 2
    assert stats["slowest"] == []


def test_a_red_job_is_no_green_branch(told):
    """A CI system that counts jobs or workflows: a lower number of another job says nothing."""
    for commit in range(6):
        told.build(branch="jobs", job="lint", number=101 + 2 * commit)
        told.build(branch="jobs", job="test", number=100 + 2 * commit, passed=False)
    for run in range(6):
        told.build(branch="workflows", job="ci", number=501 + run)
    for run in range(6):
        told.build(branch="workflows", job="nightly", number=1 + run, passed=False)
    told.build(branch="huge", number=2**70)
    for number in range(1, 13):
        told.build(branch="huge", number=number)
    stats = told.daemon.ctl("stats")
    rows = {row["branch"]: (row["currentRun"], row["longestRun"], row["outOfOrder"]) for row in stats["branches"]}
    assert rows == {"jobs": (0, 1, 0), "workflows": (0, 6, 0), "huge": (5, 5, 8)}
    assert told.daemon.ctl("stats", "--recompute")["branches"] == stats["branches"]


def test_an_idle_daemon_catches_up_by_itself(told):
    told.build()

    def is_counted():
        time.sleep(1.5)  # nobody asks for anything
        told.daemon.stop()
        behind = sql(told.daemon, "SELECT (SELECT max(seq) FROM events) - seq FROM stats_place")
        told.daemon.start()
        return behind == [(0,)]
    wait_for(is_counted, "the log being counted though nobody asked")


# Days


@pytest.fixture
def clock(make_daemon):
    """A daemon whose day has just begun."""
    daemon = make_daemon()
    fault = Fault(daemon.directory)
    now = datetime.datetime.now(datetime.timezone.utc).timestamp()
    fault.sleep(DAY_S - now % DAY_S + 60)
    daemon.start(environment=fault.environment)
    return daemon, fault, Told(daemon)


def test_each_build_is_in_one_digest(clock):
    daemon, fault, told = clock
    digests = []
    for n in (3, 5, 2):
        for _ in range(n):
            told.build()
        fault.sleep(DAY_S)
        digests.append(daemon.ctl("digest"))
    assert [digest["builds"]["total"] for digest in digests] == [3, 5, 2]
    assert [len(digest["days"]) for digest in digests] == [1, 1, 1]
    assert "later" not in digests[-1]["ignored"]
    today = daemon.ctl("stats", "--since", "1d")
    assert today["builds"]["total"] == 0
    assert daemon.ctl("stats", "--since", "2d")["builds"]["total"] == 2
    assert daemon.ctl("digest", "--since", "0d")["builds"] == daemon.ctl("stats", "--since", "0d")["builds"]
    assert daemon.ctl("digest", "--since", "2d")["builds"]["total"] == 7
    assert daemon.ctl("digest", "--since", "36h")["builds"]["total"] == 7
    day = digests[-1]["since"][:10]
    assert daemon.run_ctl("digest").stdout.startswith(f"**codegend, {day} (UTC)**\n")
    # A day is a time.
    told.build()
    assert daemon.ctl("digest", "--since", day)["builds"]["total"] == 3
    assert daemon.ctl("stats", "--since", day, "--until", day)["builds"]["total"] == 2
    page = daemon.run_ctl("report-page", "-o", "-").stdout
    until = daemon.ctl("stats")["until"]
    assert f'Written <time datetime="{until[:13]}' in page


def test_old_days_go_with_the_log(make_daemon):
    daemon = make_daemon()
    daemon.configure(text="history-retention = 3d\n")
    fault = Fault(daemon.directory)
    daemon.start(environment=fault.environment)
    told = Told(daemon)
    for branch in ("old", "main"):
        told.build(branch=branch)
    fault.sleep(5 * DAY_S)
    told.build(branch="main")
    daemon.ctl("cleanup")
    assert daemon.ctl("stats")["builds"]["total"] == 1
    assert daemon.ctl("stats")["builds"] == daemon.ctl("stats", "--recompute")["builds"]
    daemon.stop()
    assert sql(daemon, "SELECT DISTINCT branch FROM stats_branches") == [("main",)]


def test_the_newest_event_goes_with_its_day(make_daemon):
    """Its row stays, so that its number is not given out again; what is computed anew has nothing of it."""
    daemon = make_daemon()
    daemon.configure(text="history-retention = 3d\n")
    fault = Fault(daemon.directory)
    daemon.start(environment=fault.environment)
    Told(daemon).build()
    assert daemon.ctl("stats")["builds"]["total"] == 1
    fault.sleep(5 * DAY_S)
    daemon.ctl("cleanup")
    assert daemon.ctl("stats")["builds"]["total"] == 0
    anew = daemon.ctl("stats", "--recompute")
    assert (anew["builds"]["total"], anew["days"]) == (0, [])


def test_a_project_that_was_deleted_and_made_again(told):
    """The name is all that codegend knows a project by: what was before counts, numbers that begin anew show."""
    daemon = told.daemon
    for number in range(20, 29):
        told.build(project="acme/again", number=number)
    told.build(project="acme/again", passed=False, number=29)
    wait_for(lambda: daemon.tasks("trigger_agent", "completed"), "the end of the agent")
    before = daemon.ctl("stats", "--project", "acme/again")
    daemon.configure()
    daemon.ctl("reload")
    for number in range(1, 4):
        told.build(project="acme/again", number=number)
    stats = daemon.ctl("stats", "--project", "acme/again")
    assert before["builds"]["total"] == 10 and stats["builds"]["total"] == 13
    assert stats["incidents"]["opened"] == 1
    row = stats["branches"][0]
    assert (row["builds"], row["longestRun"], row["outOfOrder"]) == (13, 9, 3)
    assert stats["ignored"] == {"outOfOrder": 3}
    assert daemon.ctl("stats", "--recompute", "--project", "acme/again")["builds"] == stats["builds"]
    assert daemon.run_ctl("report-page", "-o", "-", "--project", "acme/again").returncode == 0


# What cannot be written, what cannot be known


@pytest.mark.parametrize("words", [["stats"], ["stats", "--json"], ["stats", "--prometheus"], ["digest"],
                                   ["metrics"], ["ready", "--project", "acme/never", "--branch", "x"]])
def test_a_full_disk_is_told(told, words):
    told.build(lint={"errors": 1})
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([CODEGENCTL, "--socket", told.daemon.control, *words], stdout=full,
                               stderr=subprocess.PIPE, text=True, env=told.daemon.environment)
    assert ended.returncode == (8 if words[0] == "ready" else 1)
    assert "no space left on device" in ended.stderr.lower()


@pytest.mark.parametrize("command", ["stats", "digest"])
def test_a_span_that_is_too_long(daemon, command):
    assert daemon.run_ctl(command, "--since", "100y").returncode == 0
    ended = daemon.run_ctl(command, "--since", "99999d")
    assert ended.returncode == 2, ended.stderr
    assert '"99999d" is too long' in ended.stderr and "at most 100y" in ended.stderr


@pytest.mark.parametrize("words", [["stats"], ["digest", "--since", "2020-01-01"], ["report-page", "-o", "-"]])
def test_a_name_of_which_nothing_is_known(told, words):
    told.build()
    told.daemon.run_ctl("stats")
    slip = told.daemon.run_ctl(*words, "--project", "acme/wbe")
    assert slip.returncode == 0 and "Nothing is recorded of it in these days: is the name right?" in slip.stdout
    assert "Nothing is recorded of it" not in told.daemon.run_ctl(*words, "--project", "acme/web").stdout


def test_a_window_says_what_it_is_of(told):
    told.build()
    ctl = told.daemon.ctl
    assert ctl("stats", "--since", "0001-01-01")["since"] == "1970-01-01T00:00:00.000Z"
    assert told.daemon.run_ctl("stats", "--since", "0001-01-01").stdout.startswith("Days:          1970-01-01 to ")
    # All of the last day is counted.
    assert ctl("stats", "--until", "2026-01-15")["until"] == "2026-01-15T23:59:59.999Z"
    assert ctl("stats", "--until", "2026-01-15T10:00:00Z")["until"] == "2026-01-15T23:59:59.999Z"
    for words in (["--until", "2020-01-01"], ["--since", "2099-01-01", "--until", "2099-02-01"]):
        for command in ("stats", "digest"):
            assert "Nothing is recorded of these days." in told.daemon.run_ctl(command, *words).stdout
    assert "Nothing is recorded" not in told.daemon.run_ctl("stats").stdout


def test_the_digest_says_how_many_more_need_a_person(idle):
    idle.configure(follow_up_delay="1h", max_pending_per_user=1000)
    daemon = idle.start()
    told = Told(daemon)
    for i in range(23):
        told.build(project="other/web", branch=f"fix/{i}", passed=False)
    wait_for(lambda: len(daemon.incidents("--state", "waiting", "--limit", 0)) == 23, "all being published")
    daemon.stop()
    sql(daemon, "UPDATE incidents SET state = 'escalated'")
    sql(daemon, "UPDATE counters SET n = 23 * (status = 'escalated') WHERE kind = 'incidents'")
    daemon.start()
    text = daemon.run_ctl("digest").stdout
    assert len(re.findall(r"^- `other/web` `fix/", text, re.M)) == 20
    assert "\n- and 3 more: `codegenctl incidents --state escalated --limit 0`\n" in text
    digest = daemon.ctl("digest")
    assert (len(digest["needsPerson"]), digest["needsPersonTotal"]) == (20, 23)


# Terminals


def test_two_days_are_a_line(clock):
    daemon, fault, told = clock
    told.build(lint={"errors": 0})
    one = on_terminal(daemon, 100, "stats", LC_ALL="C.UTF-8")
    assert not set(one) & set("▁▂▃▄▅▆▇")
    fault.sleep(DAY_S)
    for _ in range(2):
        told.build(lint={"errors": 0})
    two = on_terminal(daemon, 100, "stats", LC_ALL="C.UTF-8")
    assert "0 failed (0.0 %)  ▁█\r\n" in two
    assert "Lint errors:   0  ▁▁\r\n" in two
    ascii_only = on_terminal(daemon, 100, "stats", LC_ALL="C")
    assert ascii_only.isascii()
    assert "0 failed (0.0 %)  _#\r\n" in ascii_only
    days = [day["day"] for day in daemon.ctl("stats")["days"]]
    assert f"Lines:         a cell a day, {days[0]} to {days[1]}, each from lowest to highest\r\n" in two
    assert "Lines:" not in one and "Lines:" not in daemon.run_ctl("stats").stdout


def test_days_without_anything_are_blanks_of_a_line(clock):
    daemon, fault, told = clock
    for days, lint in ((3, 0), (1, 0), (2, None), (0, 0)):
        told.build(**({} if lint is None else {"lint": {"errors": lint}}))
        fault.sleep(days * DAY_S)
    text = on_terminal(daemon, 100, "stats", LC_ALL="C.UTF-8")
    assert "0 failed (0.0 %)  ▅  ▅▅ ▅\r\n" in text
    assert "Lint errors:   0  ▁  ▁  ▁\r\n" in text
    window = ["--until", daemon.ctl("stats")["days"][-2]["day"]]
    assert "0 failed (0.0 %)  ▅  ▅▅\r\n" in on_terminal(daemon, 100, "stats", *window, LC_ALL="C.UTF-8")


@pytest.mark.parametrize("columns", [40, 80])
def test_the_head_fits_the_terminal(told, columns):
    kinds = ("lint_failure", "type_check_failure", "build_failure", "test_failure", "security_scan_failure",
             "deploy_failure", "infra_failure")
    for kind in kinds:
        told.build(branch=kind, passed=False, errorType=kind)
    text = on_terminal(told.daemon, columns, "stats", LC_ALL="C.UTF-8")
    head = text.split("\r\n\r\n")[0]
    assert all(f"{kind} 1" in head for kind in kinds)
    assert max(len(line) for line in head.split("\r\n")) <= columns


def cells(line):
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line if not unicodedata.combining(c))


@pytest.fixture
def everything(daemon):
    """Each table of `stats` has rows, and `status` something to say everywhere, of long names too."""
    told = Told(daemon)
    for number in range(9):
        told.build(project="big/website", branch="feature/" + "long-" * 9, passed=number % 2 == 0, number=number + 1)
        told.build(project="例え/プロジェクト", branch="main", number=number + 1)
    daemon.submit(commit="aaaaaaa1", build_number=1)
    wait_for(lambda: daemon.tasks("trigger_agent", "completed"), "the end of the agent")
    daemon.submit_passed(branch="fix", commit="aaaaaaa1", build_number=2)
    wait_for(lambda: daemon.incidents("--state", "resolved"), "the incident being resolved")
    return daemon


@pytest.mark.parametrize("columns", [20, 31, 40, 60, 80])
@pytest.mark.parametrize("by_variable", [False, True])
def test_narrow_terminals_lose_no_meaning(everything, columns, by_variable):
    size = {"COLUMNS": str(columns)} if by_variable else {}
    stats, status = [on_terminal(everything, 132 if by_variable else columns, command, "--no-color", LC_ALL="C.UTF-8",
                                 **size).replace("\r\n", "\n") for command in ("stats", "status")]
    for text in (stats, status):
        assert not [line for line in text.splitlines() if cells(line) > columns], text
    flat = " ".join(stats.split())
    for heading in ("The busiest branches,", "What the agents did:", "The most frequent failures:",
                    "The slowest repairs:", "Flaky, failed and passed on one commit:"):
        assert heading in flat
    # Whose it is, and how it is there.
    branches = stats[stats.index("The busiest"):stats.index("What the agents")]
    assert all(word in branches for word in ("PROJECT", "FAILED", "BRANCH", "big/we", "例え", "44.4 %", "0.0 %", "main"))
    agents = stats[stats.index("What the agents"):stats.index("The most")]
    assert all(word in agents for word in ("AGENT", "SUCCESS", "fixer", "100.0 %"))
    assert str(everything.ctl("status")["pid"]) in status and "sqlite" in status.lower()
    if columns == 80:
        assert all(word in branches for word in ("BUILDS", "GREEN NOW", "LONGEST"))


def test_a_pipe_is_as_wide_as_it_needs(everything):
    everything.environment["COLUMNS"] = "20"
    stats = everything.run_ctl("stats").stdout
    assert "feature/" + "long-" * 9 in stats and "OUT OF ORDER" in stats


def test_a_pipe_gets_no_trailing_blanks(told):
    for i in range(8):
        told.build(project="acme/" + "x" * 150, lint={"errors": 1})
        told.build(branch="b0")
    text = told.daemon.run_ctl("stats").stdout
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    short, long = [line for line in text.splitlines() if re.search(r" (main|b0)$", line)]
    assert len(short) < 120 or len(long) < 120  # a long name moves its own row only

"""What single figures of `stats` are of, and how they are told."""
import datetime
import re

import pytest

from conftest import wait_for
from fault import Fault
from told import Told


@pytest.fixture
def told(daemon):
    return Told(daemon)


def repaired(told, failures, project="fp/p"):
    """Each failure of these is repaired and proven green by the first check, before the next one comes."""
    for n, more in enumerate(failures, start=1):
        told.build(project=project, passed=False, **more)
        wait_for(lambda: not told.daemon.incidents("--state", "open"), "people being told")
        told.build(project=project, ancestors=[f"{told.n:040x}"])
        wait_for(lambda: told.daemon.ctl("stats", "--project", project)["incidents"]["resolved"] == n, "a proof")


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def section(daemon, name):
    """Of the page."""
    page = daemon.run_ctl("report-page", "-o", "-").stdout
    return page[page.index(f'<section id="{name}"'):].partition("</section>")[0]


def of(fingerprint, error_type="test_failure"):
    return {"errorType": error_type, "scan": {"errorType": error_type, "fingerprint": fingerprint, "cause": "test"}}


def test_a_repair_counts_for_what_was_repaired(told):
    repaired(told, [of("v1:a"), of("v1:b"), of("v1:b")])
    stats = told.daemon.ctl("stats", "--project", "fp/p")
    assert stats["incidents"]["reopened"] == 2
    expected = {"v1:a": (1, 1), "v1:b": (2, 2)}
    for part in ("failures", "slowest"):
        assert {row["fingerprint"]: (row["failures"], row["repaired"]) for row in stats[part]} == expected
    assert told.daemon.ctl("stats", "--project", "fp/p", "--recompute")["failures"] == stats["failures"]


def test_what_came_back_begins_anew(told):
    """Each time the first check after it came back proves it green."""
    repaired(told, [of("v1:a"), of("v1:a"), of("v1:a")])
    follow_up = told.daemon.ctl("stats")["followUp"]
    assert (follow_up["ended"], follow_up["firstCheck"], follow_up["firstCheckRate"]) == (3, 3, 1.0)
    assert follow_up["byCycle"] == {"1": 1, "2": 1, "3": 1}


def test_what_came_back_with_its_budget_spent_begins_anew(make_daemon):
    """It is escalated at once; its repair is one of the failure that came, and takes no longer than that."""
    daemon = make_daemon()
    daemon.configure(max_cycles=1, follow_up_delay="1h")
    daemon.start()
    told = Told(daemon)
    repaired(told, [of("v1:a"), of("v1:b")])
    stats = daemon.ctl("stats")
    assert (stats["incidents"]["reopened"], stats["incidents"]["escalated"]) == (0, 1)
    assert {row["fingerprint"]: (row["failures"], row["repaired"]) for row in stats["failures"]} == {
        "v1:a": (1, 1), "v1:b": (1, 1)}
    assert (stats["followUp"]["ended"], stats["followUp"]["firstCheck"]) == (2, 2)


def test_not_quite_all_is_not_all(told):
    daemon = told.daemon
    for project in ("cov/0", "cov/1"):
        told.build(project=project, coverage={"lines": {"covered": 99_999, "total": 100_000}})
    for _ in range(9):
        told.build(project="cov/1", coverage={"lines": {"covered": 5, "total": 5}})
    assert daemon.ctl("stats", "--project", "cov/0")["quality"]["coverage"]["lines"] == 99.99
    for project, said in (("cov/0", "99.99 %"), ("cov/1", "over 99.99 %")):
        assert f"Coverage:      {said}\n" in daemon.run_ctl("stats", "--project", project).stdout
        assert f">{said}</data>" in daemon.run_ctl("report-page", "-o", "-", "--project", project).stdout
    told.build(project="cov/2", coverage={"lines": {"covered": 5, "total": 5}})
    assert "Coverage:      100 %\n" in daemon.run_ctl("stats", "--project", "cov/2").stdout


@pytest.mark.parametrize("took_s, shown", [(9.25 * 3600 - 60, "9.3 h"), (4500, "1.3 h"), (24.2 * 3600, "1.1 d")])
def test_within_holds_and_says_no_more_than_is_known(make_daemon, took_s, shown):
    daemon = make_daemon()
    daemon.configure(follow_up_delay="7d", wait_recheck="7d")
    fault = Fault(daemon.directory)
    daemon.start(environment=fault.environment)
    told = Told(daemon)
    told.build(project="slow/web", passed=False)
    wait_for(lambda: daemon.incidents("--state", "waiting"), "people being told")
    fault.set_clock(took_s)
    told.build(project="slow/web", ancestors=[f"{told.n:040x}"])
    window = "--since", "2020-01-01T00:00:00Z", "--until", "2040-01-01T00:00:00Z"
    wait_for(lambda: daemon.ctl("stats", *window)["resolution"]["count"], "a proof")
    resolution = daemon.ctl("stats", *window)["resolution"]
    assert resolution["p99Ms"] >= resolution["meanMs"] >= took_s * 1000
    assert f"half within {shown}, 90 % within {shown}, 99 % within {shown}" in daemon.run_ctl("stats", *window).stdout
    text = daemon.run_ctl("stats", "--prometheus", *window).stdout
    assert f'codegend_stats_resolution_seconds{{percentile="99"}} {resolution["p99Ms"] // 1000}\n' in text


def test_what_scanners_and_tests_found_is_told(told):
    daemon = told.daemon
    text = daemon.run_ctl("stats").stdout
    assert "Not passed:    unknown\n" in text and "Findings:      unknown\n" in text
    assert "Findings" not in daemon.run_ctl("digest", "--since", today()).stdout
    told.build(security={"critical": 0, "high": 2, "low": 1}, tests={"total": 9, "failed": 2, "skipped": 1})
    told.build(security={"high": 1})
    text = daemon.run_ctl("stats").stdout
    assert "Not passed:    failed 2, skipped 1\n" in text
    assert "Findings:      critical 0, high 1.50, low 1\n" in text
    digest = daemon.run_ctl("digest", "--since", today()).stdout
    assert "- Tests, mean of a build: total 9, failed 2, skipped 1\n" in digest
    assert "- Findings, mean of a build: critical 0, high 1.50, low 1\n" in digest
    page = daemon.run_ctl("report-page", "-o", "-").stdout
    assert re.search(r'<dt>High findings</dt><dd><data value="1.5">1.50</data>', page)
    assert re.search(r'<dt>Critical findings</dt><dd><data value="0">0</data>', page)


def test_a_long_list_says_of_how_many_it_is(told):
    """Of those alike, tests that have a name come first."""
    daemon = told.daemon
    for n in range(22):
        tests = {"tests": {"total": 1, "failures": [{"test": f"test {n:02}", "message": "no"}]}} if n % 2 else {}
        commit = f"{n:039x}f"
        told.build(project="fl/p", branch=f"b{n}", passed=False, commit=commit, step=f"make {n}",
                   **of(f"v1:{n:02}"), **tests)
        told.build(project="fl/p", branch=f"b{n}", commit=commit, step=f"make {n}")
    stats = daemon.ctl("stats")
    assert (len(stats["flaky"]), stats["flakyTotal"]) == (20, 22)
    assert (len(stats["failures"]), stats["failuresTotal"]) == (20, 22)
    assert [row["kind"] for row in stats["flaky"]] == ["test"] * 11 + ["step"] * 9
    text = daemon.run_ctl("stats").stdout
    assert "\nFlaky, failed and passed on one commit, the first 20 of 22:\n" in text
    assert "\nThe most frequent failures, the first 20 of 22:\n" in text
    page = daemon.run_ctl("report-page", "-o", "-").stdout
    assert "Flaky: failed and passed on one commit, the first 20 of 22" in page
    digest = daemon.run_ctl("digest", "--since", today()).stdout
    assert "- Flaky:\n  - `test 01` in `fl/p` on `b1`, times: 1\n  - `test 03` in" in digest
    assert "  - and 17 more\n" in digest


def test_branches_with_few_builds_are_no_unknown(told):
    daemon = told.daemon
    assert "Branches:" not in daemon.run_ctl("stats").stdout
    for _ in range(7):
        told.build()
    assert "Branches:      none has 8 builds yet\n" in daemon.run_ctl("stats", "--project", "acme/web").stdout
    named = daemon.run_ctl("stats", "--project", "acme/web", "--branch", "main").stdout
    assert "\nThe branch, all its builds, not only those of these days:\n" in named
    streaks = section(daemon, "branches")
    assert "No branch has 8 builds yet." in streaks and "unknown" not in streaks and "None." not in streaks
    told.build()
    text = daemon.run_ctl("stats").stdout
    assert "\nThe busiest branches, of 8 builds and more, all their builds" in text and "Branches:" not in text
    assert "of 8 builds and more" in section(daemon, "branches")


def test_a_frequent_failure_says_what_it_is(told):
    """What has no fingerprint is one of its project and step; the newest report tells what was said."""
    daemon = told.daemon
    scan = {"errorType": "build_failure", "fingerprint": "v1:c", "cause": "compile",
            "headline": {"text": "x.c:1: error: <b>no</b>", "line": 3}}
    for n in range(3):
        told.build(project="of/a", branch=f"b{n}", passed=False, errorType="build_failure", scan=scan)
    told.build(project="of/b", passed=False, errorType="build_failure", scan=scan)
    for project, job in (("of/a", "lint"), ("of/a", "docs"), ("of/b", "lint")):
        told.build(project=project, job=job, passed=False, errorDetails=f"{job} of {project}\nand more")
    stats = daemon.ctl("stats")
    rows = {(row["fingerprint"], row["project"], row["step"]): row for row in stats["failures"]}
    assert {key: (row["failures"], row["headline"]) for key, row in rows.items()} == {
        ("v1:c", "of/a", ""): (3, "x.c:1: error: <b>no</b>"), ("v1:c", "of/b", ""): (1, "x.c:1: error: <b>no</b>"),
        ("unknown", "of/a", "lint / make"): (1, "lint of of/a"),
        ("unknown", "of/a", "docs / make"): (1, "docs of of/a"),
        ("unknown", "of/b", "lint / make"): (1, "lint of of/b")}
    newest = rows["v1:c", "of/a", ""]["report"]
    assert daemon.ctl("report", "show", newest)["branch"] == "b2"
    text = daemon.run_ctl("stats").stdout
    assert re.search(rf"^3 .* of/a +build_failure +compile +v1:c +{newest} +x\.c:1: error: <b>no</b>$", text, re.M)
    assert "x.c:1: error: &lt;b&gt;no&lt;/b&gt;" in section(daemon, "failures")
    assert daemon.ctl("stats", "--recompute")["failures"] == stats["failures"]

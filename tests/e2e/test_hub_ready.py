"""Every reason that keeps a pull request from being ready, as GitHub would show it, through `codegenctl ready`."""
import json

import pytest
from hub_place import BOT, PROJECT, in_parallel, make_place  # noqa: F401

from conftest import wait_for

OLD_S = 3 * 3600
BEHIND = {"merge_state": "BEHIND"}


class Row:
    """A pull request of its own: what is done to it, and what codegend makes of it. `classes` in the same order."""

    def __init__(self, outcome, *codes, does=(), draft=False, branch_only=False, green=True, project=PROJECT):
        self.outcome, self.codes, self.does, self.draft = outcome, codes, does, draft
        self.branch_only, self.green, self.project = branch_only, green, project

    def prepare(self, hub, branch):
        sha = hub.push(self.project, branch)
        number = None if self.branch_only else hub.open_pull(self.project, branch, draft=self.draft)
        if self.green:
            hub.check(self.project, sha, "build")
        for step in self.does:
            step(hub, self.project, number, sha)
        return number


# What may be done to it: functions of (hub, project, number, sha)

def check(name, state, **more):
    return lambda hub, project, number, sha: hub.check(project, sha, name, state, **more)


def status(name, state, **more):
    return lambda hub, project, number, sha: hub.status(project, sha, name, state, **more)


def suite(*state, **more):
    return lambda hub, project, number, sha: hub.suite(project, sha, *state, **more)


def pull(**fields):
    return lambda hub, project, number, sha: hub.change_pull(project, number, **fields)


def review(by, state, commit=None):
    return lambda hub, project, number, sha: hub.review(project, number, by, state, commit and commit(hub, sha))


def merge(hub, project, number, sha):
    hub.merge(project, number)


def close(hub, project, number, sha):
    hub.close(project, number)


def delete_branch(hub, project, number, sha):
    held = hub.find(project)
    hub.delete_branch(project, next(name for name, head in held.branches.items() if head == sha))


def later_commit(hub, project, number, sha):
    """The approval was of what was there before."""
    held = hub.find(project)
    branch = next(name for name, head in held.branches.items() if head == sha)
    hub.check(project, hub.push(project, branch), "build")


def many_checks(hub, project, number, sha):
    for at in range(230):
        hub.check(project, sha, f"job {at}", "failure" if at == 229 else "success")


ROWS = {
    "green": Row("ready"),
    "green by a status": Row("ready", does=[status("ci/circleci: build", "success")], green=False),
    "neutral and skipped pass": Row("ready", does=[check("a", "neutral"), check("b", "skipped")]),
    "a rerun": Row("ready", does=[check("x", "failure"), check("x", "success")]),
    "a branch without pull request": Row("ready", branch_only=True),
    "approved": Row("ready", does=[review("mona", "APPROVED")]),
    "an objection taken back": Row("ready", does=[review("mona", "CHANGES_REQUESTED"), review("mona", "APPROVED")]),
    "our own status is left out": Row("ready", does=[status("codegend/follow-up", "pending")]),

    "failed": Row("not_ready", "CHECK_FAILED", does=[check("test", "failure")]),
    "failed, a status": Row("not_ready", "CHECK_FAILED", does=[status("ci", "error")]),
    "failed, without pull request": Row("not_ready", "CHECK_FAILED", does=[
        check("test", "failure")], branch_only=True),
    "a newer red behind an older green": Row("not_ready", "CHECK_FAILED", does=[
        check("x", "success"), check("x", "failure")]),
    "a red of another app": Row("not_ready", "CHECK_FAILED", does=[
        check("x", "success"), check("x", "failure", app="jenkins")]),
    "the last of three pages": Row("not_ready", "CHECK_FAILED", does=[many_checks]),
    "cancelled": Row("pending", "CHECK_CANCELLED", does=[check("test", "cancelled")]),
    "timed out": Row("pending", "CHECK_TIMED_OUT", does=[check("test", "timed_out")]),
    "broken at its start": Row("pending", "STARTUP_FAILURE", does=[suite("completed", "startup_failure",
                                                                         workflow="Release")]),
    "skipped by a failure": Row("not_ready", "CHECK_FAILED", "SKIPPED_BY_FAILURE", does=[
        check("compile", "failure", workflow="Build"), check("deploy", "skipped", workflow="Build")]),
    "pending": Row("pending", "CHECK_PENDING", does=[check("test", "in_progress")]),
    "queued for too long": Row("not_ready", "CHECK_PENDING", does=[check("test", "queued", age_s=OLD_S)]),
    "a pending status": Row("pending", "CHECK_PENDING", does=[status("ci", "pending")]),
    "required and never reported": Row("pending", "CHECK_MISSING", does=[status("required", "expected")]),
    "required by the project": Row("pending", "CHECK_MISSING", project="acme/strict"),
    "no checks": Row("pending", "NO_CHECKS_ON_HEAD", green=False),
    "no checks, without pull request": Row("pending", "NO_CHECKS_ON_HEAD", green=False, branch_only=True),
    "all skipped": Row("pending", "NO_CHECKS_ON_HEAD", does=[check("a", "skipped")], green=False),
    "given up by GitHub": Row("pending", "CI_STALE", does=[check("test", "stale")]),
    "older than the head": Row("pending", "CI_STALE", does=[check("build", "success", age_s=OLD_S)], green=False),
    "waits for approval": Row("not_ready", "AWAITING_WORKFLOW_APPROVAL", does=[
        suite("completed", "action_required", workflow="PR")]),
    "conflict": Row("not_ready", "CONFLICT", does=[pull(mergeable="CONFLICTING")]),
    "mergeability unknown": Row("pending", "MERGEABILITY_UNKNOWN", does=[pull(mergeable="UNKNOWN")]),
    "in the merge queue": Row("pending", "IN_MERGE_QUEUE", does=[pull(queue_position=2)]),
    "draft": Row("not_ready", "DRAFT", draft=True),
    "behind": Row("not_ready", "BEHIND_BASE", does=[pull(**BEHIND)]),
    "blocked, nobody knows why": Row("not_ready", "BLOCKED_UNKNOWN", green=False,
                                     does=[check("build", "success", took_s=OLD_S), pull(merge_state="BLOCKED")]),
    "blocked soon after the push": Row("pending", "CHECK_MISSING", does=[pull(merge_state="BLOCKED")]),
    "changes requested": Row("not_ready", "CHANGES_REQUESTED", does=[review("mona", "CHANGES_REQUESTED")]),
    "review missing": Row("not_ready", "REVIEW_MISSING", does=[pull(review_required=True)]),
    "approved before the last commit": Row("not_ready", "REVIEW_STALE", does=[
        review("mona", "APPROVED"), later_commit]),
    "threads": Row("not_ready", "THREADS_UNRESOLVED", does=[pull(merge_state="BLOCKED", threads=[True, False])]),
    "several": Row("not_ready", "CHECK_FAILED", "CONFLICT", "DRAFT", does=[
        check("test", "failure"), pull(mergeable="CONFLICTING")], draft=True),

    "merged": Row("merged", does=[merge]),
    "closed": Row("closed", does=[close]),
    "gone": Row("gone", does=[delete_branch], branch_only=True),
}


def ready(place, branch=None, project=PROJECT, number=None):
    """(verdict, exit code)"""
    which = ["--branch", branch] if number is None else ["--pull-request", number]
    ended = place.daemon.run_ctl("--json", "ready", "--project", project, *which)
    assert ended.stdout, ended.stderr
    return json.loads(ended.stdout), ended.returncode


def codes(verdict):
    return tuple(sorted(reason["code"] for reason in verdict["reasons"]))


EXITS = {"ready": 0, "pending": 8, "unknown": 8}


def test_every_reason_of_one_pull_request(make_place):
    place = make_place(mode="observe", more='project "acme/strict" {\n    forge = github\n'
                                            '    required-checks = { "build", "deploy" }\n}')
    place.hub.repo("acme/strict", roles={BOT: "write"})
    branches = {name: f"row-{at}" for at, name in enumerate(ROWS)}
    numbers = {name: row.prepare(place.hub, branches[name]) for name, row in ROWS.items()}

    def look(name, row, number):
        verdict, exit_code = ready(place, branches[name], row.project, number)
        assert (verdict["outcome"], codes(verdict)) == (row.outcome, tuple(sorted(row.codes))), verdict
        assert exit_code == EXITS.get(row.outcome, 1)
        assert all(reason["message"] for reason in verdict["reasons"])
        if row.outcome == "ready":
            assert verdict["proof"] and verdict["headSha"]

    cells = {name: (name, row, numbers[name]) for name, row in ROWS.items()}
    # By its branch the same, but what is over is no longer the branch's.
    cells.update({f"{name}, by its branch": (name, row, None) for name, row in ROWS.items()
                  if row.outcome not in ("merged", "closed")})
    in_parallel(cells, look)
    assert not place.hub.write_times()


def test_a_check_that_the_protection_names(make_place):
    """Nobody reported it, so no list of checks has it."""
    place = make_place(mode="observe")
    place.hub.require(PROJECT, "main", "build", "deploy")
    place.pull("fix")
    place.check("fix", "build", "success")
    verdict, code = ready(place, "fix")
    assert (verdict["outcome"], codes(verdict), code) == ("pending", ("CHECK_MISSING",), 8), verdict
    [reason] = verdict["reasons"]
    assert reason["subject"] == "deploy" and "protection requires it" in reason["message"], reason
    place.check("fix", "deploy", "success")
    assert ready(place, "fix")[0]["outcome"] == "ready"


# What depends on a report

def checked(place, ticket):
    place.look()
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a verdict")
    verdict = place.incident(ticket)["lastVerdict"]
    return verdict["outcome"], codes(verdict)


def test_an_older_green_proves_nothing(make_place):
    place = make_place(mode="observe")
    for branch in ("same", "moved", "begun"):
        place.pull(branch)
    place.check("same", "test", "success", age_s=60)
    same = place.report("same")
    assert checked(place, same) == ("not_ready", ("NO_BUILD_SINCE_REPORT",))
    moved = place.report("moved")
    place.push("moved", age_s=120)
    place.check("moved", "test", "success", age_s=60)
    assert checked(place, moved) == ("not_ready", ("ORDER_UNKNOWN",))
    place.check("same", "test", "success")
    place.look()
    place.wait_state(same, "resolved")


def test_red_because_of_another_incident(make_place):
    place = make_place(mode="observe")
    place.pull("fix")
    lint = place.report("fix", kind="lint_failure", job="lint", step="eslint")
    test = place.report("fix", kind="test_failure", job="test", step="make test")
    place.check("fix", "lint", "failure")
    place.check("fix", "test", "success")
    place.look()
    wait_for(lambda: place.incident(test).get("lastVerdict"), "a verdict")
    assert place.codes(test) == ["RED_ELSEWHERE"]
    [reason] = place.incident(test)["lastVerdict"]["reasons"]
    assert reason["subject"] == lint["incidentId"]
    assert place.codes(lint) == ["CHECK_FAILED"]


def test_no_checks_after_the_agent_pushed(make_place):
    """The stalled CI: waited for at first, then a matter for a person, never ready and no agent's."""
    place = make_place(agents=["fixer"], wait_recheck="20m", max_waiting="1d")
    place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.push("fix")
    assert checked(place, ticket) == ("pending", ("NO_CHECKS_ON_HEAD",))
    place.advance(1201)
    place.look()
    wait_for(lambda: place.incident(ticket)["lastVerdict"]["outcome"] == "not_ready", "it being a person's matter")
    found = place.incident(ticket)
    assert found["cycle"] == 1 and len(place.daemon.agent.runs()) == 1
    assert place.codes(ticket) == ["NO_CHECKS_ON_HEAD"]


# What depends on GitHub

UNREACHABLE = {
    "reset": {"how": "reset"}, "502": {"how": "502"}, "html": {"how": "html"}, "empty": {"how": "empty"},
    "half JSON": {"how": "half_json"}, "wrong types": {"how": "wrong_types"}, "garbage": {"how": "garbage"},
    "truncated": {"how": "truncated"}, "bomb": {"how": "gzip_bomb"}, "internal": {
        "how": "partial", "aliases": [["t0"]], "type": "INTERNAL"},
}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_an_answer_that_is_none(make_place, name):
    place = make_place(mode="observe")
    place.pull("fix")
    place.check("fix", "build")
    details = dict(UNREACHABLE[name])
    fault = place.hub.fail("GRAPHQL", details.pop("how"), "always", **details)
    verdict, exit_code = ready(place, "fix")
    assert verdict["outcome"] == "unknown" and exit_code == 8
    assert set(codes(verdict)) <= {"UNREACHABLE", "CHECKS_UNREADABLE"} and verdict["reasons"]
    place.hub.recover(fault)
    assert ready(place, "fix")[0]["outcome"] == "ready"


def test_one_bad_alias_does_not_spoil_the_others(make_place):
    place = make_place(mode="observe")
    branches = [f"b{at}" for at in range(6)]
    for branch in branches:
        place.pull(branch)
        place.check(branch, "build")
        place.report(branch)
        place.check(branch, "test")
    place.hub.fail(lambda request: request.is_graphql and "t1" in request.aliases, "partial", aliases=["t1"])
    place.look()
    wait_for(lambda: all(incident.get("lastVerdict") for incident in place.daemon.incidents()), "all verdicts")
    outcomes = sorted(incident["lastVerdict"]["outcome"] for incident in place.daemon.incidents())
    assert outcomes == ["ready"] * 5 + ["unknown"]


def test_the_limit_is_reached(make_place):
    place = make_place(mode="observe")
    place.pull("fix")
    place.check("fix", "build")
    place.hub.fail("GRAPHQL", "graphql_limited", 1, reset_s=600)
    verdict, exit_code = ready(place, "fix")
    assert verdict["outcome"] == "unknown" and codes(verdict) == ("RATE_LIMITED",) and exit_code == 8
    n = place.hub.graphql_count
    assert codes(ready(place, "fix")[0]) == ("RATE_LIMITED",) and place.hub.graphql_count == n, "it does not ask again"
    place.advance(601)
    assert ready(place, "fix")[0]["outcome"] == "ready"


def test_a_repository_that_is_not_for_us(make_place):
    place = make_place(mode="observe")
    place.hub.repo("acme/hidden")
    place.hub.push("acme/hidden", "fix")
    verdict, _ = ready(place, "fix", "acme/hidden")
    assert verdict["outcome"] in ("unknown", "gone") and verdict["outcome"] != "ready"
    verdict, _ = ready(place, "fix", "acme/none")
    assert verdict["outcome"] in ("unknown", "gone")


def test_a_query_that_is_too_much_is_halved(make_place):
    place = make_place(mode="observe")
    for at in range(12):
        place.pull(f"b{at}")
        place.report(f"b{at}")
        place.check(f"b{at}", "test")
    place.hub.fail("GRAPHQL", "resource_limit", "always", above=4)
    place.look()
    wait_for(lambda: all(incident["state"] == "resolved" for incident in place.daemon.incidents()), "all verdicts")


@pytest.mark.parametrize("hidden", ["PullRequest.mergeStateStatus", "PullRequest.isInMergeQueue"])
def test_an_enterprise_server_that_is_older(make_place, hidden):
    place = make_place(mode="observe", hub={"enterprise": True, "hidden_fields": {hidden}})
    number = place.pull("fix")
    place.check("fix", "build")
    assert ready(place, "fix")[0]["outcome"] == "ready"
    place.hub.change_pull(PROJECT, number, mergeable="CONFLICTING")
    assert codes(ready(place, "fix")[0]) == ("CONFLICT",)

"""Rate limits, many pull requests at once, a GitHub that is away for a day: asked little, nothing lost, no burst."""
import email.utils
import time

import pytest
from hub_place import CHECK, PROJECT, make_place  # noqa: F401

from conftest import wait_for

POST = "POST /repos/*/*/issues/*/comments"
DAY_S = 86400


def in_s(seconds):
    """A date as HTTP writes it, of the clock that is not moved yet."""
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


# name: (which request, how, details, seconds until it may ask again)
LIMITS = {
    "primary, 403": (POST, "primary_limit", {"reset_s": 600}, 600),
    "primary, 429": (POST, "primary_limit", {"reset_s": 600, "status": 429}, 600),
    "secondary, with seconds": (POST, "secondary_limit", {"retry_after": 120}, 120),
    "secondary, 429": (POST, "secondary_limit", {"retry_after": 120, "status": 429}, 120),
    "secondary, with a date": (POST, "secondary_limit", {"retry_after": lambda: in_s(180)}, 180),
    "secondary, the message alone": (POST, "secondary_limit", {}, 60),
    "GraphQL, 200": ("GRAPHQL", "graphql_limited", {"reset_s": 600}, 600),
    "GraphQL, secondary": ("GRAPHQL", "graphql_secondary", {}, 60),
    "a read": ("GET /repos/**", "primary_limit", {"reset_s": 600}, 600),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_obeyed_over_a_restart(make_place, name):
    """Asked again not before its time (the hub tells), also by the next start; then all goes on by itself."""
    match, how, details, seconds = LIMITS[name]
    details = {key: value() if callable(value) else value for key, value in details.items()}
    place = make_place(agents=["fixer"])
    number = place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    fault = place.hub.fail(match, how, 1, optional=True, **details)
    ticket = place.report("fix")
    wait_for(lambda: fault.hits or place.daemon.agent.ends(), "the limit, or the whole cycle")
    if not fault.hits:  # the forge did without such a request so far
        place.look()
        wait_for(lambda: fault.hits or place.incident(ticket).get("lastVerdict"), "the limit, or the verdict")
    if not fault.hits:
        pytest.skip(f"needs a cycle that asks {match}")
    told = wait_for(lambda: paused(place), "status telling of the pause")
    assert "Asks again at" in told["reason"]
    n = len(place.hub.requests)
    place.restart()
    assert paused(place), "it is remembered"
    assert len(place.hub.requests) == n, "nothing was asked meanwhile"
    place.advance(seconds + 2)
    wait_for(lambda: place.daemon.agent.ends() == 1, "the agent's run")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert not paused(place)
    assert len(place.posts(number, "status")) == 1
    assert not place.daemon.tasks(status="failed")


def paused(place):
    forge = place.forge()
    return forge if forge.get("pausedUntil") else None


def test_the_budget_is_visible(make_place):
    place = make_place(agents=["fixer"])
    place.pull("fix")
    place.wait_state(place.report("fix"), "waiting")
    place.wait_quiet()
    forge = place.forge()
    assert forge["type"] == "github" and "of 5,000" in forge["budget"], forge
    shown = place.daemon.run_ctl("status").stdout
    assert "github" in shown and place.token not in shown + str(forge)


def test_what_is_left_runs_out(make_place):
    """The last requests of the hour are not spent to be refused; everything waits for the reset, and says so."""
    place = make_place(agents=["fixer"])
    place.pull("fix")
    place.hub.budget(place.token, 2, "core", reset_s=900)
    ticket = place.report("fix")
    wait_for(lambda: paused(place) or place.incident(ticket)["state"] == "waiting", "the end of the budget")
    place.advance(902)
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert not place.daemon.tasks(status="failed")


def test_many_incidents_write_slowly(make_place):
    """No write closer than a second to the next (the hub tells), none doubled, all of them done."""
    place = make_place(agents=["asked"])
    numbers = {branch: place.pull(branch) for branch in (f"fix-{at}" for at in range(5))}
    tickets = [place.report(branch) for branch in numbers]
    for ticket in tickets:
        place.wait_state(ticket, "waiting")
    place.wait_quiet()
    for number in numbers.values():
        assert len(place.posts(number, "status")) == 1 and len(place.posts(number, "mention")) == 1
    times = place.hub.write_times()
    assert len(times) >= 10


N_PULLS = 1000
READS_MAX = 45


def test_a_thousand_pull_requests_due_together(make_place):
    """At most 45 requests, every verdict right."""
    place = make_place(mode="observe", wait_recheck="1h")
    kinds = [("ready", None), ("not_ready", "CHECK_FAILED"), ("not_ready", "DRAFT"), ("pending", "CHECK_PENDING")]
    connection = place.daemon.connect()
    for at in range(N_PULLS):
        branch = f"b{at}"
        place.hub.push(PROJECT, branch)
        place.hub.open_pull(PROJECT, branch, draft=at % 4 == 2)
        place.check(branch, "test", ("success", "failure", "success", "in_progress")[at % 4])
        answer = connection.call("Submit", key=branch, project=PROJECT, branch=branch, commit=place.head(branch),
                                 job="test", step="make test", errorType="test_failure", pullRequest=at + 1)
        assert "parameters" in answer, answer
    connection.close()
    before = len(place.hub.reads)
    place.advance(3601)
    wait_for(lambda: len(verdicts(place)) == N_PULLS, "all verdicts", 120)
    found = verdicts(place)
    for at in range(N_PULLS):
        want, code = kinds[at % 4]
        assert found[f"b{at}"] == (want, [code] if code else []), f"b{at}"
    assert len(place.hub.reads) - before <= READS_MAX
    assert not place.hub.write_times()


def verdicts(place):
    """{branch: (outcome, codes)} of those that have one."""
    found, page = {}, {"limit": 1000}
    while True:
        answer = place.ask("ListIncidents", **page)
        for incident in answer["incidents"]:
            verdict = incident.get("lastVerdict")
            if verdict:
                found[incident["branch"]] = (verdict["outcome"], [reason["code"] for reason in verdict["reasons"]])
        if not answer.get("next"):
            return found
        page["before"] = answer["next"]


def test_github_is_away_for_a_day(make_place):
    """Nothing is lost or given up; it is retried with growing pauses, and caught up without a burst."""
    place = make_place(agents=["asked"], max_waiting="30d", wait_recheck="10m")
    known = place.pull("known")
    first = place.report("known")
    place.wait_state(first, "waiting")
    place.wait_quiet()
    away = place.hub.fail("*", "reset", "always")
    numbers = {branch: place.pull(branch) for branch in (f"fix-{at}" for at in range(3))}
    tickets = [place.report(branch) for branch in numbers]
    hits = []
    for _ in range(24):
        n = away.hits
        place.advance(3600)
        wait_for(lambda: away.hits > n or place.is_dead(), "a further try within an hour")
        hits.append(away.hits - n)
    assert max(hits[12:]) <= 60, f"tries an hour: {hits}"
    assert not place.daemon.tasks(status="failed") and not place.daemon.tasks(status="cancelled")
    assert place.incident(first)["cycle"] == 1 and place.codes(first) == ["UNREACHABLE"]
    place.repair("known")
    place.restart()
    place.hub.recover(away)
    place.hub.max_in_flight = 0
    place.advance(3601)
    for ticket in tickets:
        place.wait_state(ticket, "waiting")
    place.wait_state(first, "resolved")
    place.wait_quiet()
    for number in numbers.values():
        assert len(place.posts(number, "status")) == 1 and len(place.posts(number, "mention")) == 1
    assert len(place.posts(known, "status")) == 1
    assert place.hub.max_in_flight <= 2
    assert len(place.daemon.tasks(CHECK)) >= 4


def test_a_follow_up_survives_a_day_of_the_daemon_being_down(make_place):
    place = make_place(agents=["fixer"])
    place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.daemon.stop()
    place.repair("fix")
    place.advance(DAY_S)
    place.start()
    place.wait_state(ticket, "resolved")
    assert len(place.daemon.tasks(CHECK)) == 1

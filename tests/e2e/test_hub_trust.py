"""Whose log reaches an agent: by default of nobody who could not push himself; and hands off where a label says so."""
import pytest
from hub_place import HANDLE, PROJECT, make_place  # noqa: F401

from conftest import wait_for

FORK = "eve/web"


def fork_pull(place, branch="fix"):
    place.hub.repo(FORK, roles={"eve": "admin"}, private=False, fork_of=PROJECT)
    place.hub.push(FORK, branch, by="eve")
    return place.hub.open_pull(PROJECT, branch, by="eve", head=FORK)


def report_of_fork(place, number, branch="fix"):
    sha = place.hub.find(FORK).branches[branch]
    answer = place.daemon.connect().call(
        "Submit", key=f"fork-{number}", project=PROJECT, branch=branch, headRepository=FORK, commit=sha, job="test",
        step="make test", errorType="test_failure", errorDetails="it broke", pullRequest=number)
    assert "parameters" in answer, answer
    return answer["parameters"]["ticket"]


def outsiders_pull(place):
    """Same repository, but its author may not write (any more)."""
    number = place.pull("fix", by="olga")
    place.hub.grant(PROJECT, "olga", "read")
    return number


def held_incident(place, case):
    if case == "fork":
        number = fork_pull(place)
        return number, report_of_fork(place, number)
    number = outsiders_pull(place)
    return number, place.report("fix")


@pytest.mark.parametrize("case", ["fork", "author"])
def test_nothing_is_triggered_until_an_operator_says_so(make_place, case):
    place = make_place(agents=["asked", "fixer"])
    number, ticket = held_incident(place, case)
    place.wait_post(number, "status")
    place.wait_quiet()
    found = wait_for(lambda: (lambda incident: incident if "release" in incident["reason"] else None)(
        place.incident(ticket)), "the incident saying that it is held")
    assert found["cycle"] == 1
    assert not place.posts(number, "mention") and not place.daemon.agent.runs()
    assert place.set_off() == []
    said = place.daemon.ctl("explain", ticket["incidentId"])["text"]
    assert "release" in said
    place.daemon.ctl("incident", "release", ticket["incidentId"])
    place.wait_post(number, "mention")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert len(place.posts(number, "mention")) == 1 and len(place.posts(number, "status")) == 1


@pytest.mark.parametrize("case", ["fork", "author"])
def test_a_project_may_allow_it(make_place, case):
    place = make_place(agents=["asked"], project={"untrusted": "trigger"})
    number, ticket = held_incident(place, case)
    place.wait_post(number, "mention")
    place.wait_state(ticket, "waiting")


def test_a_fork_is_told_apart_from_a_branch_of_the_same_name(make_place):
    place = make_place(agents=["fixer"])
    theirs = fork_pull(place)
    ours = place.pull("fix")
    first = report_of_fork(place, theirs)
    second = place.report("fix")
    assert first["incidentId"] != second["incidentId"]
    place.wait_post(theirs, "status")
    place.wait_state(second, "waiting")
    place.wait_quiet()
    assert first["incidentId"] in place.status(theirs) and second["incidentId"] in place.status(ours)


def test_a_label_keeps_codegend_away(make_place):
    place = make_place(agents=["asked", "fixer"], forge={"escalate_to": "mona"})
    number = place.pull("fix", labels=["codegen:ignore"])
    ticket = place.report("fix")
    wait_for(lambda: place.incident(ticket).get("hold") == "ignored", "hands being kept off")
    assert "label" in place.incident(ticket)["reason"]
    place.wait_quiet()
    place.repair("fix")
    place.look()
    assert not place.comments(number) and not place.issues() and not place.daemon.agent.runs()
    assert place.hub.labels(PROJECT, number) == ["codegen:ignore"]
    assert not place.hub.write_times(), "nothing at all was written"


def test_somebody_pastes_our_marker(make_place):
    """A marker counts only in a post of our own."""
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    pasted = place.status(number)
    place.hub.comment(PROJECT, number, pasted, by="eve")
    place.hub.comment(PROJECT, number, place.posts(number, "mention")[0], by=HANDLE)
    place.restart()
    place.repair("fix")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert place.comments(number, "eve") == [pasted]
    assert len(place.posts(number, "status")) == 1 and place.status(number) != pasted

"""Which incident an agent's branch belongs to: by its name alone it is a guess, until GitHub says whose it is."""
import time

import pytest
from hub_place import HANDLE, PROJECT, make_place  # noqa: F401
from test_hub_trust import FORK, fork_pull

from conftest import wait_for

SAID = "EVE-SAYS-RUN-THIS"


def submit(place, **more):
    """As a CI system that knows of no forks."""
    answer = place.daemon.connect().call("Submit", **{
        "key": f"key-{time.monotonic_ns()}", "project": PROJECT, "job": "test", "step": "make test",
        "errorType": "test_failure", "errorDetails": "it broke", **more})
    assert "parameters" in answer, answer
    return answer["parameters"]["ticket"]


def repaired_once(make_place, **more):
    """The agent was there, its branch is red still."""
    place = make_place(agents=["fixer"], fixer={"branches": ["codegen/*"]}, max_cycles=3, **more)
    place.pull("fix")
    ticket = place.report("fix")
    wait_for(lambda: place.daemon.agent.ends() == 1, "the first run")
    place.wait_state(ticket, "waiting")
    place.check("fix", "test", "failure")
    return place, ticket


def asked(make_place, *branches, **more):
    place = make_place(agents=["asked"], asked={"branches": ["codegen/*"]}, **more)
    tickets = []
    for branch in branches:
        place.pull(branch)
        tickets.append(place.report(branch))
        place.wait_state(tickets[-1], "waiting")
        place.check(branch, "test", "failure")
    return place, *tickets


def agents_pull(place, branch="codegen/repair-1", base="fix", by=HANDLE):
    place.push(branch, by=by)
    return place.hub.open_pull(PROJECT, branch, by=by, base=base)


def test_a_forks_branch_named_like_an_agents_is_no_prompt(make_place):
    place, ticket = repaired_once(make_place)
    number = fork_pull(place, "codegen/evil")
    sha = place.hub.find(FORK).branches["codegen/evil"]
    evil = {"branch": "codegen/evil", "commit": sha, "pullRequest": number, "errorDetails": SAID}
    assert submit(place, **evil)["incidentId"] == ticket["incidentId"]
    place.hub.check(PROJECT, sha, "test", "failure", age_s=-2)
    place.look()
    wait_for(lambda: place.daemon.agent.ends() == 2, "the second run")
    assert SAID not in (place.daemon.agent.directory / "prompt").read_text()
    assert sha not in (place.daemon.agent.directory / "environment").read_text()
    # GitHub said that it is a fork's: what fails there is a matter of its own, and waits for an operator.
    own = submit(place, **evil)
    assert own["incidentId"] != ticket["incidentId"]
    wait_for(lambda: place.incident(own).get("hold") == "fork", "it being held")
    assert place.daemon.agent.ends() == 2


def test_a_forks_green_is_no_proof(make_place):
    place, ticket = repaired_once(make_place)
    number = fork_pull(place, "codegen/evil")
    submit(place, branch="codegen/evil", commit=place.hub.find(FORK).branches["codegen/evil"], pullRequest=number)
    new = place.hub.push(FORK, "codegen/evil", by="eve")
    place.hub.check(PROJECT, new, "test", "success", age_s=-2)
    place.daemon.submit_passed(branch="codegen/evil", commit=new, job="test")
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a look at once")
    assert place.incident(ticket)["state"] == "waiting"
    place.look()
    wait_for(lambda: place.incident(ticket)["cycle"] == 2, "the second cycle")
    place.wait_quiet()
    assert place.incident(ticket)["state"] == "waiting" and place.codes(ticket) == ["CHECK_FAILED"]


def test_with_two_incidents_nobody_guesses(make_place):
    place, first, second = asked(make_place, "a", "b")
    agents_pull(place, "codegen/for-a", base="a")
    place.check("codegen/for-a", "test", "failure")
    own = place.report("codegen/for-a")
    assert own["incidentId"] not in (first["incidentId"], second["incidentId"])
    place.wait_state(own, "waiting")
    place.repair("codegen/for-a", by=HANDLE)
    place.look()
    place.wait_state(own, "resolved")
    place.wait_quiet()
    assert {place.incident(each)["state"] for each in (first, second)} == {"waiting"}


def test_an_agents_branch_is_judged_and_asked_about_once_it_is_known(make_place):
    place, ticket = repaired_once(make_place)
    number = agents_pull(place)
    place.check("codegen/repair-1", "test", "failure")
    assert submit(place, branch="codegen/repair-1", commit=place.head("codegen/repair-1"),
                  errorDetails="SOMETHING-ELSE-BROKE")["incidentId"] == ticket["incidentId"]
    assert "SOMETHING-ELSE-BROKE" not in (place.daemon.agent.directory / "prompt").read_text()
    place.look()
    wait_for(lambda: place.daemon.agent.ends() == 2, "the second run")
    place.wait_state(ticket, "waiting")
    assert "SOMETHING-ELSE-BROKE" in (place.daemon.agent.directory / "prompt").read_text()
    told = (place.daemon.agent.directory / "environment").read_text()
    assert f"CODEGEN_COMMIT={place.head('fix')}" in told and place.head("codegen/repair-1") not in told
    assert place.incident(ticket)["lastVerdict"]["headSha"] == place.head("codegen/repair-1")
    place.repair("codegen/repair-1", by=HANDLE)
    place.look()
    wait_for(lambda: place.codes(ticket) == ["REVIEW_MISSING"], "somebody being asked to merge it")
    assert f"#{number}" in str(place.incident(ticket)["lastVerdict"])


def test_a_repair_that_is_green_at_once_is_a_sign_of_life(make_place):
    place, ticket = asked(make_place, "fix", forge={"escalate_to": "mona"}, follow_up_delay="2h")
    agents_pull(place)
    place.check("codegen/repair-1")
    place.daemon.submit_passed(branch="codegen/repair-1", commit=place.head("codegen/repair-1"), job="test")
    wait_for(lambda: place.incident(ticket).get("lastVerdict") and place.codes(ticket) == ["REVIEW_MISSING"],
             "the agent's pull request being judged")
    place.advance(3601)
    place.look()
    place.wait_quiet()
    assert place.incident(ticket)["state"] == "waiting" and place.mentioned() == [HANDLE]


@pytest.mark.parametrize("named", [False, True], ids=["by-name", "told"])
def test_a_branch_is_not_taken_from_a_live_incident(make_place, named):
    """What one agent's run says it made is its own, unless it is another's already."""
    place = make_place(agents=["remote"], remote={"branches": ["codegen/*"], "concurrency": 2})
    tickets = []
    for at, branch in enumerate(("a", "b")):
        place.pull(branch)
        tickets.append(place.report(branch))
        run = wait_for(lambda: len(place.codegen.runs) > at and place.codegen.runs[at], "the run")
        if at == 0:
            number = agents_pull(place, "codegen/one", base="a")
        url = f"https://github.com/{PROJECT}/pull/{number}"
        place.codegen.finish(run["id"], **({"pull_request": url, "branch": "codegen/one"} if named or at == 1 else {}))
        place.wait_state(tickets[-1], "waiting")
        if at == 0:
            assert place.report("codegen/one")["incidentId"] == tickets[0]["incidentId"]
    joined = place.report("codegen/one")["incidentId"]
    assert joined == tickets[0 if named else 1]["incidentId"]


def test_a_forks_pull_request_of_a_known_branchs_name_is_no_prompt(make_place):
    place, ticket = repaired_once(make_place)
    place.push("codegen/repair-1", by=HANDLE)  # without a pull request
    place.check("codegen/repair-1", "test", "failure")
    own = submit(place, branch="codegen/repair-1", commit=place.head("codegen/repair-1"))
    assert own["incidentId"] == ticket["incidentId"]
    place.look()
    wait_for(lambda: place.daemon.agent.ends() == 2, "the second run")
    place.wait_state(ticket, "waiting")
    number = fork_pull(place, "codegen/repair-1")
    sha = place.hub.find(FORK).branches["codegen/repair-1"]
    submit(place, branch="codegen/repair-1", commit=sha, pullRequest=number, errorDetails=SAID)
    place.look()
    wait_for(lambda: place.daemon.agent.ends() == 3, "the third run")
    assert SAID not in (place.daemon.agent.directory / "prompt").read_text()


def test_an_earlier_repairs_branch_is_no_proof(make_place):
    place = make_place(agents=["asked"], asked={"branches": ["codegen/*"]})
    place.pull("z")
    z = place.report("z")
    place.wait_state(z, "waiting")
    place.check("z", "test", "failure")
    agents_pull(place, "codegen/old", base="z")
    place.check("codegen/old", "test", "failure")
    assert place.report("codegen/old")["incidentId"] == z["incidentId"]
    place.look()
    place.wait_quiet()
    place.repair("z")
    place.look()
    place.wait_state(z, "resolved")
    place.push("release")
    a = place.report("release")
    place.wait_state(a, "waiting")
    place.check("release", "test", "failure")
    place.repair("codegen/old", by=HANDLE)
    place.daemon.submit_passed(branch="codegen/old", commit=place.head("codegen/old"), job="test")
    place.wait_quiet()
    place.look()
    place.wait_quiet()
    assert place.incident(a)["state"] == "waiting"


def test_a_branch_from_before_the_agent_was_asked_is_no_proof(make_place):
    place = make_place(agents=["asked"], asked={"branches": ["codegen/*"]})
    place.pull("codegen/mine", by="mona")
    place.check("codegen/mine", "test", "success")
    place.push("release")
    a = place.report("release")
    place.wait_state(a, "waiting")
    place.check("release", "test", "failure")
    place.repair("codegen/mine", by="mona")
    place.daemon.submit_passed(branch="codegen/mine", commit=place.head("codegen/mine"), job="test")
    place.wait_quiet()
    place.look()
    place.wait_quiet()
    assert place.incident(a)["state"] == "waiting"


def test_one_look_tells_all_guesses_apart(make_place):
    place, ticket = repaired_once(make_place)
    number = fork_pull(place, "codegen/evil")
    sha = place.hub.find(FORK).branches["codegen/evil"]
    submit(place, branch="codegen/evil", commit=sha, pullRequest=number)
    place.push("codegen/repair-1", by=HANDLE)
    place.check("codegen/repair-1", "test", "failure")
    submit(place, branch="codegen/repair-1", commit=place.head("codegen/repair-1"), errorDetails="THE-AGENTS-OWN")
    place.look()
    wait_for(lambda: place.daemon.agent.ends() == 2, "the second run")
    assert "THE-AGENTS-OWN" in (place.daemon.agent.directory / "prompt").read_text()

"""A chain of agents: who shows no sign of life is followed by the next one, at last by a person. What agents make
themselves joins the incident that they work for."""
import pytest
from hub_place import CHECK, HANDLE, PROJECT, make_place  # noqa: F401

from conftest import wait_for

SECOND = "second-agent"
SECOND_AGENT = """agent second {
    type = mention
    handle = "second-agent"
    deadline = 1h
}"""


def chain_of_two(make_place, **more):
    return make_place(agents=["asked"], more=SECOND_AGENT, project={"agents": ["asked", "second"]},
                      forge={"escalate_to": "mona"}, **more)


def test_nobody_lives_so_a_person_is_asked(make_place):
    place = chain_of_two(make_place, follow_up_delay="30d", max_waiting="60d")
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.wait_post(number, "mention", "@" + HANDLE)
    assert place.mentioned() == [HANDLE]
    place.advance(3601)
    place.wait_post(number, "mention", "@" + SECOND)
    assert place.mentioned() == [HANDLE, SECOND] and place.incident(ticket)["cycle"] == 1
    place.wait_quiet()
    place.advance(3601)
    place.wait_state(ticket, "escalated")
    wait_for(lambda: "mona" in place.mentioned(), "mona being asked")
    place.wait_quiet()
    assert sorted(place.mentioned()) == sorted([HANDLE, SECOND, "mona"])
    assert len(place.posts(number, "status")) == 1


def test_a_commit_is_a_sign_of_life(make_place):
    place = chain_of_two(make_place, follow_up_delay="2h")
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.push("fix", by=HANDLE)
    place.check("fix", "test", "in_progress")
    place.advance(3601)
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a look at the branch")
    place.wait_quiet()
    assert place.mentioned() == [HANDLE]
    place.hub.change_check(PROJECT, place.hub.find(PROJECT).suites[-1].checks[-1].id, "success")
    place.advance(3601)
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert place.mentioned() == [HANDLE] and len(place.posts(number, "status")) == 1


@pytest.mark.parametrize("checks", ["red", "none"])
def test_a_head_that_nobody_knew_is_no_sign_of_life(make_place, checks):
    """A branch without a pull request, and a report without a commit: from the first look on it has its time."""
    place = chain_of_two(make_place, follow_up_delay="30d", max_waiting="60d")
    place.push("fix")
    if checks == "red":
        place.check("fix", "test", "failure")
    answer = place.daemon.connect().call(
        "Submit", key="nobody-knows", project=PROJECT, branch="fix", job="test", step="make test",
        errorType="test_failure", errorDetails="it broke")
    ticket = answer["parameters"]["ticket"]
    place.wait_state(ticket, "waiting")
    for _ in range(2):
        assert place.mentioned() == [HANDLE]
        place.advance(3601)
        wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a look at the branch")
        place.wait_quiet()
    wait_for(lambda: SECOND in place.mentioned(), "the second agent being asked")
    assert place.incident(ticket)["cycle"] == 1


@pytest.mark.parametrize("pushed", [False, True], ids=["silent", "pushed"])
def test_a_run_that_is_never_over_is_followed_by_the_next(make_place, pushed):
    """Of an agent that is not the last one: without a commit by its timeout the next one's turn comes."""
    place = make_place(agents=["remote", "fixer"], remote={"timeout": "10m"})
    place.pull("fix")
    ticket = place.report("fix")
    wait_for(lambda: place.codegen.runs, "the run")
    place.check("fix", "test", "failure")
    if pushed:
        place.push("fix", by=HANDLE)
        place.check("fix", "test", "in_progress")
    place.advance(601)
    if pushed:
        wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a look at the branch")
        place.wait_quiet()
        assert place.incident(ticket)["state"] == "waiting" and not place.daemon.agent.runs()
    else:
        wait_for(lambda: place.daemon.agent.ends() == 1, "the second agent's run")
        place.wait_state(ticket, "waiting")
        assert place.incident(ticket)["cycle"] == 1
    assert len(place.codegen.runs) == 1


def test_an_order_without_an_answer_keeps_its_branch(make_place):
    """It may begin by itself, so another incident of the branch waits for it."""
    place = make_place(agents=["remote"], remote={"settle": "10m"})
    place.pull("fix")
    place.codegen.fail(f"POST /v1/organizations/{place.codegen.org}/agent/run", "server_error", when=1,
                       effect="late", late_s=8)
    first = place.report("fix")
    wait_for(lambda: "may still begin" in place.incident(first)["reason"], "no run being found")
    second = place.report("fix", kind="lint_failure", job="lint")
    wait_for(lambda: "same branch" in place.incident(second)["reason"], "the second one waiting for its turn")
    wait_for(lambda: place.codegen.runs, "the run that comes late")
    place.advance(601)
    wait_for(lambda: "works on it" in place.incident(first)["reason"], "the run being found")
    assert len(place.codegen.runs) == 1


def test_an_agent_that_cannot_begin_is_followed_by_the_next(make_place):
    place = make_place(agents=["remote", "fixer"], forge={"escalate_to": "mona"})
    number = place.pull("fix")
    place.codegen.refuse("forbidden", "always")
    ticket = place.report("fix")
    wait_for(lambda: place.daemon.agent.ends(), "the second agent's run")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert not place.codegen.runs and place.mentioned() == []
    assert len(place.posts(number, "status")) == 1


def test_cycles_are_spent_so_a_person_is_asked_once(make_place):
    place = make_place(agents=["fixer"], forge={"escalate_to": "acme/owners"}, max_cycles=2)
    number = place.pull("fix")
    ticket = place.report("fix")
    for cycle in (1, 2):
        wait_for(lambda: place.daemon.agent.ends() == cycle, "the agent's run")
        place.wait_state(ticket, "waiting")
        place.push("fix")
        place.check("fix", "test", "failure")
        place.look()
    place.wait_state(ticket, "escalated")
    wait_for(lambda: place.mentioned(), "the team being asked")
    for _ in range(2):
        place.report("fix")
    place.wait_quiet()
    place.restart()
    place.wait_quiet()
    assert place.mentioned() == ["acme/owners"]
    assert "person has to look" in place.status(number)
    place.daemon.ctl("incident", "retry", ticket["incidentId"])
    wait_for(lambda: place.daemon.agent.ends() == 3, "a further run")
    place.repair("fix")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert place.mentioned() == ["acme/owners"]


def test_what_only_a_person_can_do_burns_no_agent(make_place):
    place = make_place(agents=["fixer"], forge={"escalate_to": "mona"}, wait_recheck="10m", max_waiting="1d")
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.repair("fix")
    place.hub.change_pull(PROJECT, number, is_draft=True)
    place.look()
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "the verdict")
    assert place.codes(ticket) == ["DRAFT"] and place.incident(ticket)["cycle"] == 1
    place.advance(27 * 3600)
    place.restart()  # a clock that jumps under it is doubted for ten minutes, one that it starts with is not
    place.look()
    place.wait_state(ticket, "escalated")
    wait_for(lambda: place.mentioned(), "a person being asked")
    assert place.daemon.agent.ends() == 1
    place.hub.change_pull(PROJECT, number, is_draft=False)
    place.daemon.submit_passed(branch="fix", commit=place.head("fix"), job="test")
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert place.mentioned() == ["mona"]


def test_a_run_opens_a_pull_request_of_its_own(make_place):
    """It is linked: the check judges that one, and what CI says of its branch belongs to the incident."""
    place = make_place(agents=["remote"])
    place.push("fix")
    ticket = place.report("fix")
    run = wait_for(lambda: place.codegen.runs and place.codegen.runs[0], "the run")
    assert run["metadata"] and ticket["incidentId"] in str(run["metadata"]) + run["_prompt"]
    place.push("codegen/repair", by=HANDLE)
    number = place.hub.open_pull(PROJECT, "codegen/repair", by=HANDLE)
    place.codegen.finish(run["id"], pull_request=f"https://github.com/{PROJECT}/pull/{number}", branch="codegen/repair")
    place.wait_state(ticket, "waiting")
    place.check("codegen/repair", "test", "failure")
    joined = place.report("codegen/repair")
    assert joined["incidentId"] == ticket["incidentId"] and joined["joined"]
    place.look()
    wait_for(lambda: place.incident(ticket)["cycle"] == 2, "the second cycle")
    assert place.codes(ticket) == ["CHECK_FAILED"]
    wait_for(lambda: len(place.codegen.runs) == 2, "the second run")
    place.codegen.finish(place.codegen.runs[1]["id"])
    place.wait_state(ticket, "waiting")
    place.repair("codegen/repair", by=HANDLE)
    place.look()
    done = place.wait_state(ticket, "resolved")
    assert done["lastVerdict"]["headSha"] == place.head("codegen/repair")
    assert len(place.daemon.incidents()) == 1


def test_branches_that_an_agent_names_join_the_old_incident(make_place):
    place = make_place(agents=["asked"], asked={"branches": ["codegen/*", "claude/*"]})
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.push("codegen/repair-1", by=HANDLE)
    place.hub.open_pull(PROJECT, "codegen/repair-1", by=HANDLE, base="fix")
    other = place.report("codegen/repair-1")
    assert other["incidentId"] == ticket["incidentId"] and other["joined"]
    place.wait_quiet()
    assert len(place.daemon.incidents()) == 1 and len(place.posts(number, "status")) == 1
    mine = place.pull("mine")
    assert not place.report("mine")["joined"] and mine != number


def test_an_agent_that_asks_back_is_a_matter_for_people(make_place):
    place = make_place(agents=["remote"], forge={"escalate_to": "mona"}, wait_recheck="10m", max_waiting="1d")
    number = place.pull("fix")
    place.codegen.script("PENDING", "PAUSED_FOR_USER", "WAITING_FOR_USER")
    ticket = place.report("fix")
    run = wait_for(lambda: place.codegen.runs and place.codegen.runs[0], "the run")
    place.codegen.set_status(run["id"], "WAITING_FOR_INPUT")
    wait_for(lambda: "person" in place.incident(ticket)["reason"] or "asks" in place.incident(ticket)["reason"],
             "the incident saying that the agent asks")
    assert place.incident(ticket)["cycle"] == 1 and len(place.posts(number, "status")) == 1


def test_runs_at_once_are_bounded_by_the_agents_concurrency(make_place):
    place = make_place(agents=["remote"], remote={"concurrency": 2})
    tickets = []
    for at in range(4):
        place.pull(f"fix-{at}")
        tickets.append(place.report(f"fix-{at}"))
    wait_for(lambda: len(place.codegen.runs) == 2, "two runs")
    assert len([task for task in place.daemon.tasks("trigger_agent", "executing")]) == 2
    for at in range(4):
        run = wait_for(lambda: len(place.codegen.runs) > at and place.codegen.runs[at], "the next run")
        place.codegen.finish(run["id"])
    for ticket in tickets:
        place.wait_state(ticket, "waiting")
    assert len(place.daemon.tasks(CHECK)) == 4


def test_one_that_is_mentioned_has_its_branch(make_place):
    """Three failures of one branch: one agent is asked; the next one when a commit was seen or its time is over."""
    place = make_place(agents=["asked"], follow_up_delay="5h")
    number = place.pull("fix")
    tickets = [place.daemon.submit(kind=kind, branch="fix", commit=place.head(), job=kind, step="x")
               for kind in ("test_failure", "lint_failure", "build_failure")]
    place.wait_post(number, "mention")

    def waiting():
        said = [place.daemon.run_ctl("explain", ticket["incidentId"]).stdout for ticket in tickets]
        return sum("Waits for its turn: an agent works, or was asked to, on the same branch" in words for words in said)

    wait_for(lambda: waiting() == 2, "the others waiting for their turn")
    place.advance(120)
    wait_for(lambda: waiting() == 2, "the others being in time")
    assert len(place.posts(number, "mention")) == 1
    place.push("fix", by=HANDLE)
    place.check("fix", "test", "in_progress")
    place.advance(3601)
    wait_for(lambda: len(place.posts(number, "mention")) == 2, "the next one's turn")
    place.look()
    wait_for(lambda: len(place.posts(number, "mention")) == 3, "the last one's turn, since a person asks")

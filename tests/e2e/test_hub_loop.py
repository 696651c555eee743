"""The loop against a GitHub: a failure becomes a comment or an issue, an agent works, only a proven green ends it."""
import json

import pytest
from hub_place import BOT, HANDLE, PROJECT, make_place  # noqa: F401

from conftest import wait_for

MENTION = ("mention", HANDLE)


def repaired_by(place, agents, number):
    """Lets the agent of this cycle do its work, as far as it is ours to play."""
    if agents == ["fixer"]:
        wait_for(lambda: place.daemon.agent.ends(), "the command's end")
    elif agents == ["remote"]:
        run = wait_for(lambda: place.codegen.runs and place.codegen.runs[-1], "the run")
        place.codegen.finish(run["id"])
    else:
        place.wait_post(number, "mention")


@pytest.mark.parametrize("agents", [["asked"], ["fixer"], ["remote"]], ids=lambda agents: agents[0])
def test_two_cycles_and_a_green(make_place, agents):
    """Failure, comment with a label, agent, not ready with reasons, second cycle, checks pass, resolved."""
    place = make_place(agents=agents, codegen={"repos": {PROJECT: 7}})
    number = place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    ticket = place.report("fix")
    place.wait_post(number, "status")
    repaired_by(place, agents, number)
    waiting = place.wait_state(ticket, "waiting")
    assert waiting["pullRequest"] == number and waiting["issueUrl"]
    assert place.hub.labels(PROJECT, number) == ["codegen"]
    assert ticket["incidentId"] in place.status(number)

    place.push("fix", by=HANDLE, message="does not help")
    place.check("fix", "test", "failure")
    place.look()
    wait_for(lambda: place.incident(ticket)["cycle"] == 2, "the second cycle")
    assert place.codes(ticket) == ["CHECK_FAILED"]
    wait_for(lambda: triggers(place, agents, number) == 2, "the second trigger")
    if agents == ["remote"]:
        place.codegen.finish(place.codegen.runs[-1]["id"])
    place.wait_state(ticket, "waiting")
    assert "test" in place.status(number)

    place.repair("fix", by=HANDLE)
    place.look()
    done = place.wait_state(ticket, "resolved")
    assert done["lastVerdict"]["outcome"] == "ready" and not done["lastVerdict"]["reasons"]
    assert done["lastVerdict"]["headSha"] == place.head("fix")
    place.wait_quiet()
    assert "resolved" in place.status(number).lower()
    assert len(place.posts(number, "mention")) == (2 if agents == ["asked"] else 0)
    assert place.set_off() == [MENTION] * len(place.posts(number, "mention"))
    assert not place.issues()
    checks = place.daemon.tasks("pr_readiness_check")
    assert {task["status"] for task in checks} == {"completed"}


def triggers(place, agents, number):
    if agents == ["fixer"]:
        return place.daemon.agent.ends()
    return len(place.codegen.runs) if agents == ["remote"] else len(place.posts(number, "mention"))


def test_a_branch_without_pull_request_is_an_issue(make_place):
    """Closed on green, reopened when the failure returns; one issue and one living text all along."""
    place = make_place(agents=["asked"])
    place.push("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    [issue] = place.issues()
    assert place.hub.labels(PROJECT, issue.number) == ["codegen"]
    assert place.incident(ticket)["issueUrl"].endswith(f"/issues/{issue.number}")
    place.repair("fix", by=HANDLE)
    place.look()
    place.wait_state(ticket, "resolved")
    wait_for(lambda: issue.state == "closed", "the issue being closed")
    assert issue.reason == "completed"
    place.wait_quiet()

    place.push("fix", message="breaks it again")
    again = place.report("fix")
    assert again["incidentId"] == ticket["incidentId"] and again["joined"]
    wait_for(lambda: issue.state == "open", "the issue being open again")
    place.wait_state(again, "waiting")
    wait_for(lambda: len(place.posts(issue.number, "mention")) == 2, "the agent being asked again")
    place.repair("fix", by=HANDLE)
    place.look()
    place.wait_state(again, "resolved")
    wait_for(lambda: issue.state == "closed", "the issue being closed again")
    place.wait_quiet()
    assert len(place.issues()) == 1 and len(place.posts(issue.number, "status")) == 1


def test_a_pull_request_that_is_opened_later(make_place):
    """It is attached to the incident; what the issue began is not begun again."""
    place = make_place(agents=["fixer"])
    place.push("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    number = place.hub.open_pull(PROJECT, "fix")
    place.check("fix", "test", "failure")
    place.look()
    wait_for(lambda: place.incident(ticket)["cycle"] == 2, "the second cycle")
    place.wait_state(ticket, "waiting")
    assert place.incident(ticket)["pullRequest"] == number
    place.repair("fix")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert len(place.issues()) == 1 and place.issues()[0].state == "closed"


def test_ci_tells_the_green_first(make_place):
    """A passed build makes the check happen at once, and GitHub has to agree."""
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.push("fix", by=HANDLE)
    place.check("fix", "lint", "failure")
    place.daemon.submit_passed(branch="fix", commit=place.head("fix"), job="test")
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a verdict")
    assert place.codes(ticket) == ["CHECK_FAILED"]
    place.check("fix", "lint", "success")
    place.check("fix", "test", "success")
    place.daemon.submit_passed(branch="fix", commit=place.head("fix"), job="test")
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert len(place.posts(number, "status")) == 1


def test_merged_and_closed(make_place):
    place = make_place(agents=["fixer"])
    merged, closed = place.pull("one"), place.pull("two")
    first, second = place.report("one"), place.report("two")
    for ticket in (first, second):
        place.wait_state(ticket, "waiting")
    place.hub.merge(PROJECT, merged)
    place.hub.close(PROJECT, closed)
    place.look()
    assert place.wait_state(first, "resolved")["lastVerdict"]["outcome"] == "merged"
    assert place.wait_state(second, "abandoned")["lastVerdict"]["outcome"] == "closed"
    place.wait_quiet()
    assert "merged" in place.status(merged).lower()


def test_the_digest_tells_what_became_of_incidents(make_place):
    place = make_place(agents=["fixer"])
    merged, closed, _ = [place.pull(branch) for branch in ("one", "two", "three")]
    tickets = [place.report(branch) for branch in ("one", "two", "three")]
    for ticket in tickets:
        place.wait_state(ticket, "waiting")
    place.hub.merge(PROJECT, merged)
    place.hub.close(PROJECT, closed)
    place.repair("three")
    place.look()
    for ticket, state in zip(tickets, ("resolved", "abandoned", "resolved")):
        place.wait_state(ticket, state)
    assert place.report("three")["joined"]
    assert ("\n- Incidents: 3 opened, 1 reopened, 1 proven green, 1 merged without proof, 1 closed or abandoned, "
            "0 escalated\n") in place.daemon.run_ctl("digest", "--since", "2020-01-01").stdout


def test_the_label_is_made_when_it_is_missing(make_place):
    place = make_place(agents=["fixer"], forge={"label": "needs repair"})
    number = place.pull("fix")
    place.wait_state(place.report("fix"), "waiting")
    place.wait_quiet()
    assert place.hub.labels(PROJECT, number) == ["needs repair"]
    made = place.hub.find(PROJECT).labels["needs repair"]
    assert made.color != "ededed" and made.description
    other = place.pull("other")
    place.wait_state(place.report("other"), "waiting")
    place.wait_quiet()
    assert place.hub.labels(PROJECT, other) == ["needs repair"]
    assert len(place.hub.sent("POST /repos/*/*/labels")) == 1


@pytest.mark.parametrize("is_there", [False, True])
def test_somebody_made_the_label_meanwhile(make_place, is_there):
    place = make_place(agents=["fixer"])
    number = place.pull("fix")
    if is_there:
        place.hub.label(PROJECT, "codegen")
    else:
        place.hub.fail("POST /repos/*/*/labels", "already_exists", optional=True)
    place.wait_state(place.report("fix"), "waiting")
    place.wait_quiet()
    assert place.hub.labels(PROJECT, number) == ["codegen"]


def test_reports_that_join_edit_the_one_comment(make_place):
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    for _ in range(3):
        assert place.report("fix")["joined"]
    other = place.report("fix", kind="lint_failure", job="lint")
    assert not other["joined"]
    wait_for(lambda: len(place.posts(number, "status")) == 2, "its own comment")
    wait_for(lambda: "Waits for its turn" in place.daemon.run_ctl("explain", other["incidentId"]).stdout,
             "the one that was asked first having the branch")
    bodies = place.posts(number, "status")
    assert len(bodies) == 2 and len({body.splitlines()[0] for body in bodies}) == 2, "one for each incident"


def test_issues_are_disabled(make_place):
    """Nowhere to post: the agent is triggered all the same, or the incident says why not; nothing is lost silently."""
    place = make_place(agents=["fixer"])
    place.push("fix")
    place.hub.disable_issues(PROJECT)
    ticket = place.report("fix")
    wait_for(lambda: "issue" in place.daemon.ctl("explain", ticket["incidentId"])["text"].lower() or
             place.incident(ticket)["state"] != "open", "the incident saying what happened")


def test_a_renamed_repository(make_place):
    """Requests that change something are not sent after a redirect blindly; reads are, within the host."""
    place = make_place(agents=["fixer"])
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.repair("fix")
    place.hub.rename(PROJECT, "acme/site")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    [body] = [body for by, body in place.hub.comments("acme/site", number) if by == BOT]
    assert "resolved" in body.lower()


def test_a_pull_request_of_a_renamed_repository_is_its_own(make_place):
    place = make_place(agents=["fixer"])
    number = place.pull("fix")
    place.hub.rename(PROJECT, "acme/site")
    ticket = place.report("fix", commit=place.hub.find("acme/site").branches["fix"])
    place.wait_state(ticket, "waiting")
    wait_for(lambda: place.daemon.agent.ends() == 1, "the agent being asked")
    place.wait_quiet()
    assert list(place.hub.find("acme/site").issues) == [number]
    assert any(by == BOT for by, _ in place.hub.comments("acme/site", number))


def test_a_pull_request_of_a_repository_of_another_owner_by_now(make_place):
    """It is found by the new owner, who is told of."""
    place = make_place(agents=["fixer"], more='project "acme/web" {\n    forge = github\n}\n')
    number = place.pull("fix")
    place.hub.rename(PROJECT, "newco/site")
    ticket = place.report("fix", commit=place.hub.find("newco/site").branches["fix"])
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert list(place.hub.find("newco/site").issues) == [number]
    assert any(by == BOT for by, _ in place.hub.comments("newco/site", number))
    assert place.daemon.log().count('is called "newco/site" at GitHub by now') == 1
    checks = json.loads(place.daemon.run_ctl("--json", "doctor").stdout)["checks"]
    [found] = [check for check in checks if check["name"] == "forge" and check.get("subject") == "github"]
    assert found["state"] == "warning" and '"newco/site"' in found["message"]


def test_a_post_to_a_renamed_repository(make_place):
    """It may have been done although it was sent on: it is looked for, then sent to the new place, once."""
    place = make_place(agents=["fixer"])
    sha = place.push("fix")
    place.hub.rename(PROJECT, "acme/site")
    place.wait_state(place.report("fix", commit=sha), "waiting")
    place.wait_quiet()
    sent = [request.target for request in place.hub.requests if request.method == "POST" and "issues" in request.target]
    assert [target for target in sent if target.endswith("/issues")] == \
        ["/repos/acme/web/issues", "/repositories/1000/issues"]
    assert len(place.hub.find("acme/site").issues) == 1
    assert max(task["attempt"] for task in place.tasks()) <= 1


@pytest.mark.parametrize("seconds", [-600, 600], ids=["behind", "ahead"])
def test_the_order_is_by_githubs_clock(make_place, seconds):
    """This machine's clock is wrong: a green from before the failure proves nothing, one from after it counts."""
    place = make_place(agents=["asked"], start=False)
    place.fault.set_clock(seconds)
    place.start()
    number = place.pull("fix")
    place.check("fix", age_s=300)
    ticket = place.report("fix")
    place.wait_post(number, "status")
    place.look()
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a verdict")
    assert place.codes(ticket) == ["NO_BUILD_SINCE_REPORT"]
    place.repair("fix")
    place.look()
    place.wait_state(ticket, "resolved")
    examined = json.loads(place.daemon.run_ctl("--json", "doctor").stdout)
    [clock] = [check for check in examined["checks"] if check["name"] == "clock"]
    assert clock["state"] == "warning" and 'that of forge "github"' in clock["message"]
    assert ("behind" if seconds < 0 else "ahead of") in clock["message"]


def test_a_number_that_is_no_pull_request(make_place):
    """CI names one of a mirror, or of an issue: the incident goes by its branch, once."""
    place = make_place(agents=["asked"])
    place.push("fix")
    tickets = [place.report("fix", pull_request=4711)]
    place.wait_state(tickets[0], "waiting")
    for _ in range(2):
        place.check("fix", state="failure")
        place.look()
        wait_for(lambda: place.incident(tickets[0]).get("lastVerdict"), "a verdict")
        tickets.append(place.report("fix", pull_request=4711))
    assert len({ticket["incidentId"] for ticket in tickets}) == 1
    [issue] = place.issues()
    assert issue.state == "open"
    wait_for(lambda: "Its pull request" not in issue.body, "what is true of it")
    assert place.posts(issue.number, "mention"), "it is the project's own branch"
    place.repair("fix")
    ready = place.daemon.run_ctl("ready", "--project", PROJECT, "--branch", "fix", "--pull-request", "77")
    assert ready.returncode != 0 and "has no pull request 77" in ready.stdout, ready.stdout + ready.stderr
    place.look()
    place.wait_state(tickets[0], "resolved")


def test_one_answer_that_it_is_gone_is_not_believed(make_place):
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.hub.fail("GRAPHQL", "partial", 1, aliases=[["t0", "pullRequest"]], type="NOT_FOUND",
                   message="Could not resolve to a PullRequest.")
    place.check("fix", state="failure")
    place.look()
    wait_for(lambda: place.incident(ticket)["cycle"] == 2, "a verdict, and the next cycle")
    assert place.codes(ticket) == ["CHECK_FAILED"]
    assert "gone" not in place.status(number)

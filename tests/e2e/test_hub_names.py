"""What a report calls its project and branch, and what GitHub did twice though it answered well; a query that hangs."""
import threading

import pytest
from hub_place import AFTER_REPORT, PROJECT, make_place  # noqa: F401

from conftest import wait_for


def test_names_ignore_case(make_place):
    """One project, one incident, one comment, however it is spelled; the section is the same one's."""
    place = make_place(agents=[])
    number = place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    ticket = place.report("fix")
    assert place.report("fix", project="ACME/Web")["incidentId"] == ticket["incidentId"]
    assert place.report("fix", project=PROJECT, head_repository="Acme/WEB")["incidentId"] == ticket["incidentId"]
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert [incident["project"] for incident in place.daemon.incidents()] == [PROJECT]
    assert len(place.daemon.incidents("--project", "ACME/WEB")) == 1
    assert len(place.posts(number, "status")) == 1
    asked = place.daemon.run_ctl("--json", "ready", "--project", "Acme/Web", "--branch", "fix")
    assert '"CHECK_FAILED"' in asked.stdout


def test_no_issue_for_a_branch_that_is_not_there(make_place):
    place = make_place(agents=["fixer"])
    ticket = place.daemon.submit(branch="closes #1", job="test")
    reason = wait_for(lambda: (lambda text: text if "There is no branch or tag" in text else None)(
        place.incident(ticket).get("reason", "")), "the incident saying so")
    assert '"closes #1"' in reason and not place.issues()
    place.look()
    place.wait_state(ticket, "abandoned")
    place.wait_quiet()
    assert not place.issues() and not place.daemon.agent.ends()


def test_what_was_written_twice_and_answered_well(make_place):
    """The duplicates go with the next news of the incident."""
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    place.hub.fail("POST /repos/*/*/issues/*/comments", "ok", when=(1, 2), effect="twice")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    assert len(place.posts(number, "status")) == len(place.posts(number, "mention")) == 2
    place.push("fix")
    place.check("fix", "test", "success")
    place.look()
    place.wait_state(ticket, "resolved")
    wait_for(lambda: len(place.posts(number, "status")) == len(place.posts(number, "mention")) == 1, "one of each")
    place.wait_quiet()
    assert "Resolved" in place.status(number)


def test_a_question_is_not_held_up_by_what_hangs(make_place):
    place = make_place(agents=[])
    place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()

    def ready():
        return place.daemon.run_ctl("--json", "ready", "--project", PROJECT, "--branch", "fix")
    hanging = place.hub.fail("GRAPHQL", "silence")
    looking = threading.Thread(target=place.look)
    looking.start()
    wait_for(lambda: hanging.hits, "a query that hangs")
    assert '"CHECK_FAILED"' in ready().stdout
    [hung] = [request for request in place.hub.requests if request.fault == "silence"]
    assert not hung.done
    # One that hangs itself ends as unknown, and says who is slow.
    place.hub.fail("GRAPHQL", "silence")
    asked = ready()
    assert asked.returncode == 8 and '"UNREACHABLE"' in asked.stdout and place.hub.graphql_url in asked.stdout
    looking.join()


def test_a_forge_that_keeps_a_question_waiting_is_named(make_place):
    """Before whoever asks stops waiting."""
    place = make_place(agents=[])
    place.pull("fix")
    place.hub.fail("GRAPHQL", "secondary_limit", retry_after=60)

    def ready():
        return place.daemon.run_ctl("--json", "ready", "--project", PROJECT, "--branch", "fix").stdout
    assert '"RATE_LIMITED"' in ready()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ready()))
    asking.start()
    asking.join(30)
    assert 'Forge \\"github\\" has not answered within 25 s. A rate limit is reached' in answers[0], answers


def test_a_section_that_spells_it_otherwise(make_place):
    """The name is no matter of the configuration: one incident, one comment, before and after the reload."""
    place = make_place(agents=["fixer"])
    number = place.pull("fix")
    first = place.report("fix")
    place.wait_state(first, "waiting")
    place.check("fix", "test", "failure")
    place.configure(more='project "Acme/Web" {\n forge = github\n agents = { "fixer" }\n}\n')
    place.daemon.ctl("reload")
    second = place.report("fix")
    place.wait_state(second, "waiting")
    place.wait_quiet()
    assert second["incidentId"] == first["incidentId"] and len(place.posts(number, "status")) == 1


def test_a_pause_outlives_how_it_is_spelled(make_place):
    place = make_place(agents=["fixer"])
    number = place.pull("fix")
    place.daemon.ctl("pause", "ACME/web")
    place.configure(more='project "Acme/Web" {\n forge = github\n agents = { "fixer" }\n}\n')
    place.daemon.ctl("reload")
    ticket = place.report("fix")
    wait_for(lambda: "paused" in place.daemon.run_ctl("explain", ticket["incidentId"]).stdout, "explain saying so")
    assert place.posts(number) == [] and place.daemon.agent.ends() == 0
    place.daemon.ctl("resume", "acme/Web")
    place.wait_state(ticket, "waiting")
    assert len(place.posts(number, "status")) == 1


@pytest.mark.parametrize("annotated", [False, True])
def test_a_tag_is_judged_by_its_commit(make_place, annotated):
    """CI that builds a tag reports it as its branch."""
    place = make_place(agents=[])
    sha = place.push("main")
    place.hub.tag(PROJECT, "v1.2/rc", "main", annotated=annotated)
    place.push("main", message="not of the tag")
    place.hub.check(PROJECT, sha, "test", "failure", age_s=0)
    ticket = place.report("v1.2/rc", commit=sha)
    wait_for(place.issues, "the issue")
    place.wait_state(ticket, "waiting")
    place.look()
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a verdict")
    assert place.incident(ticket)["lastVerdict"]["outcome"] == "not_ready"
    assert "CHECK_FAILED" in place.codes(ticket)
    place.wait_state(ticket, "waiting")
    place.hub.check(PROJECT, sha, "test", "success", **AFTER_REPORT)
    place.look()
    place.wait_state(ticket, "resolved")


def test_a_tag_of_another_commit_proves_nothing(make_place):
    """A branch fails and is thrown away; a tag has its name, and CI runs on its commit every night."""
    place = make_place(agents=[])
    old = place.push("main")
    place.hub.tag(PROJECT, "v2", "main")
    sha = place.push("v2")
    place.hub.check(PROJECT, sha, "test", "failure", age_s=0)
    ticket = place.report("v2", commit=sha)
    place.wait_state(ticket, "waiting")
    place.look()
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a verdict")
    place.hub.delete_branch(PROJECT, "v2")
    place.hub.check(PROJECT, old, "test", "success", **AFTER_REPORT)
    place.look()
    place.wait_state(ticket, "abandoned")


def test_a_tag_that_was_moved_is_told_as_such(make_place):
    place = make_place(agents=[])
    ticket = place.report("v2", commit=place.hub.tag(PROJECT, "v2"))
    place.wait_state(ticket, "waiting")
    moved = place.push("main")
    place.hub.tag(PROJECT, "v2", "main")
    place.look()
    place.wait_state(ticket, "abandoned")
    reason = place.incident(ticket)["reason"]
    assert f"the tag of that name is at commit {moved}" in reason and "let CI build it" in reason
    place.wait_quiet()
    [issue] = place.issues()
    assert "the tag is at another commit than the one that failed" in issue.body


def test_a_tag_that_is_gone_is_no_longer_followed(make_place):
    place = make_place(agents=[])
    ticket = place.report("v1.2/rc", commit=place.hub.tag(PROJECT, "v1.2/rc"))
    place.wait_state(ticket, "waiting")
    place.hub.find(PROJECT).tags.clear()
    place.look()
    place.wait_state(ticket, "abandoned")

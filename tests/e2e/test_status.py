"""What `status` and `explain` say when something outside fails, or is full."""
import re

import pytest
from hub_place import PROJECT, make_place  # noqa: F401

from conftest import wait_for

AGO = re.compile(r", at \S+ \(\d+ \w+ ago\)")


def agents(daemon):
    return {agent["name"]: agent for agent in daemon.ctl("status")["agents"]}


def test_a_forge_that_cannot_be_reached(make_place):
    place = make_place()
    place.pull("fix")
    place.hub.fail("*", "reset", "always")
    ticket = place.report("fix")
    forge = wait_for(lambda: (lambda found: found if found.get("unreachableSince") else None)(place.forge()),
                     "status telling of it")
    assert forge["reachable"] is False
    assert forge["unreachableSince"] in forge["reason"] and "tried again" in forge["reason"]
    assert "connection" in forge["reason"], "and why"
    assert "cannot be reached since" in place.daemon.run_ctl("status").stdout
    waiting = place.report("fix", job="other", kind="lint_failure")
    for incident in (ticket, waiting):
        text = wait_for(lambda: (lambda text: text if "cannot be reached" in text else None)(
            place.daemon.ctl("explain", incident["incidentId"])["text"]), "explain telling of it")
        assert not AGO.search(text), text


def test_an_agent_that_cannot_be_started(idle):
    idle.configure(f"""
agent gone {{
    type = command
    command = {{ "{idle.directory}/nothing" }}
}}
agent nowhere {{
    type = command
    command = {{ "{idle.agent.path}" }}
    workdir = "{idle.directory}/nowhere"
}}
agent remote {{
    type = codegen
    organization = 7
    token = "env:NO_SUCH_VARIABLE"
}}
agent fine {{
    type = command
    command = {{ "{idle.agent.path}" }}
}}
""")
    code, said = idle.run_to_end("--check-config")
    assert code == 0 and said.count("could not be started") == 2 and "nothing" in said and "nowhere" in said
    idle.start()
    found = agents(idle)
    assert "nothing" in found["gone"]["problem"] and "nowhere" in found["nowhere"]["problem"]
    assert "NO_SUCH_VARIABLE" in found["remote"]["problem"] and "problem" not in found["fine"]
    shown = idle.run_ctl("status").stdout
    assert shown.count("problem:") == 3
    assert idle.log().count("cannot be started now") == 3
    idle.ctl("reload")
    assert idle.log().count("cannot be started now") == 6


def test_an_agent_that_has_no_free_place(idle):
    idle.configure(f"""
follow-up-delay = 1h
agent fixer {{
    type = command
    command = {{ "{idle.agent.path}" }}
    concurrency = 1
}}
project "acme/*" {{
    agents = {{ fixer }}
}}
""")
    idle.agent.hold()
    idle.start()
    idle.submit()
    wait_for(idle.agent.runs, "a run")
    second = idle.submit(branch="other")
    waits = 'waits for a free place of agent "fixer": 1 of 1'
    text = wait_for(lambda: (lambda text: text if waits in text else None)(
        idle.ctl("explain", second["incidentId"])["text"]), "explain telling of it")
    assert "has been due since" in text and not AGO.search(text), text
    assert waits in agents(idle)["fixer"]["reason"]
    assert waits in idle.run_ctl("status").stdout
    idle.agent.release()
    idle.wait_state(second["incidentId"], "waiting")
    assert "reason" not in agents(idle)["fixer"]


def test_writes_that_wait_for_their_turn(make_place):
    place = make_place()
    for number in range(12):
        place.pull(f"fix{number}")
    tickets = [place.report(f"fix{number}") for number in range(12)]
    texts = [place.daemon.ctl("explain", ticket["incidentId"])["text"] for ticket in tickets]
    assert any("writes wait at forge" in text for text in texts), texts


def test_an_error_says_whose_it_is(idle):
    idle.configure(max_cycles=1, wait_recheck="1s", follow_up_delay="1s")
    idle.start()
    ticket = idle.submit()
    idle.wait_state(ticket["incidentId"], "escalated")
    [line] = [line for line in idle.run_ctl("status").stdout.splitlines() if line.startswith("Error:")]
    assert PROJECT in line and ticket["incidentId"] in line


def test_ready_while_the_credential_is_refused(make_place):
    """It cannot be told: that is no answer, and no hint speaks against the sentence."""
    place = make_place()
    place.pull("fix")
    place.hub.revoke(place.token)
    place.report("fix")
    wait_for(lambda: "401" in place.forge().get("reason", ""), "the refusal")
    for _ in range(2):
        ended = place.daemon.run_ctl("ready", "--project", PROJECT, "--branch", "fix")
        assert ended.returncode == 8 and "unknown" in ended.stdout and "401" in ended.stdout, ended
        assert "try again" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("what", [("--branch", "nowhere"), ("--pull-request", 99)])
def test_ready_of_what_is_not_there(make_place, what):
    place = make_place()
    place.pull("fix")
    ended = place.daemon.run_ctl("ready", "--project", PROJECT, *what)
    assert ended.returncode == 1 and "gone" in ended.stdout
    assert PROJECT in ended.stdout and str(what[1]) in ended.stdout and "pull request" in ended.stdout


@pytest.mark.parametrize("end", ["corrected", "passes"])
def test_an_address_that_is_no_api(make_place, end):
    """Of an operator's slip no attempt is used up; corrected, all goes on. So it does where it was a proxy's page."""
    place = make_place(start=False)
    number = place.pull("fix")
    right = place.hub.api_url
    wrong = place.hub.fail("GET /user", "not_found", "always")
    place.start()
    ticket = place.report("fix")
    forge = wait_for(lambda: (lambda found: found if "api-url" in found.get("reason", "") else None)(place.forge()),
                     "status telling of it")
    assert right in forge["reason"] and "404" in forge["reason"]
    for _ in range(3):
        hits = wrong.hits
        place.advance(3600)
        wait_for(lambda before=hits: wrong.hits > before, "another look")
        wait_for(lambda: place.forge().get("pausedUntil"), "it being closed once more")
    assert place.forge()["reachable"] is False
    assert 'codegend_forge_up{forge="github"} 0' in place.daemon.run_ctl("metrics").stdout
    [task] = place.daemon.tasks("publish_report")
    assert task["status"] == "scheduled" and task["attempt"] == 0
    place.hub.recover(wrong)
    if end == "corrected":
        place.daemon.ctl("reload")
    place.advance(3600)
    place.wait_post(number, "status")
    place.wait_state(ticket, "waiting")
    assert place.forge()["reachable"] is True and "reason" not in place.forge()
    assert place.daemon.log().count(f'Forge "github": "{right}" is no API of GitHub') == 1


@pytest.mark.parametrize("how", ["gone", "invalid"])
def test_what_is_refused_for_good_is_not_repeated(make_place, how):
    place = make_place()
    place.pull("fix")
    place.hub.fail("POST /repos/*/*/issues/*/comments", how, "always")
    ticket = place.report("fix")
    task = wait_for(lambda: (lambda tasks: tasks and tasks[0])(place.daemon.tasks("publish_report", "failed")),
                    "giving up")
    assert task["attempt"] == 2
    place.wait_state(ticket, "waiting")


def test_a_project_that_github_cannot_have(make_place):
    place = make_place(more='project "acme" {\n    forge = github\n}\n')
    ended = place.daemon.run_ctl("submit", "--strict", "--project", "acme", "--branch", "fix", "test_failure",
                                 "it broke", submit=True)
    assert ended.returncode != 0 and '"owner/name"' in ended.stderr and not place.incidents()

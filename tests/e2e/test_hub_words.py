"""What people read: where it stands comes first and is true until it is changed, and this host is not talked about."""
from hub_place import BOT, HANDLE, PROJECT, make_place  # noqa: F401
from test_hub_trust import fork_pull, report_of_fork

from conftest import wait_for

PLANTED = "/srv/planted/agent"


def first_line(place, number):
    return place.status(number).split("\n")[1]


def wait_first_line(place, number, text):
    return wait_for(lambda: place.posts(number, "status") and text in first_line(place, number) and
                    first_line(place, number), f"a first line with {text!r}")


def test_a_turn_is_told_when_it_was_taken(make_place):
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_post(number, "mention")
    line = wait_first_line(place, number, "was asked in [a comment](http")
    assert line.startswith("Agent `asked` was asked") and "(cycle 1 of 3); codegend looks" in line
    place.wait_quiet()
    assert place.set_off() == [("mention", HANDLE)], "told, and not mentioned once more"
    place.repair("fix")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert first_line(place, number).startswith("**Resolved** ")
    assert "\n# Resolved. Test failure: acme/web" in place.status(number)


def test_the_next_agent_is_told(make_place):
    place = make_place(agents=["remote", "fixer"])
    number = place.pull("fix")
    place.codegen.refuse("forbidden", "always")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    wait_first_line(place, number, "Agent `fixer` ended with exit code 0")
    status = place.status(number)
    assert "agent `remote` could not be started." in status
    assert place.codegen.url not in status and "127.0.0.1" not in status.replace(place.hub.api_url, "")


def test_no_agent_is_promised_where_none_may_be_asked(make_place):
    place = make_place(agents=["fixer"])
    number = fork_pull(place)
    ticket = report_of_fork(place, number)
    place.wait_post(number, "status")
    line = first_line(place, number)
    assert line.startswith("**No agent is asked**: the pull request is of a fork")
    assert f"`codegenctl incident release {ticket['incidentId']}`" in place.status(number)
    place.wait_state(ticket, "waiting")
    said = place.daemon.ctl("explain", ticket["incidentId"])["text"]
    assert f'"codegenctl incident release {ticket["incidentId"]}" lets it' in said


def test_an_agent_whose_program_is_missing_is_passed_over(make_place):
    place = make_place(agents=["fixer", "asked"], fixer={"command": ["/nonexistent/agent"]})
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_post(number, "mention", "@" + HANDLE)
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    _, first = place.tasks("trigger_agent")
    assert (first["status"], first["attempt"], first["result"]["end"]) == ("completed", 1, "not_started")
    assert "agent `fixer` could not be started." in place.status(number)


def test_an_agent_that_works_is_told_as_such(make_place):
    place = make_place(agents=["fixer"], fixer={"command": ["/bin/sleep", "600"], "timeout": "1h"})
    number = place.pull("fix")
    place.report("fix")
    place.wait_post(number, "status", "It is the turn of agent")
    wait_for(lambda: [task["status"] for task in place.tasks("trigger_agent")] == ["executing"], "the agent's start")
    place.advance(61)
    place.wait_post(number, "status", "Agent `fixer` works on it (cycle 1 of 3)")


def test_an_agent_that_cannot_be_started_is_told_on_github(make_place):
    place = make_place(agents=["fixer"], fixer={"command": ["/nonexistent/agent"]})
    number = place.pull("fix")
    place.report("fix")
    place.wait_post(number, "status", "agent `fixer`, which could not be started at first and is tried again (cycle")


def test_a_budget_of_triggers_that_is_used_up_is_told_on_github(make_place):
    place = make_place(agents=["fixer"], max_triggers_per_hour=1)
    place.pull("fix")
    place.wait_state(place.report("fix"), "waiting")
    number = place.pull("other")
    ticket = place.report("other")
    place.wait_post(number, "status", "agent `fixer`, once the project may trigger agents again")
    assert "max-triggers-per-hour = 1" in place.incident(ticket)["reason"]


def test_what_is_said_is_said_once(make_place):
    place = make_place(agents=["asked"])
    place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    said = place.daemon.ctl("explain", ticket["incidentId"])["text"]
    assert said.count("was asked at http") == 1


def test_a_failure_of_the_past_is_told_as_such(make_place):
    """What stands in the way now is told beside it; what does not any more is not told as if it did."""
    place = make_place()
    place.pull("fix")
    place.hub.revoke(place.token)
    ticket = place.report("fix")
    wait_for(lambda: place.incident(ticket)["reason"].startswith("The last try, at "), "the attempt that failed")
    said = place.daemon.ctl("explain", ticket["incidentId"])["text"]
    assert "UTC, failed: GitHub refuses the credential" in said and "That still holds." in said
    assert said.count("refuses the credential") == 1
    assert f"{place.incident(ticket)['reason']} That still holds." in said
    assert said.count("That still holds.") == 1
    place.write_secret(place.token_file, place.hub.token(BOT, value="ghp_" + "n" * 36))
    place.daemon.ctl("pause", PROJECT)
    place.daemon.ctl("reload")
    wait_for(lambda: "reason" not in place.forge(), "the forge being open again")
    said = place.daemon.ctl("explain", ticket["incidentId"])["text"]
    assert "The last try, at " in said and "That still holds." not in said
    place.daemon.ctl("resume", PROJECT)
    place.wait_state(ticket, "waiting")
    assert "credential" not in place.daemon.ctl("explain", ticket["incidentId"])["text"]


def test_what_fails_here_is_told_without_this_host(make_place):
    place = make_place(agents=["fixer"], fixer={"workdir": PLANTED})
    number = place.pull("fix")
    ticket = place.report("fix")

    def is_given_up():
        [task] = place.tasks("trigger_agent") or [{"status": "none"}]
        if task["status"] == "scheduled":
            place.daemon.run_ctl("task", "run", task["id"])
        return task["status"] == "failed"

    wait_for(is_given_up, "the trigger being given up")
    wait_first_line(place, number, "Agent `fixer` could not be started (cycle 1 of 3)")
    place.wait_quiet()
    assert PLANTED in place.daemon.ctl("explain", ticket["incidentId"])["text"]
    assert not [body for body in place.posts(number) if PLANTED in body]
    assert not [request for request in place.hub.requests if PLANTED in request.text]


def test_a_label_that_may_not_be_set_is_told_with_the_incident(make_place):
    place = make_place(roles={BOT: "read"})
    for branch in ("fix", "other"):
        place.pull(branch)
        place.wait_state(place.report(branch), "waiting")
    place.wait_quiet()
    told = [task["reason"] for task in place.tasks("publish_report") if "labels of" in task["reason"]]
    assert len(told) == 1 and "It is done without" in told[0]


def test_a_comment_follows_when_its_project_is_back(make_place):
    place = make_place()
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.configure(project={"forge": "local"})
    place.daemon.ctl("reload")
    place.daemon.submit_passed(branch="fix", commit=place.head("fix"), job="test")
    place.wait_state(ticket, "resolved")
    wait_for(lambda: "former forge" in place.tasks("notify")[-1].get("reason", ""), "it saying why it is not told")
    assert "Resolved" not in place.status(number)
    place.configure(project={"forge": "github"})
    place.daemon.ctl("reload")
    place.wait_post(number, "status", "Resolved")
    place.wait_quiet()


def test_two_failures_of_one_branch_name_each_other(make_place):
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    first = place.report("fix")
    place.wait_state(first, "waiting")
    second = place.report("fix", kind="lint_failure", job="lint")
    wait_for(lambda: len(place.posts(number, "status")) == 2, "the second status comment")
    ids = [ticket["incidentId"] for ticket in (first, second)]
    for own, other in (ids, ids[::-1]):
        assert f"The same branch has {other} as well." in place.daemon.ctl("explain", own)["text"]
    body = next(body for body in place.posts(number, "status") if f"incident={ids[1]}" in body)
    assert f"Another failure of its branch is told as `{ids[0]}`." in body


def test_the_second_cycle_is_told_as_such(make_place):
    place = make_place(agents=["fixer"])
    place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.push("fix")
    place.check("fix", "test", "failure")
    place.look()
    wait_for(lambda: place.daemon.agent.ends() == 2, "the second cycle's run")
    said = [task["reason"] for task in place.tasks("publish_report")]
    assert sorted(reason.split(" at http")[0] for reason in said) == ["Brought up to date", "Published"]

"""The loop itself: a failure comes in, an agent works, only a proven green ends it."""
import concurrent.futures
import json
import time

from conftest import wait_for

PUBLISH, TRIGGER, CHECK = "publish_report", "trigger_agent", "pr_readiness_check"


def test_observe_records_and_does_nothing_else(idle):
    idle.configure(mode="observe", max_cycles=2)
    idle.start()
    ticket = idle.submit()
    done = idle.wait_state(ticket["incidentId"], "escalated")
    assert done["cycle"] == 2 and done["reports"] == 1
    assert len(idle.tasks(CHECK, "completed")) == 2
    assert not idle.tasks(PUBLISH) and not idle.tasks(TRIGGER) and not idle.agent.runs()
    assert not [path for path in idle.state.rglob("*.md")]
    assert idle.ctl("report", "show", ticket["reportId"])["errorType"] == "test_failure"


def test_unfixed_failure_is_escalated_after_max_cycles(idle):
    idle.configure(max_cycles=3)
    idle.start()
    ticket = idle.submit()
    incident = ticket["incidentId"]
    done = idle.wait_state(incident, "escalated")
    assert done["cycle"] == 3 and done["maxCycles"] == 3
    assert done["lastVerdict"]["outcome"] == "not_ready"
    assert [reason["code"] for reason in done["lastVerdict"]["reasons"]] == ["NO_BUILD_SINCE_REPORT"]
    assert len(idle.agent.runs()) == 3
    for kind in (PUBLISH, TRIGGER, CHECK):
        tasks = idle.tasks(kind, incident=incident)
        assert sorted(task["cycle"] for task in tasks) == [1, 2, 3], kind
        assert {task["status"] for task in tasks} == {"completed"}, kind
    told = idle.ctl("explain", incident)
    assert "budget" in told["text"] and "retry" in told["text"]
    assert {task["id"] for task in told["tasks"]} >= {task["id"] for task in idle.tasks(CHECK, incident=incident)}
    check = idle.ctl("explain", ticket["taskId"])
    assert check["text"] and check["task"]["id"] == ticket["taskId"]


def test_one_failure_from_many_processes_is_one_incident(idle):
    idle.configure(follow_up_delay="1h", max_cycles=1)
    idle.agent.hold()
    idle.start()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        tickets = list(pool.map(lambda _: idle.submit(), range(100)))
    assert len({ticket["incidentId"] for ticket in tickets}) == 1
    assert len({ticket["reportId"] for ticket in tickets}) == 100
    assert [ticket["joined"] for ticket in tickets].count(False) == 1
    incident = idle.incident(tickets[0]["incidentId"])
    assert incident["reports"] == 100 and len(idle.incidents()) == 1
    wait_for(lambda: idle.agent.runs(), "the agent's start")
    idle.agent.release()
    idle.wait_state(incident["id"], "waiting")
    assert len(idle.agent.runs()) == 1
    assert len(idle.tasks(CHECK)) == 1 and len(idle.tasks(TRIGGER)) == 1 and len(idle.tasks(PUBLISH)) == 1


def test_a_passed_build_resolves_at_once(daemon):
    ticket = daemon.submit()
    daemon.wait_state(ticket["incidentId"], "waiting")
    passed = daemon.submit_passed()
    done = daemon.wait_state(ticket["incidentId"], "resolved")
    assert done["lastVerdict"]["outcome"] == "ready" and done["lastVerdict"]["headSha"] == "aaaaaaa1"
    assert done["resolvedAt"] and not passed["duplicate"]
    assert daemon.tasks(CHECK)[0]["status"] == "completed"


def test_a_passed_build_stops_the_agent(daemon):
    daemon.agent.hold()
    ticket = daemon.submit()
    wait_for(lambda: daemon.agent.runs(), "the agent's start")
    daemon.submit_passed()
    daemon.wait_state(ticket["incidentId"], "resolved")
    wait_for(lambda: not daemon.agent.is_running(), "the agent's end")
    assert daemon.agent.ends() == 0
    wait_for(lambda: not daemon.tasks(TRIGGER, "executing"), "the trigger being recorded as over")


def test_green_elsewhere_proves_nothing(daemon):
    """Another branch, another job, another step, an unrelated commit: the incident stays."""
    ticket = daemon.submit()
    daemon.wait_state(ticket["incidentId"], "waiting")
    daemon.submit_passed(branch="main")
    daemon.submit_passed(job="other")
    daemon.submit_passed(step="make lint")
    daemon.submit_passed(commit="bbbbbbb2")
    daemon.ctl("check")
    verdict = daemon.incident(ticket["incidentId"])["lastVerdict"]
    assert verdict["outcome"] != "ready" and verdict["reasons"]
    assert daemon.incident(ticket["incidentId"])["state"] == "waiting"


def test_a_later_build_number_of_the_same_job_proves_it(daemon):
    ticket = daemon.submit(build_number=11)
    daemon.wait_state(ticket["incidentId"], "waiting")
    daemon.submit_passed(commit="bbbbbbb2", build_number=12)
    assert daemon.wait_state(ticket["incidentId"], "resolved")["lastVerdict"]["headSha"] == "bbbbbbb2"


def test_a_newer_red_is_not_hidden_by_an_older_green(daemon):
    ticket = daemon.submit(build_number=11)
    daemon.wait_state(ticket["incidentId"], "waiting")
    daemon.submit(build_number=13, commit="ccccccc3")
    daemon.submit_passed(build_number=12, commit="bbbbbbb2")
    daemon.ctl("check")
    incident = daemon.incident(ticket["incidentId"])
    assert incident["state"] != "resolved" and incident["lastVerdict"]["outcome"] == "not_ready"


def test_a_report_while_checking_is_not_lost(daemon):
    """Passed and failed builds arrive in a burst: whatever the order of checks, the last word is the failure's."""
    ticket = daemon.submit(build_number=1)
    daemon.wait_state(ticket["incidentId"], "waiting")
    connection = daemon.connect()
    for number in range(2, 40):
        for passed in (True, False):
            connection.send("io.codegend.Submit", {"key": f"burst-{number}-{passed}", "project": "acme/web",
                            "branch": "fix", "commit": "aaaaaaa1", "job": "ci", "step": "make test", "passed": passed,
                            "buildNumber": str(2 * number + (not passed)), "errorType": "test_failure"})
    answers = [connection.receive() for _ in range(76)]
    assert not [answer for answer in answers if "error" in answer]
    connection.close()
    wait_for(lambda: not daemon.tasks(CHECK, "executing"), "the checks")
    incident = daemon.incidents()[0]
    assert incident["state"] in ("open", "waiting", "escalated")
    assert daemon.ctl("status")["reports"] == 39
    daemon.submit_passed(build_number=100)
    daemon.wait_state(incident["id"], "resolved")


def test_resolved_is_reopened_with_its_cycle_count(daemon):
    ticket = daemon.submit()
    incident = ticket["incidentId"]
    daemon.wait_state(incident, "waiting")
    daemon.submit_passed()
    daemon.wait_state(incident, "resolved")
    again = daemon.submit(commit="bbbbbbb2")
    assert again["incidentId"] == incident and again["joined"]
    reopened = daemon.wait_state(incident, "waiting")
    assert reopened["cycle"] == 2 and reopened.get("resolvedAt") is None and reopened["reports"] == 2
    assert len(daemon.agent.runs()) == 2


def test_retry_refills_the_budget(idle):
    idle.configure(max_cycles=1)
    idle.start()
    incident = idle.submit()["incidentId"]
    idle.wait_state(incident, "escalated")
    joined = idle.submit()
    assert joined["incidentId"] == incident and joined["joined"] and len(idle.agent.runs()) == 1
    retried = idle.ctl("incident", "retry", incident)
    assert retried["state"] == "open" and retried["cycle"] == 2
    idle.wait_state(incident, "escalated")
    assert len(idle.agent.runs()) == 2


def test_green_resolves_an_escalated_incident(idle):
    idle.configure(max_cycles=1)
    idle.start()
    incident = idle.submit()["incidentId"]
    idle.wait_state(incident, "escalated")
    idle.submit_passed()
    idle.wait_state(incident, "resolved")


def test_closed_is_abandoned_and_a_new_report_opens_another(daemon):
    daemon.agent.hold()
    incident = daemon.submit()["incidentId"]
    wait_for(lambda: daemon.agent.runs(), "the agent's start")
    closed = daemon.ctl("incident", "close", incident)
    assert closed["state"] == "abandoned"
    wait_for(lambda: not daemon.agent.is_running(), "the agent's end")
    assert not daemon.tasks(status="scheduled", incident=incident)
    daemon.agent.release()
    other = daemon.submit()
    assert other["incidentId"] != incident and not other["joined"]
    ended = daemon.run_ctl("incident", "close", incident)
    assert ended.returncode == 1 and "abandoned" in ended.stderr


def test_the_same_key_gets_the_same_answer(daemon):
    first = daemon.submit(key="build-11-step-3")
    again = daemon.submit(key="build-11-step-3", commit="fffffff9")
    assert again["duplicate"] and not first["duplicate"]
    for field in ("reportId", "incidentId", "taskId", "scheduledFor"):
        assert again[field] == first[field], field
    assert daemon.incident(first["incidentId"])["reports"] == 1
    daemon.restart()
    assert daemon.submit(key="build-11-step-3")["reportId"] == first["reportId"]


def test_one_agent_per_branch_at_a_time(daemon):
    daemon.agent.hold()
    first = daemon.submit(kind="lint_failure", step="lint")["incidentId"]
    wait_for(lambda: daemon.agent.runs(), "the first agent's start")
    second = daemon.submit(kind="test_failure", step="test")["incidentId"]
    elsewhere = daemon.submit(kind="test_failure", step="test", branch="other")["incidentId"]
    assert len({first, second, elsewhere}) == 3
    wait_for(lambda: first in daemon.incident(second)["reason"], "the second waiting its turn")
    daemon.agent.release()
    for incident in (first, second, elsewhere):
        daemon.wait_state(incident, "waiting")
    assert len(daemon.agent.runs()) == 3


def test_the_budget_of_triggers_an_hour(idle):
    idle.configure(max_triggers_per_hour=2, follow_up_delay="1h")
    idle.start()
    incidents = [idle.submit(branch=f"b{number}")["incidentId"] for number in range(4)]
    wait_for(lambda: len([task for task in idle.tasks(TRIGGER, "scheduled") if "budget" in task["reason"]]) == 2,
             "two triggers held back")
    assert len(idle.agent.runs()) == 2 and len(incidents) == 4


def test_what_the_agent_is_given(daemon):
    ticket = daemon.submit("--log", "-", kind="type_check_failure", text_of_log="src/a.ts(3,7): error TS2322: oh")
    daemon.wait_state(ticket["incidentId"], "waiting")
    prompt = (daemon.directory / "prompt").read_text()
    assert "type" in prompt.lower() and "TS2322" in prompt and "acme/web" in prompt
    environment = (daemon.directory / "environment").read_text()
    assert ticket["incidentId"] in environment and "fix" in environment
    assert "CODEGEN_SPOOL" not in environment and str(daemon.directory / "spool") not in environment


def test_the_agents_exit_code_is_recorded_not_believed(daemon):
    (daemon.directory / "script").write_text("exit 3\n")
    incident = daemon.submit()["incidentId"]
    assert daemon.wait_state(incident, "waiting").get("lastVerdict") is None
    trigger = daemon.tasks(TRIGGER)[0]
    assert trigger["status"] == "completed" and trigger["result"]["exitCode"] == 3


def test_watch_streams_events_as_json_lines(daemon):
    connection = daemon.connect()
    connection.send("io.codegend.Watch", {"since": 0}, more=True)
    incident = daemon.submit()["incidentId"]
    seen = []
    while not any(event.get("incidentId") == incident for event in seen):
        message = connection.receive()
        assert message["continues"]
        seen.append(message["parameters"]["event"])
    assert [event["seq"] for event in seen] == sorted(event["seq"] for event in seen)
    connection.close()


def test_published_markdown_is_in_the_state_directory(daemon):
    ticket = daemon.submit("--log", "-", text_of_log="FAIL @everyone #12 <!-- x --> ```\n")
    daemon.wait_state(ticket["incidentId"], "waiting")
    bodies = [path.read_text() for path in daemon.state.rglob("*.md")]
    assert len(bodies) == 1 and ticket["incidentId"] in bodies[0]
    assert daemon.incident(ticket["incidentId"])["issueUrl"]


def test_json_is_one_document_and_times_are_utc(daemon):
    ticket = daemon.submit()
    task = daemon.ctl("task", "show", ticket["taskId"])
    assert task["scheduledFor"].endswith("Z") and task["createdAt"].endswith("Z")
    delay = parse(task["scheduledFor"]) - parse(task["createdAt"])
    assert 3600 <= delay <= 3700
    error = daemon.run_ctl("--json", "task", "show", "delayed-1")
    assert error.returncode == 4
    assert set(json.loads(error.stderr or error.stdout)["error"]) >= {"code", "message"}


def parse(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (fraction or "0"))

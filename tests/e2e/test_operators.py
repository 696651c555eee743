"""What operators type."""
import json
import time

import pytest

from conftest import wait_for

CHECK = "pr_readiness_check"
UNIX_TIME = "%Y-%m-%dT%H:%M:%S"


def schedule(daemon, *more, branch="fix"):
    made = daemon.ctl("schedule", "--project", "acme/web", "--branch", branch, *more)
    return made.get("task", made)


def seconds_until(task):
    due = task["scheduledFor"].partition(".")[0].rstrip("Z")
    return time.mktime(time.strptime(due, UNIX_TIME)) - time.mktime(time.gmtime())


def test_pause_and_resume_across_a_restart(daemon):
    daemon.ctl("pause", "acme/web")
    ticket = daemon.submit()
    other = daemon.submit(project="acme/api")
    daemon.wait_state(other["incidentId"], "waiting")
    daemon.restart()
    assert "acme/web" in json.dumps(daemon.ctl("status")["paused"])
    daemon.ctl("check")
    assert daemon.incident(ticket["incidentId"])["state"] == "open" and len(daemon.agent.runs()) == 1
    daemon.ctl("resume", "acme/web")
    daemon.wait_state(ticket["incidentId"], "waiting")
    assert len(daemon.agent.runs()) == 2


def test_pause_of_everything(daemon):
    daemon.ctl("pause")
    ticket = daemon.submit()
    daemon.ctl("check", "--all")
    assert not daemon.agent.runs() and daemon.incident(ticket["incidentId"])["reports"] == 1
    daemon.ctl("resume")
    daemon.wait_state(ticket["incidentId"], "waiting")


def test_schedule_by_hand_not_ready_opens_an_incident(daemon):
    daemon.submit_passed(build_number=1)
    daemon.submit(build_number=2, kind="lint_failure")
    lint = daemon.incidents()[0]["id"]
    daemon.wait_state(lint, "waiting")
    daemon.ctl("incident", "close", lint)
    task = schedule(daemon, "--delay", "1h", "--instructions", "Look at the pull request.")
    assert task["type"] == CHECK and task["instructions"] == "Look at the pull request."
    assert task.get("incidentId") is None and 3500 < seconds_until(task) <= 3600
    daemon.ctl("task", "run", task["id"])
    opened = wait_for(lambda: [one for one in daemon.incidents() if one["id"] != lint], "an incident of its own")
    assert opened[0]["errorType"] == "unknown_failure" and opened[0]["branch"] == "fix"
    assert daemon.ctl("task", "show", task["id"])["status"] == "completed"


def test_schedule_by_hand_ready_opens_none(daemon):
    daemon.submit_passed()
    task = schedule(daemon)
    daemon.ctl("check", "--all")
    done = daemon.ctl("task", "show", task["id"])
    assert done["status"] == "completed" and done["result"]["outcome"] == "ready" and not daemon.incidents()


def test_ids_have_the_shape_users_know(daemon):
    ids = [schedule(daemon, branch=f"b{number}")["id"] for number in range(5)]
    assert len(set(ids)) == 5
    for one in ids:
        prefix, milliseconds = one.split("-")[:2]
        assert prefix == "delayed" and abs(int(milliseconds) / 1000 - time.time()) < 60


def test_check_runs_due_tasks_and_all_the_others_too(daemon):
    daemon.submit_passed()
    later = schedule(daemon)
    assert daemon.ctl("check")["executed"] == 0
    done = daemon.ctl("check", "--all")
    assert done["executed"] == 1 and done["completed"] == 1
    assert daemon.ctl("task", "show", later["id"])["status"] == "completed"


def test_snooze_cancel_retry_run(daemon):
    daemon.submit_passed()
    task = schedule(daemon)["id"]
    snoozed = daemon.ctl("task", "snooze", task, "--delay", "3h")
    assert 10700 < seconds_until(snoozed) <= 10800
    assert daemon.ctl("task", "cancel", task)["status"] == "cancelled"
    ended = daemon.run_ctl("task", "cancel", task)
    assert ended.returncode == 1 and "cancelled" in ended.stderr
    assert daemon.run_ctl("task", "run", task).returncode == 1
    daemon.ctl("task", "retry", task)
    wait_for(lambda: daemon.ctl("task", "show", task)["status"] == "completed", "the retried task's end")
    again = schedule(daemon)["id"]
    daemon.ctl("task", "run", again)
    wait_for(lambda: daemon.ctl("task", "show", again)["status"] == "completed", "the run task's end")


def test_cleanup(daemon):
    daemon.submit_passed()
    task = schedule(daemon)["id"]
    kept = schedule(daemon, branch="other")["id"]
    daemon.ctl("task", "cancel", task)
    assert daemon.ctl("cleanup")["tasks"] == 0, "seven days are kept"
    assert daemon.ctl("cleanup", "--older-than", "0s", "--dry-run")["tasks"] == 1
    assert daemon.ctl("task", "show", task)["status"] == "cancelled"
    wait_for(lambda: daemon.ctl("cleanup", "--older-than", "1ms")["tasks"] == 1, "the removal")
    assert daemon.run_ctl("task", "show", task).returncode == 4
    assert daemon.ctl("task", "show", kept)["status"] == "scheduled"


def test_ready_answers_by_exit_code(daemon):
    arguments = ["ready", "--project", "acme/web", "--branch", "fix"]
    assert daemon.run_ctl(*arguments).returncode == 8, "no build at all: it may still come"
    daemon.submit_passed(build_number=1)
    assert daemon.run_ctl(*arguments).returncode == 0
    daemon.submit(build_number=2)
    ended = daemon.run_ctl("--json", *arguments)
    verdict = json.loads(ended.stdout)
    assert ended.returncode == 1 and verdict["outcome"] == "not_ready" and verdict["reasons"]


def test_lists_are_filtered_and_counted(daemon):
    for number in range(5):
        daemon.submit(branch=f"b{number}", project="acme/web" if number < 3 else "acme/api")
    listed = daemon.ctl("incidents", "--project", "acme/web")
    assert {one["project"] for one in listed["incidents"]} == {"acme/web"} and len(listed["incidents"]) == 3
    assert len(daemon.ctl("incidents", "--limit", 2)["incidents"]) == 2
    assert not daemon.incidents("--state", "resolved")
    wait_for(lambda: len(daemon.incidents("--state", "waiting")) == 5, "all waiting")
    scheduled = daemon.ctl("tasks", "--status", "scheduled", "--type", CHECK)
    assert len(scheduled["tasks"]) == 5 and {task["status"] for task in scheduled["tasks"]} == {"scheduled"}
    assert len(daemon.ctl("reports")["reports"]) == 5


def test_status(daemon):
    daemon.submit()
    status = daemon.ctl("status")
    assert status["pid"] == daemon.process.pid and status["reports"] == 1 and status["builds"] == 1
    assert status["stateDirectory"] == str(daemon.state) and status["tasks"]["nextDueAt"].endswith("Z")
    assert set(status["tasks"]) >= {"scheduled", "executing", "completed", "failed", "cancelled", "overdue"}
    assert set(status["incidents"]) >= {"open", "waiting", "resolved", "escalated", "abandoned"}
    assert sum(status["incidents"][state] for state in ("open", "waiting")) == 1
    assert status["store"]["bytes"] > 0 and status["store"]["path"].startswith(str(daemon.state))


@pytest.mark.parametrize("arguments, code", [
    (["task", "show", "delayed-1"], 4), (["incident", "show", "incident-1"], 4), (["report", "show", "error-1"], 4),
    (["explain", "delayed-1"], 4), (["task", "show", "nonsense"], 4), (["frobnicate"], 2),
    (["tasks", "--status", "bogus"], 2), (["status", "--bogus"], 2),
    (["task", "snooze", "delayed-1", "--delay", "5parsecs"], 2),
])
def test_mistakes_have_exit_codes_and_sentences(daemon, arguments, code):
    ended = daemon.run_ctl(*arguments)
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.strip() and not ended.stdout.strip()


def test_no_daemon(idle):
    ended = idle.run_ctl("status")
    assert ended.returncode == 3 and str(idle.control) in ended.stderr


def test_submit_without_daemon_does_not_hurt_the_ci_step(idle):
    arguments = ["submit", "--project", "acme/web", "--branch", "b", "--commit", "aaaaaaa1", "test_failure", "x"]
    assert idle.run_ctl(*arguments, submit=True).returncode == 0


def test_tables_for_people(daemon):
    ticket = daemon.submit()
    for arguments in (["status"], ["tasks"], ["incidents"], ["reports"], ["config"], ["version"],
                      ["explain", ticket["incidentId"]], ["incident", "show", ticket["incidentId"]]):
        ended = daemon.run_ctl(*arguments)
        assert ended.returncode == 0 and ended.stdout.strip() and "\x1b" not in ended.stdout, arguments
    assert ticket["incidentId"] in daemon.run_ctl("incidents").stdout


def test_the_submit_socket_only_takes_submissions(daemon):
    ended = daemon.run_ctl("tasks", submit=True)
    assert ended.returncode == 5 and ended.stderr.strip()

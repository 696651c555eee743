"""The files of the scripts that came before, the broken ones too; and our own export."""
import json

from conftest import wait_for

TASK = {
    "id": "delayed-1758245293693", "createdAt": "2025-09-19T01:28:13.693Z", "scheduledFor": "2025-09-19T02:28:13.694Z",
    "type": "pr_readiness_check", "status": "completed", "instructions": "Check the pull request.",
    "environment": {"branch": "codegen/fix", "buildNumber": "11", "commitSha": "eff9f61", "projectName": "web"},
}
REPORT = {
    "timestamp": "2025-09-19T01:28:13.000Z", "project": "web", "branch": "codegen/fix", "commit": "eff9f61",
    "buildNumber": "11", "jobName": "build", "buildUrl": "https://ci.example/11", "errorType": "build_failure",
    "errorDetails": "Next.js build failed",
    "context": {"packageJson": "{}", "circleciConfig": None, "recentCommits": "eff9f61 first"},
}


def write(directory, files):
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))


def old_tree(directory):
    without = {name: value for name, value in TASK.items() if name not in ("environment", "scheduledFor")}
    write(directory, {
        ".codegen-tasks/delayed-1758245293693.json": TASK,
        ".codegen-tasks/delayed-1758245293700.json":
            {**TASK, "id": "delayed-1758245293700", "status": "executing", "executedAt": "2025-09-19T02:29:00.000Z"},
        ".codegen-tasks/followup-1758245293701.json":
            {**without, "id": "followup-1758245293701", "type": "followup", "status": "scheduled",
             "scheduledFor": TASK["scheduledFor"], "originalError": REPORT},
        ".codegen-tasks/health-monitor-1758245293702.json":
            {**without, "id": "health-monitor-1758245293702", "type": "health_monitor", "status": "scheduled"},
        ".codegen-tasks/followup-1758245293703.json":
            {"scheduledTime": TASK["scheduledFor"], "taskType": "followup", "originalError": REPORT,
             "instructions": "first version"},
        ".codegen-tasks/delayed-1758245293704.json": '{"id": "delayed-1758245293704", "status": "sche',
        ".codegen-tasks/empty.json": "",
        ".codegen-tasks/list.json": "[1, 2]",
        ".codegen-tasks/execution.log": "Fri Sep 19 02:30:00 UTC 2025: Task executed\n",
        ".codegen-reports/error-1758245293692.json": REPORT,
        ".codegen-reports/error-1758245293999.json": {"errorType": "lint_failure"},
        ".codegen-reports/execution-1758245294000.json":
            {"taskId": TASK["id"], "executedAt": "2025-09-19T02:29:00.000Z", "action": "pr_readiness_check",
             "status": "triggered_codegen"},
    })
    return sorted(path for path in directory.rglob("*.json"))


def test_every_old_file_is_reported_and_none_is_fatal(daemon):
    tree = daemon.directory / "old"
    files = old_tree(tree)
    daemon.ctl("pause")
    ended = daemon.run_ctl("import", tree)
    for path in files:
        assert any(path.name in line for line in ended.stdout.splitlines()), f"no line about {path.name}"
    assert ended.returncode in (0, 1), ended.stderr
    task = daemon.ctl("task", "show", TASK["id"])
    assert {name: task[name] for name in TASK} == TASK and task["origin"] == "import"
    report = daemon.ctl("report", "show", "error-1758245293692")
    assert {name: report[name] for name in REPORT if name != "context"} == \
        {name: value for name, value in REPORT.items() if name != "context"}
    assert report["context"]["packageJson"] == "{}"
    stuck = daemon.ctl("task", "show", "delayed-1758245293700")
    assert stuck["status"] in ("scheduled", "failed"), "what hung in executing is moved on"
    assert daemon.run_ctl("task", "show", "delayed-1758245293704").returncode == 4


def test_importing_twice_changes_nothing(daemon):
    old_tree(daemon.directory / "old")
    daemon.ctl("pause")
    daemon.run_ctl("import", daemon.directory / "old")
    before = daemon.ctl("status")
    second = daemon.run_ctl("import", daemon.directory / "old")
    after = daemon.ctl("status")
    assert (before["reports"], before["tasks"]) == (after["reports"], after["tasks"]) and "exists" in second.stdout


def test_an_imported_task_is_executed(daemon):
    task = {**TASK, "id": "delayed-1758245293705", "status": "scheduled",
            "environment": {**TASK["environment"], "projectName": "acme/web", "branch": "fix"}}
    write(daemon.directory / "old", {".codegen-tasks/delayed-1758245293705.json": task})
    daemon.submit_passed()
    daemon.run_ctl("import", daemon.directory / "old")
    daemon.ctl("check")
    assert daemon.ctl("task", "show", "delayed-1758245293705")["status"] == "completed"


def imported(daemon, name, **members):
    peer = daemon.connect()
    content = {"type": "pr_readiness_check", "status": "scheduled", "createdAt": TASK["createdAt"],
               "scheduledFor": TASK["scheduledFor"], "environment": {"branch": "fix", "projectName": "acme/web"},
               **members}
    answer = peer.call("Import", name=name, content=json.dumps(content))["parameters"]
    peer.close()
    return answer


def test_numbers_beyond_their_bounds_harm_nobody(daemon):
    poisoned = imported(daemon, "followup-1758245293693.json", attempt=2 ** 63 - 1)
    assert poisoned["outcome"] == "imported" and "attempt" in poisoned["message"]
    late = imported(daemon, "followup-1758245293699.json", createdAt=2 ** 63 - 1, branch="b2")
    assert late["outcome"] == "imported" and "createdAt" in late["message"]
    ticket = daemon.submit()
    daemon.wait_state(ticket["incidentId"], "waiting")
    wait_for(lambda: all(daemon.ctl("task", "show", one["id"])["status"] not in ("scheduled", "executing")
                         or daemon.ctl("task", "show", one["id"])["reason"] for one in (poisoned, late)),
             "the imported tasks' turn")
    daemon.restart()
    assert "Cannot claim" not in daemon.log()


def test_an_id_from_the_future_does_not_stop_the_clock(daemon):
    future = imported(daemon, "delayed-4102444800000.json", id="delayed-4102444800000", status="completed")
    assert future["outcome"] == "imported" and future["id"] != "delayed-4102444800000" and "id" in future["message"]
    again = imported(daemon, "delayed-4102444800000.json", id="delayed-4102444800000", status="completed")
    assert again["outcome"] == "exists" and again["id"] == future["id"]
    daemon.restart()
    task = daemon.ctl("schedule", "--project", "acme/web", "--branch", "q", "--delay", "0s")
    task = task.get("task", task)["id"]
    wait_for(lambda: daemon.ctl("task", "show", task)["status"] != "scheduled"
             or daemon.ctl("task", "show", task)["result"], "the due task's turn")


def test_export_and_import_go_round(make_daemon):
    first, second = make_daemon(), make_daemon()
    for one in (first, second):
        one.configure(follow_up_delay="1h", wait_recheck="1h")
        one.start()
    tickets = [first.submit(branch=f"b{number}", build_number=number) for number in range(3)]
    for ticket in tickets:
        first.wait_state(ticket["incidentId"], "waiting")
    out = first.directory / "out"
    assert first.run_ctl("export", out).returncode == 0
    second.ctl("pause")
    assert second.run_ctl("import", out).returncode == 0
    for ticket in tickets:
        for what, identity in (("report", ticket["reportId"]), ("task", ticket["taskId"])):
            here, there = first.ctl(what, "show", identity), second.ctl(what, "show", identity)
            for field in ("id", "timestamp", "project", "branch", "commit", "errorType", "errorDetails", "createdAt",
                          "scheduledFor", "type", "environment", "buildNumber"):
                assert here.get(field) == there.get(field), f"{what} {field}"

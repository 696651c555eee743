"""The machine is off while tasks come due."""
import time

from machine import CLIENT, wait_for

TASKS = 8


def test_what_came_due_meanwhile_runs_once_each(running):
    report = running.submit("before-reboot")
    for number in range(TASKS):  # what makes a check end
        running.do(CLIENT, "submit", "--strict", "--passed", "--project", "acme/web", "--branch", f"due-{number}",
                   "--commit", "aaaaaaa1", "--job", "ci", "--step", "make test", user="ci")
    scheduled = [running.ctl("schedule", "--delay", "5s", "--project", "acme/web", "--branch", f"due-{number}")["id"]
                 for number in range(TASKS)]
    later = running.ctl("schedule", "--delay", "1h", "--project", "acme/web", "--branch", "later")["id"]
    due = time.monotonic() + 6
    running.power_off()
    time.sleep(max(0, due - time.monotonic()))
    running.boot()
    # Nobody submits or asks: it starts with the machine.
    running.wait_active()
    tasks = {}

    def are_done():
        tasks.update({name: running.ctl("task", "show", name) for name in scheduled})
        return all(task["status"] == "completed" for task in tasks.values())

    wait_for(are_done, "the tasks")
    assert {task["attempt"] for task in tasks.values()} == {1}
    ended = [task["finishedAt"] for task in tasks.values()]
    assert min(ended) > max(task["scheduledFor"] for task in tasks.values())
    running.systemctl("restart", "codegend.service")
    assert all(running.ctl("task", "show", name)["finishedAt"] == tasks[name]["finishedAt"] for name in scheduled)
    assert running.ctl("task", "show", later)["status"] == "scheduled"
    assert running.ctl("report", "show", report["reportId"])["id"] == report["reportId"]

"""The journal of the machine: the story of each incident, and nothing of what was reported."""
from machine import CLIENT, wait_for

# In everything of a report that is no name.
CANARY = "canary-7f3a9c"


def messages(machine, *match):
    return machine.do("journalctl", "--output=cat", *match).splitlines()


def test_one_field_tells_the_story_from_submission_to_verdict(running):
    ticket = running.submit("told", branch="told", more=["--command", f"make {CANARY}", "--log", "-"],
                            text=f"{CANARY}: error: no\n" * 50, details=f"{CANARY} broke")
    other = running.submit("told-elsewhere", branch="elsewhere")
    incident = f"INCIDENT={ticket['incidentId']}"
    wait_for(lambda: any("Published" in line for line in messages(running, incident)), "the publication")
    running.do(CLIENT, "submit", "--strict", "--passed", "--project", "acme/web", "--branch", "told", "--commit",
               "aaaaaaa1", "--job", "ci", "--step", "make test", user="ci")
    wait_for(lambda: any("Proven ready" in line for line in messages(running, incident)), "the verdict")
    story = messages(running, incident)
    assert "failed on aaaaaaa1" in story[0], story
    assert "Proven ready" in story[-1], story
    assert all(ticket["incidentId"] in line and other["incidentId"] not in line for line in story), story
    for field in ("PROJECT=acme/web", "FORGE=local"):
        assert set(messages(running, incident, field)) <= set(story) and messages(running, incident, field)
    task, = [task["id"] for task in running.ctl("tasks", "--incident", ticket["incidentId"])["tasks"]
             if task["type"] == "publish_report"]
    assert any("Published" in line for line in messages(running, f"TASK={task}"))


def test_no_line_of_the_journal_holds_what_was_reported(running):
    """Every field of every entry, whoever wrote it. The canary is a report's, so that it would be found."""
    ticket = running.submit("canary", branch="canary", more=["--command", f"make {CANARY}", "--log", "-"],
                            text=f"{CANARY}: error: no\n", details=f"{CANARY} broke")
    wait_for(lambda: any("Published" in line for line in messages(running, f"INCIDENT={ticket['incidentId']}")),
             "the publication")
    assert CANARY in running.do(CLIENT, "--json", "report", "show", ticket["reportId"], user="admin")
    running.systemctl("restart", "codegend.service")
    entries = running.do("journalctl", "--output=export")
    assert ticket["incidentId"] in entries and CANARY not in entries

"""What crosses: a cycle with an agent of the one before, a stop with work under way, a reload with both."""
import json
import os
import signal

from conftest import wait_for

PUBLISH, TRIGGER, CHECK = "publish_report", "trigger_agent", "pr_readiness_check"
BUSY_AGENT = """
agent fixer {{
    type = command
    command = {{ "{agent}" }}
    timeout = 1m
    concurrency = {concurrency}
}}
project "acme/*" {{
    agents = {{ fixer }}
}}
"""


def configure(daemon, head="follow-up-delay = 1h\n", concurrency=1):
    daemon.configure(text=head + BUSY_AGENT.format(agent=daemon.agent.path, concurrency=concurrency))


def reload(daemon):
    os.kill(daemon.process.pid, signal.SIGHUP)


def test_a_failure_that_returns_while_its_agent_dies_gets_an_agent_of_its_own(idle):
    """The first cycle's agent ignores TERM; the second cycle begins meanwhile and must not wait for ever."""
    configure(idle)
    idle.agent.path.write_text(idle.agent.path.read_text().replace("#!/bin/sh\n", "#!/bin/sh\ntrap '' TERM\n", 1))
    idle.agent.hold()
    idle.start()
    ticket = idle.submit()
    wait_for(lambda: idle.agent.runs(), "the first agent's start")
    idle.submit_passed()
    idle.wait_state(ticket["incidentId"], "resolved")
    again = idle.submit()
    assert again["incidentId"] == ticket["incidentId"]
    idle.agent.release()
    wait_for(lambda: len(idle.agent.runs()) == 2, "the second cycle's agent")
    assert idle.wait_state(ticket["incidentId"], "waiting")["cycle"] == 2


def test_a_stop_eats_no_cycle(idle):
    configure(idle)
    idle.agent.hold()
    idle.start()
    incidents = [idle.submit(branch=f"b{i}")["incidentId"] for i in range(5)]
    wait_for(lambda: idle.agent.runs(), "the first agent's start")
    idle.stop()
    n_started = len(idle.agent.runs())
    idle.agent.release()
    idle.start()
    for incident in incidents:
        assert idle.wait_state(incident, "waiting")["cycle"] == 1
    assert n_started == 1 and len(idle.agent.runs()) == 5
    assert len(idle.tasks(TRIGGER, "completed")) == 5


def test_what_was_scheduled_before_observing_is_not_published(daemon):
    daemon.ctl("pause")
    ticket = daemon.submit()
    daemon.configure(mode="observe", follow_up_delay="1h")
    reload(daemon)
    wait_for(lambda: "in force" in daemon.log(), "the reload")
    daemon.ctl("resume")
    daemon.wait_state(ticket["incidentId"], "waiting")
    assert [task["status"] for task in daemon.tasks(PUBLISH)] == ["cancelled"]
    assert not daemon.agent.runs() and not list(daemon.state.rglob("*.md"))


def test_forges_come_and_go_under_load(idle):
    idle.start()
    names = ["one", "two"]
    incidents = []
    for i in range(24):
        name = names[i % 2]
        head = f"follow-up-delay = 1h\nmax-triggers-per-hour = 1000\nforge {name} {{\n    type = local\n}}\n"
        configure(idle, head=head, concurrency=4)
        reload(idle)
        incidents += [idle.submit(branch=f"b{i}-{j}")["incidentId"] for j in range(4)]
    for incident in incidents:
        idle.wait_state(incident, "waiting")
    assert len(idle.agent.runs()) == len(incidents) == 96


def test_cleanup_by_force_leaves_a_running_agent_alone(idle):
    configure(idle)
    idle.agent.hold()
    idle.start()
    ticket = idle.submit()
    wait_for(lambda: idle.agent.runs(), "the agent's start")
    idle.ctl("cleanup", "--force", "--older-than", "1ms")
    assert [task["status"] for task in idle.tasks(TRIGGER)] == ["executing"]
    idle.agent.release()
    idle.wait_state(ticket["incidentId"], "waiting")
    assert [task["status"] for task in idle.tasks(TRIGGER)] == ["completed"]


def test_a_green_resolves_although_the_follow_up_was_cancelled(idle):
    configure(idle)
    idle.start()
    ticket = idle.submit()
    idle.wait_state(ticket["incidentId"], "waiting")
    idle.ctl("task", "cancel", ticket["taskId"])
    assert "cancelled" in idle.incident(ticket["incidentId"])["reason"]
    idle.submit_passed()
    idle.wait_state(ticket["incidentId"], "resolved")


def test_cancelling_a_running_agent_cancels_its_task(idle):
    configure(idle)
    idle.agent.hold()
    idle.start()
    ticket = idle.submit()
    wait_for(lambda: idle.agent.runs(), "the agent's start")
    trigger = idle.tasks(TRIGGER)[0]["id"]
    idle.ctl("task", "cancel", trigger)
    idle.wait_state(ticket["incidentId"], "waiting")
    assert idle.ctl("task", "show", trigger)["status"] == "cancelled"
    idle.agent.release()
    idle.ctl("task", "retry", trigger)
    wait_for(lambda: len(idle.agent.runs()) == 2, "the agent's second start")
    idle.wait_state(ticket["incidentId"], "waiting")
    assert idle.ctl("task", "show", trigger)["status"] == "completed"


def test_cleanup_does_not_refill_the_budget_of_the_hour(idle):
    configure(idle, head="follow-up-delay = 1h\nmax-triggers-per-hour = 1\n", concurrency=4)
    idle.start()
    first = idle.submit(branch="one")["incidentId"]
    idle.wait_state(first, "waiting")
    idle.ctl("cleanup", "--older-than", "1ms")
    second = idle.submit(branch="two")["incidentId"]
    wait_for(lambda: "budget" in idle.incident(second)["reason"], "the wait for the budget")
    assert len(idle.agent.runs()) == 1 and json.dumps(idle.ctl("explain", second)).count("budget")

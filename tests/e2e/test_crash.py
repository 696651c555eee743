"""kill -9 in the middle, restart: nothing lost, nothing doubled."""
import random
import threading

from conftest import Varlink, wait_for

PUBLISH, TRIGGER, CHECK = "publish_report", "trigger_agent", "pr_readiness_check"


def test_while_the_agent_runs(daemon):
    daemon.agent.hold()
    ticket = daemon.submit()
    wait_for(lambda: daemon.agent.runs(), "the agent's start")
    daemon.kill()
    daemon.start()
    daemon.agent.release()
    incident = daemon.wait_state(ticket["incidentId"], "waiting")
    assert "unknown" in incident["reason"]
    assert not daemon.agent.ends(), "what runs on belongs to nobody"
    assert len(daemon.agent.runs()) == 1, "a trigger that had started is never repeated"
    assert len(daemon.tasks(TRIGGER)) == 1 and daemon.tasks(TRIGGER)[0]["status"] == "completed"
    checks = daemon.tasks(CHECK)
    assert len(checks) == 1 and checks[0]["id"] == ticket["taskId"] and checks[0]["status"] == "scheduled"
    daemon.submit_passed()
    daemon.wait_state(ticket["incidentId"], "resolved")


def test_while_the_check_is_scheduled(idle):
    idle.configure(max_cycles=1, follow_up_delay="2s")
    idle.start()
    ticket = idle.submit()
    idle.wait_state(ticket["incidentId"], "waiting")
    idle.kill()
    idle.start()
    assert idle.wait_state(ticket["incidentId"], "escalated")["cycle"] == 1
    checks = idle.tasks(CHECK)
    assert [check["id"] for check in checks] == [ticket["taskId"]] and checks[0]["status"] == "completed"
    assert len(idle.agent.runs()) == 1 and len(idle.tasks(PUBLISH)) == 1


def test_overdue_after_downtime_runs_at_start(idle):
    idle.configure(max_cycles=1, follow_up_delay="100ms")
    idle.agent.hold()
    idle.start()
    ticket = idle.submit()
    wait_for(lambda: idle.agent.runs(), "the agent's start")
    idle.kill()
    idle.start()
    idle.agent.release()
    idle.wait_state(ticket["incidentId"], "escalated")
    assert len(idle.tasks(CHECK)) == 1
    assert len(idle.agent.runs()) == 1 and not idle.agent.ends()


def test_at_any_moment_of_a_cycle(idle):
    """Killed again and again while cycles run. What was answered stays; every agent run has a trigger of its own."""
    chance = random.Random(2)
    idle.configure(max_cycles=2, follow_up_delay="50ms", wait_recheck="50ms", max_triggers_per_hour=1000)
    tickets = []
    for number in range(12):
        idle.start()
        # The kill comes while the cycle of this submission is somewhere on its way.
        timer = threading.Timer(chance.random() * 0.12, idle.process.kill)
        ticket = idle.submit(branch=f"b{number}", key=f"key-{number}")
        timer.start()
        timer.join()
        idle.process.wait()
        idle.process = None
        tickets.append(ticket)
    idle.start()
    for number, ticket in enumerate(tickets):
        done = idle.wait_state(ticket["incidentId"], "escalated")
        assert done["reports"] == 1 and done["cycle"] == 2
        again = idle.submit(branch=f"b{number}", key=f"key-{number}")
        assert again["duplicate"] and again["reportId"] == ticket["reportId"]
        for kind in (PUBLISH, TRIGGER, CHECK):
            cycles = sorted(task["cycle"] for task in idle.tasks(kind, incident=ticket["incidentId"]))
            assert cycles == [1, 2], f"{kind} of {ticket['incidentId']}"
    assert len(idle.incidents()) == len(tickets)
    assert len(idle.agent.runs()) <= 2 * len(tickets)
    bodies = list(idle.state.rglob("*.md"))
    assert len({path.name for path in bodies}) == len(bodies)


def test_what_was_answered_survives(idle):
    """It dies under load: every ticket that a client holds is there afterwards, and no submission is there twice."""
    idle.configure(follow_up_delay="1h", mode="observe")
    idle.start()
    answered = []

    def submit_until_it_dies(lane):
        try:
            connection = Varlink(idle.submit_socket)
            for number in range(10000):
                key = f"{lane}-{number}"
                answer = connection.call("Submit", key=key, project="acme/web", branch=f"b{lane}", commit="aaaaaaa1",
                                         job="ci", step="test", errorType="test_failure")
                if answer is None:
                    return
                answered.append((key, answer["parameters"]["ticket"]["reportId"]))
        except OSError:
            return

    threads = [threading.Thread(target=submit_until_it_dies, args=(lane,)) for lane in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(answered) > 300, "some load")
    idle.kill()
    for thread in threads:
        thread.join()
    idle.start()
    connection = idle.connect()
    for key, report in answered:
        assert connection.call("GetTicket", key=key)["parameters"]["ticket"]["reportId"] == report
    connection.close()
    # At most the one submission that each connection had under way was recorded without being answered.
    assert len(answered) <= idle.ctl("status")["reports"] <= len(answered) + 8
    assert len(idle.incidents()) == 8

"""A daemon that crashed leaves its agents behind: never do two work on one branch."""
import pathlib

import pytest
from conftest import wait_for

TRIGGER = "trigger_agent"


def is_alive(pid):
    """Not merely a zombie, which nobody may reap where process 1 does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def watched(idle):
    """Its agent notes which earlier ones still run when it starts, and has a child in a session of its own."""
    idle.fled_file = idle.directory / "fled"
    idle.overlaps_file = idle.directory / "overlaps"
    idle.overlaps_file.touch()
    idle.agent.path.write_text(f"""#!/bin/sh
for pid in $(cat '{idle.agent.runs_file}' '{idle.fled_file}' 2>/dev/null); do
    if grep -q '^State:.[^ZX]' "/proc/$pid/status" 2>/dev/null; then echo "$pid" >>'{idle.overlaps_file}'; fi
done
if [ -e '{idle.agent.hold_file}' ]; then
    setsid sh -c 'echo "$$" >>"{idle.fled_file}"; exec sleep 1000' &
    while [ ! -s '{idle.fled_file}' ]; do sleep 0.05; done
fi
echo "$$" >>'{idle.agent.runs_file}'
trap '' TERM
while [ -e '{idle.agent.hold_file}' ]; do sleep 0.05; done
""")
    return idle


def wait_for_agent(daemon):
    wait_for(lambda: daemon.agent.runs(), "the agent's start")
    return daemon.agent.runs() + daemon.fled_file.read_text().split()


def test_a_crash_leaves_no_agent_behind(watched):
    """As the operator: kill -9, start again; what the old daemon started is gone before anything new is done."""
    watched.configure(follow_up_delay="1h", wait_recheck="1h")
    watched.agent.hold()
    watched.start()
    ticket = watched.submit()
    old = wait_for_agent(watched)
    assert len(old) == 2 and all(is_alive(pid) for pid in old)
    watched.kill()
    assert all(is_alive(pid) for pid in old), "the crash itself ends nobody"
    watched.start()
    assert not [pid for pid in old if is_alive(pid)]
    assert "agents of an earlier daemon" in watched.log()
    assert "unknown" in watched.wait_state(ticket["incidentId"], "waiting")["reason"]
    # The branch is free: another failure of another step gets an agent of its own, alone.
    watched.agent.release()
    other = watched.submit(step="make lint", kind="lint_failure")
    watched.wait_state(other["incidentId"], "waiting")
    assert len(watched.agent.runs()) == 2 and len(watched.tasks(TRIGGER, "completed")) == 2
    assert not watched.overlaps_file.read_text()


def test_the_incident_goes_on_after_every_crash(watched):
    """Killed in each cycle: it is escalated with a run for every cycle, never two at a time."""
    watched.configure(follow_up_delay="50ms", wait_recheck="50ms", max_cycles=3, max_triggers_per_hour=1000)
    watched.agent.hold()
    watched.start()
    ticket = watched.submit()
    for cycle in range(1, 4):
        wait_for(lambda: len(watched.agent.runs()) == cycle, f"the run of cycle {cycle}")
        watched.kill()
        watched.start()
        assert not is_alive(watched.agent.runs()[cycle - 1])
    assert watched.wait_state(ticket["incidentId"], "escalated")["cycle"] == 3
    assert len(watched.agent.runs()) == 3 and not watched.overlaps_file.read_text()


def test_agents_of_another_daemon_live(watched, make_daemon):
    """Two daemons of one user: the start of one leaves the other's agents alone."""
    watched.agent.hold()
    watched.start()
    watched.submit()
    theirs = wait_for_agent(watched)
    other = make_daemon().start()
    assert all(is_alive(pid) for pid in theirs)
    other.kill()
    other.start()
    assert all(is_alive(pid) for pid in theirs)
    watched.agent.release()
    watched.kill()
    watched.start()
    assert not [pid for pid in theirs if is_alive(pid)]

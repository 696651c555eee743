"""What the tests of crashes and of time rest on: the clock of a daemon can be moved, and it dies where it is told."""
import datetime

import pytest
from conftest import wait_for
from fault import LIBRARY, Fault


@pytest.fixture
def fault(idle):
    assert LIBRARY.exists()
    return Fault(idle.directory)


def parse(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.mark.parametrize("move", [Fault.set_clock, Fault.sleep])
def test_a_moved_clock_wakes_the_timer(idle, fault, move):
    idle.configure(follow_up_delay="1h", wait_recheck="1h", max_cycles=1)
    idle.start(environment=fault.environment)
    ticket = idle.submit()
    idle.wait_state(ticket["incidentId"], "waiting")
    before = parse(idle.ctl("report", "show", ticket["reportId"])["timestamp"])
    move(fault, 3600)
    idle.wait_state(ticket["incidentId"], "escalated")
    late = idle.submit(branch="later")
    moved = parse(idle.ctl("report", "show", late["reportId"])["timestamp"]) - before
    assert 3600 <= moved.total_seconds() < 3600 + 600
    environment = (idle.directory / "environment").read_text()
    assert "LD_PRELOAD" not in environment and "CODEGEND_FAULT" not in environment


def test_a_clock_that_was_ahead_puts_no_clean_up_off(idle, fault):
    idle.configure(mode="observe", follow_up_delay="1h", history_retention="1d")
    idle.start(environment=fault.environment)
    for n, days in enumerate((10, 3), start=1):
        idle.submit_passed(branch="main")
        fault.set_clock(days * 86400)
        wait_for(lambda n=n: idle.log().count("Cleaned up") == n, f"clean-up {n}")
        fault.set_clock(-days * 86400)


def test_a_clock_that_was_moved_before_the_start(idle, fault):
    fault.set_clock(-86400)
    idle.configure(follow_up_delay="1h")
    idle.start(environment=fault.environment)
    ticket = idle.submit()
    told = parse(idle.ctl("report", "show", ticket["reportId"])["timestamp"])
    ago = datetime.datetime.now(datetime.timezone.utc) - told
    assert abs(ago.total_seconds() - 86400) < 600


@pytest.mark.parametrize("call, after, there", [("write", False, False), ("write", True, True), ("sync", False, True),
                                                ("sync", True, True)])
def test_it_dies_at_the_commit(idle, fault, call, after, there):
    """What was written, synced or not, is there when the machine lives on; what was not, is not."""
    idle.configure(mode="observe", follow_up_delay="1h")
    idle.start(environment=fault.environment)
    idle.submit(branch="before")
    fault.arm(call, 1, after)
    idle.run_ctl("submit", "--project", "acme/web", "--branch", "fix", "--commit", "aaaaaaa1", "--job", "ci",
                 "--step", "test", "test_failure", "it broke", submit=True)
    assert idle.process.wait(40) == -9
    idle.process = None
    fault.disarm()
    idle.start(environment=fault.environment)
    assert (idle.ctl("status")["reports"] == 2) == there


def test_calls_are_counted(idle, fault):
    idle.configure(mode="observe", follow_up_delay="1h")
    idle.start(environment=fault.environment)
    fault.count()
    idle.submit()
    assert fault.seen("sync") >= 1 and fault.seen("write") >= fault.seen("sync") and not fault.seen("send")
    fault.count()
    assert not fault.seen("sync")

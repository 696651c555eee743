"""Upgrade, removal and purge."""
import pytest

from conftest import packages
from machine import CONTROL_SOCKET, SUBMIT_SOCKET, wait_for
from test_30_crash import Crowd, kept

SOCKETS = (SUBMIT_SOCKET, CONTROL_SOCKET)


def left_behind(machine):
    found = machine.do("find", "/", "-xdev", "(", "-path", "/packages", "-o", "-path", "/home", "-o", "-path", "/tmp",
                       ")", "-prune", "-o", "(", "-name", "*codegen*", ")", "-print").split()
    found += [path for path in ("/run/codegend", "/run/credentials/codegend.service") if machine.exists(path)]
    return found


def inodes(machine):
    return machine.do("stat", "--format=%i", *SOCKETS)


def test_a_removal_stops_everything_and_keeps_the_state(running, dpkg):
    running.submit("before-removal")
    running.do("dpkg", "--remove", "codegend")
    assert not running.is_active() and not any(running.exists(path) for path in SOCKETS)
    assert running.exists("/var/lib/codegend/codegend.db")
    dpkg.install()
    assert "ticket" in running.call("GetTicket", key="before-removal")


def test_a_purge_leaves_nothing(running, dpkg):
    dpkg.purge()
    assert left_behind(running) == []
    # The user and the groups stay: what they own elsewhere must not become somebody else's.
    for group in ("codegend", "codegen-submit", "codegen-admin"):
        running.do("getent", "group", group)


@pytest.fixture
def upgraded_from(installed, dpkg):
    """The machine with the packages before, and nothing of today's."""
    if not packages("CODEGEND_PREVIOUS"):
        pytest.skip("it takes the history: this checkout does not hold the commit of the packages before")
    dpkg.purge()
    dpkg.install("CODEGEND_PREVIOUS")
    return installed


def test_an_upgrade_under_load(upgraded_from, dpkg):
    machine = upgraded_from
    tickets = {f"old-{number}": machine.submit(f"old-{number}") for number in range(5)}
    old, pid, before = machine.ctl("status"), machine.main_pid(), inodes(machine)
    crowd = Crowd(machine)
    try:
        wait_for(lambda: machine.ctl("status")["reports"] > 10, "some load")
        dpkg.install()
    finally:
        codes, said = crowd.finish()
    machine.wait_new_pid(pid)
    assert "(deleted)" not in machine.do("readlink", f"/proc/{machine.main_pid()}/exe")
    assert inodes(machine) == before
    new = machine.ctl("status")
    assert new["store"]["schemaVersion"] >= old["store"]["schemaVersion"]
    kept(machine, tickets)
    # While dpkg replaces the client there may be a moment without one.
    answered = {key for key, code in codes.items() if code in (0, 75)}
    assert {code for code in codes.values()} <= {0, 75, 126, 127}, said[-2000:]
    assert "refused" not in said.lower(), said[-2000:]
    for key in answered:
        wait_for(lambda: "ticket" in machine.call("GetTicket", key=key), f"submission {key} being there")


def test_an_upgrade_starts_no_daemon_that_was_stopped(upgraded_from, dpkg):
    machine = upgraded_from
    machine.submit("before")
    machine.systemctl("stop", "codegend.service")
    dpkg.install()
    assert not machine.is_active()
    assert machine.submit("before")["duplicate"]


def test_a_purge_after_an_upgrade_leaves_nothing(upgraded_from, dpkg):
    dpkg.install()
    upgraded_from.submit("again")
    dpkg.purge()
    assert left_behind(upgraded_from) == []

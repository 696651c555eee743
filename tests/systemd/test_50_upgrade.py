"""Upgrade, removal and purge."""
import pathlib
import shutil
import socket
import sqlite3

import pytest

from conftest import packages
from machine import CONTROL_SOCKET, SUBMIT_SOCKET
from test_30_crash import Crowd, is_kept, kept

SOCKETS = (SUBMIT_SOCKET, CONTROL_SOCKET)
SOCKET_UNITS = ("codegend-submit.socket", "codegend-control.socket", "codegend-agent.socket")
FIGURES = "/var/lib/prometheus/node-exporter"


# Databases as earlier versions left them, a form each.
OLDER = sorted((pathlib.Path(__file__).parents[1] / "data" / "store").glob("version-*.sql"))


def left_behind(machine):
    found = machine.do("find", "/", "-xdev", "(", "-path", "/packages", "-o", "-path", "/home", "-o", "-path", "/tmp",
                       ")", "-prune", "-o", "(", "-name", "*codegen*", ")", "-print").split()
    found += [path for path in ("/run/codegend", "/run/credentials/codegend.service") if machine.exists(path)]
    return found


def inodes(machine):
    return machine.do("stat", "--format=%i", *SOCKETS)


def version(machine):
    return machine.do("dpkg-query", "--show", "--showformat=${Version}", "codegend")


@pytest.mark.parametrize("script", OLDER, ids=lambda path: path.stem)
def test_a_database_of_an_earlier_form_is_brought_to_the_new_one(running, script, tmp_path):
    made = tmp_path / "codegend.db"
    with sqlite3.connect(made) as database:
        database.executescript(script.read_text())
        reports, = database.execute("SELECT count(*) FROM reports").fetchone()
    database.close()
    running.systemctl("stop", "codegend.service")
    running.do("sh", "-c", "rm -rf /var/lib/codegend/*")
    shutil.copy(made, running.tree / "var/lib/codegend/codegend.db")
    running.do("chown", "codegend:codegend", "/var/lib/codegend/codegend.db")
    running.systemctl("start", "codegend.service")
    status = running.ctl("status")
    assert status["store"]["schemaVersion"] > int(script.stem.rpartition("-")[2])
    assert status["reports"] == reports > 0
    assert running.submit(f"after-{script.stem}", branch=script.stem)["reportId"]


def test_a_removal_stops_everything_and_keeps_the_state(running, dpkg):
    running.submit("before-removal")
    running.do("dpkg", "--remove", "codegend")
    assert not running.is_active() and not any(running.exists(path) for path in SOCKETS)
    assert running.exists("/var/lib/codegend/codegend.db")
    dpkg.install()
    assert all(running.is_active(unit) for unit in SOCKET_UNITS)
    assert "ticket" in running.call("GetTicket", key="before-removal")


def test_a_timer_that_was_enabled_runs_again(running, dpkg):
    """A removal stops it, and leaves nothing behind that has failed; the same package again starts it."""
    timer, service = "codegend-digest.timer", "codegend-digest.service"
    running.systemctl("enable", "--now", timer)
    with running.unanswering():
        assert running.run("systemctl", "start", service).returncode != 0
    running.do("dpkg", "--remove", "codegend")
    assert running.run("systemctl", "--failed", "--no-legend", "--plain", "codegend*").stdout == ""
    dpkg.install()
    assert running.is_active(timer)


def test_an_upgrade_starts_nothing_that_was_stopped(running, dpkg):
    """Nor does it disable it; the same package again is an upgrade, too."""
    units = (*SOCKET_UNITS, "codegend-digest.timer", "codegend.service")
    running.systemctl("enable", *units)
    running.systemctl("stop", *units)
    dpkg.install()
    for unit in units:
        assert not running.is_active(unit), unit
        assert running.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled", unit
    running.systemctl("start", *units)


def test_a_purge_leaves_nothing(running, dpkg):
    """Nor what a writer of figures left when it was killed, and what lets the user of agents have processes."""
    running.do("mkdir", "-p", FIGURES)
    running.do("touch", f"{FIGURES}/codegend.prom", f"{FIGURES}/codegend-stats.prom.new")
    running.do("loginctl", "enable-linger", "codegend-agent")
    dpkg.purge()
    assert left_behind(running) == []
    assert running.run("find", "/proc", "-maxdepth", "1", "-user", "codegend-agent").stdout == ""
    # The user and the groups stay: what they own elsewhere must not become somebody else's.
    for group in ("codegend", "codegen-submit", "codegen-admin"):
        running.do("getent", "group", group)
    assert running.run("systemctl", "list-units", "--all", "--no-legend", "--plain", "*codegend*").stdout == ""


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
    before_it = version(machine)
    tickets = {f"old-{number}": machine.submit(f"old-{number}") for number in range(5)}
    old, pid, before = machine.ctl("status"), machine.main_pid(), inodes(machine)
    crowd = Crowd(machine)
    try:
        crowd.wait_busy()
        dpkg.install()
    finally:
        answers, said = crowd.finish()
    machine.wait_new_pid(pid)
    machine.do("dpkg", "--compare-versions", version(machine), "gt", before_it)
    assert machine.ctl("status")["version"] == version(machine)
    assert "(deleted)" not in machine.do("readlink", f"/proc/{machine.main_pid()}/exe")
    assert inodes(machine) == before
    assert all(machine.is_active(unit) for unit in SOCKET_UNITS)
    new = machine.ctl("status")
    assert new["store"]["schemaVersion"] >= old["store"]["schemaVersion"]
    kept(machine, tickets)
    # While dpkg replaces the client there may be a moment without one.
    is_kept(machine, answers, said, others=(126, 127))


def test_an_upgrade_starts_no_daemon_that_was_stopped(upgraded_from, dpkg):
    machine = upgraded_from
    machine.submit("before")
    machine.systemctl("stop", "codegend.service")
    dpkg.install()
    assert not machine.is_active()
    assert machine.submit("before")["duplicate"]


def test_agents_run_again_after_a_downgrade(upgraded_from, dpkg):
    """For that time there was no such unit, and its socket listened no more, though it said so."""
    machine = upgraded_from
    dpkg.install()
    dpkg.install("CODEGEND_PREVIOUS")
    dpkg.install()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"/proc/{machine.leader}/root/run/codegend/agent/agent.sock")


def test_a_purge_after_an_upgrade_leaves_nothing(upgraded_from, dpkg):
    dpkg.install()
    upgraded_from.submit("again")
    dpkg.purge()
    assert left_behind(upgraded_from) == []

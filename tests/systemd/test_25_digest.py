"""The timer of the digest is off until somebody wants it; its service writes a file for root."""
import pytest

from machine import wait_for

SERVICE, TIMER = "codegend-digest.service", "codegend-digest.timer"
PLACE = "/var/lib/codegend-digest"
FILE = f"{PLACE}/digest.md"


@pytest.fixture
def enabled(running):
    running.systemctl("enable", "--now", TIMER)
    yield running
    running.systemctl("disable", "--now", TIMER)


def test_it_is_off_until_somebody_wants_it(running):
    assert running.run("systemctl", "is-enabled", TIMER).stdout.strip() == "disabled"
    assert not running.exists(PLACE)


def test_the_first_run_writes_it_and_the_next_one_replaces_it(running):
    for _ in range(2):
        running.systemctl("start", SERVICE)
        assert running.show(SERVICE, "Result") == "success"
        assert "- Incidents: " in running.do("cat", FILE)
        running.do("sh", "-c", f"echo 'of yesterday' >{FILE}")
    running.systemctl("start", SERVICE)
    assert "of yesterday" not in running.do("cat", FILE)


def test_without_an_answer_the_last_one_stays(running):
    before = running.do("cat", FILE)
    with running.unanswering():
        assert running.run("systemctl", "start", SERVICE).returncode != 0
    assert running.do("cat", FILE) == before
    assert not running.exists(f"{PLACE}/digest.new")
    running.systemctl("reset-failed", SERVICE)


def test_a_stopped_daemon_stays_stopped(running):
    before = running.do("cat", FILE)
    running.systemctl("stop", "codegend.service")
    running.systemctl("start", SERVICE)
    assert not running.is_active()
    assert running.do("cat", FILE) == before


def test_the_timer_starts_it(enabled):
    enabled.do("rm", FILE)
    enabled.write(f"/etc/systemd/system/{TIMER}.d/test.conf",
                  "[Timer]\nOnCalendar=\nOnActiveSec=1s\nRandomizedDelaySec=0\nPersistent=no\n")
    enabled.systemctl("daemon-reload")
    try:
        enabled.systemctl("restart", TIMER)
        wait_for(lambda: enabled.exists(FILE), "the file")
    finally:
        enabled.do("rm", "-r", f"/etc/systemd/system/{TIMER}.d")
        enabled.systemctl("daemon-reload")

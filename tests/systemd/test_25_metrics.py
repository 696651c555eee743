"""The timer of the metrics is off until somebody wants it; its service writes a file for the node exporter."""
import pytest

from machine import wait_for

SERVICE, TIMER = "codegend-metrics.service", "codegend-metrics.timer"
PLACE = "/var/lib/prometheus/node-exporter"  # as Debian's package of the exporter makes it
FILE = f"{PLACE}/codegend.prom"


@pytest.fixture
def monitored(running):
    running.do("mkdir", "-p", PLACE)
    return running


def test_it_is_off_and_harmless_without_an_exporter(running):
    assert running.run("systemctl", "is-enabled", TIMER).stdout.strip() == "disabled"
    running.systemctl("start", SERVICE)
    assert running.show(SERVICE, "ConditionResult") == "no"


def test_the_file_is_for_everybody(monitored):
    monitored.systemctl("start", SERVICE)
    assert monitored.look_at(FILE) == "644 root:root"
    assert "codegend_build_info{" in monitored.do("cat", FILE)


def test_a_stopped_daemon_stays_stopped(monitored):
    monitored.systemctl("start", SERVICE)
    before = monitored.do("cat", FILE)
    monitored.systemctl("stop", "codegend.service")
    monitored.run("systemctl", "start", SERVICE)
    assert not monitored.is_active()
    assert monitored.do("cat", FILE) == before


def test_the_timer_starts_it(monitored):
    monitored.do("rm", "-f", FILE)
    monitored.systemctl("enable", "--now", TIMER)
    wait_for(lambda: monitored.exists(FILE), "the file", seconds=90)
    monitored.systemctl("disable", "--now", TIMER)

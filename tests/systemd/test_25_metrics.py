"""The timer of the metrics is off until somebody wants it; its service writes a file for the node exporter."""
import pytest

from machine import wait_for

SERVICE, TIMER = "codegend-metrics.service", "codegend-metrics.timer"
PLACE = "/var/lib/prometheus/node-exporter"  # as Debian's package of the exporter makes it
FILE = f"{PLACE}/codegend.prom"
STATISTICS = f"{PLACE}/codegend-stats.prom"


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
    """And has no figures any more; the exporter tells since when, by files that are empty."""
    monitored.systemctl("start", SERVICE)
    monitored.systemctl("stop", "codegend.service")

    def emptied():
        monitored.systemctl("start", SERVICE)
        assert not monitored.is_active()
        return monitored.do("stat", "--format=%s %y", FILE, STATISTICS).splitlines()

    first = emptied()
    assert [line.split()[0] for line in first] == ["0", "0"]
    assert emptied() == first
    monitored.systemctl("start", "codegend.service")
    monitored.systemctl("start", SERVICE)
    assert "codegend_build_info{" in monitored.do("cat", FILE)


def test_a_daemon_that_never_ran_has_no_files(monitored):
    monitored.do("rm", FILE, STATISTICS)
    monitored.systemctl("stop", "codegend.service")
    monitored.systemctl("start", SERVICE)
    assert not monitored.exists(FILE) and not monitored.exists(STATISTICS)


def test_the_timer_starts_it(monitored):
    monitored.do("rm", "-f", FILE)
    monitored.systemctl("enable", "--now", TIMER)
    wait_for(lambda: monitored.exists(FILE), "the file", seconds=90)
    monitored.systemctl("disable", "--now", TIMER)

"""Forge `local` never says ready while a step that failed has not passed, however the builds came in."""
import json
import subprocess

from conftest import CODEGENCTL, PATIENCE_S, wait_for

# More than a verdict looks at by itself (LIMIT_BUILDS_PER_BRANCH).
CROWD = 300


def crowd_of_passes(daemon, number, **more):
    """Many passed builds of job "other", quickly: over one connection."""
    connection = daemon.connect()
    for i in range(number):
        answer = connection.call("Submit", **{"key": f"crowd-{i}", "project": "acme/web", "branch": "fix",
                                 "passed": True, "commit": "aaaaaaa1", "job": "other", "step": "make other", **more})
        assert "error" not in answer, answer
    connection.close()


def checked(daemon, incident):
    """The incident after a check that began when everything so far was known."""
    daemon.ctl("check")
    wait_for(lambda: not daemon.tasks("pr_readiness_check", "executing"), "the check")
    return daemon.incident(incident)


def reasons(incident):
    return [(reason["code"], reason["subject"]) for reason in incident["lastVerdict"]["reasons"]]


def test_a_failure_that_many_builds_followed_is_still_owed(daemon):
    incident = daemon.submit(job="a", step="x")["incidentId"]
    assert daemon.submit(job="b", step="y")["incidentId"] == incident
    daemon.wait_state(incident, "waiting")
    crowd_of_passes(daemon, CROWD)
    daemon.submit_passed(job="b", step="y")
    found = checked(daemon, incident)
    assert found["state"] == "waiting"
    assert reasons(found) == [("NO_BUILD_SINCE_REPORT", "a / x")]
    daemon.submit_passed(job="a", step="x")
    daemon.wait_state(incident, "resolved")


def test_a_repair_that_many_builds_followed_still_counts(daemon):
    incident = daemon.submit(job="a", step="x")["incidentId"]
    daemon.submit(job="b", step="y")
    daemon.wait_state(incident, "waiting")
    daemon.submit_passed(job="a", step="x")
    crowd_of_passes(daemon, CROWD)
    assert [subject for _, subject in reasons(checked(daemon, incident))] == ["b / y"]
    daemon.submit_passed(job="b", step="y")
    daemon.wait_state(incident, "resolved")


def test_what_is_not_repaired_outlives_the_history(idle):
    idle.configure(follow_up_delay="1h", wait_recheck="1h", history_retention="1ms")
    idle.start()
    incident = idle.submit(job="a", step="x")["incidentId"]
    idle.submit_passed(job="gone", step="z", branch="main")
    idle.wait_state(incident, "waiting")
    connection = idle.connect()

    def removed_builds():
        return connection.call("Cleanup")["parameters"]["builds"]

    assert wait_for(removed_builds, "the removal of a build") == 1, "the passed one alone"
    assert removed_builds() == 0
    connection.close()
    idle.submit_passed(job="c", step="z")
    found = checked(idle, incident)
    assert found["state"] == "waiting"
    assert reasons(found) == [("NO_BUILD_SINCE_REPORT", "a / x")]
    idle.submit_passed(job="a", step="x")
    idle.wait_state(incident, "resolved")


def test_a_pass_on_an_older_commit_leaves_the_newer_red(daemon):
    incident = daemon.submit(commit="ccccccc2")["incidentId"]
    daemon.submit(commit="ccccccc1")
    daemon.wait_state(incident, "waiting")
    daemon.submit_passed(commit="ccccccc1")
    found = checked(daemon, incident)
    assert found["state"] == "waiting"
    assert reasons(found) == [("ORDER_UNKNOWN", "ci / make test")]
    daemon.submit_passed(commit="ccccccc2")
    daemon.wait_state(incident, "resolved")


def test_ready_waits_for_what_is_pending(daemon):
    words = ["ready", "--wait", "--project", "acme/web", "--branch", "fix"]
    ended = daemon.run_ctl("--json", "--timeout", "1", *words)
    assert ended.returncode == 8 and json.loads(ended.stdout)["outcome"] == "pending", ended.stderr
    with subprocess.Popen([CODEGENCTL, "--socket", daemon.control, *words], stdout=subprocess.PIPE, text=True,
                          env=daemon.environment) as waiting:
        daemon.submit_passed()
        said, _ = waiting.communicate(timeout=PATIENCE_S)
    assert waiting.returncode == 0 and "ready" in said


def test_ready_of_what_it_cannot_know(daemon):
    refused = daemon.run_ctl("ready", "--project", "https://example.org/", "--branch", "fix")
    assert refused.returncode == 2 and "--project" in refused.stderr
    daemon.stop()
    unreachable = daemon.run_ctl("ready", "--wait", "--project", "acme/web", "--branch", "fix")
    assert unreachable.returncode == 3 and unreachable.stderr
    daemon.start()

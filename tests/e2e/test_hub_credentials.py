"""Who codegend is at GitHub: tokens of every kind, Apps, Enterprise Server, and a credential that is refused."""
import json

import pytest
from github_client import make_key
from hub_place import BOT, HANDLE, PROJECT, Place, make_place  # noqa: F401

from conftest import wait_for

FINE = {"kind": "fine-grained", "permissions": {"issues": "write", "pull_requests": "write", "statuses": "read",
                                                "actions": "read", "contents": "read", "metadata": "read"}}
APP_LIFE_S = 3600
ATTEMPTS_MAX = 8
WORDS = {"forbidden": "permission", "sso": "single sign-on", "not_found": "404"}


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("key"))


def app_place(make_place, key, **more):
    """A place whose daemon is the App "codegend"."""
    place = make_place(start=False, **more)
    private, public = key
    app = place.hub.app("codegend", public)
    place.hub.install("codegend", "acme")
    Place.write_secret(place.directory / "app-key", private.read_text())
    place.configure(forge={"app_id": app, "app_key": f"file:{place.directory / 'app-key'}"})
    return place.start()


def cycle(place, number=None, branch="fix"):
    """One failure that is repaired. The ticket."""
    ticket = place.report(branch)
    place.wait_state(ticket, "waiting")
    place.repair(branch, by=HANDLE)
    place.look()
    return ticket


def test_enterprise_server(make_place):
    place = make_place(agents=["asked"], hub={"enterprise": True})
    number = place.pull("fix")
    ticket = cycle(place)
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert len(place.posts(number, "status")) == 1


def test_an_app(make_place, key):
    place = app_place(make_place, key, agents=["fixer"])
    number = place.pull("fix")
    ticket = cycle(place)
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert len(place.posts(number, "status", author="codegend[bot]")) == 1
    assert len(place.hub.sent("POST /app/installations/*/access_tokens")) == 1


def test_tokens_of_apps_are_renewed(make_place, key):
    """Before they expire, and when one is refused although it has not."""
    place = app_place(make_place, key, agents=["fixer"])
    number = place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    place.advance(APP_LIFE_S - 60)
    place.repair("fix")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    made = len(place.hub.sent("POST /app/installations/*/access_tokens"))
    assert made == 2
    for token in place.hub.world.tokens.values():
        token.is_revoked = token.kind == "installation"
    place.pull("other")
    place.wait_state(place.report("other"), "waiting")
    place.wait_quiet()
    assert len(place.hub.sent("POST /app/installations/*/access_tokens")) == 3
    assert len(place.posts(number, "status", author="codegend[bot]")) == 1


def test_a_daemon_that_says_a_bots_mention_wakes_nobody(make_place, key):
    place = app_place(make_place, key, agents=["asked"])
    wait_for(lambda: "bot" in place.daemon.log().lower() or "bot" in json.dumps(place.forge()).lower(),
             "the sentence about bots")


@pytest.mark.parametrize("kind", ["token", "app"])
@pytest.mark.parametrize("on", ["on", None])
def test_our_own_status_on_the_head(make_place, key, kind, on):
    """Off by default; never in the way of our own verdict, and never red."""
    forge = {"head_status": on} if on else {}
    if kind == "app":
        place = app_place(make_place, key, agents=["fixer"], forge=forge)
    else:
        place = make_place(agents=["fixer"], forge=forge)
    place.pull("fix")
    before = place.head("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    seen = ours(place, before)
    assert bool(seen) == bool(on)
    place.repair("fix")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    for state in seen | ours(place, before) | ours(place, place.head("fix")):
        assert state in ("neutral", "success", "pending")
    assert bool(ours(place, place.head("fix"))) == bool(on)
    assert "failure" not in ours(place, before)


def ours(place, sha):
    """What codegend put on a commit: states of statuses and conclusions of check runs."""
    held = place.hub.find(PROJECT)
    statuses = {status.state for status in held.statuses_of(sha) if status.context.startswith("codegend")}
    return statuses | {check.conclusion for suite in held.suites_of(sha) if suite.app == "codegend"
                       for check in suite.checks}


def test_a_token_that_cannot_read_checks(make_place):
    """Actions' runs and statuses stand for the checks. They do not name the job that failed, so its pass is CI's to
    tell; without that it is never ready."""
    place = make_place(agents=["fixer"], token=FINE)
    number = place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.push("fix")
    place.check("fix", "test", "failure")
    place.look()
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a verdict")
    assert "CHECK_FAILED" in place.codes(ticket)
    place.wait_state(ticket, "waiting")
    place.repair("fix")
    place.look()
    wait_for(lambda: place.codes(ticket) == ["CHECK_MISSING"], "nothing else being against it")
    assert place.incident(ticket)["state"] == "waiting"
    place.daemon.submit_passed(branch="fix", commit=place.head("fix"), job="test")
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert len(place.posts(number, "status")) == 1


def test_a_token_that_can_read_nothing_of_ci(make_place):
    permissions = {"issues": "write", "pull_requests": "write", "contents": "read", "metadata": "read"}
    place = make_place(agents=["fixer"], token={"kind": "fine-grained", "permissions": permissions})
    place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    place.repair("fix")
    place.look()
    wait_for(lambda: place.incident(ticket).get("lastVerdict"), "a verdict")
    verdict = place.incident(ticket)["lastVerdict"]
    assert verdict["outcome"] == "unknown" and place.codes(ticket) == ["CHECKS_UNREADABLE"]
    assert place.incident(ticket)["cycle"] == 1


def test_a_refused_credential_pauses_the_forge(make_place):
    """One clear sentence, no attempt burnt, nothing asked; a new token and a reload release it."""
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    place.hub.revoke(place.token)
    ticket = place.report("fix")
    forge = wait_for(lambda: (lambda f: f if f.get("reason") else None)(place.forge()), "status telling of it")
    assert "401" in forge["reason"] or "refused" in forge["reason"] or "credential" in forge["reason"]
    assert place.token not in place.daemon.log() + json.dumps(forge)
    n = len(place.hub.requests)
    for _ in range(3):
        place.advance(3600)
    place.restart()
    assert place.forge()["reason"]
    assert len(place.hub.requests) <= n + 1, "asked at most once more, by the start"
    attempts = {task["type"]: task["attempt"] for task in place.daemon.tasks(incident=ticket["incidentId"])}
    assert attempts["publish_report"] <= 1 and not place.daemon.tasks(status="failed")
    assert sum("refus" in line or "401" in line for line in place.daemon.log().splitlines()) <= 4

    place.write_secret(place.token_file, place.hub.token(BOT, value="ghp_" + "n" * 36))
    place.daemon.ctl("reload")
    place.wait_post(number, "mention")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert not place.forge().get("reason") and len(place.posts(number, "status")) == 1


@pytest.mark.parametrize("how", ["forbidden", "sso", "not_found"])
def test_a_permission_that_is_missing(make_place, how):
    """It is said what is missing; it is not asked for ever."""
    place = make_place(agents=["fixer"])
    place.pull("fix")
    fault = place.hub.fail("POST /repos/*/*/issues/*/comments", how, "always")
    ticket = place.report("fix")
    wait_for(lambda: fault.hits, "the refusal")
    while not is_settled(place):
        n = fault.hits
        place.advance(3601)
        wait_for(lambda: fault.hits > n or is_settled(place), "a further try within the hour")
    assert fault.hits <= ATTEMPTS_MAX
    said = json.dumps([place.incident(ticket), place.tasks()]) + place.daemon.log()
    assert WORDS[how] in said, said


def is_settled(place):
    """Given up, or gone on without it."""
    return place.is_quiet() or place.daemon.agent.ends()


def test_a_token_file_that_others_may_read(make_place):
    place = make_place(start=False, agents=["fixer"])
    place.token_file.chmod(0o644)
    place.start()
    place.pull("fix")
    place.report("fix")
    forge = wait_for(lambda: (lambda f: f if f.get("reason") else None)(place.forge()), "status telling of it")
    assert str(place.token_file) in forge["reason"]
    assert not place.hub.requests
    place.token_file.chmod(0o600)
    place.daemon.ctl("reload")
    wait_for(lambda: place.hub.requests, "a request")
    place.wait_quiet()


def test_no_token_at_all(make_place):
    place = make_place(start=False, agents=["fixer"], forge={"token": None})
    place.start()
    number = place.pull("fix")
    ticket = place.report("fix")
    forge = wait_for(lambda: (lambda f: f if f.get("reason") else None)(place.forge()), "status telling of it")
    assert "github-token" in forge["reason"]
    place.daemon.environment["GITHUB_TOKEN"] = place.token
    place.restart()
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert len(place.posts(number, "status")) == 1
    assert "GITHUB_TOKEN" not in (place.directory / "environment").read_text()

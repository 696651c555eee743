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


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("key"))


def app_place(make_place, key, installed=True, **more):
    """A place whose daemon is the App "codegend"."""
    place = make_place(start=False, **more)
    private, public = key
    app = place.hub.app("codegend", public)
    if installed:
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


def test_doctor_on_an_app_that_is_installed_nowhere(make_place, key):
    place = app_place(make_place, key, agents=["asked"], installed=False)

    def found():
        told = json.loads(place.daemon.run_ctl("--json", "doctor").stdout)
        return {(check["name"], check.get("subject")): check for check in told["checks"]}

    assert found()["forge", "github"]["state"] == "problem"
    assert "is installed nowhere" in found()["forge", "github"]["message"]
    asked = found()["agent", "asked"]
    assert asked["state"] == "problem" and "mentioned by a GitHub App" in asked["message"]
    place.hub.install("codegend", "acme")
    assert found()["forge", "github"]["state"] == "ok"


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
    """Actions' runs and statuses stand for the checks; the job that failed is found among those of the runs."""
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
    place.push("fix")
    place.check("fix", "lint", "success")
    place.look()
    wait_for(lambda: place.codes(ticket) == ["CHECK_MISSING"], "nothing else being against it")
    assert place.incident(ticket)["state"] == "waiting"
    place.repair("fix")
    place.look()
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


REMEDIES = {"forbidden": '"issues=write" at ', "sso": "open https://github.com/orgs/acme/sso"}


@pytest.mark.parametrize("how", ["forbidden", "sso"])
def test_what_only_a_person_can_allow_is_waited_for(make_place, how):
    """It is said at once, with what to do, also by status; attempts are not used up. A reload tries it at once, and it
    is not tried for ever."""
    place = make_place(agents=["fixer"], max_waiting="1d", more='project "acme/web" {\n    forge = github\n}\n')
    number = place.pull("fix")
    fault = place.hub.fail("POST /repos/*/*/issues/*/comments", how, "always")
    ticket = place.report("fix")
    wait_for(lambda: REMEDIES[how] in place.incident(ticket)["reason"], "the incident saying what to do")
    assert "codegenctl reload" in place.daemon.ctl("explain", ticket["incidentId"])["text"]
    [barred] = place.forge()["barred"]
    assert barred["project"] == PROJECT and REMEDIES[how] in barred["reason"]
    assert f"{PROJECT} since" in place.daemon.run_ctl("status").stdout
    assert REMEDIES[how] in place.daemon.run_ctl("doctor").stdout
    for hits in range(2, ATTEMPTS_MAX + 3):
        place.advance(3601)
        wait_for(lambda: fault.hits >= hits, "a further try")
        wait_for(lambda: place.tasks("publish_report")[0]["status"] == "scheduled", "it being recorded")
    assert place.tasks("publish_report")[0]["attempt"] <= 1
    place.hub.recover()
    place.daemon.ctl("reload")
    place.wait_post(number, "status")
    place.wait_state(ticket, "waiting")
    assert not place.forge()["barred"]


def test_an_archived_repository(make_place):
    place = make_place()
    place.pull("fix")
    place.hub.find(PROJECT).is_archived = True
    ticket = place.report("fix")
    wait_for(lambda: "The repository is archived" in place.incident(ticket)["reason"], "the incident saying so")
    assert "/acme/web/settings" in place.forge()["barred"][0]["reason"]
    place.hub.find(PROJECT).is_archived = False
    place.daemon.ctl("reload")
    place.wait_state(ticket, "waiting")


def test_a_locked_conversation(make_place):
    place = make_place(roles={BOT: "read"})
    number = place.pull("fix")
    place.hub.find(PROJECT).issues[number].is_locked = True
    ticket = place.report("fix")
    wait_for(lambda: "unlock the conversation" in place.incident(ticket)["reason"], "the incident saying so")
    assert not place.forge()["barred"], "the rest of the repository is well"
    place.hub.find(PROJECT).issues[number].is_locked = False
    place.daemon.ctl("reload")
    place.wait_state(ticket, "waiting")


def test_what_nobody_allows_is_given_up(make_place):
    place = make_place(max_waiting="2h")
    place.pull("fix")
    fault = place.hub.fail("POST /repos/*/*/issues/*/comments", "forbidden", "always")
    ticket = place.report("fix")
    n_tries = 2 + 8  # an hour apart: two before max-waiting is over, and then as many as of whatever fails
    for hits in range(1, n_tries + 1):
        wait_for(lambda: fault.hits >= hits, "a further try")
        wait_for(lambda: place.tasks("publish_report")[0]["status"] != "executing", "it being recorded")
        place.advance(3601)
    place.wait_state(ticket, "waiting")
    assert place.tasks("publish_report")[0]["reason"].startswith("Given up after max-waiting: ")
    assert fault.hits == n_tries


def test_a_permission_that_is_missing(make_place):
    """It is said what is missing; it is not asked for ever."""
    place = make_place(agents=["fixer"])
    place.pull("fix")
    fault = place.hub.fail("POST /repos/*/*/issues/*/comments", "not_found", "always")
    ticket = place.report("fix")
    wait_for(lambda: fault.hits, "the refusal")
    while not is_settled(place):
        n = fault.hits
        place.advance(3601)
        wait_for(lambda: fault.hits > n or is_settled(place), "a further try within the hour")
    assert fault.hits <= ATTEMPTS_MAX
    said = json.dumps([place.incident(ticket), place.tasks()]) + place.daemon.log()
    assert "404" in said, said


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


def test_a_new_credential_frees_what_waits_at_once(make_place):
    place = make_place(agents=[])
    number = place.pull("fix")
    place.hub.revoke(place.token)
    ticket = place.report("fix")
    wait_for(lambda: place.incident(ticket)["reason"].startswith("The last try, at"), "the attempt that failed")
    place.write_secret(place.token_file, place.hub.token(BOT, value="ghp_" + "n" * 36))
    place.daemon.ctl("reload")
    place.wait_post(number, "status")
    place.wait_state(ticket, "waiting")
    assert "credential" not in place.incident(ticket)["reason"]


@pytest.mark.parametrize("how", ["reload", "start"])
def test_a_mention_that_met_the_refusal_goes_at_once(make_place, how):
    """The trigger waits in the lane of its agent, and is freed all the same."""
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    place.hub.fail("POST /repos/*/*/issues/*/comments", "unauthorized", 2)  # the first is the status comment
    ticket = place.report("fix")
    wait_for(lambda: place.incident(ticket)["reason"].startswith("The last try, at"), "the mention that was refused")
    if how == "reload":
        place.daemon.ctl("reload")
    else:
        place.write_secret(place.token_file, place.hub.token(BOT, value="ghp_" + "n" * 36))
        place.restart()
    place.wait_post(number, "mention")
    place.wait_state(ticket, "waiting")
    assert "credential" not in place.daemon.ctl("explain", ticket["incidentId"])["text"]
    assert len(place.posts(number, "mention")) == 1


@pytest.mark.parametrize("how", ["not_found", "forbidden"])
def test_a_refusal_that_may_pass_is_tried_again_for_long(make_place, how):
    """Minutes of it lose nothing, and a reload tries again at once."""
    place = make_place(agents=[])
    number = place.pull("fix")
    fault = place.hub.fail("POST /repos/*/*/issues/*/comments", how, "always")
    ticket = place.report("fix")
    for hits in range(2, 5):
        wait_for(lambda: fault.hits >= hits - 1 and place.incident(ticket)["reason"].startswith("The last try, at"),
                 "the attempt that failed")
        place.advance(200 if how == "not_found" else 3601)
        wait_for(lambda: fault.hits >= hits, "a further try")
    wait_for(lambda: place.tasks("publish_report")[0]["status"] == "scheduled", "the attempt being recorded")
    place.hub.recover()
    place.daemon.ctl("reload")
    place.wait_post(number, "status")
    place.wait_state(ticket, "waiting")


def test_what_was_given_up_is_said_with_what_to_do(make_place):
    place = make_place(agents=["asked"])
    number = place.pull("fix")
    fault = place.hub.fail("POST /repos/*/*/issues/*/comments", "not_found", "always")
    ticket = place.report("fix")
    [task] = place.tasks("publish_report")
    for hits in range(ATTEMPTS_MAX):
        wait_for(lambda: fault.hits > hits, "a further try")
        wait_for(lambda: place.tasks("publish_report")[0]["status"] != "executing", "it being recorded")
        if hits + 1 < ATTEMPTS_MAX:
            place.daemon.run_ctl("task", "run", task["id"])
    place.wait_state(ticket, "waiting")
    said = place.incident(ticket)["reason"]
    assert "404" in said and f"codegenctl task retry {task['id']}" in said and "may write" not in said
    place.hub.recover()
    place.daemon.ctl("task", "retry", task["id"])
    place.wait_post(number, "mention")

"""The scripted GitHub misbehaves as it is told to: what the client sees, and what became of the effect."""
import email.utils
import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.error
from pathlib import Path

import pytest
from github_client import Client, GitHub, Violations

REPO = "/repos/acme/web"
MARK = "<!-- codegend:v1 kind=status incident=incident-1 task=delayed-1 -->\n"
COMMENTS = REPO + "/issues/1/comments"
ON_COMMENT = "POST /repos/*/*/issues/*/comments"
BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)
QUERY = '{t0:repository(owner:"acme",name:"web"){id} t1:repository(owner:"acme",name:"web"){id} rateLimit{cost}}'


@pytest.fixture
def hub():
    with GitHub(spacing_s=0) as made:
        made.repo("acme/web", roles={"codegend-bot": "write"})
        made.open_issue("acme/web", "an issue")
        yield made
        made.forgive("before it may")
        made.verify()


@pytest.fixture
def client(hub):
    return Client(hub.api_url, hub.token("codegend-bot"), hub.graphql_url)


def write(client, text="x", **more):
    return client.post(COMMENTS, {"body": MARK + text}, **more)


def count(hub):
    return len(hub.comments("acme/web", 1))


# What becomes of the effect

@pytest.mark.parametrize("effect, there", [(None, 0), ("none", 0), ("applied", 1), ("twice", 2)])
@pytest.mark.parametrize("how", ["500", "502", "503", "504"])
def test_an_error_with_or_without_its_effect(hub, client, how, effect, there):
    hub.fail(ON_COMMENT, how, effect=effect)
    assert write(client).status == int(how)
    assert count(hub) == there
    assert write(client).status == 201 and count(hub) == there + 1, "only once"


def test_a_success_that_happened_twice(hub, client):
    hub.fail(ON_COMMENT, "ok", effect="twice")
    assert write(client).status == 201
    assert count(hub) == 2


def test_an_effect_that_comes_late(hub, client):
    hub.fail(ON_COMMENT, "500", effect="late", late_s=None)
    assert write(client).status == 500 and count(hub) == 0
    assert hub.deliver_late() == 1 and count(hub) == 1
    assert hub.deliver_late() == 0
    hub.fail(ON_COMMENT, "504", effect="late", late_s=0.3)
    assert write(client).status == 504 and count(hub) == 1
    end = time.monotonic() + 20
    while count(hub) == 1 and time.monotonic() < end:
        time.sleep(0.05)
    assert count(hub) == 2


@pytest.mark.parametrize("effect, there", [("none", 0), ("applied", 1)])
@pytest.mark.parametrize("how", ["reset", "close", "garbage"])
def test_a_connection_that_breaks(hub, client, how, effect, there):
    hub.fail(ON_COMMENT, how, effect=effect)
    with pytest.raises(BROKEN) as broken:
        write(client)
    assert (how == "reset") == ("Connection reset" in str(broken.value)), broken.value
    assert count(hub) == there


@pytest.mark.parametrize("effect, there", [("none", 0), ("applied", 1)])
def test_no_answer_at_all(hub, client, effect, there):
    hub.fail(ON_COMMENT, "silence", effect=effect)
    with pytest.raises(BROKEN):
        write(client, timeout=0.3)
    assert count(hub) == there
    assert not hub.in_flight, "a request without an answer blocks no other"


def test_silence_ends_with_the_server():
    ended = []
    with GitHub() as hub:
        hub.repo("acme/web")
        client = Client(hub.api_url, hub.token("acme"))
        hub.fail("*", "silence")

        def ask():
            with pytest.raises(BROKEN):
                client.get("/user")
            ended.append(True)

        thread = threading.Thread(target=ask)
        thread.start()
        while not hub.requests or hub.requests[0].fault is None:
            time.sleep(0.01)
    thread.join(20)
    assert ended


# When

def test_when(hub, client):
    second = hub.fail(ON_COMMENT, "500", when=2)
    both = hub.fail("GET /user", "500", when=(1, 3))
    assert [write(client).status for _ in range(3)] == [201, 500, 201]
    assert [client.get("/user").status for _ in range(4)] == [500, 200, 500, 200]
    always = hub.fail("GET /user", "502", "always")
    assert [client.get("/user").status for _ in range(3)] == [502] * 3
    hub.recover(always)
    assert client.get("/user").status == 200
    assert (second.hits, both.hits, always.hits) == (1, 2, 3)


def test_which(hub, client):
    hub.fail("GET /repos/acme/*", "500")
    assert client.get(REPO + "/pulls").status == 200, "a star is no slash"
    assert client.get(REPO).status == 500
    hub.fail("GET /repos/**", "500")
    assert client.get(REPO + "/pulls").status == 500
    hub.fail("GRAPHQL", "500")
    assert client.get("/user").status == 200
    assert client.query(QUERY).status == 500
    hub.fail(lambda request: len(request.aliases) > 2, "504")
    assert client.query("{viewer{login}}").status == 200
    assert client.query(QUERY).status == 504


def test_a_fault_nobody_met_or_nobody_knows():
    with GitHub() as hub:
        hub.fail("GET /user", "500", optional=True)
        hub.verify()
        hub.fail("GET /never", "500")
        with pytest.raises(Violations):
            hub.verify()
        hub.recover()
        hub.faults.clear()
        for wrong in ({"how": "sulk"}, {"how": "500", "effect": "some"}):
            with pytest.raises(ValueError):
                hub.fail("*", **wrong)


# What the client sees

def test_what_is_no_json(hub, client):
    for how in ("half_json", "html", "empty"):
        hub.fail(ON_COMMENT, how)
    answers = [write(client) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 200, 201]
    for answer in answers:
        with pytest.raises(ValueError):
            json.loads(answer.data)
    assert count(hub) == 3


def test_faults_of_one_match_count_apart(hub, client):
    hub.fail(ON_COMMENT, "500")
    hub.fail(ON_COMMENT, "502")
    assert [write(client).status for _ in range(3)] == [500, 502, 201]


def test_wrong_types(hub, client):
    hub.fail("GET /repos/acme/web/issues/*", "wrong_types")
    wrong, right = (client.get(REPO + "/issues/1").json for _ in range(2))
    assert set(wrong) == set(right)
    assert all(type(wrong[name]) is not type(right[name]) for name in ("id", "number", "title", "locked", "closed_at"))
    hub.fail("GRAPHQL", "wrong_types")
    assert isinstance(client.query(QUERY).json["data"]["rateLimit"]["cost"], str)


@pytest.mark.parametrize("how", ["truncated", "close_after_head"])
def test_an_answer_that_is_cut_off(hub, client, how):
    hub.fail(ON_COMMENT, how)
    with pytest.raises(http.client.IncompleteRead):
        write(client)
    assert count(hub) == 1


def test_slow_bytes(hub, client):
    hub.fail("GET /user", "slow", pieces=5, pause_s=0.1)
    start = time.monotonic()
    assert client.get("/user").json["login"] == "codegend-bot"
    assert time.monotonic() - start > 0.3
    hub.fail("GET /user", "delay", seconds=0.3)
    start = time.monotonic()
    assert client.get("/user").status == 200
    assert time.monotonic() - start > 0.25


def test_answers_that_are_too_large(hub, client):
    hub.fail("GET /user", "huge", size=3 << 20)
    assert len(client.get("/user").json) > 40
    hub.fail("GET /user", "gzip_bomb", size=20 << 20)
    answer = client.get("/user", Accept_Encoding="gzip")
    assert len(answer.data) > 20 << 20 and int(answer.headers["Content-Length"]) < 1 << 20
    hub.fail("GET /user", "padded", size=1 << 20)
    answer = client.get("/user")
    assert answer.json["login"] == "codegend-bot" and len(answer.data) > 1 << 20
    hub.fail("GET /user", "many_headers", count=50)
    assert len(client.get("/user").headers) > 50


REFUSALS = [
    ("unauthorized", {}, 401, "Bad credentials", {}),
    ("forbidden", {}, 403, "Resource not accessible by personal access token", {
        "X-Accepted-GitHub-Permissions": "issues"}),
    ("forbidden", {"who": "integration"}, 403, "Resource not accessible by integration", {}),
    ("sso", {}, 403, "SAML", {"X-GitHub-SSO": "required; url="}),
    ("not_found", {}, 404, "Not Found", {}),
    ("gone", {}, 410, "Issues are disabled", {}),
    ("already_exists", {}, 422, "Validation Failed", {}),
    ("invalid", {}, 422, "Validation Failed", {}),
    ("primary_limit", {"reset_s": 100}, 403, "API rate limit exceeded", {"X-RateLimit-Remaining": "0",
                                                                         "X-RateLimit-Resource": "core"}),
    ("primary_limit", {"status": 429}, 429, "API rate limit exceeded", {"X-RateLimit-Reset": "1"}),
    ("secondary_limit", {"retry_after": 30}, 403, "secondary rate limit", {"Retry-After": "30"}),
    ("secondary_limit", {"status": 429, "retry_after": email.utils.formatdate(4e9, usegmt=True)}, 429, "secondary", {
        "Retry-After": "Tue, 02 Oct 2096"}),
    ("secondary_limit", {}, 403, "secondary rate limit", {}),
    ("status", {"status": 418, "body": {"message": "short and stout"}, "headers": {"X-Tea": "yes"}}, 418, "stout", {
        "X-Tea": "yes"}),
]


@pytest.mark.parametrize("how, details, status, message, headers", REFUSALS)
def test_refusals(hub, client, how, details, status, message, headers):
    hub.fail(ON_COMMENT, how, **details)
    answer = write(client)
    assert answer.status == status and message in answer.json["message"]
    for name, value in headers.items():
        assert answer.headers[name].startswith(value)
    if how == "secondary_limit" and not details:
        assert answer.headers["Retry-After"] is None
    assert count(hub) == 0


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirects(hub, client, status):
    hub.fail("GET /repos/acme/web", "redirect", status=status, location=hub.api_url + "/user")
    answer = client.get(REPO)
    assert answer.status == status
    assert client.get(answer.headers["Location"]).json["login"] == "codegend-bot"
    hub.fail("GET /repos/acme/web", "redirect", status=status)
    away = client.get(REPO).headers["Location"]
    assert away == hub.foreign_url + REPO
    assert Client("").ask("GET", away).status == 404
    assert hub.foreign.requests[0].path == REPO


# GraphQL

def test_errors_of_some_aliases(hub, client):
    hub.fail("GRAPHQL", "partial", aliases=["t1"], type="INTERNAL")
    answer = client.query(QUERY).json
    assert answer["data"]["t0"] and answer["data"]["t1"] is None
    assert answer["errors"] == [{"type": "INTERNAL", "message": "Something went wrong", "path": ["t1"]}]
    hub.fail("GRAPHQL", "partial", aliases=[("t0", "id")], type="FORBIDDEN")
    assert client.query(QUERY).json["data"]["t0"] == {"id": None}


def test_limits_that_come_with_200(hub, client):
    hub.fail("GRAPHQL", "graphql_limited", reset_s=100)
    answer = client.query(QUERY)
    assert (answer.status, answer.json["errors"][0]["type"], "data" in answer.json) == (200, "RATE_LIMITED", False)
    assert int(answer.headers["X-RateLimit-Reset"]) - hub.now() > 90
    hub.fail("GRAPHQL", "graphql_secondary")
    assert "secondary rate limit" in client.query(QUERY).json["errors"][0]["message"]


def test_a_query_that_is_too_much(hub, client):
    fault = hub.fail("GRAPHQL", "resource_limit", "always", above=1)
    answer = client.query(QUERY)
    assert answer.status == 200 and answer.json["data"]["t0"] is None
    assert [(e["type"], e["path"]) for e in answer.json["errors"]] == [
        ("RESOURCE_LIMITS_EXCEEDED", ["t0"]), ("RESOURCE_LIMITS_EXCEEDED", ["t1"])]
    assert client.query('{t0:repository(owner:"acme",name:"web"){id}}').json["data"]["t0"]
    assert fault.hits == 2
    hub.recover()
    hub.fail("GRAPHQL", "502")
    answer = client.query(QUERY)
    assert answer.status == 502 and "timeout" in answer.json["errors"][0]["message"]


def test_conversations_are_heard(hub, client):
    heard = []
    hub.on("comment", lambda name, number, comment: heard.append((name, number, comment.author.login)))
    write(client)
    hub.comment("acme/web", 1, "hello", by="dependabot[bot]")
    assert heard == [("acme/web", 1, "codegend-bot"), ("acme/web", 1, "dependabot[bot]")]


def test_told_by_hand(hub):
    """A number names a misbehaviour, a mistake is a sentence and no violation, and who stops reading is no error."""
    def by_hand(*words):
        return subprocess.run([sys.executable, "-m", "tests.github", *words], text=True, capture_output=True,
                              cwd=Path(__file__).parents[2], check=False)
    assert by_hand("tell", hub.api_url, "fail", "GRAPHQL", "500", "optional=true").returncode == 0
    assert hub.faults[-1].how == "500"
    wrong = by_hand("tell", hub.api_url, "fail", "GRAPHQL", "rudeness")
    assert wrong.returncode == 1 and wrong.stderr.startswith("error: fail: no misbehaviour 'rudeness'; there are 500,")
    assert not hub.violations
    assert "secondary_limit" in by_hand("--help").stdout
    closed = subprocess.run([f"{sys.executable} -m tests.github show {hub.api_url} world | false"], shell=True,
                            text=True, capture_output=True, cwd=Path(__file__).parents[2], check=False)
    assert closed.stderr == ""

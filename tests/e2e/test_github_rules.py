"""The scripted GitHub notices what a client does wrong: one breach a line, and each is told."""
import http.client
import json
import threading
import time

import pytest
from github_client import HEADERS, Client, GitHub

REPO = "/repos/acme/web"
MARK = "<!-- codegend:v1 kind=status incident=incident-1 task=delayed-1 -->\n"
COMMENTS = REPO + "/issues/1/comments"


@pytest.fixture
def hub():
    with GitHub(spacing_s=0) as made:
        made.repo("acme/web", roles={"codegend-bot": "write"})
        made.open_issue("acme/web", "an issue")
        yield made
        made.verify()


@pytest.fixture
def client(hub):
    return Client(hub.api_url, hub.token("codegend-bot"), hub.graphql_url)


# What is sent, the answer's status, what the violation says.
BREACHES = [
    ("GET", "/user", {"headers": {"Accept": "*/*"}}, 200, "Accept is"),
    ("GET", "/user", {"headers": {"X-GitHub-Api-Version": None}}, 200, "X-GitHub-Api-Version is None"),
    ("GET", "/user", {"headers": {"X-GitHub-Api-Version": "2020-01-01"}}, 400, "X-GitHub-Api-Version"),
    ("GET", "/user", {"headers": {"User-Agent": None}}, 403, "no User-Agent"),
    ("GET", "/user", {"headers": {"Authorization": None}}, 401, "no Authorization"),
    ("GET", "/user", {"headers": {"Authorization": "Basic eDp5"}}, 401, "malformed Authorization"),
    ("GET", "/user", {"headers": {"Authorization": "token TOKEN"}}, 200, "not Bearer"),
    ("GET", "/user/", {}, 404, "ends with a slash"),
    ("GET", "/user?access_token=TOKEN", {}, 200, "a token outside"),
    ("GET", "/user?page=1", {}, 200, "no parameter page"),
    ("GET", "/users/TOKEN", {}, 404, "a token outside"),
    ("GET", "/nothing/here", {}, 404, "no such endpoint"),
    ("GET", REPO + "//issues", {}, 404, "malformed"),
    ("GET", REPO + "/issues?per_page=101", {}, 200, "per_page"),
    ("GET", REPO + "/issues?page=0", {}, 200, "page is"),
    ("GET", REPO + "/issues?state=new", {}, 422, "state is 'new'"),
    ("GET", REPO + "/issues", {"body": {"a": 1}}, 200, "a body with GET"),
    ("POST", COMMENTS, {"body": {"body": "x" * 10}}, 201, "no marker"),
    ("POST", COMMENTS, {"body": {"body": "text\n" + MARK}}, 201, "no marker"),
    ("POST", COMMENTS, {"body": {"body": MARK + "TOKEN"}}, 201, "a token outside"),
    ("POST", COMMENTS, {"body": {"body": MARK + "x" * 65536}}, 422, "too long"),
    ("POST", COMMENTS, {"body": {"body": " \n"}}, 422, "malformed"),
    ("POST", COMMENTS, {"body": {"body": 7}}, 422, "'body' is 7, no str"),
    ("POST", COMMENTS, {"body": {"text": MARK}}, 422, "no field 'text'"),
    ("POST", COMMENTS, {"body": {}}, 422, "'body' is missing"),
    ("POST", COMMENTS, {"body": {"body": MARK + "\0"}}, 201, "a NUL"),
    ("POST", COMMENTS, {"data": b'{"body":'}, 400, "no JSON object"),
    ("POST", COMMENTS, {"data": b"[]"}, 422, "no JSON object"),
    ("POST", COMMENTS, {"body": {"body": MARK}, "headers": {"Content-Type": "text/plain"}}, 201, "Content-Type"),
    ("POST", REPO + "/issues", {"body": {"title": "", "body": MARK}}, 422, "'title'"),
    ("POST", REPO + "/issues", {"body": {"title": "t" * 257, "body": MARK}}, 422, "too long"),
    ("POST", REPO + "/issues", {"body": {"title": "t", "labels": "codegen"}}, 422, "'labels'"),
    ("POST", REPO + "/issues", {"body": {"title": "t", "labels": [1]}}, 422, "hold only str"),
    ("PATCH", REPO + "/issues/1", {"body": {"state": "done"}}, 422, "'state'"),
    ("PATCH", REPO + "/issues/1", {"body": {"state": "closed", "state_reason": "fixed"}}, 422, "'state_reason'"),
    ("PATCH", REPO + "/issues/1", {"body": {"state": True}}, 422, "'state' is True"),
    ("POST", REPO + "/labels", {"body": {"name": "x" * 51}}, 422, "too long"),
    ("POST", REPO + "/labels", {"body": {"name": "x", "color": "#5319e7"}}, 422, "'color'"),
    ("POST", REPO + "/labels", {"body": {"name": "x", "description": "d" * 101}}, 422, "too long"),
    ("POST", REPO + "/issues/1/labels", {"body": {"labels": [" "]}}, 422, "label ' '"),
    ("POST", REPO + "/statuses/SHA", {"body": {"state": "green"}}, 422, "'state'"),
    ("POST", REPO + "/statuses/SHA", {"body": {"state": "success", "description": "d" * 141}}, 422, "too long"),
    ("POST", REPO + "/statuses/SHA", {"body": {"state": "success", "target_url": "javascript:1"}}, 422, "target_url"),
    ("DELETE", "GRAPHQL", {}, 404, "asked by POST"),
    ("POST", "GRAPHQL", {"body": {"query": "{viewer{login}}", "extra": 1}}, 200, "no field 'extra'"),
    ("POST", "GRAPHQL", {"body": {"query": 1}}, 400, "no query"),
]


@pytest.mark.parametrize("method, path, sent, status, told", BREACHES)
def test_a_breach_is_told(hub, client, method, path, sent, status, told):
    token = client.headers["Authorization"].split()[1]
    sha = hub.world.repo("acme/web").branches["main"]

    def filled(text):
        return text.replace("TOKEN", token).replace("SHA", sha).replace("GRAPHQL", hub.graphql_url)

    # http.client: urllib would put things right.
    headers = {**HEADERS, "Authorization": f"Bearer {token}", **sent.get("headers", {})}
    data = sent.get("data", json.dumps(sent["body"]).encode() if "body" in sent else None)
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
        data = filled(data.decode()).encode()
    connection = http.client.HTTPConnection("127.0.0.1", hub.server.port, timeout=20)
    connection.request(method, filled(path), data, {n: filled(v) for n, v in headers.items() if v is not None})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == status, body
    assert hub.forgive(told), hub.violations
    hub.violations.clear()


def test_what_is_right_is_no_breach(hub, client):
    assert client.post(COMMENTS, {"body": MARK + "x" * (65536 - len(MARK))}).status == 201
    assert client.post(COMMENTS, {"body": MARK + "\U0001f600" * 30000}).status == 201, "characters count, not bytes"
    assert client.delete(COMMENTS.replace("/1/comments", "/comments/1")).status == 404


def test_a_planted_secret_is_found_wherever_it_is(hub, client):
    hub.forbid("hunter2")
    client.post(COMMENTS, {"body": MARK + "hunter2"})
    client.get(REPO + "/commits/hunter2/status")
    client.get("/user", User_Agent="hunter2")
    assert len(hub.forgive("hunter2.*must not leave")) == 3


def test_writes_keep_their_distance():
    with GitHub(spacing_s=0.5) as hub:
        hub.repo("acme/web", roles={"codegend-bot": "write", "other": "write"})
        hub.open_issue("acme/web", "an issue")
        client, other = (Client(hub.api_url, hub.token(name)) for name in ("codegend-bot", "other"))
        client.post(COMMENTS, {"body": MARK})
        time.sleep(0.5)
        client.post(COMMENTS, {"body": MARK})
        other.post(COMMENTS, {"body": MARK})
        client.get("/user")
        hub.verify()
        client.post(COMMENTS, {"body": MARK})
        assert len(hub.forgive("after the write before it")) == 1


def test_writes_are_counted(hub, client):
    hub.writes_per_minute = 3
    made = [client.post(COMMENTS, {"body": MARK}).status for _ in range(4)]
    assert made == [201, 201, 201, 403] and len(hub.comments("acme/web", 1)) == 3
    assert hub.forgive("write 4 within a minute")
    hub.writes_per_minute, hub.writes_per_hour = 80, 4
    assert client.post(COMMENTS, {"body": MARK}).headers["Retry-After"] == "60"
    assert hub.forgive("write 5 within an hour")
    hub.forgive("before it may")


def at_once(asks):
    threads = [threading.Thread(target=ask) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_what_overlaps_is_told(hub, client):
    hub.fail("*", "delay", "always", seconds=0.5)
    at_once([lambda: client.query("{viewer{login}}")] * 2)
    assert not hub.violations
    at_once([lambda: client.query("{viewer{login}}")] * 3)
    assert hub.forgive("a query while 2 others")
    at_once([lambda: client.post(COMMENTS, {"body": MARK})] * 2)
    assert hub.forgive("a write while another")
    hub.verify()
    hub.concurrency = 2
    at_once([lambda: client.get("/user")] * 3)
    assert hub.forgive("3 requests at once") and hub.max_in_flight == 3


def test_who_is_limited_has_to_wait(hub, client):
    fault = hub.fail("GET /user", "secondary_limit", retry_after=30)
    client.get("/user")
    time.sleep(0.2)
    client.get("/rate_limit")
    hub.verify()
    client.get("/user")
    assert hub.forgive("asks (29|30).* before it may")
    hub.advance(31)
    client.get("/user")
    hub.fail("GET /user", "primary_limit", reset_s=50)
    client.get("/user")
    time.sleep(0.2)
    client.query("{viewer{login}}")
    hub.verify()
    client.get("/user")
    assert hub.forgive("before it may") and fault.hits == 1


def test_a_token_on_another_host_is_told(hub, client):
    Client("").ask("GET", hub.foreign_url + "/x", Authorization="Bearer x")
    assert hub.forgive("credentials to another host")
    Client("").ask("GET", hub.foreign_url + "/" + client.headers["Authorization"].split()[1])
    assert hub.forgive("a token to another host")
    Client("").ask("GET", hub.foreign_url + "/x")

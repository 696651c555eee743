"""The scripted GitHub answers as the real one does: each endpoint, as a client like ours uses it."""
import json
import subprocess
import sys
import time

import pytest
from github_client import Client, GitHub, Violations, make_jwt, make_key, raw

REPO = "/repos/acme/web"
MARK = "<!-- codegend:v1 kind=status incident=incident-1 task=delayed-1 -->\n"


@pytest.fixture
def hub():
    """A repository with a branch, a pull request and a failed check. Writes need no pause."""
    with GitHub(spacing_s=0) as made:
        made.repo("acme/web", roles={"mona": "write", "codegend-bot": "write", "reader": "read"})
        made.push("acme/web", "fix")
        made.open_pull("acme/web", "fix")
        made.check("acme/web", "fix", "lint", "failure", log="it broke\n", annotations=[{"path": "a.py"}])
        yield made
        made.verify()


@pytest.fixture
def client(hub):
    return Client(hub.api_url, hub.token("codegend-bot"), hub.graphql_url)


# Pull requests

def test_a_pull_request_is_found_by_owner_and_branch(hub, client):
    hub.repo("fork/web", fork_of="acme/web")
    hub.push("fork/web", "fix")
    other = hub.open_pull("acme/web", "fix", by="fork", head="fork/web")
    found = client.get(REPO + "/pulls?head=acme:fix&state=open&per_page=100").json
    assert [(pull["number"], pull["head"]["ref"]) for pull in found] == [(1, "fix")]
    assert [pull["number"] for pull in client.get(REPO + "/pulls?head=fork:fix").json] == [other]
    assert client.get(REPO + "/pulls?head=acme:nothing").json == []
    assert len(client.get(REPO + "/pulls?head=fix").json) == 2, "GitHub ignores a head without an owner"
    assert hub.forgive("head is not owner:branch")


def test_a_pull_request_tells_all_of_itself(hub, client):
    hub.change_pull("acme/web", 1, unknown_reads=2)
    states = [client.get(REPO + "/pulls/1").json for _ in range(3)]
    assert [(s["mergeable"], s["mergeable_state"]) for s in states] == [
        (None, "unknown"), (None, "unknown"), (True, "unstable")]
    hub.require("acme/web", "main", "lint")
    assert client.get(REPO + "/pulls/1").json["mergeable_state"] == "blocked"
    hub.change_pull("acme/web", 1, mergeable="CONFLICTING")
    assert client.get(REPO + "/pulls/1").json["mergeable"] is False
    hub.review("acme/web", 1, "mona", "APPROVED")
    assert [r["state"] for r in client.get(REPO + "/pulls/1/reviews").json] == ["APPROVED"]
    hub.merge("acme/web", 1)
    merged = client.get(REPO + "/pulls/1").json
    assert (merged["state"], merged["merged"]) == ("closed", True)
    assert client.get(REPO + "/pulls/2").status == 404


def test_pull_requests_of_a_commit(hub, client):
    sha = hub.push("acme/web", "feature/a")
    number = hub.open_pull("acme/web", "feature/a")
    for ref in (sha, sha[:7], "feature/a", "feature%2Fa"):
        assert [pull["number"] for pull in client.get(f"{REPO}/commits/{ref}/pulls").json] == [number]
    assert client.get(f"{REPO}/commits/{sha[:7]}").json["sha"] == sha
    assert client.get(f"{REPO}/commits/{'0' * 40}/pulls").status == 422
    hub.close("acme/web", number)
    assert client.get(f"{REPO}/commits/{sha}/pulls").json == []


def test_a_push_moves_the_pull_request(hub, client):
    before = client.get(REPO + "/pulls/1").json["head"]["sha"]
    after = hub.push("acme/web", "fix")
    assert client.get(REPO + "/pulls/1").json["head"]["sha"] == after != before
    assert client.get(f"{REPO}/commits/{after}/check-runs").json["total_count"] == 0
    assert client.get(f"{REPO}/branches/fix").json["commit"]["sha"] == after


# Issues, comments, labels

def test_an_issue_lives(hub, client):
    made = client.post(REPO + "/issues", {"title": "It fails", "body": MARK + "text", "labels": ["codegen"]})
    assert made.status == 201
    number = made.json["number"]
    assert (number, made.json["user"]["login"], made.json["labels"][0]["name"]) == (2, "codegend-bot", "codegen")
    closed = client.patch(f"{REPO}/issues/{number}", {"state": "closed", "state_reason": "completed"}).json
    assert (closed["state"], closed["state_reason"]) == ("closed", "completed") and closed["closed_at"]
    assert client.patch(f"{REPO}/issues/{number}", {"state": "open"}).json["state_reason"] == "reopened"
    found = client.get(REPO + "/issues?labels=codegen&state=open&creator=codegend-bot&per_page=100").json
    assert [issue["number"] for issue in found] == [number]
    assert "pull_request" in client.get(REPO + "/issues").json[1], "pull requests are issues"
    assert [issue.number for issue in hub.issues("acme/web")] == [number]


def test_comments_are_written_listed_edited_and_removed(hub, client):
    first = client.post(REPO + "/issues/1/comments", {"body": MARK + "one"}).json
    second = client.post(REPO + "/issues/1/comments", {"body": MARK + "two"}).json
    assert second["id"] > first["id"] and first["performed_via_github_app"] is None
    assert client.patch(f"{REPO}/issues/comments/{first['id']}", {"body": MARK + "1"}).json["id"] == first["id"]
    assert client.get(f"{REPO}/issues/comments/{first['id']}").json["body"] == MARK + "1"
    assert [c["id"] for c in client.get(REPO + "/issues/1/comments?per_page=100").json] == [first["id"], second["id"]]
    assert client.delete(f"{REPO}/issues/comments/{second['id']}").status == 204
    assert client.delete(f"{REPO}/issues/comments/{second['id']}").status == 404
    assert hub.comments("acme/web", 1) == [("codegend-bot", MARK + "1")]


def test_comments_since(hub, client):
    hub.comment("acme/web", 1, "early")
    hub.advance(600)
    hub.comment("acme/web", 1, "late")
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(hub.now() - 60))
    assert [c["body"] for c in client.get(f"{REPO}/issues/1/comments?since={since}").json] == ["late"]
    assert client.get(f"{REPO}/issues/1/comments?since=yesterday").status == 422
    assert hub.forgive("since")


def test_labels(hub, client):
    assert client.post(REPO + "/labels", {"name": "codegen", "color": "5319e7", "description": "d"}).status == 201
    again = client.post(REPO + "/labels", {"name": "Codegen", "color": "5319e7"})
    assert (again.status, again.json["errors"][0]["code"]) == (422, "already_exists")
    assert client.post(REPO + "/issues/1/labels", {"labels": ["codegen"]}).json[0]["color"] == "5319e7"
    assert client.get(REPO + "/labels/codegen").status == 200
    assert client.get(REPO + "/labels").json == client.get(REPO + "/issues/1/labels").json
    assert client.get(REPO + "/pulls/1").json["labels"][0]["name"] == "codegen"
    assert client.delete(REPO + "/issues/1/labels/codegen").json == []
    assert client.delete(REPO + "/issues/1/labels/codegen").status == 404


def test_labels_of_those_who_may_not_are_dropped_in_silence(hub):
    reader = Client(hub.api_url, hub.token("reader"))
    made = reader.post(REPO + "/issues", {"title": "t", "body": MARK, "labels": ["codegen"]})
    assert (made.status, made.json["labels"]) == (201, [])
    assert reader.post(REPO + "/issues/1/labels", {"labels": ["codegen"]}).status == 403


def test_issues_that_are_turned_off(hub, client):
    hub.disable_issues("acme/web")
    assert client.post(REPO + "/issues", {"title": "t", "body": MARK}).status == 410
    assert client.post(REPO + "/issues/1/comments", {"body": MARK}).status == 201, "pull requests go on"


# Checks

def test_check_runs_and_their_reruns(hub, client):
    hub.check("acme/web", "fix", "lint", "success")
    hub.check("acme/web", "fix", "test", "in_progress")
    latest = client.get(REPO + "/commits/fix/check-runs?filter=latest&per_page=100").json
    assert [(c["name"], c["conclusion"]) for c in latest["check_runs"]] == [("lint", "success"), ("test", None)]
    assert client.get(REPO + "/commits/fix/check-runs?filter=all").json["total_count"] == 3
    hub.check("acme/web", "fix", "lint", "failure", new_suite=True)
    assert client.get(REPO + "/commits/fix/check-runs").json["total_count"] == 3, "another suite has its own"
    suites = client.get(REPO + "/commits/fix/check-suites").json["check_suites"]
    assert [(s["status"], s["conclusion"]) for s in suites] == [("in_progress", None), ("completed", "failure")]
    first = client.get(REPO + "/commits/fix/check-runs?filter=all").json["check_runs"][0]["id"]
    assert client.get(f"{REPO}/check-runs/{first}/annotations").json[0]["path"] == "a.py"


def test_statuses(hub, client):
    sha = hub.world.repo("acme/web").branches["fix"]
    empty = client.get(REPO + "/commits/fix/status").json
    assert (empty["state"], empty["total_count"]) == ("pending", 0)
    for state in ("pending", "success"):
        made = client.post(f"{REPO}/statuses/{sha}", {"state": state, "context": "codegend", "description": "d",
                                                      "target_url": "https://example.com/"})
        assert made.status == 201
    hub.status("acme/web", "fix", "ci", "failure")
    found = client.get(REPO + "/commits/fix/status?per_page=100").json
    assert (found["state"], [s["context"] for s in found["statuses"]]) == ("failure", ["codegend", "ci"])
    assert len(hub.statuses("acme/web", "fix")) == 3
    assert client.post(f"{REPO}/statuses/{sha[:7]}", {"state": "success"}).status == 422
    assert hub.forgive("no whole id")


def test_actions(hub, client):
    runs = client.get(REPO + "/actions/runs?status=failure&head_sha=" + hub.world.repo("acme/web").branches["fix"]).json
    run = runs["workflow_runs"][0]
    assert (runs["total_count"], run["name"], run["conclusion"]) == (1, "CI", "failure")
    job = client.get(f"{REPO}/actions/runs/{run['id']}/jobs?filter=latest").json["jobs"][0]
    found = client.get(f"{REPO}/actions/jobs/{job['id']}/logs")
    assert found.status == 302
    assert Client("").ask("GET", found.headers["Location"]).data == b"it broke\n"
    again = client.post(f"{REPO}/actions/runs/{run['id']}/rerun-failed-jobs", {"enable_debug_logging": False})
    assert again.status == 201
    assert client.get(f"{REPO}/actions/runs/{run['id']}").json["run_attempt"] == 2


def test_a_log_gets_no_credentials(hub, client):
    job = client.get(REPO + "/commits/fix/check-runs").json["check_runs"][0]["id"] + 7
    client.ask("GET", client.get(f"{REPO}/actions/jobs/{job}/logs").headers["Location"])
    assert hub.forgive("credentials to another host")


def test_required_checks_by_rules_and_by_protection(hub, client):
    hub.require("acme/web", "main", "lint", ["test", "github-actions"])
    rules = client.get(REPO + "/rules/branches/main").json
    assert [c["context"] for c in rules[0]["parameters"]["required_status_checks"]] == ["lint", "test"]
    assert client.get(REPO + "/branches/main/protection/required_status_checks").status == 403
    owner = Client(hub.api_url, hub.token("acme"))
    assert owner.get(REPO + "/branches/main/protection/required_status_checks").json["contexts"] == ["lint", "test"]
    assert owner.get(REPO + "/branches/fix/protection/required_status_checks").status == 404


# Who may

def test_who_we_are_and_what_people_may(hub, client):
    assert client.get("/user").json["login"] == "codegend-bot"
    assert client.get("/users/mona").json["type"] == "User"
    assert client.get(REPO).json["permissions"]["push"] is True
    asked = {login: client.get(f"{REPO}/collaborators/{login}/permission").json["permission"]
             for login in ("mona", "reader", "acme")}
    assert asked == {"mona": "write", "reader": "read", "acme": "admin"}
    assert client.get("/repos/acme/other").status == 404
    assert Client(hub.api_url, hub.token("stranger")).get(REPO).status == 404
    assert Client(hub.api_url, "ghp_wrong").get(REPO).status == 401
    assert Client(hub.api_url).get(REPO).status == 401
    assert hub.forgive("no Authorization")


def test_a_fine_grained_token_does_what_it_was_given(hub):
    token = hub.token("codegend-bot", "fine-grained", {"issues": "read", "pull_requests": "write"}, ["acme/web"])
    client = Client(hub.api_url, token)
    assert client.get(REPO + "/pulls/1").status == 200
    assert client.post(REPO + "/issues/1/comments", {"body": MARK}).status == 201
    refused = client.get(REPO + "/commits/fix/check-runs")
    assert (refused.status, refused.json["message"]) == (403, "Resource not accessible by personal access token")
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "checks=read"
    assert client.get(REPO + "/commits/fix/status").status == 403
    assert client.post(REPO + "/issues", {"title": "t", "body": MARK}).status == 403
    hub.repo("acme/other", roles={"codegend-bot": "write"})
    assert client.get("/repos/acme/other").status == 404
    with pytest.raises(ValueError):
        hub.token("x", "fine-grained", {"checks": "read"})


def test_tokens_end(hub):
    client = Client(hub.api_url, token := hub.token("codegend-bot", expires_in=60))
    assert client.get("/user").status == 200
    hub.advance(61)
    assert client.get("/user").json["message"] == "Bad credentials"
    hub.revoke(other := hub.token("codegend-bot"))
    assert Client(hub.api_url, other).get("/user").status == 401
    assert token not in str([vars(request) for request in hub.requests if request.bearer != token])


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("key"))


def claims(hub, app, **more):
    now = int(hub.now())
    return {"iat": now - 60, "exp": now + 540, "iss": str(app), **more}


def test_an_app_gets_tokens_for_its_installations(hub, key):
    app = hub.app("codegend", key[1])
    installation = hub.install("codegend", "acme", repositories=["acme/web"])
    client = Client(hub.api_url, make_jwt(key[0], claims(hub, app)))
    assert client.get(REPO + "/installation").json["id"] == installation
    made = client.post(f"/app/installations/{installation}/access_tokens",
                       {"repositories": ["web"], "permissions": {"issues": "write", "checks": "write"}})
    assert made.status == 201 and made.json["token"].startswith("ghs_") and len(made.json["token"]) > 40
    bot = Client(hub.api_url, made.json["token"], hub.graphql_url)
    comment = bot.post(REPO + "/issues/1/comments", {"body": MARK}).json
    assert (comment["user"]["login"], comment["user"]["type"]) == ("codegend[bot]", "Bot")
    assert comment["performed_via_github_app"]["slug"] == "codegend"
    assert bot.query("{viewer{login}}").json["data"]["viewer"]["login"] == "codegend", "GraphQL leaves [bot] out"
    assert bot.get(REPO + "/actions/runs").status == 403
    assert bot.get("/user").status == 403
    run = bot.post(REPO + "/check-runs", {"name": "codegend", "head_sha": comment_sha(hub), "status": "completed",
                                          "conclusion": "neutral", "output": {"title": "t", "summary": "s"}})
    assert run.status == 201
    assert bot.patch(f"{REPO}/check-runs/{run.json['id']}", {"status": "in_progress"}).json["conclusion"] is None
    hub.advance(3601)
    assert bot.get(REPO + "/issues/1").status == 401


def comment_sha(hub):
    return hub.world.repo("acme/web").branches["fix"]


def test_only_apps_write_check_runs(hub, client):
    refused = client.post(REPO + "/check-runs", {"name": "x", "head_sha": comment_sha(hub)})
    assert (refused.status, refused.json["message"]) == (403, "You must authenticate via a GitHub App.")


def test_a_wrong_jwt_is_refused(hub, key, tmp_path):
    app = hub.app("codegend", key[1])
    hub.install("codegend", "acme")
    other, _ = make_key(tmp_path)
    now = int(hub.now())
    for made in (make_jwt(other, claims(hub, app)), make_jwt(key[0], claims(hub, app, exp=now + 900)),
                 make_jwt(key[0], claims(hub, app, exp=now - 90)), make_jwt(key[0], claims(hub, app, iat=now + 300)),
                 make_jwt(key[0], claims(hub, app, iat=now + 50, exp=now + 700)),
                 make_jwt(key[0], claims(hub, app, iat=now - 300)),
                 make_jwt(key[0], claims(hub, 1)), make_jwt(key[0], claims(hub, app), "HS256"),
                 make_jwt(key[0], claims(hub, app)) + "=", "nonsense"):
        assert Client(hub.api_url, made).get(REPO + "/installation").status == 401, made
    assert len(hub.forgive("^JWT")) == 10
    assert Client(hub.api_url, make_jwt(key[0], claims(hub, app))).get(REPO + "/installation").status == 200


# Every answer

def test_pages_are_linked(hub, client):
    for i in range(7):
        hub.comment("acme/web", 1, str(i))
    items, answers = client.pages(REPO + "/issues/1/comments?per_page=3")
    assert ([item["body"] for item in items], answers) == ([str(i) for i in range(7)], 3)
    link = client.get(REPO + "/issues/1/comments?per_page=3&page=2").headers["Link"]
    assert "/repositories/" in link and all(f'rel="{rel}"' in link for rel in ("prev", "next", "last", "first"))
    assert "Link" not in client.get(REPO + "/issues/1/comments").headers


def test_an_unchanged_answer_is_304_and_free(hub, client):
    first = client.get(REPO + "/issues/1")
    before = int(first.headers["X-RateLimit-Remaining"])
    same = client.get(REPO + "/issues/1", If_None_Match=first.headers["ETag"])
    assert (same.status, same.data, int(same.headers["X-RateLimit-Remaining"])) == (304, b"", before)
    hub.comment("acme/web", 1, "new")
    assert client.get(REPO + "/issues/1", If_None_Match=first.headers["ETag"]).status == 200


def test_the_budget_runs_out_and_comes_back(hub):
    token = hub.token("codegend-bot")
    client = Client(hub.api_url, token, hub.graphql_url)
    hub.budget(token, 1, reset_s=100)
    assert client.get("/user").headers["X-RateLimit-Remaining"] == "0"
    limited = client.get("/user")
    assert (limited.status, limited.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert client.get("/rate_limit").json["resources"]["core"]["remaining"] == 0
    hub.budget(token, 0, "graphql", reset_s=100)
    answer = client.query("{viewer{login}}")
    assert (answer.status, answer.json["errors"][0]["type"]) == (200, "RATE_LIMITED")
    hub.advance(101)
    assert client.get("/user").status == 200
    assert client.query("{viewer{login}}").json["data"]["viewer"]["login"] == "codegend-bot"


def test_a_renamed_repository_redirects(hub, client):
    hub.rename("acme/web", "acme/site")
    moved = client.get(REPO + "/pulls/1")
    assert moved.status == 301
    assert client.get(moved.headers["Location"]).json["number"] == 1
    assert client.post(REPO + "/issues/1/comments", {"body": MARK}).status == 307
    assert hub.comments("acme/site", 1) == []


def test_an_enterprise_server_is_elsewhere():
    with GitHub(enterprise=True) as hub:
        hub.repo("acme/web", roles={"codegend-bot": "write"})
        assert hub.api_url.endswith("/api/v3") and hub.graphql_url.endswith("/api/graphql")
        client = Client(hub.api_url, hub.token(), hub.graphql_url)
        assert client.get(REPO).headers["X-GitHub-Enterprise-Version"]
        assert client.query("{viewer{login}}").json["data"]
        assert Client(hub.url, hub.token()).get(REPO).status == 404
        assert hub.forgive("outside")


def test_connections_stay_open_and_answers_are_compressed(hub, client):
    token = hub.token("codegend-bot")
    one = (f"GET {REPO} HTTP/1.1\r\nHost: 127.0.0.1:{hub.server.port}\r\nUser-Agent: t\r\nAccept-Encoding: gzip\r\n"
           "Accept: application/vnd.github+json\r\nX-GitHub-Api-Version: 2022-11-28\r\n"
           f"Authorization: Bearer {token}\r\n")
    before = hub.server.connections
    data = raw(hub.server.port, one + "\r\n" + one + "Connection: close\r\n\r\n")
    assert data.count(b"HTTP/1.1 200 OK") == 2 and data.count(b"Transfer-Encoding: chunked") == 2
    assert hub.server.connections == before + 1
    assert client.get(REPO, Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get(REPO).headers


def test_it_runs_by_hand(tmp_path):
    story = tmp_path / "story.json"
    story.write_text(json.dumps([["repo", ["acme/web"], {"roles": {"bot": "write"}}], ["token", ["bot"]],
                                 ["push", ["acme/web", "fix"]], ["open_pull", ["acme/web", "fix"]]]))
    root = __file__.rsplit("/tests/", 1)[0]
    served = subprocess.Popen([root + "/tests/github/serve", "--state", story, "--agent", "@fixer", "--codegen-port",
                               "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        told = json.loads(served.stdout.readline())
        client = Client(told["api_url"], told["tokens"]["bot"])
        before = client.get(REPO + "/pulls/1").json["head"]["sha"]
        assert client.post(REPO + "/issues/1/comments", {"body": "@fixer please"}).status == 201
        end = time.monotonic() + 20
        while client.get(REPO + "/pulls/1").json["head"]["sha"] == before:
            assert time.monotonic() < end
            time.sleep(0.1)
        tell = [sys.executable, "-m", "tests.github", "tell", told["api_url"]]
        said = subprocess.run([*tell, "check", "acme/web", "fix", "lint", "state=failure"], cwd=root,
                              capture_output=True, text=True, check=True).stdout
        assert client.get(f"{REPO}/check-runs/{said.strip()}").json["conclusion"] == "failure"
    finally:
        served.terminate()
        _, errors = served.communicate(timeout=20)
    assert served.returncode == 0, errors


def test_a_log_of_requests_holds_no_token(hub, client):
    client.post(REPO + "/issues/1/comments", {"body": MARK})
    request = hub.sent("POST /repos/*/*/issues/*/comments")[0]
    assert (request.who, request.status, request.json) == ("codegend-bot", 201, {"body": MARK})
    token = client.headers["Authorization"].split()[1]
    assert token not in str(request.headers) and len(hub.write_times()) == 1 and hub.reads == []


def test_violations_fail_the_test():
    with pytest.raises(Violations, match="User-Agent"), GitHub() as hub:
        Client(hub.api_url, "x", User_Agent="").get("/user")
    with pytest.raises(Violations, match="never used"), GitHub() as hub:
        hub.fail("*", "reset")

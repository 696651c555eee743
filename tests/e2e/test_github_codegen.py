"""The scripted Codegen agent API: runs, their states, its refusals, and what it notices."""
import pytest
from github_client import Client, CodegenApi

RUNS = "/v1/organizations/42/agent/runs"
RUN = "/v1/organizations/42/agent/run"


@pytest.fixture
def api():
    with CodegenApi() as made:
        yield made
        made.verify()


@pytest.fixture
def client(api):
    return Client(api.url, api.token)


def test_a_run_goes_its_way(api, client):
    api.script("PENDING", "ACTIVE", "RUNNING")
    made = client.post(RUN, {"prompt": "repair it", "repo_id": 7, "metadata": {"codegend": "delayed-1"}})
    run = made.json["id"]
    assert (made.status, made.json["status"], made.json["metadata"]) == (200, "PENDING", {"codegend": "delayed-1"})
    assert [client.get(f"{RUN}/{run}").json["status"] for _ in range(3)] == ["ACTIVE", "RUNNING", "RUNNING"]
    api.finish(run, "COMPLETE", pull_request="https://github.com/acme/web/pull/7", branch="codegen/fix")
    done = client.get(f"{RUN}/{run}").json
    assert (done["status"], done["github_pull_requests"][0]["head_branch_name"]) == ("COMPLETE", "codegen/fix")
    assert api.prompts() == ["repair it"] and "_prompt" not in done


def test_runs_are_listed_newest_first(api, client):
    made = [client.post(RUN, {"prompt": str(i)}).json["id"] for i in range(3)]
    page = client.get(RUNS + "?skip=0&limit=2").json
    assert ([run["id"] for run in page["items"]], page["total"], page["pages"]) == ([made[2], made[1]], 3, 2)
    assert [run["id"] for run in client.get(RUNS + "?skip=2&limit=2").json["items"]] == [made[0]]
    assert client.get(RUNS + "?limit=101").status == 422 and api.forgive("skip and limit")


def test_a_run_is_resumed(api, client):
    run = client.post(RUN, {"prompt": "a"}).json["id"]
    api.set_status(run, "COMPLETE")
    assert client.post(RUN + "/resume", {"agent_run_id": run, "prompt": "again"}).json["status"] == "ACTIVE"
    assert client.post(RUN + "/resume", {"agent_run_id": 1, "prompt": "again"}).status == 404
    assert api.resumed == [(run, "again")]
    assert client.get(f"{RUN}/1").status == 404
    assert client.get("/v1/organizations/42/repos").json["items"][0]["full_name"] == "acme/web"


@pytest.mark.parametrize("why, status", [("limit", 402), ("forbidden", 403), ("no_repos", 404), ("invalid", 422),
                                         ("too_many", 429), ("unauthorized", 401)])
def test_refusals(api, client, why, status):
    api.refuse(why)
    assert client.post(RUN, {"prompt": "a"}).status == status and api.runs == []
    assert client.post(RUN, {"prompt": "a"}).status == 200


def test_misbehaviour_is_the_same_as_githubs(api, client):
    api.fail(f"POST {RUN}", "500", effect="applied")
    assert client.post(RUN, {"prompt": "a", "metadata": {"key": "k"}}).status == 500
    assert [run["metadata"] for run in client.get(RUNS).json["items"]] == [{"key": "k"}]


@pytest.mark.parametrize("body, status, told", [
    ({}, 422, "'prompt': field required"), ({"prompt": 1}, 422, "'prompt'"),
    ({"prompt": "a", "x": 1}, 200, "no field 'x'"),
    ({"prompt": "a", "repo_id": True}, 422, "'repo_id'"), ({"prompt": "a", "agent_type": "x"}, 422, "'agent_type'"),
    ({"prompt": "codegen-token"}, 200, "holds the token")])
def test_wrong_fields(api, client, body, status, told):
    assert client.post(RUN, body).status == status
    assert api.forgive(told)


def test_who_asks_and_how_often(api, client):
    assert Client(api.url, "wrong").get(RUNS).status == 401
    assert client.get("/v1/organizations/1/agent/runs").status == 403
    assert client.get("/v1/nothing").status == 404 and api.forgive("no such endpoint")
    made = [client.post(RUN, {"prompt": "a"}).status for _ in range(11)]
    assert made == [200] * 10 + [429] and api.forgive("10 runs made")
    for _ in range(60):
        last = client.get(RUNS).status
    assert last == 429 and api.forgive("60 requests")

"""The scripted GitHub's GraphQL: a query of ours, page by page, and every kind of one that GitHub would refuse."""
import pytest
from github_client import Client, GitHub

QUERY = """
query($o0:String!,$r0:String!,$n0:Int!,$c0:String,$o1:String!,$r1:String!,$n1:Int!){
  t0:repository(owner:$o0,name:$r0){pullRequest(number:$n0){...pr commits(last:1){nodes{commit{oid committedDate
    statusCheckRollup{state contexts(first:100,after:$c0){totalCount pageInfo{hasNextPage endCursor}
      nodes{__typename ...run ...status ...on CheckRun{isRequired(pullRequestNumber:$n0)}
        ...on StatusContext{isRequired(pullRequestNumber:$n0)}}}}
    checkSuites(first:100){totalCount nodes{...suite}}}}}}}
  t1:repository(owner:$o1,name:$r1){pullRequest(number:$n1){...pr}}
  rateLimit{cost limit remaining resetAt nodeCount}}
fragment pr on PullRequest{number state isDraft merged mergeable mergeStateStatus reviewDecision headRefOid headRefName
  baseRefName isCrossRepository authorAssociation headRepository{nameWithOwner}
  labels(first:100){totalCount nodes{name}}
  reviewThreads(first:100){totalCount nodes{isResolved}} isInMergeQueue mergeQueueEntry{position}
  latestOpinionatedReviews(first:20,writersOnly:true){totalCount nodes{author{login} state commit{oid}}}}
fragment run on CheckRun{databaseId name status conclusion startedAt completedAt
  checkSuite{databaseId app{slug} workflowRun{databaseId event workflow{name}}}}
fragment status on StatusContext{context state createdAt}
fragment suite on CheckSuite{databaseId status conclusion createdAt updatedAt app{slug}}
"""
VARIABLES = {"o0": "acme", "r0": "web", "n0": 1, "c0": None, "o1": "acme", "r1": "web", "n1": 2}
BRANCH = """
query($o:String!,$r:String!,$b:String!,$h:String!){repository(owner:$o,name:$r){
  open:pullRequests(headRefName:$h,states:[OPEN],first:5,orderBy:{field:UPDATED_AT,direction:DESC}){
    totalCount nodes{number headRefOid isCrossRepository headRepositoryOwner{login}}}
  ended:pullRequests(headRefName:$h,states:[CLOSED,MERGED],first:5){nodes{number state}}
  ref(qualifiedName:$b){target{...on Commit{oid statusCheckRollup{state}}}}}}
"""


@pytest.fixture
def hub():
    with GitHub() as made:
        made.repo("acme/web", roles={"mona": "write", "guest": "read", "codegend-bot": "write"})
        made.push("acme/web", "fix")
        made.open_pull("acme/web", "fix", by="guest", labels=["codegen:ignore"])
        yield made
        made.verify()


@pytest.fixture
def client(hub):
    return Client(hub.api_url, hub.token("codegend-bot"), hub.graphql_url)


def test_a_readiness_query(hub, client):
    hub.require("acme/web", "main", "lint")
    hub.check("acme/web", "fix", "lint", "failure", event="pull_request")
    hub.status("acme/web", "fix", "ci", "pending")
    hub.review("acme/web", 1, "guest", "APPROVED")
    hub.review("acme/web", 1, "mona", "CHANGES_REQUESTED")
    hub.change_pull("acme/web", 1, threads=[True, False], queue_position=3)
    answer = client.query(QUERY, **VARIABLES).json
    assert answer["data"]["t1"] == {"pullRequest": None}
    assert [(e["type"], e["path"]) for e in answer["errors"]] == [("NOT_FOUND", ["t1", "pullRequest"])]
    pull = answer["data"]["t0"]["pullRequest"]
    commit = pull.pop("commits")["nodes"][0]["commit"]
    assert commit["oid"] == pull.pop("headRefOid")
    assert pull == {
        "number": 1, "state": "OPEN", "isDraft": False, "merged": False, "mergeable": "MERGEABLE",
        "mergeStateStatus": "BLOCKED", "reviewDecision": "CHANGES_REQUESTED", "headRefName": "fix",
        "baseRefName": "main",
        "isCrossRepository": False, "authorAssociation": "NONE", "headRepository": {"nameWithOwner": "acme/web"},
        "labels": {"totalCount": 1, "nodes": [{"name": "codegen:ignore"}]}, "isInMergeQueue": True,
        "reviewThreads": {"totalCount": 2, "nodes": [{"isResolved": True}, {"isResolved": False}]},
        "mergeQueueEntry": {"position": 3}, "latestOpinionatedReviews": {"totalCount": 1, "nodes": [
            {"author": {"login": "mona"}, "state": "CHANGES_REQUESTED", "commit": {"oid": commit["oid"]}}]}}
    assert commit["statusCheckRollup"]["state"] == "FAILURE"
    run, status = commit["statusCheckRollup"]["contexts"]["nodes"]
    assert [run[name] for name in ("__typename", "name", "conclusion", "isRequired")] == [
        "CheckRun", "lint", "FAILURE", True]
    assert run["checkSuite"]["workflowRun"]["event"] == "pull_request"
    assert (status["__typename"], status["state"], status["isRequired"]) == ("StatusContext", "PENDING", False)
    assert commit["checkSuites"]["nodes"][0]["conclusion"] == "FAILURE"
    assert answer["data"]["rateLimit"]["cost"] == 1 and answer["data"]["rateLimit"]["remaining"] == 4999
    # 100 labels, 100 threads, 20 reviews, twice; 1 commit, 100 contexts, 100 suites.
    assert answer["data"]["rateLimit"]["nodeCount"] == 2 * 220 + 201


def test_no_checks_are_no_rollup(hub, client):
    pull = client.query(QUERY, **VARIABLES).json["data"]["t0"]["pullRequest"]
    assert pull["commits"]["nodes"][0]["commit"]["statusCheckRollup"] is None and pull["reviewDecision"] is None


def test_branches_forks_and_ended_pull_requests(hub, client):
    hub.repo("fork/web", fork_of="acme/web")
    hub.push("fork/web", "fix")
    hub.open_pull("acme/web", "fix", by="fork", head="fork/web")
    hub.merge("acme/web", 1)
    found = client.query(BRANCH, o="acme", r="web", b="refs/heads/fix", h="fix").json["data"]["repository"]
    nodes = found["open"]["nodes"]
    assert [(n["number"], n["isCrossRepository"], n["headRepositoryOwner"]["login"]) for n in nodes] == [
        (2, True, "fork")]
    assert found["ended"]["nodes"] == [{"number": 1, "state": "MERGED"}]
    assert found["ref"]["target"]["statusCheckRollup"] is None
    gone = client.query(BRANCH, o="acme", r="web", b="refs/heads/none", h="none").json["data"]["repository"]
    assert (gone["ref"], gone["open"]["totalCount"]) == (None, 0)
    hub.delete_repo("fork/web")
    found = client.query("{repository(owner:\"acme\",name:\"web\"){pullRequest(number:2){isCrossRepository "
                         "headRepository{name} headRepositoryOwner{login}}}}").json
    assert found["data"]["repository"]["pullRequest"] == {
        "isCrossRepository": True, "headRepository": None, "headRepositoryOwner": None}


def test_pages(hub, client):
    for i in range(5):
        hub.check("acme/web", "fix", f"check {i}")
    text = ('query($after:String){repository(owner:"acme",name:"web"){object(expression:"fix"){...on Commit{'
            "statusCheckRollup{contexts(first:2,after:$after){totalCount pageInfo{hasNextPage endCursor}"
            "nodes{...on CheckRun{name}}}}}}}}")
    names, after = [], None
    for _ in range(3):
        page = client.query(text, after=after).json["data"]["repository"]["object"]["statusCheckRollup"]["contexts"]
        names += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 5 and page["pageInfo"]["hasNextPage"] == (len(names) < 5)
    assert names == [f"check {i}" for i in range(5)]
    assert client.query(text, after="nonsense").json["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


def test_mergeability_is_computed_by_asking(hub, client):
    hub.change_pull("acme/web", 1, unknown_reads=2)
    text = '{repository(owner:"acme",name:"web"){pullRequest(number:1){mergeable mergeStateStatus}}}'
    seen = [client.query(text).json["data"]["repository"]["pullRequest"] for _ in range(3)]
    assert seen == [{"mergeable": "UNKNOWN", "mergeStateStatus": "UNKNOWN"}] * 2 + [
        {"mergeable": "MERGEABLE", "mergeStateStatus": "CLEAN"}]


def test_the_state_of_a_merge(hub, client):
    def state(**changes):
        hub.change_pull("acme/web", 1, **changes)
        return client.query('{repository(owner:"acme",name:"web"){pullRequest(number:1){mergeStateStatus}}}').json[
            "data"]["repository"]["pullRequest"]["mergeStateStatus"]

    assert state() == "CLEAN"
    assert state(review_required=True) == "BLOCKED"
    hub.review("acme/web", 1, "mona", "APPROVED")
    assert state(is_draft=True) == "DRAFT"
    assert state(is_draft=False, mergeable="CONFLICTING") == "DIRTY"
    assert state(mergeable="MERGEABLE", merge_state="BEHIND") == "BEHIND"
    hub.check("acme/web", "fix", "lint", "failure")
    assert state(merge_state=None) == "UNSTABLE"
    hub.require("acme/web", "main", "lint")
    assert state() == "BLOCKED"
    hub.check("acme/web", "fix", "lint", "skipped")
    assert state() == "CLEAN"
    hub.require("acme/web", "main", "lint", "never reported")
    assert state() == "BLOCKED"


def test_a_fine_grained_token_reads_no_checks(hub):
    hub.check("acme/web", "fix", "lint")
    token = hub.token("codegend-bot", "fine-grained", {"pull_requests": "read", "contents": "read"}, ["acme/web"])
    answer = Client(hub.api_url, token, hub.graphql_url).query(QUERY, **VARIABLES).json
    forbidden = [error["path"] for error in answer["errors"] if error["type"] == "FORBIDDEN"]
    head = ["t0", "pullRequest", "commits", "nodes", 0, "commit"]
    assert forbidden == [head + ["statusCheckRollup"], head + ["checkSuites"]]
    assert answer["data"]["t0"]["pullRequest"]["mergeable"] == "MERGEABLE"
    stranger = Client(hub.api_url, hub.token("stranger"), hub.graphql_url)
    assert stranger.query(QUERY, **VARIABLES).json["data"]["t0"] is None


def test_an_older_server_lacks_fields(client):
    with GitHub(hidden_fields={"PullRequest.mergeStateStatus"}) as old:
        old.repo("acme/web")
        answer = Client(old.api_url, old.token("acme"), old.graphql_url).query(QUERY, **VARIABLES).json
    error = answer["errors"][0]
    assert "data" not in answer and error["extensions"]["code"] == "undefinedField"
    assert error["extensions"]["fieldName"] == "mergeStateStatus" and "doesn't exist on type" in error["message"]


# A query, its variables, and what GitHub says.
R = 'repository(owner:"acme",name:"web")'
REFUSED = [
    ("{", {}, "Parse error"),
    ("{viewer{login}", {}, "Parse error"),
    ("{viewer{login}}}", {}, "Parse error"),
    ("{viewer{login ?}}", {}, "bad character"),
    ("{viewer{nothing}}", {}, "doesn't exist on type 'User'"),
    ("{viewer}", {}, "must have selections"),
    ("{viewer{login{x}}}", {}, "on scalars"),
    ('{repository(owner:"acme"){id}}', {}, "missing required arguments: name"),
    ('{repository(owner:"acme",name:"web",x:1){id}}', {}, "doesn't accept argument"),
    ('{repository(owner:"acme",name:1){id}}', {}, "invalid value"),
    ("{%s{pullRequest(number:\"1\"){id}}}" % R, {}, "invalid value"),
    ("{%s{pullRequest(number:4294967296){id}}}" % R, {}, "invalid value"),
    ("{%s{pullRequests{totalCount}}}" % R, {}, "provide a `first` or `last`"),
    ("{%s{pullRequests(first:101){totalCount}}}" % R, {}, "exceeds the `first` limit"),
    ("{%s{pullRequests(first:0){totalCount}}}" % R, {}, "exceeds the `first` limit"),
    ("{%s{pullRequests(first:1,states:[NEW]){totalCount}}}" % R, {}, "invalid value"),
    ("{%s{pullRequests(first:1,orderBy:{field:SIZE,direction:ASC}){totalCount}}}" % R, {}, "invalid value"),
    ("{%s{pullRequests(first:1,orderBy:{field:CREATED_AT}){totalCount}}}" % R, {}, "invalid value"),
    ("query($n:Int){%s{pullRequest(number:$n){id}}}" % R, {"n": 1}, "Type mismatch"),
    ("query($n:Int!){%s{pullRequest(number:$n){id}}}" % R, {}, "invalid value"),
    ("query($n:Int!){%s{pullRequest(number:$n){id}}}" % R, {"n": "1"}, "invalid value"),
    ("query($n:Int!){%s{pullRequest(number:$n){id}}}" % R, {"n": 2**31}, "invalid value"),
    ("query($n:Int!){viewer{login}}", {"n": 1}, "not used"),
    ("{viewer{login}}", {"n": 1}, "not declared"),
    ("{%s{pullRequest(number:$n){id}}}" % R, {}, "not declared"),
    ("query($n:Number!){%s{pullRequest(number:$n){id}}}" % R, {"n": 1}, "isn't a defined input type"),
    ("{viewer{...u}}", {}, "not defined"),
    ("{viewer{login}} fragment u on User{id}", {}, "not used"),
    ("{viewer{...u}} fragment u on User{...u}", {}, "infinite loop"),
    ("{viewer{...on Repository{id}}}", {}, "can't be spread"),
    ("{viewer{...on Nothing{id}}}", {}, "No such type"),
    ("{viewer{a:login a:id}}", {}, "field conflict"),
    ('{a:%s{id} a:repository(owner:"x",name:"y"){id}}' % R, {}, "field conflict"),
    ("{viewer{login @upper}}", {}, "not defined"),
    ("mutation{x}", {}, "only queries"),
    ("{viewer{login}} query b{viewer{id}}", {}, "operation name"),
    ("{%s{pullRequests(first:100){nodes{labels(first:100){nodes{name}} comments(first:100){nodes{id}} "
     "reviews(first:100){nodes{commit{checkSuites(first:100){nodes{id}}}}}}}}}" % R, {},
     "exceeds the maximum limit of 500,000"),
]


@pytest.mark.parametrize("text, variables, told", REFUSED)
def test_a_wrong_query_is_refused(hub, client, text, variables, told):
    answer = client.query(text, **variables)
    assert answer.status == 200 and "data" not in answer.json
    assert told in answer.json["errors"][0]["message"]
    assert hub.forgive("GraphQL:")


def test_an_isrequired_without_a_number_is_an_error(hub, client):
    hub.check("acme/web", "fix", "lint")
    answer = client.query('{repository(owner:"acme",name:"web"){object(expression:"fix"){...on Commit{'
                          "statusCheckRollup{contexts(first:1){nodes{...on CheckRun{isRequired}}}}}}}}").json
    assert "required" in answer["errors"][0]["message"] and len(answer["errors"][0]["path"]) == 7


def test_points(hub, client):
    part = "{%s{pullRequests(first:100){nodes{labels(first:1){totalCount} comments(first:1){totalCount}}}}}" % R
    assert client.query(part.replace("}}}}}", "}}}} rateLimit{cost used}}")).json["data"]["rateLimit"] == {
        "cost": 2, "used": 2}
    assert hub.graphql_costs == [(2, 300)] and hub.graphql_count == 1


def test_include_and_skip(client):
    text = "query($x:Boolean!){viewer{login @include(if:$x) id @skip(if:$x) __typename}}"
    assert set(client.query(text, x=True).json["data"]["viewer"]) == {"login", "__typename"}
    assert set(client.query(text, x=False).json["data"]["viewer"]) == {"id", "__typename"}

"""The values of GraphQL's fields, from world.py. A Thing is an object, its type and the repository it is seen in."""
import base64
import hashlib

from . import views
from .language import bare
from .schema import TYPES
from .world import Status, User, node_id

CURSOR = "cursor:v2:"
FIELDS = {}


class Denied(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.error = {"type": kind, "message": message}


class Thing:
    def __init__(self, kind, held=None, repo=None):
        self.kind, self.held, self.repo = kind, held, repo


def actor(user, _repo=None):
    """GraphQL names bots without "[bot]"."""
    return user and Thing("Bot" if user.is_bot else "User", user)


def fields(kind):
    """A function that returns {field: (held, repo, arguments, execution) -> value}; called when all are defined."""
    def add(function):
        FIELDS[kind] = function
        return function
    return add


def value(execution, kind, thing, name, arguments):
    if kind.endswith("Connection") or kind == "PageInfo":
        return thing.held[name]
    found = FIELDS[kind][name](thing.held, thing.repo, arguments, execution)
    wanted = bare(TYPES[kind].fields[name][0])
    if wanted.endswith("Connection") and found is not None:
        return connection(wanted, found, arguments)
    return found


def connection(kind, items, arguments):
    """One page: `first` after a cursor, or `last` before one."""
    start, end = 0, len(items)
    for name in ("after", "before"):
        if arguments.get(name) is not None:
            place = place_of(arguments[name])
            start, end = (place, end) if name == "after" else (start, min(end, place - 1))
    if arguments.get("first") is not None:
        end = min(end, start + arguments["first"])
    if arguments.get("last") is not None:
        start = max(start, end - arguments["last"])
    page = items[start:end]
    info = {"hasNextPage": end < len(items), "hasPreviousPage": start > 0,
            "startCursor": cursor(start + 1) if page else None, "endCursor": cursor(end) if page else None}
    return Thing(kind, {"nodes": page, "totalCount": len(items), "pageInfo": Thing("PageInfo", info)})


def cursor(place):
    return base64.b64encode(f"{CURSOR}{place}".encode()).decode()


def place_of(text):
    try:
        return int(base64.b64decode(text, validate=True).decode().removeprefix(CURSOR))
    except ValueError:
        raise Denied("INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor.") from None


def permit(execution, repo, *permissions):
    call = execution.call
    if not all(call.permits(repo, permission, "read") for permission in permissions):
        who = "personal access token" if call.token.kind == "fine-grained" else "integration"
        raise Denied("FORBIDDEN", f"Resource not accessible by {who}")


def see(execution, repo):
    return repo and execution.call.sees(repo)


# Roots

@fields("Query")
def query():
    return {"repository": repository, "rateLimit": rate_limit, "viewer": lambda h, r, a, e: actor(e.call.user)}


def repository(_held, _repo, arguments, execution):
    name = f"{arguments['owner']}/{arguments['name']}"
    world = execution.call.world
    found = world.repo(name) or (arguments.get("followRenames", True) and world.renamed.get(name.lower())) or None
    if not see(execution, found):
        raise Denied("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
    return Thing("Repository", found, found)


def rate_limit(_held, _repo, _arguments, execution):
    token, plan = execution.call.token, execution.plan
    limit, used = token.limits["graphql"], token.used["graphql"]
    return Thing("RateLimit", {"cost": plan.cost, "limit": limit, "nodeCount": plan.nodes, "remaining": limit - used,
                               "used": used, "resetAt": views.stamp(token.resets)})


@fields("RateLimit")
def rate_limit_fields():
    return {name: (lambda h, r, a, e, name=name: h[name]) for name in TYPES["RateLimit"].fields}


def user_fields(kind):
    return {"id": lambda h, r, a, e: node_id(kind, h.id), "databaseId": lambda h, r, a, e: h.id,
            "login": lambda h, r, a, e: h.login.removesuffix("[bot]")}


FIELDS["User"], FIELDS["Bot"] = user_fields("U"), user_fields("BOT")


@fields("Organization")
def organization():
    return {"id": lambda h, r, a, e: node_id("O", 1), "login": lambda h, r, a, e: h}


# Repositories and commits

def commit_of(repo, sha):
    found = repo.commits.get(sha)
    return found and Thing("Commit", found, repo)


def ref(repo, name):
    if name.startswith("refs/tags/"):
        return Thing("Ref", name, repo) if name.removeprefix("refs/tags/") in repo.tags else None
    short = name.removeprefix("refs/heads/")
    return Thing("Ref", short, repo) if short in repo.branches else None


def target_of(repo, name):
    """Of a branch's short name, or of a tag's whole one."""
    if not name.startswith("refs/tags/"):
        return commit_of(repo, repo.branches[name])
    tag = name.removeprefix("refs/tags/")
    return Thing("Tag", tag, repo) if tag in repo.annotated else commit_of(repo, repo.tags[tag])


def find_object(held, repo, arguments, execution):
    permit(execution, repo, "contents")
    if "oid" in arguments:
        return commit_of(repo, arguments["oid"])
    found = repo.find_commit(arguments.get("expression") or "")
    return found and Thing("Commit", found, repo)


def one_pull(held, repo, arguments, execution):
    permit(execution, repo, "pull_requests")
    found = repo.issues.get(arguments["number"])
    if found is None or found.pull is None:
        raise Denied("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {arguments['number']}.")
    return Thing("PullRequest", found, repo)


def one_issue(held, repo, arguments, execution):
    permit(execution, repo, "issues")
    found = repo.issues.get(arguments["number"])
    if found is None or found.pull is not None:
        raise Denied("NOT_FOUND", f"Could not resolve to an Issue with the number of {arguments['number']}.")
    return Thing("Issue", found, repo)


def pull_state(issue):
    return "MERGED" if issue.pull.merged else issue.state.upper()


def many_pulls(held, repo, arguments, execution):
    permit(execution, repo, "pull_requests")
    found = repo.pulls()
    if arguments.get("headRefName") is not None:
        found = [one for one in found if one.pull.head_branch == arguments["headRefName"]]
    if arguments.get("baseRefName") is not None:
        found = [one for one in found if one.pull.base == arguments["baseRefName"]]
    if arguments.get("states") is not None:
        found = [one for one in found if pull_state(one) in arguments["states"]]
    if arguments.get("labels") is not None:
        found = [one for one in found if any(name.lower() in one.labels for name in arguments["labels"])]
    order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    keys = {"CREATED_AT": lambda one: one.created, "UPDATED_AT": lambda one: one.updated,
            "COMMENTS": lambda one: len(one.comments)}
    found.sort(key=lambda one: (keys[order["field"]](one), one.number), reverse=order["direction"] == "DESC")
    return [Thing("PullRequest", one, repo) for one in found]


@fields("Repository")
def repository_fields():
    return {
        "id": lambda h, r, a, e: node_id("R", h.id), "databaseId": lambda h, r, a, e: h.id,
        "name": lambda h, r, a, e: h.name, "nameWithOwner": lambda h, r, a, e: h.full_name,
        "isPrivate": lambda h, r, a, e: h.is_private, "isArchived": lambda h, r, a, e: h.is_archived,
        "isFork": lambda h, r, a, e: h.parent is not None, "hasIssuesEnabled": lambda h, r, a, e: h.has_issues,
        "viewerPermission": lambda h, r, a, e: None if e.call.token.kind == "installation" else
        (lambda role: None if role == "none" else role.upper())(h.role(e.call.user)),
        "owner": lambda h, r, a, e: Thing("Organization", h.owner),
        "defaultBranchRef": lambda h, r, a, e: ref(h, h.default),
        "ref": lambda h, r, a, e: (permit(e, h, "contents"), ref(h, a["qualifiedName"]))[1], "object": find_object,
        "pullRequest": one_pull, "pullRequests": many_pulls, "issue": one_issue,
        "label": lambda h, r, a, e: a["name"].lower() in h.labels and Thing("Label", h.labels[a["name"].lower()], h)
        or None}


@fields("Ref")
def ref_fields():
    return {"id": lambda h, r, a, e: node_id("REF", len(h)), "name": lambda h, r, a, e: h,
            "prefix": lambda h, r, a, e: "refs/tags/" if h.startswith("refs/tags/") else "refs/heads/",
            "target": lambda h, r, a, e: target_of(r, h),
            "refUpdateRule": lambda h, r, a, e: Thing("RefUpdateRule", h, r) if r.required.get(h) else None}


@fields("Tag")
def tag_fields():
    return {"id": lambda h, r, a, e: node_id("TAG", len(h)), "name": lambda h, r, a, e: h,
            "oid": lambda h, r, a, e: hashlib.sha1(h.encode()).hexdigest(),
            "target": lambda h, r, a, e: commit_of(r, r.tags[h])}


def rollup(repo, sha, execution):
    permit(execution, repo, "checks", "statuses")
    return Thing("StatusCheckRollup", sha, repo) if repo.contexts(sha) else None


def suites(held, repo, arguments, execution):
    permit(execution, repo, "checks")
    return [Thing("CheckSuite", suite, repo) for suite in repo.suites_of(held.sha)]


def associated(held, repo, arguments, execution):
    permit(execution, repo, "pull_requests")
    return [Thing("PullRequest", one, repo) for one in repo.pulls() if one.pull.sha == held.sha]


@fields("Commit")
def commit_fields():
    return {"id": lambda h, r, a, e: node_id("C", int(h.sha[:8], 16)), "oid": lambda h, r, a, e: h.sha,
            "committedDate": lambda h, r, a, e: views.stamp(h.date), "associatedPullRequests": associated,
            "messageHeadline": lambda h, r, a, e: h.message.split("\n")[0], "checkSuites": suites,
            "statusCheckRollup": lambda h, r, a, e: rollup(r, h.sha, e)}


# Issues and pull requests

def labels(held, repo, _arguments, _execution):
    return [Thing("Label", repo.labels[name], repo) for name in held.labels]


def comments(held, repo, _arguments, _execution):
    return [Thing("IssueComment", made, repo) for made in held.comments]


def issue_fields(kind):
    return {"id": lambda h, r, a, e: node_id(kind, h.id), "databaseId": lambda h, r, a, e: h.id,
            "number": lambda h, r, a, e: h.number, "title": lambda h, r, a, e: h.title,
            "body": lambda h, r, a, e: h.body or "", "state": lambda h, r, a, e: h.state.upper(),
            "author": lambda h, r, a, e: actor(h.author), "updatedAt": lambda h, r, a, e: views.stamp(h.updated),
            "createdAt": lambda h, r, a, e: views.stamp(h.created), "labels": labels, "comments": comments}


def merge_field(function):
    def look(held, repo, _arguments, execution):
        execution.looked_at.add(held.pull)
        return function(held, repo)
    return look


def mergeable(held, repo):
    return "UNKNOWN" if repo.merge_state(held) == "UNKNOWN" and held.pull.merge_state is None else held.pull.mergeable


def head_repository(held, _repo, _arguments, execution):
    head = held.pull.head
    return Thing("Repository", head, head) if see(execution, head) else None


def pull_reviews(held, repo, arguments, _execution):
    found = [one for one in held.pull.reviews if arguments.get("states") is None or one.state in arguments["states"]]
    return [Thing("PullRequestReview", one, repo) for one in found]


def latest_reviews(held, repo, arguments, opinionated):
    states = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED") if opinionated else ()
    latest = {}
    for one in held.pull.reviews:
        if not states or one.state in states:
            latest.pop(one.author.login, None)
            latest[one.author.login] = one
    found = [one for one in latest.values()
             if not arguments.get("writersOnly") or repo.role(one.author) in ("write", "maintain", "admin")]
    return [Thing("PullRequestReview", one, repo) for one in found]


@fields("PullRequest")
def pull_fields():
    return {**issue_fields("PR"), "state": lambda h, r, a, e: pull_state(h),
            "isDraft": lambda h, r, a, e: h.pull.is_draft, "merged": lambda h, r, a, e: h.pull.merged is not None,
            "mergedAt": lambda h, r, a, e: views.stamp(h.pull.merged), "mergeable": merge_field(mergeable),
            "mergeStateStatus": merge_field(lambda h, r: r.merge_state(h)),
            "reviewDecision": lambda h, r, a, e: h.pull.decision(), "headRefOid": lambda h, r, a, e: h.pull.sha,
            "headRefName": lambda h, r, a, e: h.pull.head_branch, "baseRefName": lambda h, r, a, e: h.pull.base,
            "baseRef": lambda h, r, a, e: ref(r, h.pull.base),
            "baseRefOid": lambda h, r, a, e: r.branches[h.pull.base], "locked": lambda h, r, a, e: h.is_locked,
            "isInMergeQueue": lambda h, r, a, e: h.pull.queue_position is not None,
            "mergeQueueEntry": lambda h, r, a, e: h.pull.queue_position is not None and Thing("MergeQueueEntry", h, r)
            or None, "isCrossRepository": lambda h, r, a, e: h.pull.head is not r,
            "headRepository": head_repository,
            "headRepositoryOwner": lambda h, r, a, e: h.pull.head and Thing("User", User(1, h.pull.head_owner)),
            "authorAssociation": lambda h, r, a, e: views.association(r, h.author),
            "url": lambda h, r, a, e: f"{views.WEB}/{r.full_name}/pull/{h.number}",
            "statusCheckRollup": lambda h, r, a, e: rollup(r, h.pull.sha, e),
            "commits": lambda h, r, a, e: [Thing("PullRequestCommit", h.pull.sha, r)], "reviews": pull_reviews,
            "latestReviews": lambda h, r, a, e: latest_reviews(h, r, a, False),
            "latestOpinionatedReviews": lambda h, r, a, e: latest_reviews(h, r, a, True),
            "reviewThreads": lambda h, r, a, e: [Thing("PullRequestReviewThread", one, r) for one in h.pull.threads]}


FIELDS["RefUpdateRule"] = {"pattern": lambda h, r, a, e: h,
                           "requiredStatusCheckContexts": lambda h, r, a, e: [name for name, _ in r.required[h]]}
FIELDS["Issue"] = issue_fields("I")
FIELDS["MergeQueueEntry"] = {"id": lambda h, r, a, e: node_id("MQE", h.id),
                             "position": lambda h, r, a, e: h.pull.queue_position}
FIELDS["PullRequestCommit"] = {"id": lambda h, r, a, e: node_id("PURC", int(h[:8], 16)),
                               "commit": lambda h, r, a, e: commit_of(r, h)}
FIELDS["PullRequestReviewThread"] = {"id": lambda h, r, a, e: node_id("PRRT", int(h)),
                                     "isResolved": lambda h, r, a, e: h, "isOutdated": lambda h, r, a, e: False}
FIELDS["Label"] = {"id": lambda h, r, a, e: node_id("LA", h.id), "name": lambda h, r, a, e: h.name,
                   "color": lambda h, r, a, e: h.color, "description": lambda h, r, a, e: h.description}
FIELDS["PullRequestReview"] = {
    "id": lambda h, r, a, e: node_id("PRR", h.id), "databaseId": lambda h, r, a, e: h.id,
    "author": lambda h, r, a, e: actor(h.author), "state": lambda h, r, a, e: h.state,
    "commit": lambda h, r, a, e: commit_of(r, h.commit), "submittedAt": lambda h, r, a, e: views.stamp(h.submitted),
    "authorCanPushToRepository": lambda h, r, a, e: r.role(h.author) in ("write", "maintain", "admin")}
FIELDS["IssueComment"] = {
    "id": lambda h, r, a, e: node_id("IC", h.id), "databaseId": lambda h, r, a, e: h.id,
    "body": lambda h, r, a, e: h.body, "author": lambda h, r, a, e: actor(h.author),
    "createdAt": lambda h, r, a, e: views.stamp(h.created), "updatedAt": lambda h, r, a, e: views.stamp(h.updated),
    "viewerDidAuthor": lambda h, r, a, e: h.author is e.call.user}


# Checks

def context(held, repo):
    return Thing("StatusContext" if isinstance(held, Status) else "CheckRun", held, repo)


def is_required(held, repo, arguments, _execution):
    number = arguments.get("pullRequestNumber")
    if number is None and arguments.get("pullRequestId") is None:
        raise Denied("UNPROCESSABLE", "A pull request ID or pull request number is required.")
    if number in repo.issues and repo.issues[number].pull:
        return repo.is_required(repo.issues[number].pull.base, held)
    for issue in repo.pulls() if number is None else ():
        if node_id("PR", issue.id) == arguments["pullRequestId"]:
            return repo.is_required(issue.pull.base, held)
    raise Denied("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")


FIELDS["StatusCheckRollup"] = {
    "id": lambda h, r, a, e: node_id("SCR", int(h[:8], 16)), "commit": lambda h, r, a, e: commit_of(r, h),
    "state": lambda h, r, a, e: r.rollup(h),
    "contexts": lambda h, r, a, e: [context(one, r) for one in r.contexts(h)]}
FIELDS["StatusContext"] = {
    "id": lambda h, r, a, e: node_id("SC", h.id), "context": lambda h, r, a, e: h.context,
    "state": lambda h, r, a, e: h.state.upper(), "description": lambda h, r, a, e: h.description,
    "targetUrl": lambda h, r, a, e: h.target_url, "createdAt": lambda h, r, a, e: views.stamp(h.created),
    "creator": lambda h, r, a, e: actor(h.creator), "commit": lambda h, r, a, e: commit_of(r, h.sha),
    "isRequired": is_required}
FIELDS["CheckRun"] = {
    "id": lambda h, r, a, e: node_id("CR", h.id), "databaseId": lambda h, r, a, e: h.id,
    "name": lambda h, r, a, e: h.name, "status": lambda h, r, a, e: h.status.upper(),
    "conclusion": lambda h, r, a, e: h.conclusion and h.conclusion.upper(),
    "startedAt": lambda h, r, a, e: views.stamp(h.started), "completedAt": lambda h, r, a, e: views.stamp(h.completed),
    "detailsUrl": lambda h, r, a, e: h.details_url or f"{views.WEB}/{r.full_name}/runs/{h.id}",
    "externalId": lambda h, r, a, e: h.external_id, "title": lambda h, r, a, e: h.output.get("title"),
    "summary": lambda h, r, a, e: h.output.get("summary"), "text": lambda h, r, a, e: h.output.get("text"),
    "checkSuite": lambda h, r, a, e: Thing("CheckSuite", h.suite, r), "isRequired": is_required}


def workflow_run(held, repo, _arguments, execution):
    if held.run is None:
        return None
    permit(execution, repo, "actions")
    return Thing("WorkflowRun", held.run, repo)


FIELDS["CheckSuite"] = {
    "id": lambda h, r, a, e: node_id("CS", h.id), "databaseId": lambda h, r, a, e: h.id,
    "status": lambda h, r, a, e: h.state()[0].upper(),
    "conclusion": lambda h, r, a, e: h.state()[1] and h.state()[1].upper(),
    "createdAt": lambda h, r, a, e: views.stamp(h.created), "updatedAt": lambda h, r, a, e: views.stamp(h.updated),
    "app": lambda h, r, a, e: Thing("App", h.app, r), "commit": lambda h, r, a, e: commit_of(r, h.sha),
    "branch": lambda h, r, a, e: ref(r, h.branch), "workflowRun": workflow_run,
    "checkRuns": lambda h, r, a, e: [Thing("CheckRun", one, r) for one in h.latest()]}
FIELDS["App"] = {"id": lambda h, r, a, e: node_id("A", len(h)), "databaseId": lambda h, r, a, e: 15368,
                 "name": lambda h, r, a, e: h, "slug": lambda h, r, a, e: h}
FIELDS["WorkflowRun"] = {
    "id": lambda h, r, a, e: node_id("WFR", h.id), "databaseId": lambda h, r, a, e: h.id,
    "event": lambda h, r, a, e: h.event, "runNumber": lambda h, r, a, e: h.number,
    "createdAt": lambda h, r, a, e: views.stamp(h.created),
    "updatedAt": lambda h, r, a, e: views.stamp(h.suite.updated),
    "workflow": lambda h, r, a, e: Thing("Workflow", h, r)}
FIELDS["Workflow"] = {"id": lambda h, r, a, e: node_id("W", 7), "databaseId": lambda h, r, a, e: 7,
                      "name": lambda h, r, a, e: h.name}

FIELDS = {_kind: _held() if callable(_held) else _held for _kind, _held in FIELDS.items()}
for _kind, _type in TYPES.items():
    if _type.kind == "type" and not _kind.endswith("Connection") and _kind != "PageInfo":
        assert set(_type.fields) <= set(FIELDS[_kind]), (_kind, set(_type.fields) - set(FIELDS[_kind]))

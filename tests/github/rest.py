"""REST: who we are, repositories, pull requests, issues, comments, labels. Paths begin with /repo for what GitHub has
under /repos/OWNER/NAME and /repositories/ID."""
from . import apps, views
from .router import Refusal, route
from .rules import Field

BODY_MAX = 65536
LABELS_MAX = 100
PAGES = "per_page page "
ISSUE_READ, ISSUE_WRITE = "issues:read|pull_requests:read", "issues:write|pull_requests:write"
LABEL_LIST = {"labels": Field(list, required=True, longest=LABELS_MAX, of=str)}
REASONS = ("completed", "not_planned", "duplicate", "reopened")
LABEL_NAME = Field(str, required=True, longest=50, form=r"\S(.*\S)?")


# Who we are

@route("GET", "/user", caller="user")
def get_user(call):
    return call.reply(views.user(call.user))


@route("GET", "/users/{login}")
def get_any_user(call):
    found = call.world.users.get(call.params["login"])
    if found is None:
        raise Refusal(404, "Not Found")
    return call.reply(views.user(found))


@route("GET", "/rate_limit", free=True)
def rate_limit(call):
    token = call.token
    resources = {name: {"limit": limit, "used": token.used[name], "remaining": max(0, limit - token.used[name]),
                        "reset": int(token.resets)} for name, limit in token.limits.items()}
    return call.reply({"resources": resources, "rate": resources["core"]})


@route("GET", "/app", caller="app")
def get_app(call):
    return call.reply({**views.app(call.jwt_app), "installations_count": len(call.jwt_app.installations)})


@route("GET", "/repo/installation", caller="app")
def get_installation(call):
    for found in call.jwt_app.installations.values():
        if call.repo is not None and found.owner.lower() == call.repo.owner.lower() and (
                found.repositories is None or call.repo.full_name.lower() in found.repositories):
            return call.reply({"id": found.id, "account": {"login": found.owner}, "app_id": found.app.id,
                               "app_slug": found.app.slug, "permissions": found.permissions, "suspended_at": None,
                               "repository_selection": "selected" if found.repositories else "all"})
    raise Refusal(404, "Not Found")


@route("POST", "/app/installations/{id}/access_tokens", caller="app", kind="Installation", body={
    "repositories": Field(list, of=str), "repository_ids": Field(list, of=int), "permissions": Field(dict)})
def make_installation_token(call):
    found = call.jwt_app.installations.get(int(call.params["id"])) if call.params["id"].isdigit() else None
    if found is None:
        raise Refusal(404, "Not Found")
    permissions = call.body.get("permissions", found.permissions)
    order = {None: 0, "read": 1, "write": 2, "admin": 3}
    for name, level in permissions.items():
        if order.get(level, 9) > order[found.permissions.get(name)]:
            raise Refusal(422, "The permissions requested are not granted to this installation.")
    repositories = found.repositories
    if "repositories" in call.body:
        repositories = {f"{found.owner}/{name}".lower() for name in call.body["repositories"]}
        if any(name not in call.world.repos or name not in (found.repositories or repositories)
               for name in repositories):
            raise Refusal(422, "There is at least one repository that does not exist or is not accessible to the "
                               "parent installation.")
    token = call.hub.new_token("installation", found.app.user, permissions, repositories, expires_in=apps.TOKEN_LIFE_S)
    token.app, token.installation = found.app, found
    return call.reply({"token": token.value, "expires_at": views.stamp(token.expires), "permissions": permissions,
                       "repository_selection": "selected" if repositories else "all"}, 201)


# Repositories

@route("GET", "/repo")
def get_repo(call):
    return call.reply(views.repo(call.repo, call))


@route("GET", "/repo/collaborators/{login}/permission", needs="metadata:read", role="write")
def get_permission(call):
    found = call.world.users.get(call.params["login"])
    if found is None:
        raise Refusal(404, "Not Found")
    role = call.repo.role(found)
    legacy = {"maintain": "write", "triage": "read"}.get(role, role)
    return call.reply({"permission": legacy, "role_name": role, "user": views.user(found)})


# Pull requests

@route("GET", "/repo/pulls", needs="pull_requests:read", query=PAGES + "state head base sort direction")
def list_pulls(call):
    state = call.choice("state", ("open", "closed", "all"), "open")
    found = [issue for issue in call.repo.pulls() if state in ("all", issue.state)]
    owner, colon, branch = call.request.query.get("head", "").partition(":")
    if "head" in call.request.query and not colon:
        # GitHub ignores such a filter and returns everything.
        call.hub.violation(call.request, "head is not owner:branch")
    elif colon:
        found = [issue for issue in found
                 if (issue.pull.head_owner.lower(), issue.pull.head_branch) == (owner.lower(), branch)]
    if "base" in call.request.query:
        found = [issue for issue in found if issue.pull.base == call.request.query["base"]]
    by = call.choice("sort", ("created", "updated", "popularity", "long-running"), "created")
    ascending = call.choice("direction", ("asc", "desc"), "desc") == "asc"
    found.sort(key=lambda issue: (issue.updated if by == "updated" else issue.created, issue.number),
               reverse=not ascending)
    return call.reply([views.pull(call.repo, issue) for issue in call.page(found)])


@route("GET", "/repo/pulls/{number}", needs="pull_requests:read")
def get_pull(call):
    issue = call.pull()
    view = views.pull(call.repo, issue, whole=True)
    issue.pull.unknown_reads = max(0, issue.pull.unknown_reads - 1)
    return call.reply(view)


@route("GET", "/repo/pulls/{number}/reviews", needs="pull_requests:read", query=PAGES)
def list_reviews(call):
    issue = call.pull()
    return call.reply([views.review(call.repo, issue, made) for made in call.page(issue.pull.reviews)])


@route("GET", "/repo/commits/{ref+}/pulls", needs="pull_requests:read", query=PAGES)
def list_commit_pulls(call):
    sha = call.commit().sha
    found = [issue for issue in call.repo.pulls() if issue.pull.sha == sha]
    if call.repo.branches.get(call.repo.default) == sha:
        found = [issue for issue in found if issue.pull.merged]
    else:
        found = [issue for issue in found if issue.pull.merged or issue.state == "open"]
    return call.reply([views.pull(call.repo, issue) for issue in call.page(found)])


# Issues

def need_issues(call):
    if not call.repo.has_issues:
        raise Refusal(410, "Issues are disabled for this repo")


def check_text(call, resource, name="body"):
    """GitHub counts characters; and what we write has our mark on its first line."""
    text = call.body.get(name)
    if text is None:
        return
    if len(text) > BODY_MAX:
        message = f"{name} is too long (maximum is {BODY_MAX} characters)"
        call.hub.violation(call.request, message)
        raise Refusal(422, "Validation Failed", [
            {"resource": resource, "code": "custom", "field": name, "message": message}])
    if call.hub.marker is not None and not call.hub.marker.match(text):
        call.hub.violation(call.request, "no marker on the first line")


def may_label(call):
    return call.has_role("triage")


@route("GET", "/repo/issues", needs="issues:read",
       query=PAGES + "state labels creator since sort direction assignee mentioned milestone")
def list_issues(call):
    query = call.request.query
    state = call.choice("state", ("open", "closed", "all"), "open")
    found = [issue for issue in call.repo.issues.values() if state in ("all", issue.state)]
    if "labels" in query:
        wanted = [name.lower() for name in query["labels"].split(",")]
        found = [issue for issue in found if all(name in issue.labels for name in wanted)]
    if "creator" in query:
        found = [issue for issue in found if issue.author.login == query["creator"]]
    if "since" in query:
        found = [issue for issue in found if int(issue.updated) >= parse_since(call)]
    by = call.choice("sort", ("created", "updated", "comments"), "created")
    ascending = call.choice("direction", ("asc", "desc"), "desc") == "asc"
    found.sort(key=lambda issue: (len(issue.comments) if by == "comments" else getattr(issue, by), issue.number),
               reverse=not ascending)
    return call.reply([views.issue(call.repo, issue) for issue in call.page(found)])


def parse_since(call):
    try:
        return views.parse_stamp(call.request.query["since"])
    except ValueError:
        call.hub.violation(call.request, "since is no YYYY-MM-DDTHH:MM:SSZ")
        raise Refusal(422, "Validation Failed", [{"resource": "Issue", "field": "since", "code": "invalid"}]) from None


@route("POST", "/repo/issues", needs="issues:write", body={
    "title": Field(str, required=True, longest=256, form=r"(?s).*\S.*"), "body": Field(str, type(None)),
    "labels": Field(list, longest=LABELS_MAX, of=str), "assignees": Field(list, longest=10, of=str)})
def create_issue(call):
    need_issues(call)
    check_text(call, "Issue")
    issue = call.hub.new_issue(call.repo, call.body["title"], call.body.get("body"), call.user, call.app)
    if may_label(call):
        # Silently dropped otherwise.
        call.hub.add_labels(call.repo, issue, call.body.get("labels", ()))
    call.hub.happened("issue", call.repo.full_name, issue.number)
    return call.reply(views.issue(call.repo, issue), 201)


@route("GET", "/repo/issues/{number}", needs=ISSUE_READ)
def get_issue(call):
    return call.reply(views.issue(call.repo, call.issue()))


@route("PATCH", "/repo/issues/{number}", needs=ISSUE_WRITE, body={
    "title": Field(str, longest=256), "body": Field(str, type(None)), "state": Field(str, words=("open", "closed")),
    "state_reason": Field(str, type(None), words=REASONS), "labels": Field(list, longest=LABELS_MAX, of=str)})
def change_issue(call):
    issue = call.issue()
    if issue.pull is None:
        need_issues(call)
    if issue.author is not call.user and not may_label(call):
        raise Refusal(403, "Must have admin rights to Repository.")
    check_text(call, "Issue")
    issue.title = call.body.get("title", issue.title)
    issue.body = call.body.get("body", issue.body)
    if "state" in call.body:
        if issue.pull and issue.pull.merged and call.body["state"] == "open":
            raise Refusal(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "field": "state",
                                                      "message": "state cannot be changed."}])
        reason = call.body.get("state_reason") or (
            "completed" if call.body["state"] == "closed" else "reopened" if issue.state == "closed" else None)
        call.hub.set_state(issue, call.body["state"], None if issue.pull else reason)
    if "labels" in call.body and may_label(call):
        issue.labels = []
        call.hub.add_labels(call.repo, issue, call.body["labels"])
    call.hub.touch(issue)
    return call.reply(views.issue(call.repo, issue))


# Comments

@route("GET", "/repo/issues/{number}/comments", needs=ISSUE_READ, query=PAGES + "since")
def list_comments(call):
    issue = call.issue()
    found = sorted(issue.comments, key=lambda made: made.id)
    if "since" in call.request.query:
        since = parse_since(call)
        found = [made for made in found if int(made.updated) >= since]
    return call.reply([views.comment(call.repo, issue, made) for made in call.page(found)])


@route("POST", "/repo/issues/{number}/comments", needs=ISSUE_WRITE, kind="IssueComment",
       body={"body": Field(str, required=True, form=r"(?s).*\S.*")})
def create_comment(call):
    issue = call.issue()
    if issue.pull is None:
        need_issues(call)
    if issue.is_locked and not call.has_role("write"):
        raise Refusal(403, "Unable to create comment because issue is locked.")
    check_text(call, "IssueComment")
    made = call.hub.new_comment(call.repo, issue, call.body["body"], call.user, call.app)
    return call.reply(views.comment(call.repo, issue, made), 201)


def find_comment(call):
    for issue in call.repo.issues.values():
        for made in issue.comments:
            if str(made.id) == call.params["id"]:
                return issue, made
    raise Refusal(404, "Not Found")


def find_own_comment(call):
    issue, made = find_comment(call)
    if made.author is not call.user and (call.app is not None or not call.has_role("write")):
        raise Refusal(403, "Must have admin rights to Repository.")
    return issue, made


@route("GET", "/repo/issues/comments/{id}", needs=ISSUE_READ)
def get_comment(call):
    return call.reply(views.comment(call.repo, *find_comment(call)))


@route("PATCH", "/repo/issues/comments/{id}", needs=ISSUE_WRITE, kind="IssueComment",
       body={"body": Field(str, required=True, form=r"(?s).*\S.*")})
def change_comment(call):
    issue, made = find_own_comment(call)
    check_text(call, "IssueComment")
    made.body, made.updated = call.body["body"], call.hub.now()
    return call.reply(views.comment(call.repo, issue, made))


@route("DELETE", "/repo/issues/comments/{id}", needs=ISSUE_WRITE)
def delete_comment(call):
    issue, made = find_own_comment(call)
    issue.comments.remove(made)
    call.hub.touch(issue)
    return call.reply(None, 204)


# Labels

@route("GET", "/repo/labels", needs="issues:read", query=PAGES)
def list_labels(call):
    return call.reply([views.label(held) for held in call.page(list(call.repo.labels.values()))])


@route("GET", "/repo/labels/{name}", needs="issues:read")
def get_label(call):
    held = call.repo.labels.get(call.params["name"].lower())
    if held is None:
        raise Refusal(404, "Not Found")
    return call.reply(views.label(held))


@route("POST", "/repo/labels", needs="issues:write", role="write", kind="Label", body={
    "name": LABEL_NAME, "color": Field(str, form=r"[0-9a-fA-F]{6}"),
    "description": Field(str, type(None), longest=100)})
def create_label(call):
    if call.body["name"].lower() in call.repo.labels:
        raise Refusal(422, "Validation Failed", [{"resource": "Label", "code": "already_exists", "field": "name"}])
    call.hub.label(call.repo.full_name, call.body["name"], call.body.get("color", "ededed"),
                   call.body.get("description"))
    return call.reply(views.label(call.repo.labels[call.body["name"].lower()]), 201)


@route("GET", "/repo/issues/{number}/labels", needs=ISSUE_READ, query=PAGES)
def list_issue_labels(call):
    return call.reply([views.label(call.repo.labels[name]) for name in call.page(call.issue().labels)])


@route("POST", "/repo/issues/{number}/labels", needs=ISSUE_WRITE, role="triage", kind="Label", body=LABEL_LIST)
def add_issue_labels(call):
    issue = call.issue()
    for name in call.body["labels"]:
        if (problem := LABEL_NAME.problem(name)) is not None:
            call.hub.violation(call.request, f"label {name!r}: {problem}")
            raise Refusal(422, "Validation Failed", [{"resource": "Label", "code": "invalid", "field": "name"}])
    call.hub.add_labels(call.repo, issue, call.body["labels"])
    return call.reply([views.label(call.repo.labels[name]) for name in issue.labels])


@route("DELETE", "/repo/issues/{number}/labels/{name}", needs=ISSUE_WRITE, role="triage")
def remove_issue_label(call):
    issue = call.issue()
    if call.params["name"].lower() not in issue.labels:
        raise Refusal(404, "Label does not exist")
    issue.labels.remove(call.params["name"].lower())
    call.hub.touch(issue)
    return call.reply([views.label(call.repo.labels[name]) for name in issue.labels])

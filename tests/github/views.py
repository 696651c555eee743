"""How records look in REST answers, and what every answer gets on its way out."""
import datetime
import hashlib
import json

from . import rules
from .wire import Answer
from .world import node_id

WEB = "https://github.com"


def stamp(at):
    return None if at is None else datetime.datetime.fromtimestamp(int(at), datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def parse_stamp(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def association(repo, user):
    if user is None:
        return "NONE"
    if user.login == repo.owner:
        return "OWNER"
    role = repo.roles.get(user.login, "none")
    if role in ("triage", "write", "maintain", "admin"):
        return "COLLABORATOR"
    merged = any(issue.pull.merged and issue.author is user for issue in repo.pulls())
    return "CONTRIBUTOR" if merged else "NONE"


def user(held):
    if held is None:
        return None
    return {"login": held.login, "id": held.id, "node_id": node_id("BOT" if held.is_bot else "U", held.id),
            "type": "Bot" if held.is_bot else "User", "site_admin": False,
            "html_url": f"{WEB}/{held.login}" if not held.is_bot else f"{WEB}/apps/{held.login.removesuffix('[bot]')}"}


def app(held):
    return None if held is None else {"id": held.id, "client_id": held.client_id, "slug": held.slug, "name": held.slug,
                                      "node_id": node_id("A", held.id)}


def repo(held, call=None):
    view = {"id": held.id, "node_id": node_id("R", held.id), "name": held.name, "full_name": held.full_name,
            "private": held.is_private, "owner": {"login": held.owner, "type": "User"}, "fork": held.parent is not None,
            "default_branch": held.default, "has_issues": held.has_issues, "archived": held.is_archived,
            "visibility": "private" if held.is_private else "public", "html_url": f"{WEB}/{held.full_name}"}
    if call is not None:
        view["permissions"] = {name: call.has_role(role, held) for name, role in
                               (("admin", "admin"), ("maintain", "maintain"), ("push", "write"), ("triage", "triage"),
                                ("pull", "read"))}
    return view


def label(held):
    return {"id": held.id, "node_id": node_id("LA", held.id), "name": held.name, "color": held.color,
            "description": held.description, "default": False}


def issue(held, found):
    kind = "pull" if found.pull else "issues"
    view = {"id": found.id, "node_id": node_id("PR" if found.pull else "I", found.id), "number": found.number,
            "title": found.title, "body": found.body, "user": user(found.author), "state": found.state,
            "state_reason": found.reason, "locked": found.is_locked, "comments": len(found.comments),
            "labels": [label(held.labels[name]) for name in found.labels], "assignees": [], "assignee": None,
            "created_at": stamp(found.created), "updated_at": stamp(found.updated), "closed_at": stamp(found.closed),
            "author_association": association(held, found.author), "performed_via_github_app": app(found.app),
            "html_url": f"{WEB}/{held.full_name}/{kind}/{found.number}"}
    if found.pull:
        view["draft"] = found.pull.is_draft
        view["pull_request"] = {"html_url": view["html_url"], "merged_at": stamp(found.pull.merged)}
    return view


def comment(held, found, made):
    kind = "pull" if found.pull else "issues"
    return {"id": made.id, "node_id": node_id("IC", made.id), "body": made.body, "user": user(made.author),
            "created_at": stamp(made.created), "updated_at": stamp(made.updated),
            "author_association": association(held, made.author), "performed_via_github_app": app(made.app),
            "html_url": f"{WEB}/{held.full_name}/{kind}/{found.number}#issuecomment-{made.id}"}


def side(owner, held, branch, sha):
    return {"label": f"{owner}:{branch}", "ref": branch, "sha": sha, "user": {"login": owner},
            "repo": repo(held) if held else None}


def pull(held, found, whole=False):
    pr = found.pull
    view = issue(held, found)
    for name in ("comments", "state_reason", "performed_via_github_app", "pull_request"):
        del view[name]
    view.update({
        "head": side(pr.head_owner, pr.head, pr.head_branch, pr.sha), "draft": pr.is_draft,
        "base": side(held.owner, held, pr.base, held.branches.get(pr.base)), "merged_at": stamp(pr.merged),
        "merge_commit_sha": None, "auto_merge": None, "requested_reviewers": []})
    if whole:
        known = {"MERGEABLE": True, "CONFLICTING": False}.get(pr.mergeable)
        state = held.merge_state(found)
        view.update({"merged": pr.merged is not None, "mergeable": None if state == "UNKNOWN" else known,
                     "rebaseable": None, "mergeable_state": state.lower(), "comments": len(found.comments),
                     "review_comments": 0, "commits": 1, "maintainer_can_modify": False})
    return view


def commit(held, found):
    who = {"name": found.author.login, "email": f"{found.author.id}@users.noreply.github.com",
           "date": stamp(found.date)}
    return {"sha": found.sha, "node_id": node_id("C", int(found.sha[:8], 16)), "author": user(found.author),
            "committer": user(found.author), "commit": {"message": found.message, "author": who, "committer": who},
            "parents": [{"sha": found.parent}] if found.parent else [],
            "html_url": f"{WEB}/{held.full_name}/commit/{found.sha}"}


def review(held, found, made):
    return {"id": made.id, "node_id": node_id("PRR", made.id), "user": user(made.author), "state": made.state,
            "body": "", "commit_id": made.commit, "submitted_at": stamp(made.submitted),
            "author_association": association(held, made.author)}


def finish(hub, request, answer):
    """Rate limit headers, identity of the server, and 304 for what the client has already."""
    call = getattr(request, "call", None)
    headers = answer.headers
    if call is not None:
        for name, value in call.limits().items():
            headers.setdefault(name, value)
    headers.setdefault("X-GitHub-Request-Id", f"{id(request) & 0xffff:04X}:{len(hub.requests):04X}")
    headers.setdefault("X-GitHub-Media-Type", "github.v3; format=json")
    if hub.enterprise:
        headers["X-GitHub-Enterprise-Version"] = "3.14.2"
    elif not request.is_graphql:
        headers["x-github-api-version-selected"] = rules.VERSION
    if request.method != "GET" or answer.status != 200 or not isinstance(answer.body, (dict, list)):
        return answer
    tag = 'W/"' + hashlib.sha256(json.dumps(answer.body).encode()).hexdigest() + '"'
    headers["ETag"] = tag
    headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
    given = request.headers.get("if-none-match")
    if given is None or tag.removeprefix("W/") not in [one.strip().removeprefix("W/") for one in given.split(",")]:
        return answer
    if call is not None and call.has_spent:
        call.token.used["core"] -= 1
        headers.update(call.limits())
    headers.pop("Content-Type", None)
    return Answer(304, None, headers)

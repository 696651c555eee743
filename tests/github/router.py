"""Which function answers a request, and who may ask: credentials, permissions, roles and the hourly budget."""
import re
import urllib.parse

from . import apps, rules
from .wire import Answer
from .world import ROLES

ROUTES = []
BUDGET_PERIOD_S = 3600
ACCESSORS = {"fine-grained": "personal access token", "installation": "integration"}


class Refusal(Exception):
    """An error answer in GitHub's form."""

    def __init__(self, status, message, errors=None, headers=None):
        super().__init__(message)
        body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        if errors:
            body["errors"] = errors
        self.answer = Answer(status, body, headers)


class Route:
    """`needs`: permissions, any of which will do ("issues:write|pull_requests:write"); `role`: what a user has to be;
    `caller`: "user", "app" (a JWT), "installation" or "any"; `query`: the parameters there are; `body`: the fields."""

    def __init__(self, method, template, function, needs="", role="read", caller="any", query="", body=None,
                 kind="Issue", free=False):
        self.method, self.function, self.role, self.caller = method, function, role, caller
        self.needs = [need.split(":") for need in needs.split("|") if need]
        self.query, self.body, self.kind, self.free = set(query.split()), body, kind, free
        pattern = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", template)
        self.pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern) + r"\Z")
        self.is_of_repo = template.startswith("/repo")

    def run(self, call):
        unknown = set(call.request.query) - self.query
        if unknown:
            call.hub.violation(call.request, f"there is no parameter {', '.join(sorted(unknown))}")
        if self.body is not None:
            errors = rules.fields(call.hub, call.request, self.kind, self.body)
            if errors:
                raise Refusal(422, "Validation Failed", errors)
        elif call.request.body and self.method != "DELETE":
            call.hub.violation(call.request, "a body where none belongs")
        return self.function(call)


def route(method, template, **more):
    def add(function):
        ROUTES.append(Route(method, template, function, **more))
        return function
    return add


def route_of(call):
    """Finds the route, and the repository it is about. Trailing slashes fit nothing, as at GitHub."""
    path, held = call.request.route_path, None
    match = re.match(r"/repos/([^/]+)/([^/]+)(?=/|\Z)", path)
    numbered = re.match(r"/repositories/(\d+)(?=/|\Z)", path)
    if match or numbered:
        name = match and urllib.parse.unquote(f"{match.group(1)}/{match.group(2)}")
        held = call.hub.world.repo(name) if name else call.hub.world.repo_by_id(numbered.group(1))
        moved = name and held is None and call.hub.world.renamed.get(name.lower())
        if moved:
            target = f"{call.hub.api_url}/repositories/{moved.id}{call.request.target.split(name, 1)[-1]}"
            raise Refusal(301 if call.request.method == "GET" else 307, "Moved Permanently",
                          headers={"Location": target})
        path = "/repo" + path[(match or numbered).end():]
    for candidate in ROUTES:
        found = candidate.pattern.match(path)
        if found and candidate.method == call.request.method:
            call.repo = held
            call.params = {name: urllib.parse.unquote(value) for name, value in found.groupdict().items()}
            call.path_after_repo = path.removeprefix("/repo") if held else None
            return candidate
    return None


class Call:
    """One request on its way through a route."""

    def __init__(self, hub, request):
        self.hub, self.request, self.world = hub, request, hub.world
        self.token = self.user = self.repo = self.path_after_repo = self.jwt_app = None
        self.params, self.headers = {}, {}
        self.resource = "core"
        self.has_spent = False

    @property
    def body(self):
        return self.request.json or {}

    @property
    def app(self):
        return self.token.app if self.token is not None else None

    def authenticate(self, resource, found=None):
        self.request.call = self
        self.resource = resource
        bearer = self.request.bearer
        if found is not None and found.caller == "app":
            self.jwt_app = apps.verify(self.hub, bearer or "")
            return
        if not bearer:
            raise Refusal(401, "Requires authentication")
        self.token = self.world.tokens.get(bearer)
        if self.token is None or self.token.is_revoked or (
                self.token.expires is not None and self.token.expires <= self.hub.now()):
            self.token = None
            raise Refusal(401, "Bad credentials")
        self.user = self.token.user
        self.spend(found)
        if found is not None:
            self.admit(found)

    def spend(self, found):
        """Takes one request off the budget; GraphQL takes its points itself."""
        token = self.token
        if token.resets <= self.hub.now():
            token.resets = self.hub.now() + BUDGET_PERIOD_S
            token.used = {name: 0 for name in token.used}
        if found is not None and found.free:
            return
        if token.used[self.resource] >= token.limits[self.resource]:
            message = f"API rate limit exceeded for user ID {token.user.id}."
            if self.resource == "graphql":
                raise Limited(message)
            raise Refusal(403, message)
        if self.resource == "core":
            token.used["core"] += 1
            self.has_spent = True

    def limits(self):
        """The x-ratelimit headers."""
        if self.token is None:
            return {}
        limit, used = self.token.limits[self.resource], self.token.used[self.resource]
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(max(0, limit - used)),
                "X-RateLimit-Used": str(used), "X-RateLimit-Reset": str(int(self.token.resets)),
                "X-RateLimit-Resource": self.resource}

    # Who may

    def admit(self, found):
        if found.caller == "installation" and self.token.kind != "installation":
            raise Refusal(403, "You must authenticate via a GitHub App.")
        if found.caller == "user" and self.token.kind == "installation":
            raise Refusal(403, "Resource not accessible by integration")
        if not found.is_of_repo:
            return
        if self.repo is None or not self.sees(self.repo):
            raise Refusal(404, "Not Found")
        if found.needs and not any(self.permits(self.repo, name, level) for name, level in found.needs):
            accepted = "; ".join(f"{name}={level}" for name, level in found.needs)
            raise Refusal(403, f"Resource not accessible by {ACCESSORS[self.token.kind]}",
                          headers={"X-Accepted-GitHub-Permissions": accepted})
        if not self.has_role(found.role):
            raise Refusal(403, "Must have admin rights to Repository.")
        if self.repo.is_archived and found.method != "GET":
            raise Refusal(403, "Repository was archived so is read-only.")

    def covers(self, repo):
        """Whether the token was given for this repository."""
        token = self.token
        if token.kind == "installation":
            if token.installation.owner.lower() != repo.owner.lower():
                return False
        return token.repositories is None or repo.full_name.lower() in token.repositories

    def sees(self, repo):
        if not repo.is_private:
            return True
        return self.covers(repo) and (self.token.kind == "installation" or repo.role(self.user) != "none")

    def permits(self, repo, permission, level):
        if self.token.kind == "classic":
            return True
        if not repo.is_private and level == "read":
            return True
        given = self.token.permissions.get(permission)
        return self.covers(repo) and (given in ("write", "admin") or given == level)

    def has_role(self, role, repo=None):
        if self.token.kind == "installation":
            return True
        return ROLES.index((repo or self.repo).role(self.user)) >= ROLES.index(role)

    # What routes share

    def issue(self):
        number = self.params["number"]
        found = self.repo.issues.get(int(number)) if number.isdigit() else None
        if found is None:
            raise Refusal(404, "Not Found")
        return found

    def pull(self):
        issue = self.issue()
        if issue.pull is None:
            raise Refusal(404, "Not Found")
        return issue

    def commit(self, ref=None):
        ref = ref or self.params["ref"]
        found = self.repo.find_commit(ref)
        if found is None:
            raise Refusal(422, f"No commit found for SHA: {ref}")
        return found

    def choice(self, name, words, default):
        """A query parameter out of a list."""
        value = self.request.query.get(name, default)
        if value not in words:
            self.hub.violation(self.request, f"parameter {name} is {value!r}")
            raise Refusal(422, "Validation Failed", [{"resource": "Search", "field": name, "code": "invalid"}])
        return value

    def page(self, items):
        """The page that was asked for; adds the Link header."""
        query = self.request.query
        size, number = query.get("per_page", "30"), query.get("page", "1")
        if not size.isdigit() or not 1 <= int(size) <= 100:
            self.hub.violation(self.request, f"per_page is {size!r}")
        if not number.isdigit() or int(number) < 1:
            self.hub.violation(self.request, f"page is {number!r}")
        size = min(100, max(1, int(size))) if size.isdigit() else 30
        number = max(1, int(number)) if number.isdigit() else 1
        last = max(1, -(-len(items) // size))
        links = []
        if number > 1:
            links += [("prev", min(number - 1, last)), ("first", 1)]
        if number < last:
            links = [*links[:1], ("next", number + 1), ("last", last), *links[1:]]
        if links:
            self.headers["Link"] = ", ".join(f'<{self.page_url(page)}>; rel="{rel}"' for rel, page in links)
        return items[(number - 1) * size:number * size]

    def page_url(self, page):
        path = self.request.route_path
        if self.path_after_repo is not None and self.hub.page_style == "ids":
            path = f"/repositories/{self.repo.id}{self.path_after_repo}"
        query = {**self.request.query, "page": str(page)}
        host = "localhost" if self.hub.page_style == "alias" else "127.0.0.1"
        return f"{self.hub.api_url.replace('127.0.0.1', host)}{path}?{urllib.parse.urlencode(query)}"

    def reply(self, body, status=200, **headers):
        return Answer(status, body, {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})


class Limited(Refusal):
    """GraphQL without points left: HTTP 200."""

    def __init__(self, message):
        super().__init__(200, message)
        self.answer = Answer(200, {"errors": [{"type": "RATE_LIMITED", "message": message}]})

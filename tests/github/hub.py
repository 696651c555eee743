"""The scripted GitHub: one server that is api.github.com, one that is any other host."""
import re

from . import graphql, rest, rest_checks, rules, views
from .effects import effects, title_effects
from .router import ROUTES, Call, Refusal, route_of
from .scripted import Scripted
from .story import STORY, Story
from .wire import Answer, Server
from .world import World

MARKER = re.compile(r"<!-- codegend:v1 kind=[a-z]+ incident=[^ \n]+( task=[^ \n]+)? -->(\n|\Z)")


class Foreign:
    """Another host: where logs are, and where redirects may lead. No credential may ever arrive here."""

    def __init__(self, hub):
        self.hub = hub
        self.requests = []
        self.server = Server(self)

    def answer(self, request, wire):
        hub = self.hub
        with hub.lock:
            self.requests.append(request)
            if "authorization" in request.headers or "cookie" in request.headers:
                hub.violation(request, "brings credentials to another host")
            request.headers.pop("authorization", None)
            for token in hub.world.tokens:
                if token in request.target or token in request.text or token in str(request.headers):
                    hub.violation(request, "brings a token to another host")
            if request.method not in ("GET", "HEAD"):
                hub.violation(request, "writes to another host")
        match = re.fullmatch(r"/logs/(\d+)", request.path)
        text = match and hub.log_text(int(match.group(1)))
        if text is None:
            return Answer(404, b"<Error><Code>BlobNotFound</Code></Error>", kind="application/xml")
        return Answer(200, text.encode(), kind="text/plain; charset=utf-8")

    def now(self):
        return self.hub.now()

    def broken(self, address):
        self.hub.broken(address)


class GitHub(Story, Scripted):
    """`with GitHub() as hub:` on a free port of 127.0.0.1. What the arguments turn off or on:

    enterprise      as GitHub Enterprise Server: /api/v3 and /api/graphql
    hidden_fields   {"PullRequest.mergeStateStatus"}: GraphQL fields that an older server does not have
    spacing_s       seconds between writes; 0: not looked at
    marker          what the first line of every issue and comment must match; None: not looked at
    concurrency     requests at once
    """

    def __init__(self, port=0, enterprise=False, hidden_fields=(), spacing_s=1.0, marker=MARKER, concurrency=8):
        self.world = World()
        self.enterprise = enterprise
        self.hidden_fields = set(hidden_fields)
        self.spacing_s = spacing_s
        self.marker = re.compile(marker) if isinstance(marker, str) else marker
        self.concurrency = concurrency
        self.writes_per_minute, self.writes_per_hour = 80, 500
        self.writes = {}
        self.quiet = {}  # token: (monotonic time it was told, hub time until when)
        self.graphql_costs = []
        # Link headers name the repository by number, as GitHub's do; "alias": on a host of another name.
        self.page_style = "ids"
        Scripted.__init__(self, port)
        self.foreign = Foreign(self)

    def stop(self):
        super().stop()
        self.foreign.server.stop()

    # Where it is

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def api_url(self):
        return self.url + ("/api/v3" if self.enterprise else "")

    @property
    def graphql_url(self):
        return self.url + ("/api/graphql" if self.enterprise else "/graphql")

    @property
    def foreign_url(self):
        return f"http://localhost:{self.foreign.server.port}"

    # What tests ask

    def comments(self, name, number):
        """[(author, body)] of an issue or pull request, oldest first."""
        with self.lock:
            return [(comment.author.login, comment.body) for comment in self.find(name).issues[number].comments]

    def issues(self, name, pulls=False):
        """The issues (with `pulls`, the pull requests) of a repository, as world.Issue, by number."""
        with self.lock:
            return [issue for issue in self.find(name).issues.values() if (issue.pull is not None) == pulls]

    def labels(self, name, number):
        with self.lock:
            held = self.find(name)
            return [held.labels[label].name for label in held.issues[number].labels]

    def set_off(self, login):
        """What all that this user wrote would have set off (effects.py): titles, bodies, comments as they are now."""
        with self.lock:
            issues = [issue for held in self.world.repos.values() for issue in held.issues.values()]
            titles = [issue.title for issue in issues if issue.author.login == login]
            bodies = [text for issue in issues for author, text in [
                (issue.author, issue.body or ""), *((made.author, made.body) for made in issue.comments)]
                if author.login == login]
        return [*(effect for text in titles for effect in title_effects(text)),
                *(effect for text in bodies for effect in effects(text))]

    def statuses(self, name, commit):
        with self.lock:
            held = self.find(name)
            return list(held.statuses_of(self.sha(held, commit)))

    @property
    def graphql_count(self):
        return len(self.sent("GRAPHQL"))

    @property
    def reads(self):
        """Requests that change nothing, queries among them."""
        with self.lock:
            return [request for request in self.requests if not rules.is_write(request)]

    def write_times(self):
        """Monotonic times of all writes."""
        with self.lock:
            return [request.at for request in self.requests if rules.is_write(request)]

    def log_text(self, check_id):
        with self.lock:
            return next((check.log for held in self.world.repos.values() for suite in held.suites
                         for check in suite.checks if check.id == check_id), None)

    # Requests

    def prepare(self, request):
        super().prepare(request)
        prefix = "/api/v3" if self.enterprise else ""
        request.is_graphql = request.path == ("/api/graphql" if self.enterprise else "/graphql")
        request.is_ours = request.is_graphql or request.path.startswith(prefix + "/")
        request.route_path = request.path.removeprefix(prefix)
        request.aliases = []
        if request.is_graphql and isinstance(request.json, dict):
            request.aliases = graphql.aliases(request.json)
        token = self.world.tokens.get(request.bearer)
        request.who = token and token.user.login

    def look(self, request):
        if request.route_path.startswith("/_hub/"):
            self.requests.remove(request)
            return
        rules.form(self, request)
        rules.overlap(self, request)
        rules.obey(self, request)
        request.is_refused = rules.pace(self, request)

    def answer(self, request, wire):
        answer = super().answer(request, wire)
        if answer is not None:
            with self.lock:
                rules.hear(self, request, answer)
        return answer

    def perform(self, request):
        with self.lock:
            if request.route_path.startswith("/_hub/"):
                return self.told_by_hand(request)
            try:
                answer = self.route(Call(self, request))
            except Refusal as refusal:
                answer = refusal.answer
            return views.finish(self, request, answer)

    def route(self, call):
        request = call.request
        if not request.headers.get("user-agent"):
            raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a "
                               "User-Agent header")
        if request.headers.get("x-github-api-version", rules.VERSION) != rules.VERSION:
            raise Refusal(400, "Invalid API version")
        if request.bad_json:
            raise Refusal(400, "Problems parsing JSON")
        if not request.is_ours:
            self.violation(request, "outside of the API's base")
            raise Refusal(404, "Not Found")
        if request.is_graphql:
            call.authenticate("graphql")
            if request.method != "POST":
                self.violation(request, "GraphQL is asked by POST")
                raise Refusal(404, "Not Found")
            return graphql.run(call)
        found = route_of(call)
        if found is None:
            self.violation(request, "no such endpoint")
            raise Refusal(404, "Not Found")
        call.authenticate("core", found)
        if request.is_refused:
            raise Refusal(403, "You have exceeded a secondary rate limit and have been temporarily blocked from "
                               "content creation. Please retry your request again later.",
                          headers={"Retry-After": "60"})
        return found.run(call)

    def told_by_hand(self, request):
        """POST /_hub/BUILDER with a list [args, keywords]; GET /_hub/requests, /_hub/violations, /_hub/world."""
        name = request.route_path.removeprefix("/_hub/")
        if request.method == "POST" and (name in STORY or name in ("fail", "advance", "deliver_late", "recover",
                                                                   "comments", "labels")):
            args, keywords = request.json
            try:
                result = getattr(self, name)(*args, **keywords)
            except (KeyError, TypeError, ValueError, Refusal) as error:  # whoever told it, not the client
                return Answer(400, {"message": f"{name}: {error}"})
            return Answer(200, {"result": None if name == "fail" else result})
        if name == "requests":
            return Answer(200, [{"method": r.method, "path": r.target, "headers": r.headers, "body": r.text,
                                 "status": r.status, "at": r.at, "who": r.who} for r in self.requests])
        if name == "violations":
            return Answer(200, self.violations)
        if name == "world":
            return Answer(200, {held.full_name: [self.seen(held, issue) for issue in held.issues.values()]
                                for held in self.world.repos.values()})
        return Answer(404, {"message": f"there is no builder {name!r}"})

    @staticmethod
    def seen(held, issue):
        """An issue or pull request as people see it."""
        view = {"number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state,
                "labels": [held.labels[label].name for label in issue.labels],
                "comments": [{"author": made.author.login, "body": made.body} for made in issue.comments]}
        if issue.pull is not None:
            view.update(head=issue.pull.sha, branch=issue.pull.head_branch, merged=issue.pull.merged is not None,
                        merge_state=held.merge_state(issue), checks=held.rollup(issue.pull.sha))
        return view

    def tell(self, steps):
        """A story from a file: a list of [builder, [arguments], {keywords}]; the last two may be missing."""
        results = []
        for builder, *rest_of in steps:
            if builder not in STORY:
                raise ValueError(f"no builder {builder!r}")
            args = next((part for part in rest_of if isinstance(part, list)), [])
            keywords = next((part for part in rest_of if isinstance(part, dict)), {})
            results.append(getattr(self, builder)(*args, **keywords))
        return results


assert ROUTES and rest and rest_checks, "their routes are in the table"

"""Misbehaviour: which requests, what becomes of their effect, and what the client sees of it.

`fail(match, how, when, effect, ...)`:

match   "POST /repos/*/issues/*/comments" (`*` is anything but a slash, `**` anything), "GRAPHQL", "*", or a function
        of the request
when    1 the next match only (the default), 3 the third from now, (1, 3) both, "always"; a request that an earlier
        fault took is not counted, so that two with 1 come one after the other
effect  None: as `how` implies, nothing happened but for answers that a success was made into; else
        "none", "applied", "late" (after `late_s` seconds; `late_s=None`: at deliver_late()), "twice"
how     a name of SIGHTS below; further arguments go to it
"""
import gzip
import json
import re
import threading
import time

from .wire import Answer

SIGHTS = {}
# What a client sees of a success, so its effect is there unless the test says otherwise.
SUCCESSES = {"ok", "truncated", "half_json", "wrong_types", "slow", "padded", "html", "empty", "partial",
             "close_after_head", "many_headers", "huge"}
SECONDARY = ("You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach "
             "out to GitHub Support for help, please include the request ID 1234:5678.")
TIMED_OUT = ("Something went wrong while executing your query. This may be the result of a timeout, or it could be a "
             "GitHub bug. Please include `1234:5678` when reporting this issue.")


def sight(function):
    """A way to answer: (fault, request, wire, real) where `real()` is what would have been answered."""
    SIGHTS[function.__name__.strip("_")] = function
    return function


class Fault:
    def __init__(self, hub, match, how, when=1, effect=None, late_s=None, optional=False, **details):
        how = str(how)  # by hand, 500 is a number
        if how not in SIGHTS:
            raise ValueError(f"no misbehaviour {how!r}; there are {', '.join(sorted(SIGHTS))}")
        if effect not in (None, "none", "applied", "late", "twice"):
            raise ValueError(f"no effect {effect!r}")
        self.hub, self.match, self.how, self.late_s, self.optional = hub, match, how, late_s, optional
        self.when = when if when == "always" else {when} if isinstance(when, int) else set(when)
        self.effect = effect or ("applied" if how in SUCCESSES else "none")
        self.details = details
        self.seen = 0
        self.hits = 0
        self.pattern = None
        if not callable(match) and match not in ("*", "GRAPHQL"):
            method, _, path = match.partition(" ")
            glob = re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
            self.pattern = re.compile(rf"{re.escape(method)} {glob}\Z")

    def applies(self, request):
        """Counts a match; whether it is the turn of this one."""
        if callable(self.match):
            matches = self.match(request)
        elif self.match == "GRAPHQL":
            matches = request.is_graphql
        else:
            matches = self.match == "*" or self.pattern.match(f"{request.method} {request.route_path}")
        if not matches:
            return False
        self.seen += 1
        if self.when != "always" and self.seen not in self.when:
            return False
        self.hits += 1
        return True

    def is_spent(self):
        return self.when != "always" and self.seen >= max(self.when)

    def run(self, request, wire, perform):
        """Deals with the effect, then shows the client something. Returns an Answer, or None: nothing more to send."""
        real = None
        if self.effect in ("applied", "twice"):
            real = perform()
            if self.effect == "twice":
                perform()
        elif self.effect == "late":
            self.hub.deliver_later(self.late_s, perform)
        return SIGHTS[self.how](self, request, wire, lambda: real if real is not None else perform())

    def get(self, name, default=None):
        return self.details.get(name, default)


class Late:
    """Effects that are on their way."""

    def __init__(self):
        self.lock = threading.Lock()
        self.waiting = []

    def add(self, seconds, perform):
        if seconds is None:
            with self.lock:
                self.waiting.append(perform)
            return
        timer = threading.Timer(seconds, perform)
        timer.daemon = True
        timer.start()

    def deliver(self):
        with self.lock:
            due, self.waiting = self.waiting, []
        for perform in due:
            perform()
        return len(due)


@sight
def ok(fault, request, wire, real):
    return real()


@sight
def status(fault, request, wire, real):
    """Any status, body and headers."""
    return Answer(fault.get("status", 500), fault.get("body", {"message": "Server Error"}), fault.get("headers"))


@sight
def server_error(fault, request, wire, real):
    """500, 502, 503 or 504, as GitHub's edge answers: GraphQL in JSON, REST in HTML but for 500."""
    code = fault.get("status", 500)
    if request.is_graphql and code in (502, 504):
        return Answer(code, {"data": None, "errors": [{"message": TIMED_OUT}]})
    if code == 500:
        return Answer(500, {"message": "Server Error"})
    return Answer(code, b"<html><body><h1>Unicorn!</h1></body></html>", kind="text/html; charset=utf-8")


@sight
def silence(fault, request, wire, real):
    """No answer until the client gives up."""
    fault.hub.leave(request)
    wire.stay_silent(fault.hub.stopping)


@sight
def reset(fault, request, wire, real):
    wire.reset()


@sight
def close(fault, request, wire, real):
    wire.close()


@sight
def garbage(fault, request, wire, real):
    """No HTTP at all."""
    wire.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    wire.close()


@sight
def close_after_head(fault, request, wire, real):
    wire.send(wire.encode(real(), request)[0])
    wire.close()


@sight
def truncated(fault, request, wire, real):
    """Fewer bytes than announced, then the end."""
    head, data = wire.encode(real(), request)
    wire.send(head, data[:len(data) // 2])
    wire.close()


@sight
def half_json(fault, request, wire, real):
    """A whole HTTP message whose JSON is cut."""
    answer = real()
    data = answer.data()
    return Answer(answer.status, data[:len(data) // 2], answer.headers)


def twisted(value):
    """Every value of another type than it should have; names stay, and how deep it goes."""
    if isinstance(value, dict):
        return {name: twisted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [twisted(inner) for inner in value] or {}
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(value)
    return {"text": value} if isinstance(value, str) else 0


@sight
def wrong_types(fault, request, wire, real):
    answer = real()
    answer.body = twisted(json.loads(answer.data()))
    return answer


@sight
def html(fault, request, wire, real):
    """What a captive portal or a proxy says, with 200."""
    real()
    return Answer(fault.get("status", 200), b"<!DOCTYPE html><title>Sign in</title>", kind="text/html")


@sight
def empty(fault, request, wire, real):
    return Answer(real().status, b"")


@sight
def slow(fault, request, wire, real):
    """The answer in `pieces` pieces with `pause_s` between them."""
    head, data = wire.encode(real(), request)
    whole = head + data
    size = max(1, len(whole) // fault.get("pieces", 20))
    for i in range(0, len(whole), size):
        wire.send(whole[i:i + size])
        if fault.hub.stopping.wait(fault.get("pause_s", 0.05)) or not wire.is_open():
            break


@sight
def huge(fault, request, wire, real):
    """`size` bytes of JSON."""
    real()
    block = b'{"filler":"' + b"x" * (1 << 16) + b'"},'
    size = fault.get("size", 64 << 20)
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[")
    for _ in range(size // len(block)):
        if not wire.send(block):
            return
    wire.send(b"{}]")
    wire.close()


@sight
def gzip_bomb(fault, request, wire, real):
    """`size` bytes of JSON, a thousandth of that on the wire."""
    data = gzip.compress(b'{"filler":"' + b"0" * fault.get("size", 64 << 20) + b'"}', 6)
    return Answer(200, data, {"Content-Encoding": "gzip"})


@sight
def many_headers(fault, request, wire, real):
    answer = real()
    answer.headers.update({f"X-Filler-{i}": "x" * 1000 for i in range(fault.get("count", 200))})
    return answer


@sight
def padded(fault, request, wire, real):
    """The right answer with `size` more bytes of white space."""
    answer = real()
    answer.body = answer.data() + b" " * fault.get("size", 1 << 20)
    return answer


@sight
def primary_limit(fault, request, wire, real):
    """Nothing left of the hourly budget; `status` 403 or 429, for `reset_s` seconds."""
    reset_at = int(fault.hub.now() + fault.get("reset_s", 600))
    body = {"message": "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please "
                       "include the request ID 1234:5678.", "documentation_url": "https://docs.github.com/rest"}
    return Answer(fault.get("status", 403), body, {
        "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-used": "5000",
        "x-ratelimit-reset": str(reset_at), "x-ratelimit-resource": "graphql" if request.is_graphql else "core"})


@sight
def secondary_limit(fault, request, wire, real):
    """403 (or `status`) with `retry_after` (seconds or a date), or with the message alone."""
    after = fault.get("retry_after")
    return Answer(fault.get("status", 403), {"message": SECONDARY, "documentation_url": "https://docs.github.com/"},
                  {"Retry-After": str(after)} if after is not None else {})


@sight
def unauthorized(fault, request, wire, real):
    return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})


@sight
def forbidden(fault, request, wire, real):
    who = fault.get("who", "personal access token")
    return Answer(403, {"message": f"Resource not accessible by {who}"},
                  {"X-Accepted-GitHub-Permissions": fault.get("permissions", "issues=write")})


@sight
def sso(fault, request, wire, real):
    return Answer(403, {"message": "Resource protected by organization SAML enforcement. You must grant your Personal "
                                   "Access token access to this organization."},
                  {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=AZSCKtL4U"})


@sight
def not_found(fault, request, wire, real):
    return Answer(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"})


@sight
def gone(fault, request, wire, real):
    return Answer(410, {"message": "Issues are disabled for this repo"})


@sight
def already_exists(fault, request, wire, real):
    return Answer(422, {"message": "Validation Failed", "errors": [
        {"resource": "Label", "code": "already_exists", "field": "name"}]})


@sight
def invalid(fault, request, wire, real):
    return Answer(422, {"message": "Validation Failed", "errors": [
        {"resource": "IssueComment", "code": "unprocessable", "field": "data",
         "message": fault.get("message", "Body is invalid")}]})


@sight
def redirect(fault, request, wire, real):
    """`status` to `location`; None: to the same path of the foreign host, or with `own` of this one."""
    host = fault.hub.url if fault.get("own") else fault.hub.foreign_url
    location = fault.get("location") or host + request.target
    return Answer(fault.get("status", 302), {"message": "Moved", "url": location}, {"Location": location})


@sight
def partial(fault, request, wire, real):
    """GraphQL: null and an error for each of `aliases`, which may be "t1" or ("t1", "pullRequest", ...)."""
    answer = real()
    error = {"type": fault.get("type", "INTERNAL"), "message": fault.get("message", "Something went wrong")}
    for alias in fault.get("aliases", ["t0"]):
        path = [alias] if isinstance(alias, str) else list(alias)
        place = answer.body["data"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = None
        answer.body.setdefault("errors", []).append({**error, "path": path})
    return answer


@sight
def graphql_limited(fault, request, wire, real):
    """HTTP 200 that says the hourly points are spent."""
    reset_at = int(fault.hub.now() + fault.get("reset_s", 600))
    return Answer(200, {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}, {
        "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-used": "5000",
        "x-ratelimit-reset": str(reset_at), "x-ratelimit-resource": "graphql"})


@sight
def graphql_secondary(fault, request, wire, real):
    return Answer(200, {"errors": [{"message": SECONDARY}]})


@sight
def resource_limit(fault, request, wire, real):
    """HTTP 200: the query was too much; with `above`, only when it has more aliases than that."""
    answer = real()
    aliases = [name for name in answer.body.get("data") or {} if name != "rateLimit"]
    if len(aliases) <= fault.get("above", 0):
        return answer
    for alias in aliases:
        answer.body["data"][alias] = None
    answer.body["errors"] = [{"type": "RESOURCE_LIMITS_EXCEEDED", "path": [alias],
                              "message": "Resource limits for this query exceeded."} for alias in aliases]
    return answer


@sight
def delay(fault, request, wire, real):
    """The right answer, `seconds` later."""
    end = time.monotonic() + fault.get("seconds", 1)
    while time.monotonic() < end and not fault.hub.stopping.wait(0.02):
        pass
    return real()


for _code in (500, 502, 503, 504):
    SIGHTS[str(_code)] = lambda fault, request, wire, real, code=_code: (
        fault.details.update(status=code), server_error(fault, request, wire, real))[1]

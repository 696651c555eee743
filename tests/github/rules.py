"""What GitHub asks of a client, checked on every request; a breach is a violation and fails the test."""
import re
import time

WRITES = {"POST", "PATCH", "PUT", "DELETE"}
ACCEPT = "application/vnd.github+json"
VERSION = "2022-11-28"
ALONE = {"host", "user-agent", "accept", "authorization", "content-type", "content-length", "x-github-api-version"}
# Clocks of client and server are read at different moments of a request.
SPACING_ALLOWANCE_S = 0.05
QUIET_ALLOWANCE_S = 1.0  # reset times are whole seconds
QUIET_MAX_S = 3600  # what a client has to believe
QUERIES_AT_ONCE = 2
QUIET_S = 60  # after a secondary limit that names no time


def form(hub, request):
    """Headers, path and framing."""
    said = []
    headers = request.headers
    if request.version != "HTTP/1.1":
        said.append(f"speaks {request.version}")
    if not headers.get("user-agent", "").strip():
        said.append("has no User-Agent")
    if headers.get("accept") != ACCEPT:
        said.append(f"Accept is {headers.get('accept')!r}, not {ACCEPT}")
    if headers.get("x-github-api-version", VERSION if request.is_graphql else None) != VERSION:
        said.append(f"X-GitHub-Api-Version is {headers.get('x-github-api-version')!r}, not {VERSION}")
    if request.auth_form is None:
        said.append("has no Authorization" if "authorization" not in headers else "has a malformed Authorization")
    elif request.auth_form != "Bearer":
        said.append(f"Authorization is {request.auth_form!r}, not Bearer")
    if headers.get("host") not in (f"127.0.0.1:{hub.server.port}", f"localhost:{hub.server.port}"):
        said.append(f"Host is {headers.get('host')!r}")
    said += [f"has two {name} headers" for name in sorted(request.twice & ALONE)]
    if request.path.endswith("/"):
        said.append("the path ends with a slash")
    if "//" in request.path or re.search(r"[^!-~]", request.target) or "/../" in request.path:
        said.append("the path is malformed")
    said += content(request)
    for token in hub.world.tokens:
        if token in request.target or token in request.text or any(token in value for value in headers.values()):
            said.append("holds a token outside of Authorization")
    for text in said:
        hub.violation(request, text)


def content(request):
    if not request.body:
        return ["has no body"] if request.method in ("PATCH", "PUT") else []
    said = []
    if request.method in ("GET", "HEAD"):
        said.append("a body with " + request.method)
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        said.append(f"Content-Type is {request.headers.get('content-type')!r}, not application/json")
    if request.bad_json or not isinstance(request.json, dict):
        said.append("the body is no JSON object")
    if "\0" in request.text or "\\u0000" in request.text:
        said.append("the body holds a NUL")
    return said


def is_write(request):
    return request.method in WRITES and not request.is_graphql and not is_by_hand(request) and \
        not request.route_path.endswith("/access_tokens")


def is_by_hand(request):
    return request.route_path.startswith("/_hub/")


def pace(hub, request):
    """Writes of one user: apart, and not too many. Returns whether GitHub would refuse this one."""
    if not is_write(request):
        return False
    times = hub.writes.setdefault(request.who or request.bearer, [])
    if times and hub.spacing_s and request.at - times[-1] < hub.spacing_s - SPACING_ALLOWANCE_S:
        hub.violation(request, f"only {request.at - times[-1]:.3f} s after the write before it")
    times.append(request.at)
    recent = sum(1 for at in times if at > request.at - 60)
    if recent > hub.writes_per_minute:
        hub.violation(request, f"write {recent} within a minute, {hub.writes_per_minute} are allowed")
        return True
    hour = sum(1 for at in times if at > request.at - 3600)
    if hour > hub.writes_per_hour:
        hub.violation(request, f"write {hour} within an hour, {hub.writes_per_hour} are allowed")
        return True
    return False


def overlap(hub, request):
    """Few at once; writes one after the other, queries too, but for one that somebody waits for. A request whose client
    is gone (killed) does not count."""
    others = [other for other, wire in hub.in_flight.items()
              if other is not request and not is_by_hand(other) and wire.is_open()]
    if len(others) + 1 > hub.concurrency:
        hub.violation(request, f"{len(others) + 1} requests at once, {hub.concurrency} are allowed")
    if request.is_graphql and sum(other.is_graphql for other in others) >= QUERIES_AT_ONCE:
        hub.violation(request, f"a query while {QUERIES_AT_ONCE} others are in flight")
    if is_write(request) and any(is_write(other) for other in others):
        hub.violation(request, "a write while another is in flight")


def hear(hub, request, answer):
    """Notes until when an answer told the client to be quiet."""
    body = answer.body if isinstance(answer.body, dict) else {}
    errors = body.get("errors") or [{}]
    says_so = answer.status in (403, 429) or isinstance(errors[0], dict) and errors[0].get("type") == "RATE_LIMITED"
    headers = {name.lower(): value for name, value in answer.headers.items()}
    after, until = headers.get("retry-after"), 0
    if says_so and after is not None and after.isdigit():
        until = hub.now() + min(int(after), QUIET_MAX_S)
    elif says_so and headers.get("x-ratelimit-remaining") == "0":
        until = min(float(headers["x-ratelimit-reset"]), hub.now() + QUIET_MAX_S)
    elif says_so and "secondary rate limit" in body.get("message", ""):
        until, headers = hub.now() + QUIET_S, {"retry-after": ""}
    # The hourly budgets of REST and GraphQL are two; the secondary limits are one for both.
    resource = "all" if "retry-after" in headers else headers.get("x-ratelimit-resource", "core")
    whom = request.who or request.bearer, resource
    if until:
        hub.quiet[whom] = (time.monotonic(), until)


def obey(hub, request):
    """Asking on while limited can get an integration banned. Requests that were on their way do not count, nor does
    /rate_limit, which is free."""
    for resource in ("graphql" if request.is_graphql else "core", "all"):
        told, until = hub.quiet.get((request.who or request.bearer, resource), (0, 0))
        early = until - hub.now()
        if request.at > told + 0.1 and early > QUIET_ALLOWANCE_S and request.route_path != "/rate_limit":
            hub.violation(request, f"asks {early:.1f} s before it may, after a rate limit")


def fields(hub, request, kind, allowed):
    """Compares the body with `allowed`: {name: (types, required, check)}. Returns GitHub's list of errors."""
    errors = []
    body = request.json if isinstance(request.json, dict) else {}
    for name, value in body.items():
        if name not in allowed:
            hub.violation(request, f"there is no field {name!r}")
            continue
        wanted = allowed[name]
        if not isinstance(value, wanted.types) or (isinstance(value, bool) and bool not in wanted.types):
            hub.violation(request, f"{name!r} is {value!r}, no {'/'.join(t.__name__ for t in wanted.types)}")
            errors.append({"resource": kind, "field": name, "code": "invalid"})
        elif (problem := wanted.problem(value)) is not None:
            hub.violation(request, f"{name!r}: {problem}")
            errors.append({"resource": kind, "field": name, "code": "custom", "message": f"{name} {problem}"})
    for name, wanted in allowed.items():
        if wanted.required and name not in body:
            hub.violation(request, f"{name!r} is missing")
            errors.append({"resource": kind, "field": name, "code": "missing_field"})
    return errors


class Field:
    """A field of a body: its types, and what else it has to be."""

    def __init__(self, *types, required=False, words=None, longest=None, form=None, of=None):  # noqa: F811
        self.types, self.required, self.words, self.longest = types, required, words, longest
        self.form, self.of = form, of

    def problem(self, value):
        if self.words is not None and value is not None and value not in self.words:
            return f"is not one of {', '.join(self.words)}"
        if self.longest is not None and value is not None and len(value) > self.longest:
            return f"is too long (maximum is {self.longest} characters)" if isinstance(value, str) else \
                f"has more than {self.longest} items"
        if self.form is not None and value is not None and not re.fullmatch(self.form, value):
            return "is malformed"
        if self.of is not None and not all(isinstance(item, self.of) for item in value):
            return f"does not hold only {self.of.__name__}"
        return None

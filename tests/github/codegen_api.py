"""The Codegen agent API as its published description has it: create, get, list and resume runs, list repositories.

    with CodegenApi(org=42, token="secret") as api:
        api.script("PENDING", "ACTIVE", "COMPLETE")   # what each further GET says of a new run
        ...
        api.finish(api.runs[0]["id"], "COMPLETE", pull_request="https://github.com/acme/web/pull/7", branch="fix")

Misbehaviour as in faults.py; the API's own refusals: api.refuse("limit") or ("forbidden", "no_repos", "invalid",
"too_many")."""
import re
import time

from .rules import Field
from .scripted import Scripted
from .views import stamp
from .wire import Answer

RUN_BODY = {"prompt": Field(str, required=True), "repo_id": Field(int, type(None)), "model": Field(str, type(None)),
            "agent_type": Field(str, type(None), words=("codegen", "claude_code")), "metadata": Field(dict, type(None)),
            "images": Field(list, type(None))}
RESUME_BODY = {"agent_run_id": Field(int, required=True), "prompt": Field(str, required=True),
               "images": Field(list, type(None))}
REFUSALS = {"limit": (402, "Agent run limit reached"),
            "forbidden": (403, "You do not have access to this organization"),
            "no_repos": (404, "No repos found for this organization"), "too_many": (429, "Rate limit exceeded"),
            "unauthorized": (401, "Invalid API token")}
REQUESTS_PER_30_S, RUNS_PER_MINUTE = 60, 10


class CodegenApi(Scripted):
    def __init__(self, port=0, org=42, token="codegen-token", repos=None):
        self.org, self.token = org, token
        self.repos = repos or {"acme/web": 7}
        self.runs = []
        self.scripts = []
        self.resumed = []
        self.created_at = []
        super().__init__(port)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def foreign_url(self):
        """Where a redirect leads: nobody listens there."""
        return "http://localhost:1"

    # Script

    def script(self, *statuses):
        """What GETs say of runs made from now on, one after the other; the last stays."""
        self.scripts = list(statuses)

    def set_status(self, run_id, status):
        with self.lock:
            run = self.find(run_id)
            run["status"], run["_script"] = status, []

    def finish(self, run_id, status="COMPLETE", pull_request=None, branch=None, summary="Done."):
        with self.lock:
            self.set_status(run_id, status)
            run = self.find(run_id)
            run["summary"] = run["result"] = summary
            if pull_request:
                run["github_pull_requests"].append({"id": len(self.runs), "created_at": stamp(self.now()),
                                                    "title": "A repair", "url": pull_request,
                                                    "head_branch_name": branch})

    def refuse(self, why, when=1):
        """Refuses creations: 402 limit, 403 forbidden, 404 no_repos, 422 invalid, 429 too_many, 401 unauthorized."""
        status, message = REFUSALS.get(why, (422, "invalid"))
        body = {"message": message, "status_code": status} if status != 422 else {
            "detail": [{"loc": ["body", "prompt"], "msg": message, "type": "value_error"}]}
        return self.fail(f"POST /v1/organizations/{self.org}/agent/run", "status", when, status=status, body=body)

    def find(self, run_id):
        return next((run for run in self.runs if run["id"] == run_id), None)

    # Requests

    def look(self, request):
        if not request.headers.get("user-agent"):
            self.violation(request, "has no User-Agent")
        if request.auth_form != "Bearer":
            self.violation(request, "has no Authorization: Bearer")
        if self.token in request.target or self.token in request.text:
            self.violation(request, "holds the token outside of Authorization")
        if request.body and request.headers.get("content-type", "").split(";")[0] != "application/json":
            self.violation(request, "the body's Content-Type is not application/json")
        if request.path.endswith("/"):
            self.violation(request, "the path ends with a slash")
        request.is_flood = sum(r.at > request.at - 30 for r in self.requests) > REQUESTS_PER_30_S
        if request.is_flood:
            self.violation(request, f"more than {REQUESTS_PER_30_S} requests within 30 s")

    def perform(self, request):
        with self.lock:
            return self.route(request)

    def route(self, request):
        if request.bearer != self.token:
            return self.say("unauthorized")
        if request.is_flood:
            return self.say("too_many")
        match = re.fullmatch(r"/v1/organizations/(\d+)(/.*)", request.path)
        if match is None:
            self.violation(request, "no such endpoint")
            return Answer(404, {"detail": "Not Found"})
        if int(match.group(1)) != self.org:
            return self.say("forbidden")
        key = f"{request.method} {match.group(2)}"
        if key == "POST /agent/run":
            return self.create(request)
        if key == "POST /agent/run/resume":
            return self.resume(request)
        if key == "GET /agent/runs":
            return self.list(request, [self.shown(run) for run in reversed(self.runs)])
        if key == "GET /repos":
            return self.list(request, [{"id": number, "name": name.split("/")[1], "full_name": name}
                                       for name, number in self.repos.items()])
        one = re.fullmatch(r"GET /agent/run/(\d+)", key)
        if one is not None:
            return self.get(int(one.group(1)))
        self.violation(request, "no such endpoint")
        return Answer(404, {"detail": "Not Found"})

    @staticmethod
    def say(why):
        status, message = REFUSALS[why]
        return Answer(status, {"message": message, "status_code": status})

    def check_fields(self, request, allowed):
        body = request.json if isinstance(request.json, dict) else {}
        wrong = []
        for name, value in body.items():
            field = allowed.get(name)
            if field is None:
                self.violation(request, f"there is no field {name!r}")
            elif not isinstance(value, field.types) or (isinstance(value, bool) and bool not in field.types) or \
                    field.problem(value):
                wrong.append((name, "invalid"))
        wrong += [(name, "field required") for name, field in allowed.items() if field.required and name not in body]
        for name, message in wrong:
            self.violation(request, f"{name!r}: {message}")
        return wrong and Answer(422, {"detail": [{"loc": ["body", name], "msg": message, "type": "value_error"}
                                                 for name, message in wrong]})

    def create(self, request):
        refused = self.check_fields(request, RUN_BODY)
        if refused:
            return refused
        if sum(at > time.monotonic() - 60 for at in self.created_at) >= RUNS_PER_MINUTE:
            self.violation(request, f"more than {RUNS_PER_MINUTE} runs made within a minute")
            return self.say("too_many")
        self.created_at.append(time.monotonic())
        if request.json.get("repo_id") is not None and request.json["repo_id"] not in self.repos.values():
            return self.say("no_repos")
        number = 5000 + len(self.runs)
        run = {"id": number, "organization_id": self.org, "status": (self.scripts or ["PENDING"])[0],
               "created_at": stamp(self.now()), "web_url": f"https://codegen.com/agent/trace/{number}", "result": None,
               "summary": None, "source_type": "API", "github_pull_requests": [],
               "metadata": request.json.get("metadata"), "_script": self.scripts[1:], "_prompt": request.json["prompt"]}
        self.runs.append(run)
        self.happened("run", run)
        return Answer(200, self.shown(run))

    def resume(self, request):
        refused = self.check_fields(request, RESUME_BODY)
        if refused:
            return refused
        run = self.find(request.json["agent_run_id"])
        if run is None:
            return Answer(404, {"message": "Agent run not found", "status_code": 404})
        run["status"], run["_script"] = "ACTIVE", []
        self.resumed.append((run["id"], request.json["prompt"]))
        return Answer(200, self.shown(run))

    def get(self, number):
        run = self.find(number)
        if run is None:
            return Answer(404, {"message": "Agent run not found", "status_code": 404})
        if run["_script"]:
            run["status"] = run["_script"].pop(0)
        return Answer(200, self.shown(run))

    def list(self, request, items):
        skip, limit = request.query.get("skip", "0"), request.query.get("limit", "100")
        if not skip.isdigit() or not limit.isdigit() or not 1 <= int(limit) <= 100:
            self.violation(request, "skip and limit are no page")
            return Answer(422, {"detail": [{"loc": ["query", "limit"], "msg": "invalid", "type": "value_error"}]})
        skip, limit = int(skip), int(limit)
        return Answer(200, {"items": items[skip:skip + limit], "total": len(items), "page": skip // limit + 1,
                            "size": limit, "pages": -(-len(items) // limit)})

    @staticmethod
    def shown(run):
        return {name: value for name, value in run.items() if not name.startswith("_")}

    def prompts(self):
        with self.lock:
            return [run["_prompt"] for run in self.runs]

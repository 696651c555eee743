"""REST: commits, statuses, check runs and suites, required checks, GitHub Actions."""
from . import views
from .router import Refusal, route
from .rules import Field
from .story import CONCLUSIONS, UNFINISHED
from .world import Check, Status, node_id

PAGES = "per_page page "
OUTPUT_MAX = 65535
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
STATUS_BODY = {"state": Field(str, required=True, words=("error", "failure", "pending", "success")),
               "context": Field(str, longest=255), "description": Field(str, type(None), longest=140),
               "target_url": Field(str, type(None), form=r"https?://\S+")}
CHECK_BODY = {"name": Field(str), "head_sha": Field(str, form=r"[0-9a-f]{40}"), "external_id": Field(str),
              "status": Field(str, words=sorted(UNFINISHED | {"completed"})),
              "conclusion": Field(str, words=sorted(CONCLUSIONS - {"startup_failure"})),
              "details_url": Field(str, form=r"https?://\S+"), "output": Field(dict),
              "started_at": Field(str, form=STAMP), "completed_at": Field(str, form=STAMP)}
CREATE_CHECK_BODY = {**CHECK_BODY, "name": Field(str, required=True),
                     "head_sha": Field(str, required=True, form=r"[0-9a-f]{40}")}
STATUSES_MAX = 1000


def check_view(held, made):
    output = made.output
    return {"id": made.id, "node_id": node_id("CR", made.id), "name": made.name, "head_sha": made.sha,
            "status": made.status, "conclusion": made.conclusion, "external_id": made.external_id,
            "started_at": views.stamp(made.started), "completed_at": views.stamp(made.completed),
            "details_url": made.details_url or f"{views.WEB}/{held.full_name}/runs/{made.id}",
            "html_url": f"{views.WEB}/{held.full_name}/runs/{made.id}",
            "output": {"title": output.get("title"), "summary": output.get("summary"), "text": output.get("text"),
                       "annotations_count": len(made.annotations)},
            "app": {"slug": made.suite.app, "id": 15368}, "check_suite": {"id": made.suite.id},
            "pull_requests": [{"number": issue.number} for issue in held.pulls() if issue.pull.sha == made.sha]}


def status_view(made):
    return {"id": made.id, "node_id": node_id("SC", made.id), "context": made.context, "state": made.state,
            "description": made.description, "target_url": made.target_url, "creator": views.user(made.creator),
            "created_at": views.stamp(made.created), "updated_at": views.stamp(made.created)}


def run_state(run):
    return run.suite.state()


def run_view(held, run):
    status, conclusion = run_state(run)
    return {"id": run.id, "node_id": node_id("WFR", run.id), "name": run.name, "event": run.event, "head_sha": run.sha,
            "head_branch": run.branch, "run_number": run.number, "run_attempt": run.attempt, "status": status,
            "conclusion": conclusion, "check_suite_id": run.suite.id, "created_at": views.stamp(run.created),
            "updated_at": views.stamp(run.suite.updated), "workflow_id": 7,
            "html_url": f"{views.WEB}/{held.full_name}/actions/runs/{run.id}"}


# Commits and statuses

@route("GET", "/repo/commits/{ref+}/status", needs="statuses:read", query=PAGES)
def combined_status(call):
    found = call.commit()
    latest = {status.context: status for status in call.repo.statuses_of(found.sha) if status.state != "expected"}
    states = {status.state for status in latest.values()}
    state = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    return call.reply({"state": state, "sha": found.sha, "total_count": len(latest),
                       "statuses": [status_view(made) for made in call.page(list(latest.values()))]})


@route("GET", "/repo/commits/{ref+}/statuses", needs="statuses:read", query=PAGES)
def list_statuses(call):
    found = call.commit()
    made = [status for status in reversed(call.repo.statuses_of(found.sha)) if status.state != "expected"]
    return call.reply([status_view(status) for status in call.page(made)])


@route("POST", "/repo/statuses/{sha}", needs="statuses:write", role="write", kind="Status", body=STATUS_BODY)
def create_status(call):
    sha = call.params["sha"]
    if len(sha) != 40 or sha not in call.repo.commits:
        call.hub.violation(call.request, "a status for no whole id of a commit here")
        raise Refusal(422, f"No commit found for SHA: {sha}")
    context = call.body.get("context", "default")
    if sum(made.context == context for made in call.repo.statuses_of(sha)) >= STATUSES_MAX:
        raise Refusal(422, "Validation Failed", [{"resource": "Status", "code": "custom", "message":
                                                  "This SHA and context has reached the maximum number of statuses."}])
    made = Status(call.world.next_id("status"), sha, context, call.body["state"], call.body.get("description"),
                  call.body.get("target_url"), call.user, call.hub.now())
    call.repo.add_status(made)
    return call.reply(status_view(made), 201)


# Check runs

@route("GET", "/repo/commits/{ref+}/check-runs", needs="checks:read", query=PAGES + "filter check_name status app_id")
def list_check_runs(call):
    found = call.commit()
    latest = call.choice("filter", ("latest", "all"), "latest") == "latest"
    made = [check for suite in call.repo.suites_of(found.sha)
            for check in (suite.latest() if latest else suite.checks)]
    query = call.request.query
    made = [check for check in made if query.get("check_name", check.name) == check.name
            and query.get("status", check.status) == check.status]
    return call.reply({"total_count": len(made), "check_runs": [check_view(call.repo, c) for c in call.page(made)]})


@route("GET", "/repo/commits/{ref+}/check-suites", needs="checks:read", query=PAGES + "app_id check_name")
def list_check_suites(call):
    found = call.commit()
    made = call.repo.suites_of(found.sha)
    shown = []
    for suite in call.page(made):
        status, conclusion = suite.state()
        shown.append({"id": suite.id, "head_sha": suite.sha, "head_branch": suite.branch, "status": status,
                      "conclusion": conclusion, "app": {"slug": suite.app}, "latest_check_runs_count":
                      len(suite.latest()), "created_at": views.stamp(suite.created),
                      "updated_at": views.stamp(suite.updated)})
    return call.reply({"total_count": len(made), "check_suites": shown})


@route("GET", "/repo/commits/{ref+}", needs="contents:read")
def get_commit(call):
    return call.reply(views.commit(call.repo, call.commit()))


def find_check(call):
    for suite in call.repo.suites:
        for check in suite.checks:
            if str(check.id) == call.params["id"]:
                return check
    raise Refusal(404, "Not Found")


@route("GET", "/repo/check-runs/{id}", needs="checks:read")
def get_check(call):
    return call.reply(check_view(call.repo, find_check(call)))


@route("GET", "/repo/check-runs/{id}/annotations", needs="checks:read", query=PAGES)
def list_annotations(call):
    shown = [{"path": "", "start_line": 1, "end_line": 1, "start_column": None, "end_column": None, "title": None,
              "annotation_level": "failure", "raw_details": None, "message": "", **given}
             for given in call.page(find_check(call).annotations)]
    return call.reply(shown)


def fill_check(call, check):
    body, output = call.body, call.body.get("output")
    if output is not None:
        for name in output:
            if name not in ("title", "summary", "text", "annotations", "images"):
                call.hub.violation(call.request, f"there is no field output.{name}")
        if not isinstance(output.get("title"), str) or not isinstance(output.get("summary"), str):
            call.hub.violation(call.request, "output without title and summary")
            raise Refusal(422, "Invalid request.\n\n\"summary\" wasn't supplied.")
        if any(len(output.get(name) or "") > OUTPUT_MAX for name in ("summary", "text")) or \
                len(output.get("annotations", ())) > 50:
            call.hub.violation(call.request, "output is too long")
            raise Refusal(422, "Validation Failed", [{"resource": "CheckRun", "code": "invalid", "field": "output"}])
        check.output = output
        check.annotations += output.get("annotations", ())
    if body.get("status") == "completed" and "conclusion" not in body:
        call.hub.violation(call.request, "completed without a conclusion")
        raise Refusal(422, "Invalid request.\n\n\"conclusion\" wasn't supplied.")
    check.name = body.get("name", check.name)
    check.external_id = body.get("external_id", check.external_id)
    check.details_url = body.get("details_url", check.details_url)
    check.status = "completed" if "conclusion" in body else body.get("status", check.status)
    check.conclusion = body.get("conclusion") if check.status == "completed" else None
    check.completed = call.hub.now() if check.status == "completed" else None
    check.suite.updated = call.hub.now()


@route("POST", "/repo/check-runs", needs="checks:write", caller="installation", kind="CheckRun", body=CREATE_CHECK_BODY)
def create_check(call):
    sha = call.body["head_sha"]
    if sha not in call.repo.commits:
        raise Refusal(422, f"No commit found for SHA: {sha}")
    suite = call.hub.suite_for(call.repo, sha, call.app.slug, None, None, False)
    check = Check(call.world.next_id("check"), call.body["name"], sha, "queued", None, call.hub.now(), None, suite,
                  call.app)
    fill_check(call, check)
    suite.checks.append(check)
    return call.reply(check_view(call.repo, check), 201)


@route("PATCH", "/repo/check-runs/{id}", needs="checks:write", caller="installation", kind="CheckRun", body=CHECK_BODY)
def change_check(call):
    check = find_check(call)
    if check.app is not call.app:
        raise Refusal(403, "Invalid app_id - check run can only be modified by the GitHub App that created it.")
    fill_check(call, check)
    return call.reply(check_view(call.repo, check))


# Required checks

@route("GET", "/repo/branches/{branch+}/protection/required_status_checks", needs="administration:read", role="admin")
def get_protection(call):
    required = call.repo.required.get(call.params["branch"])
    if required is None:
        raise Refusal(404, "Branch not protected")
    return call.reply({"strict": False, "contexts": [name for name, _ in required],
                       "checks": [{"context": name, "app_id": 15368 if app else None} for name, app in required]})


@route("GET", "/repo/rules/branches/{branch+}", needs="metadata:read", query=PAGES)
def get_rules(call):
    required = call.repo.required.get(call.params["branch"])
    if not required:
        return call.reply([])
    checks = [{"context": name, **({"integration_id": 15368} if app else {})} for name, app in required]
    return call.reply([{"type": "required_status_checks", "ruleset_source_type": "Repository", "ruleset_id": 1,
                        "parameters": {"required_status_checks": checks,
                                       "strict_required_status_checks_policy": False}}])


@route("GET", "/repo/branches/{branch+}", needs="contents:read")
def get_branch(call):
    sha = call.repo.branches.get(call.params["branch"])
    if sha is None:
        raise Refusal(404, "Branch not found")
    return call.reply({"name": call.params["branch"], "commit": views.commit(call.repo, call.repo.commits[sha]),
                       "protected": call.params["branch"] in call.repo.required})


@route("GET", "/repo/git/ref/tags/{tag+}", needs="contents:read")
def get_tag(call):
    sha = call.repo.tags.get(call.params["tag"])
    if sha is None:
        raise Refusal(404, "Not Found")
    return call.reply({"ref": f"refs/tags/{call.params['tag']}", "object": {"type": "commit", "sha": sha}})


# Actions

def workflow_runs(call):
    return [suite.run for suite in call.repo.suites if suite.run is not None]


def find_run(call):
    found = next((run for run in workflow_runs(call) if str(run.id) == call.params["id"]), None)
    if found is None:
        raise Refusal(404, "Not Found")
    return found


@route("GET", "/repo/actions/runs", needs="actions:read", query=PAGES + "head_sha status event branch actor created")
def list_runs(call):
    query = call.request.query
    found = [run for run in reversed(workflow_runs(call))
             if query.get("head_sha", run.sha) == run.sha and query.get("event", run.event) == run.event
             and query.get("branch", run.branch) == run.branch
             and ("status" not in query or query["status"] in run_state(run))]
    return call.reply({"total_count": len(found), "workflow_runs": [run_view(call.repo, r) for r in call.page(found)]})


@route("GET", "/repo/actions/runs/{id}", needs="actions:read")
def get_run(call):
    return call.reply(run_view(call.repo, find_run(call)))


@route("GET", "/repo/actions/runs/{id}/jobs", needs="actions:read", query=PAGES + "filter")
def list_jobs(call):
    run = find_run(call)
    latest = call.choice("filter", ("latest", "all"), "latest") == "latest"
    checks = run.suite.latest() if latest else run.suite.checks
    jobs = [{"id": check.id + 7, "run_id": run.id, "name": check.name, "status": check.status, "head_sha": run.sha,
             "conclusion": check.conclusion, "run_attempt": run.attempt, "steps": [],
             "started_at": views.stamp(check.started), "completed_at": views.stamp(check.completed),
             "check_run_url": f"{call.hub.api_url}/repos/{call.repo.full_name}/check-runs/{check.id}"}
            for check in call.page(checks)]
    return call.reply({"total_count": len(checks), "jobs": jobs})


@route("GET", "/repo/actions/jobs/{job}/logs", needs="actions:read")
def get_job_log(call):
    """The job's id is not the check run's: it is seven more here."""
    call.params["id"] = str(int(call.params["job"]) - 7) if call.params["job"].isdigit() else ""
    check = find_check(call)
    if not check.log:
        raise Refusal(410, "Log has expired")
    return call.reply(None, 302, Location=f"{call.hub.foreign_url}/logs/{check.id}?sig=once")


@route("POST", "/repo/actions/runs/{id}/rerun-failed-jobs", needs="actions:write", role="write", kind="WorkflowRun",
       body={"enable_debug_logging": Field(bool)})
def rerun(call):
    run = find_run(call)
    if run_state(run)[0] != "completed":
        raise Refusal(403, "This workflow is already running")
    run.attempt += 1
    for check in run.suite.latest():
        if check.conclusion not in ("success", "skipped", "neutral"):
            call.hub.check(call.repo.full_name, run.sha, check.name, "queued", workflow=run.name, event=run.event)
    call.hub.happened("rerun", call.repo.full_name, run.id)
    return call.reply({}, 201)
